"""``swayline influence paths``: who gets the credit for an outcome, by every usual rule, and what is causal of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.influence.shared import Out
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.outcome import Outcome, told_outcome
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import EventsArgument, Said, read, reads
from swayline.core.storage.outputs import claim_file
from swayline.core.time import parse_duration_s

if TYPE_CHECKING:
    import pyarrow as pa

_SHOWN = 10


@reads()
def paths(
    events: EventsArgument,
    outcome: Outcome = None,
    half_life: Annotated[
        str, typer.Option("--half-life", help="Of the time decay: so long before the outcome a step weighs half.")
    ] = "7d",
    effects: Annotated[
        Path | None,
        typer.Option(
            "--effects",
            help="Influence table of influence behaviors or run: the causal share stands beside the rules.",
            show_default=False,
        ),
    ] = None,
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Multi-touch attribution: the credit of each behaviour on the way to an outcome, by rule and by cause."""
    from swayline.face.tables import attribute_paths
    from swayline.ledger import write_ledger

    parse_duration_s(half_life)
    claim_file(out, "influence paths", (events, effects), ending.force)
    log = read(events, reading)
    wanted = told_outcome(log, outcome)
    found = attribute_paths(log, wanted, half_life=half_life, effects=effects, seed=seed)
    write_ledger(found.table, out, "influence paths")
    most = [{"path": path, "n": n, "converted": won} for path, n, won in found.paths[:_SHOWN]]
    show(
        ending.json,
        {"out": str(out), "rows": len(found.table), "outcome": wanted, "paths": most},
        [*_table(found.table), "", "most taken paths (n, converted):",
         *(f"  {one['path']}  {one['n']:,}, {one['converted']:,}" for one in most), f"written: {out}"],
    )  # fmt: skip


def _table(rows: "pa.Table") -> list[str]:
    """A line a behaviour, a column a rule; the causal share last, with its verdict."""
    listed = rows.to_pylist()
    rules = list(dict.fromkeys(row["method"].split(",")[0] for row in listed))
    by = {(row["cause"], row["method"].split(",")[0]): row for row in listed}
    causes = sorted({row["cause"] for row in listed}, key=lambda one: -max(
        by[one, rule]["estimate"] for rule in rules if (one, rule) in by
    ))  # fmt: skip
    wide = max(9, *(len(one) for one in causes[: 3 * _SHOWN]))
    lines = [f"{'share of the credit':{wide}}" + "".join(f"{rule:>16}" for rule in rules)]
    for cause in causes[: 3 * _SHOWN]:
        cells = [by.get((cause, rule)) for rule in rules]
        told = "".join(f"{'–' if one is None else format(one['estimate'], '.3f'):>16}" for one in cells)
        causal = by.get((cause, "causal share"))
        lines.append(f"{cause:{wide}}{told}" + ("" if causal is None else f"  ({causal['identified']})"))
    return lines if len(causes) <= 3 * _SHOWN else [*lines, f"and {len(causes) - 3 * _SHOWN:,} more behaviours"]
