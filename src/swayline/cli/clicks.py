"""``swayline clicks``: how far down a list people look, told apart from what attracts them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show, table_path
from swayline.core.errors import UsageError, nearest, shown

if TYPE_CHECKING:
    import pyarrow as pa

    from swayline.models.clicks import ClickLists

_MODELS = ("position", "dbn", "cascade")


@dataclass(frozen=True)
class Shown:
    """Where the lists are in the table: a row an item shown, or a row a list."""

    item: Annotated[str, typer.Option("--item", help="Column of the item shown.")] = "item"
    position: Annotated[str, typer.Option("--position", help="Column of its place.")] = "position"
    clicked: Annotated[str, typer.Option("--clicked", help="Column that says whether it was clicked.")] = "clicked"
    together: Annotated[
        str | None, typer.Option("--list", help="Column of the list it was shown in.", show_default=False)
    ] = None
    query: Annotated[str | None, typer.Option("--query", help="Column of what was asked for.", show_default=False)] = (
        None
    )
    words: Annotated[
        str | None,
        typer.Option(
            "--words", metavar="DOCS,CLICKS", help="A row a list: columns of blank-separated items, and of 0s and 1s.",
            show_default=False,
        ),
    ] = None  # fmt: skip


@option_groups
def clicks(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="What was shown and clicked.", show_default=False)],
    where: Shown = Shown(),
    model: Annotated[str, typer.Option("--model", help="position, dbn or cascade.")] = "position",
    out: Annotated[
        Path | None,
        typer.Option("--out", callback=table_path, help="Write position and propensity here.", show_default=False),
    ] = None,
    ending: Ending = Ending(),
) -> None:
    """Chance that each place is looked at (propensities), and how well clicks are foretold."""
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.events import read_table
    from swayline.models.clicks import DynamicBayesianClicks, PositionClicks, RankClicks, click_perplexity

    if model not in _MODELS:
        raise UsageError(f"--model {shown(model)} is unknown: {nearest(model, _MODELS)}")
    if out is not None:
        claim_file(out, "clicks", (table,), ending.force)
    lists = _lists(read_table(table), where)
    last = len(lists) - len(lists) // 5
    learned, held = lists.take(slice(0, last)), lists.take(slice(last, None))  # type: ignore[arg-type]
    fitted = PositionClicks() if model == "position" else DynamicBayesianClicks(cascade=model == "cascade")
    figures = None
    if len(held) and learned.clicked.any():
        fitted.fit(learned)
        by_place = RankClicks().fit(learned)
        figures = tuple(click_perplexity(one.click_chances(held), held) for one in (fitted, by_place))
    found = fitted.fit(lists).propensities()
    if out is not None:
        write_table(out, found, "clicks")
    rows = found.to_pylist()
    told = {
        "model": model, "lists": len(lists), "clicks": int(lists.clicked.sum()), "propensities": rows,
        "perplexity": figures[0] if figures else None, "perplexity_by_place": figures[1] if figures else None,
    }  # fmt: skip
    lines = [
        f"{len(lists):,} lists, {told['clicks']:,} clicks; chance to be looked at, relative to the place seen most: "
        + ", ".join(f"{one['position']}: {one['propensity']:.2f}" for one in rows[:20])
    ]
    if isinstance(fitted, PositionClicks) and fitted.told_apart_ < 0.05:
        lines.append(
            f"only {fitted.told_apart_:.1%} of the items (of a query) stood in several places: looks and attraction can"
            " hardly be told apart"
        )
    if figures:
        verdict = "better" if figures[0] < figures[1] else "no better"
        lines.append(
            f"on the last fifth of the lists, perplexity {figures[0]:.4f}: {verdict} than by the place alone"
            f" ({figures[1]:.4f})"
        )
    show(ending.json, told, [*lines, *([f"written: {out}"] if out else [])])


def _lists(table: "pa.Table", where: Shown) -> "ClickLists":
    from swayline.models.clicks import lists_from_rows, lists_from_words

    if where.words is None:
        return lists_from_rows(table, where.item, where.position, where.clicked, where.query, where.together)
    names = [one.strip() for one in where.words.split(",")]
    if len(names) != 2:
        raise UsageError(f"--words names two columns, not {shown(where.words)}: --words docs,clicks")
    for name in (*names, *([where.query] if where.query else [])):
        if name not in table.column_names:
            raise UsageError(f"the table has no column {name!r}; {nearest(name, table.column_names)}")
    docs, hits = ([str(one) for one in table[name].to_pylist()] for name in names)
    asked = [str(one) for one in table[where.query].to_pylist()] if where.query else None
    return lists_from_words(docs, hits, asked)
