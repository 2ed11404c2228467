"""``swayline recommend``: lists from a model folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.model_folder import ModelFolder, newer, user_ids
from swayline.cli.shared.output import show, table_path, warn
from swayline.cli.shared.reading import EventsOption
from swayline.core.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from swayline.training.bundle import ModelBundle


@dataclass(frozen=True)
class Search:
    """Items asked for in words."""

    query: Annotated[
        str | None,
        typer.Option(
            "--query",
            help="Items whose titles answer these words; with --users, those each user would take first.",
            show_default=False,
        ),
    ] = None
    encoder: Annotated[
        Path | None,
        typer.Option(
            "--encoder",
            help="Folder of a Hugging Face text encoder for --query; by default MiniLM.",
            show_default=False,
        ),
    ] = None


@option_groups
def recommend(
    model: ModelFolder,
    events: EventsOption = None,
    users: Annotated[
        Path | None,
        typer.Option(
            "--users",
            help="Whom to serve: ids, one a line, or a table whose further columns are their profiles.",
            show_default=False,
        ),
    ] = None,
    search: Search = Search(),
    k: options.K = 10,
    out: Annotated[
        Path,
        typer.Option(
            "--out", callback=table_path, help="File to write: user, item, rank, score (.parquet, .csv, .jsonl)."
        ),
    ] = Path("recs.parquet"),
    ending: Ending = Ending(),
) -> None:
    """Write the best next items of each user, or the items that answer a query."""
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.training.bundle import ModelBundle

    claim_file(out, "recommend", (model, events, users, search.encoder), ending.force)
    if search.query is None and search.encoder is not None:
        raise UsageError("--encoder belongs to a search: say --query too")
    wanted = user_ids(users) if users else None
    fitted = newer(ModelBundle.load(model), events, users)
    lists = fitted.recommend(wanted, k) if search.query is None else _found(fitted, search, wanted, k, model)
    write_table(out, lists, "recommend")
    n_users = len(lists["user"].unique()) if "user" in lists.column_names else 0
    result = {"out": str(out), "users": n_users, "rows": len(lists)} | _told(fitted, lists)
    if search.query is not None and not n_users:
        labels = dict(zip(fitted.dataset.items.names, fitted.labels, strict=True))
        lines = [f"{row['rank']:>3}  {row['item']}  {labels[row['item']]}" for row in lists.to_pylist()]
        found = {"query": search.query, "items": lists.to_pylist()}
        show(ending.json, result | found, [*lines, f"written: {out}"])
        return
    what = "recommendations" if search.query is None else f"answers to {search.query!r}"
    show(ending.json, result, [f"{len(lists):,} {what} for {n_users:,} users", f"written: {out}"])


def _found(fitted: "ModelBundle", search: Search, users: list[str] | None, k: int, folder: Path) -> "pa.Table":
    """The answers to a query; the titles' vectors are kept beside the model, so that the next one is quick."""
    import warnings

    from swayline.encoders import TextEncoder
    from swayline.recommend import ItemSearch

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        encoder = TextEncoder(search.encoder, cache=folder / "vectors")
        found = ItemSearch(fitted, encoder=encoder).search(str(search.query), users, k)
    for note in said:
        typer.echo(f"note: {note.message}", err=True)
    return found


def _told(fitted: "ModelBundle", lists: "pa.Table") -> dict[str, object]:
    """What a newer log held that the model does not know, and how many lists are not the model's own."""
    told: dict[str, object] = {} if fitted.match is None else {"events": fitted.match.as_json()}
    if "source" not in lists.column_names:
        return told
    import pyarrow.compute as pc

    popular = lists.filter(pc.equal(lists["source"], "popular"))
    n = len(popular["user"].unique())
    if n and (fitted.match is None or n > fitted.match.without_history):
        warn(f"note: the model can tell nothing of {n:,} people: their lists are what most take (source popular)")
    return told | {"popular": n}
