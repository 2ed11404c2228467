"""``swayline evolve``: how behaviour changes over time."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import EventsArgument, Items, Said, Ties, read, reads
from swayline.core.names import KIND, USER

if TYPE_CHECKING:
    from swayline.evolution import Evolution

_SHOWN = 8


@dataclass(frozen=True)
class Look:
    """On which clock, and how closely."""

    timezone: Annotated[
        str | None,
        typer.Option("--timezone", help="Clock that days begin on, as in Asia/Shanghai (UTC).", show_default=False),
    ] = None
    quick: Annotated[
        bool, typer.Option("--quick", help="Follow fewer people and items, and no links: as a run does.")
    ] = False
    influence: Annotated[
        bool,
        typer.Option(
            "--influence", help="Measure effects (and, with --ties, ties) anew in each quarter of the log: minutes."
        ),
    ] = False


@reads("items", "ties")
def evolve(
    events: EventsArgument,
    items: Items = None,
    ties: Ties = None,
    look: Look = Look(),
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")] = Path("evolution"),
    seed: options.Seed = 0,
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """How behaviour evolves: what changed and when, what follows what, who comes back, what links next."""
    from swayline.core.storage.outputs import claim_folder
    from swayline.core.time import check_zone
    from swayline.evolution import evolve_log, is_evolution

    if look.timezone is not None:
        check_zone(look.timezone)
        reading = reading | {"timezone": look.timezone}
    claim_folder(out, "evolve", is_evolution, (events, items, ties), ending.force)
    found = evolve_log(
        read(events, reading, items=items, ties=ties), quick=look.quick, influence=look.influence, seed=seed
    )
    found.save(out)
    show(ending.json, _result(found, out), [*_lines(found), f"written: {out}"])


def _result(found: "Evolution", out: Path) -> dict[str, Any]:
    from swayline.evolution.evolve import FILES

    drift = found.summary["drift"]
    return {
        "out": str(out), "notes": list(found.notes), "changes": drift["changes"], "n_changes": drift["n_changes"],
        "people": drift["people"], "orders": found.summary["flow"]["orders"], "checks": found.summary["flow"]["checks"],
        "rows": {name: len(table) for name in FILES if (table := getattr(found, name)) is not None},
    }  # fmt: skip


def _lines(found: "Evolution") -> list[str]:
    """What was found, a sentence each."""
    drift, flow = found.summary["drift"], found.summary["flow"]
    told = len("2026-01" if found.summary["resolution"] == "month" else "2026-01-31")
    lines = [
        f"{one[KIND]} {one['id']} changed about {one['time'][:told]}: {one['before']:.2f} before, {one['after']:.2f}"
        f" after (1: as expected if nothing changed; p {one['p_value']:.2g})"
        for one in drift["changes"][:_SHOWN]
    ]
    asked = sum(n for kind, n in drift["asked"].items() if kind != USER)
    if asked and not drift["changes"]:
        lines.append(f"no change is claimed of the {asked:,} series asked")
    if drift["n_changes"] > _SHOWN:
        lines.append(f"… and {drift['n_changes'] - _SHOWN:,} more in drift.parquet")
    if drift["people"]["asked"]:
        lines.append(f"the interests of {drift['people']['changed']:,} of {drift['people']['asked']:,} people changed")
    lines += [f"{one['order']} steps back matter by {name}" for name, one in flow["orders"].items() if one is not None]
    lines += [
        f"{one['claimed']:,} of {one['asked']:,} {level} steps are claimed ({one['claimed_when_shuffled']:,} in a"
        " shuffled log)" for level, one in flow["checks"].items()
    ]  # fmt: skip
    if found.trends is not None:
        n = sum(found.trends["changed"].to_pylist())
        lines.append(f"{n:,} of {len(found.trends):,} effects and ties changed between the quarters of the log")
    links = found.summary["links"]
    if links is not None and links["mrr"] is not None:
        lines.append(
            f"next links: MRR {links['mrr']:.3f} on {links['questions']:,} last events (most popular"
            f" {links['popular_mrr']:.3f})"
        )
    return [*lines, *(f"note: {one}" for one in found.notes)]
