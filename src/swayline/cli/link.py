"""``swayline link``: which accounts of two platforms are one person's."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import TableOut, show
from swayline.cli.shared.reading import Said, as_options, reads
from swayline.core.storage.outputs import claim_file

if TYPE_CHECKING:
    from swayline.identities import Linked, Platform
    from swayline.identities.reliability import Reliability

_Table = Annotated[str, typer.Argument(help="A platform's log, users or ties, as --holds says.", show_default=False)]


@dataclass(frozen=True)
class Beside:
    """Further tables of the two platforms, and what they are called."""

    holds: Annotated[str, typer.Option("--holds", help="What A and B are: events, users or ties.")] = "events"
    a_users: Annotated[str | None, typer.Option("--a-users", help="Users of A.", show_default=False)] = None
    b_users: Annotated[str | None, typer.Option("--b-users", help="Users of B.", show_default=False)] = None
    a_ties: Annotated[str | None, typer.Option("--a-ties", help="Ties of A.", show_default=False)] = None
    b_ties: Annotated[str | None, typer.Option("--b-ties", help="Ties of B.", show_default=False)] = None
    a_name: Annotated[str, typer.Option("--a-name", help="Name of A; by default its file's.", show_default=False)] = ""
    b_name: Annotated[str, typer.Option("--b-name", help="Name of B; by default its file's.", show_default=False)] = ""


@dataclass(frozen=True)
class Evidence:
    """What is known, what speaks for a link, and what forbids one."""

    seeds: Annotated[str | None, typer.Option("--seeds", help="Known links: source, target.", show_default=False)] = (
        None
    )
    seeds_columns: Annotated[
        str | None, typer.Option("--seeds-columns", help="Columns of --seeds without a header.", show_default=False)
    ] = None
    key: Annotated[
        list[str] | None,
        typer.Option("--key", help="Column of both users tables that names a person exactly; again for more.",
                     show_default=False),
    ] = None  # fmt: skip
    text: Annotated[
        list[str] | None,
        typer.Option("--text", help="Column of both users tables of names or texts; again for more.",
                     show_default=False),
    ] = None  # fmt: skip
    wall: Annotated[
        list[str] | None,
        typer.Option("--wall", help="Column of both users tables: people who differ in it are never joined.",
                     show_default=False),
    ] = None  # fmt: skip
    walls: Annotated[
        str | None,
        typer.Option("--walls", help="Who is never joined: source, target (* for all), and platforms.",
                     show_default=False),
    ] = None  # fmt: skip
    at_least: Annotated[float, typer.Option("--at-least", min=0.0, max=1.0, help="Least probability of a link.")] = 0.5
    overlap: Annotated[
        float, typer.Option("--overlap", min=1e-6, max=1.0, help="Share of A's accounts that B has too.")
    ] = 1.0


@reads("users", "ties")
def link(
    a: _Table,
    b: _Table,
    beside: Beside = Beside(),
    evidence: Evidence = Evidence(),
    rejected: Annotated[
        Path | None, typer.Option("--rejected", help="Table of the rows that are refused.", show_default=False)
    ] = None,
    seed: options.Seed = 0,
    out: TableOut = Path("links.parquet"),
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Link accounts of two platforms: each at most once, with its probability and what speaks for it."""
    from swayline.core.errors import UsageError
    from swayline.core.storage.tables import write_table
    from swayline.identities import LinkSettings, link_accounts, read_claims, read_platform, read_walls

    inputs = (a, b, *vars(beside).values(), evidence.seeds, evidence.walls)
    claim_file(out, "link", inputs, ending.force)
    if rejected is not None:
        claim_file(rejected, "link", inputs, ending.force, option="--rejected")
    names = beside.a_name or Path(a).name.partition(".")[0], beside.b_name or Path(b).name.partition(".")[0]
    if names[0] == names[1]:
        raise UsageError(f"both platforms are called {names[0]!r}: say --a-name or --b-name")
    settings = LinkSettings(
        tuple(evidence.key or ()), tuple(evidence.text or ()), evidence.at_least, evidence.overlap, seed=seed
    )
    said = as_options(reading)
    one = read_platform(names[0], a, beside.holds, users=beside.a_users, ties=beside.a_ties, options=said)
    other = read_platform(names[1], b, beside.holds, users=beside.b_users, ties=beside.b_ties, options=said)
    walls = read_walls(evidence.walls, evidence.wall or (), one, other)
    columns = tuple(word.strip() for word in (evidence.seeds_columns or "").split(",") if word.strip())
    seeds = None if evidence.seeds is None else read_claims(evidence.seeds, one, other, walls, columns)
    linked = link_accounts(one, other, seeds, walls, settings)
    write_table(out, linked.table, "link")
    if rejected is not None:
        write_table(rejected, linked.rejected, "link")
    _tell(linked, one, other, out, ending.json)


def _tell(linked: "Linked", one: "Platform", other: "Platform", out: Path, as_json: bool) -> None:
    """How many links, how sure, what was refused."""
    counts = {name: linked.table["method"].to_pylist().count(name) for name in ("seed", "key", "model")}
    lines = [
        f"{len(linked.table):,} links between {len(one):,} accounts of {one.name} and {len(other):,} of {other.name}:"
        f" {counts['seed']:,} known, {counts['key']:,} by key, {counts['model']:,} found",
        *_judged(linked.reliability),
        *(f"note: {note}" for note in linked.notes),
    ]
    first = linked.rejected.slice(0, 3).to_pylist()
    if first:
        lines.append(f"{len(linked.rejected):,} rows are refused; --rejected FILE keeps them all")
        lines += [f"{row['file']} row {row['row']}: {row['column']} {row['value']!r} {row['reason']}" for row in first]
    result = {
        "out": str(out), "links": len(linked.table), "by_method": counts, "accounts": [len(one), len(other)],
        "rejected": len(linked.rejected), "notes": list(linked.notes),
        "reliability": None if linked.reliability is None else linked.reliability.as_json(),
    }  # fmt: skip
    show(as_json, result, [*lines, f"written: {out}"])


def _judged(found: "Reliability | None") -> list[str]:
    """What hidden links say of the probabilities."""
    if found is None:
        return []
    return [
        f"of {found.n:,} known links that were hidden, {found.hits[1]:.1%} were found first and {found.hits[10]:.1%}"
        f" among ten; probabilities are off by {found.gap:.3f} on the whole",
        *(
            f"  said {one['low']:.2f} to {one['high']:.2f}: {one['n']:,} accounts, mean {one['said']:.2f},"
            f" right {one['true']:.2f}"
            for one in found.bins
        ),
    ]
