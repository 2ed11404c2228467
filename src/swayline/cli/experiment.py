"""``swayline experiment``: what the arms of a randomised experiment changed, with a verdict in words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show, table_path
from swayline.core.errors import UsageError, shown


def _names(said: str | None) -> tuple[str, ...]:
    return tuple(one.strip() for one in said.split(",") if one.strip()) if said else ()


def _weights(said: str | None) -> dict[str, float] | None:
    """Planned shares, as in ``control=2,new=1``."""
    if said is None:
        return None
    found: dict[str, float] = {}
    for pair in said.split(","):
        arm, _, share = pair.rpartition("=")
        try:
            found[arm.strip()] = float(share)
        except ValueError:
            found = {}
        if not arm or not found:
            raise UsageError(f"--weights takes ARM=SHARE,…, not {shown(said)}: --weights control=2,new=1")
    return found


@dataclass(frozen=True)
class Arms:
    """What was randomised, and what is measured of each arm."""

    arm: Annotated[str, typer.Option("--arm", help="Column of the arm.")]
    metric: Annotated[
        list[str],
        typer.Option(
            "--metric",
            help="revenue, clicks/sessions or p90:latency; -NAME: less is better; NAME@2%: a guardrail. Repeatable.",
        ),
    ]
    control: Annotated[str | None, typer.Option("--control", help="The arm compared with.", show_default=False)] = None
    unit: Annotated[
        str | None, typer.Option("--unit", help="Column of the unit that was randomised.", show_default=False)
    ] = None
    clusters: Annotated[
        str | None, typer.Option("--clusters", help="Column of a larger randomised unit.", show_default=False)
    ] = None
    covariates: Annotated[
        str | None,
        typer.Option("--covariates", help="Columns known before: a,b; they narrow intervals.", show_default=False),
    ] = None
    strata: Annotated[
        str | None, typer.Option("--strata", help="Columns within whose levels arms are compared.", show_default=False)
    ] = None
    weights: Annotated[
        str | None,
        typer.Option("--weights", help="Planned shares: control=2,new=1; equal by default.", show_default=False),
    ] = None


@dataclass(frozen=True)
class Reading:
    """When the experiment is read, and which lift matters."""

    peeking: Annotated[
        bool, typer.Option("--peeking", help="Read before its planned end, or more than once: intervals hold always.")
    ] = False
    planned_units: Annotated[
        int, typer.Option("--planned-units", min=2, help="Units planned in all; intervals are tightest there.")
    ] = 10_000
    smallest_lift: Annotated[
        float | None, typer.Option("--smallest-lift", help="The smallest lift that matters: 0.01.", show_default=False)
    ] = None


@option_groups
def experiment(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV, TSV, Parquet or Stata: a row a unit.", show_default=False)
    ],
    arms: Arms,
    reading: Reading = Reading(),
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            callback=table_path,
            help="Write the comparisons here (.parquet, .csv, .jsonl).",
            show_default=False,
        ),
    ] = None,
    ending: Ending = Ending(),
) -> None:
    """What each arm of an experiment changed, on a planned end or on any day, with a verdict in words."""
    from swayline.causal.experiments import Design, analyze_experiment
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.events import read_table

    design = Design(
        arms.arm, control=arms.control, unit=arms.unit, clusters=arms.clusters, weights=_weights(arms.weights),
        covariates=_names(arms.covariates), strata=_names(arms.strata),
    )  # fmt: skip
    if out is not None:
        claim_file(out, "experiment", (table,), ending.force)
    found = analyze_experiment(
        read_table(table),
        arms.metric,
        design,
        peeking=reading.peeking,
        planned_units=reading.planned_units,
        smallest_lift=reading.smallest_lift,
    )
    if out is not None:
        write_table(out, found.table(), "experiment")
    ratio = found.sample_ratio
    show(
        ending.json,
        {
            "verdicts": [vars(one) for one in found.verdicts], "notes": list(found.notes),
            "comparisons": [_finite(row) for row in found.table().to_pylist()],
            "sample_ratio": {"observed": ratio.observed, "planned": ratio.planned, "p_value": ratio.p_value,
                             "always_valid_p": ratio.always_valid_p, "alarmed": ratio.alarmed},
        },
        [*found.summary(), *([f"written: {out}"] if out is not None else [])],
    )  # fmt: skip


def _finite(row: dict[str, object]) -> dict[str, object]:
    return {name: None if isinstance(value, float) and value != value else value for name, value in row.items()}
