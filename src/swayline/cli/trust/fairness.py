"""``swayline trust fairness``: whether groups of people are served alike, and providers shown as they deserve."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import TableOut, show
from swayline.cli.shared.reading import EventsArgument, ItemsAndUsers, Said, read, reads

_OF_ONE = ("exposure", "merit", "exposure_over_merit")
_SHOWN = 10


@dataclass(frozen=True)
class Judged:
    """Whose lists are judged, between whom."""

    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="A column of the users table that tells groups; again for more.", show_default=False),
    ] = None
    providers: Annotated[
        str | None,
        typer.Option("--providers", help="A column of items: who made or sells them.", show_default=False),
    ] = None
    model: Annotated[
        str, typer.Option("--model", help="A model to fit, or a folder of swayline fit --split last-out.")
    ] = "item-knn"
    k: options.K = 10
    min_people: Annotated[
        int, typer.Option("--min-people", min=2, max=1_000_000, help="Smaller groups are too few to tell.")
    ] = 30
    min_providers: Annotated[
        int, typer.Option("--min-providers", min=2, max=1_000_000, help="Fewer providers are too few to tell.")
    ] = 2
    rerank: Annotated[
        bool, typer.Option("--rerank", help="Try the steps popularity and parity at several strengths.")
    ] = False


@reads("items", "users")
def fairness(
    events: EventsArgument,
    judged: Judged = Judged(),
    settings: options.Set = None,
    out: TableOut = Path("fairness.parquet"),
    sides: ItemsAndUsers = ItemsAndUsers(),
    seed: options.Seed = 0,
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Whether groups of people are served alike, and providers shown as they deserve; last events are asked."""
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.engine import DuckEngine
    from swayline.trust.fairness import FairnessPlan, measure_fairness

    claim_file(out, "trust fairness", (events, *vars(sides).values()), ending.force)
    plan = FairnessPlan(
        tuple(judged.by or ()), judged.providers, judged.model, options.settings_of(settings), {}, judged.k,
        judged.min_people, judged.min_providers, judged.rerank, seed,
    )  # fmt: skip
    with DuckEngine() as engine:
        found = measure_fairness(engine, read(events, reading, engine, **vars(sides)), plan)
    write_table(out, found.table, "trust fairness")
    rows = found.table.to_pylist()
    result = {"out": str(out), "model": found.model, "people": found.people, "rows": rows, "notes": list(found.notes)}
    lines = [
        f"{found.model}: {found.people:,} people asked for their last event",
        *(_line(row) for row in rows if not (row["value"] is None or row["step"] or row["measure"] in _OF_ONE)),
        *_of_providers(rows),
        *_trade(rows),
        *_untold(rows),
        *(f"note: {one}" for one in found.notes),
    ]
    show(ending.json, result, [*lines, f"written: {out}"])


def _of_providers(rows: list[dict[str, Any]]) -> list[str]:
    """The providers furthest from what they deserve, and how many more differ."""
    differ = [row for row in rows if row["measure"] == "exposure_over_merit" and row["told"] == "differs"]
    first = sorted(differ, key=lambda row: -abs(row["value"]))[:_SHOWN]
    more = len(differ) - len(first)
    return [*(_line(row) for row in first), *([f"{more:,} more providers differ"] if more else [])]


def _trade(rows: list[dict[str, Any]]) -> list[str]:
    """What each re-ranking loses and cuts, a line a strength."""
    lines = []
    for key in dict.fromkeys((row["step"], row["strength"]) for row in rows if row["step"]):
        parts = [
            f"{row['measure']}{' of ' + row['by'] if row['by'] else ''} {row['value']:+.4f} "
            f"[{row['ci_low']:+.4f}, {row['ci_high']:+.4f}]"
            for row in rows
            if (row["step"], row["strength"]) == key and row["measure"].endswith(("_loss", "_cut"))
        ]
        lines.append(f"{key[0]} {key[1]:g}: {'; '.join(parts)}")
    return lines


def _line(row: dict[str, Any]) -> str:
    where = f"{row['by']} {row['group']}" if row["by"] else row["group"]
    told = f"  {row['told']}" if row["told"] != "measured" else ""
    chance = f" (q {row['q_value']:.3f})" if row["q_value"] is not None else ""
    return (
        f"{row['measure']} of {where}: {row['value']:.4f} [{row['ci_low']:.4f}, {row['ci_high']:.4f}]"
        f" n {row['n']:,}{told}{chance}"
    )


def _untold(rows: list[dict[str, Any]]) -> list[str]:
    """What is too few to tell and who is missing, a line a measure and column."""
    lines = []
    for told in ("too few to tell", "missing"):
        some = [row for row in rows if row["told"] == told]
        for key in dict.fromkeys((row["measure"], row["by"]) for row in some):
            own = [
                f"{row['group'] or 'nothing to compare'} ({row['n']:,})"
                for row in some
                if (row["measure"], row["by"]) == key
            ]
            more = f" and {len(own) - _SHOWN:,} more" if len(own) > _SHOWN else ""
            lines.append(f"{told}: {key[0]} by {key[1]}: {', '.join(own[:_SHOWN])}{more}")
    return lines
