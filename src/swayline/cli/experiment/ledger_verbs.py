"""``swayline experiment ready`` and ``recalibrate``: from the ledger to experiments, and back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show, table_path
from swayline.cli.shared.words import finite

_Ledger = Annotated[Path, typer.Argument(metavar="INFLUENCE", help="An influence table.", show_default=False)]
_Experiments = Annotated[
    list[Path] | None,
    typer.Option(
        "--experiments", help="Rows of finished experiments (--out of TABLE). Repeatable.", show_default=False
    ),
]
_SHOWN = 10


@dataclass(frozen=True)
class AtStake:
    """What acting on an effect is about."""

    people: Annotated[int, typer.Option("--people", min=1, max=10**12, help="Whom it would reach.")] = 100_000
    least: Annotated[
        float, typer.Option("--least", min=0.0, max=1e12, help="Smallest effect worth its cost, in its unit.")
    ] = 0.0
    uptake: Annotated[
        float, typer.Option("--uptake", min=0.0, max=1.0, help="Share of prompted people who follow a behaviour.")
    ] = 0.2


@option_groups
def ready(
    influence: _Ledger,
    experiments: _Experiments = None,
    stake: AtStake = AtStake(),
    out: Annotated[
        Path | None, typer.Option("--out", callback=table_path, help="Write the table here.", show_default=False)
    ] = None,
    ending: Ending = Ending(),
) -> None:
    """Unsettled rows as ready experiments (arms, what is randomised, sizes), the most worth knowing first."""
    import pyarrow as pa

    from swayline.causal.experiments import Stakes, ready_experiments, recalibrate
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.ledger import read_ledger

    if out is not None:
        claim_file(out, "experiment ready", (influence, *(experiments or ())), ending.force)
    rows = read_ledger(influence)
    done = pa.concat_tables([read_ledger(path) for path in experiments]) if experiments else None
    offsets = () if done is None else recalibrate(rows, done).offsets
    known = [one.spread for one in offsets if one.usable and one.evidence == "adjusted"]
    stakes = Stakes(stake.people, stake.least, stake.uptake, max(known) if known else None)
    found = ready_experiments(rows, done, stakes)
    if out is not None:
        write_table(out, found, "experiment ready")
    lines = [
        f"{one['rank']}. {one['cause']} on {one['effect']}: {one['arms']}; by {one['randomise_by']};"
        f" {one['units_per_arm']:,} an arm to see {one['to_see']:.3g} ({one['unit']}); worth {one['worth']:.3g};"
        f" {one['why']}"
        for one in found.slice(0, _SHOWN).to_pylist()
    ]
    if len(found) > _SHOWN:
        lines.append(f"and {len(found) - _SHOWN:,} more")
    told = {"experiments": [finite(row) for row in found.to_pylist()], "out": str(out) if out else None}
    nothing = ["every row with an interval is settled by an experiment, or there is none"]
    show(ending.json, told, [*(lines or nothing), *([f"written: {out}"] if out else [])])


@option_groups
def recalibrate(
    influence: _Ledger,
    experiments: _Experiments = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", callback=table_path, help="Write the moved rows here.", show_default=False),
    ] = None,
    ending: Ending = Ending(),
) -> None:
    """How far off rows were where an experiment settled the same question, and the others moved by it."""
    import pyarrow as pa

    from swayline.causal.experiments import recalibrate as recalibrated
    from swayline.core.storage.outputs import claim_file
    from swayline.ledger import read_ledger, write_ledger

    if out is not None:
        claim_file(out, "experiment recalibrate", (influence, *(experiments or ())), ending.force)
    rows = read_ledger(influence)
    done = pa.concat_tables([read_ledger(path) for path in experiments]) if experiments else rows
    found = recalibrated(rows, done)
    if out is not None:
        write_ledger(found.ledger, out, "experiment recalibrate")
    beside = [
        {
            "cause": one.row["cause"], "effect": one.row["effect"], "evidence": one.row["evidence"],
            "method": one.row["method"], "unit": one.row["unit"], "row": one.row["estimate"],
            "experiment": one.experiment["estimate"], "error": one.error, "agrees": one.agrees,
        }
        for one in found.pairs
    ]  # fmt: skip
    lines = [
        f"{one['cause']} on {one['effect']}: {one['evidence']} row {one['row']:+.4g}, experiment"
        f" {one['experiment']:+.4g} ({'within' if one['agrees'] else 'beyond'} sampling error; {one['method']})"
        for one in beside
    ]
    told = {"pairs": beside, "offsets": [vars(one) for one in found.offsets], "moved": found.ledger.num_rows}
    show(ending.json, told, [*lines, *found.summary(), *([f"written: {out}"] if out else [])])
