"""``swayline influence launch``: which item to show whom first."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show, table_path
from swayline.core.errors import UsageError, nearest, shown
from swayline.core.storage.outputs import claim_file

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Launched:
    """What is launched, along which ties, to whom it may appeal."""

    items: Annotated[list[str], typer.Option("--item", help="An item to launch; may be repeated.", show_default=False)]
    ties: Annotated[
        Path | None,
        typer.Option(
            "--ties", help="Table of source and target; needed for a table of influence contagion.", show_default=False
        ),
    ] = None
    interest: Annotated[
        Path | None,
        typer.Option(
            "--interest",
            help="Table of user, item, chance: that the person adopts the item when shown it; by default 1.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True)
class Showing:
    """How many showings there are, and how they are shared."""

    budget: Annotated[int, typer.Option("--budget", min=1, max=1_000_000, help="Showings in all.")] = 50
    per_person: Annotated[
        int, typer.Option("--per-person", min=1, max=1000, help="Items that one person is shown at most.")
    ] = 1
    least_share: Annotated[
        float,
        typer.Option(
            "--least-share", min=0.0, max=1.0,
            help="Each item gets at least this share of an equal part of the budget; 1: all alike.",
        ),
    ] = 0.5  # fmt: skip


@option_groups
def launch(
    influence: Annotated[
        Path,
        typer.Argument(
            metavar="INFLUENCE", help="Table that influence people or influence contagion wrote.", show_default=False
        ),
    ],
    launched: Launched,
    showing: Showing = Showing(),
    seed: options.Seed = 0,
    out: Annotated[
        Path,
        typer.Option(
            "--out", callback=table_path, help="File to write: rank, user, item, gain, spread (.parquet, .csv, .jsonl)."
        ),
    ] = Path("launch.parquet"),
    ending: Ending = Ending(),
) -> None:
    """Which item to show whom first, so that showing and passing on bring most adopters."""
    from swayline.core.storage.tables import write_table
    from swayline.events import read_table
    from swayline.influence.diffusion import launch_from_ledger
    from swayline.ledger import read_ledger

    items = list(dict.fromkeys(launched.items))
    claim_file(out, "influence launch", (influence, launched.ties, launched.interest), ending.force)
    found = launch_from_ledger(
        read_ledger(influence), items, showing.budget,
        ties=read_table(launched.ties) if launched.ties else None,
        interest=_interest(launched.interest, items) if launched.interest else None,
        per_person=showing.per_person, least_share=showing.least_share, seed=seed,
    )  # fmt: skip
    write_table(out, found.table, "influence launch")
    rows = found.table.to_pylist()
    reached, famous = float(found.plan.spread[-1]), float(found.most_followed.spread[-1])
    told = {
        "out": str(out), "showings": len(rows), "top": rows[:100], "expected_adopters": reached,
        "standard_error": found.plan.se, "most_followed": famous,
        "shown": {item: sum(row["item"] == item for row in rows) for item in items},
    }  # fmt: skip
    lines = [f"{row['rank']:>3}  {row['item']} to {row['user']}  +{row['gain']:.2f}" for row in rows[:10]]
    lines += [
        f"{len(rows)} showings: {reached:.1f} ± {1.96 * found.plan.se:.1f} adopters expected, were the influence table "
        f"true; {famous:.1f} by showing to the people whom most of its ties leave",
        f"written: {out}",
    ]
    show(ending.json, told, lines)


def _interest(path: Path, items: list[str]) -> dict[tuple[str, str], float]:
    """Chance that each person adopts each launched item when shown it."""
    from swayline.events import read_table

    table: pa.Table = read_table(path)
    names = ("user", "item", "chance")
    missing = [name for name in names if name not in table.column_names]
    if missing:
        raise UsageError(f"--interest {path} has no column {', '.join(missing)}: it needs user, item and chance")
    wanted, found = set(items), {}
    for user, item, chance in zip(*(table[name].to_pylist() for name in names), strict=True):
        if str(item) in wanted:
            found[str(user), str(item)] = _chance(chance, f"--interest {path}: chance of user {shown(user)}")
    if not found:
        known = sorted({str(item) for item in table["item"].to_pylist()})[:1000]
        raise UsageError(f"--interest {path} names none of the launched items: {nearest(items[0], known)}")
    return found


def _chance(value: object, what: str) -> float:
    """A number from 0 to 1."""
    try:
        found = float(str(value))
    except ValueError:
        found = float("nan")
    if not 0 <= found <= 1:
        raise UsageError(f"{what} is {shown(value)}; it must be a number from 0 to 1")
    return found
