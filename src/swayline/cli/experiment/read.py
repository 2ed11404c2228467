"""``swayline experiment TABLE``: what the arms of a randomised experiment changed, with a verdict in words."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show, table_path
from swayline.cli.shared.words import finite, names, pairs, weights
from swayline.core.errors import UsageError, shown

if TYPE_CHECKING:
    from swayline.causal.experiments import Design


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
    balance: Annotated[
        str | None,
        typer.Option(
            "--balance",
            help="Further columns known before that must be alike in all arms: browser,country.",
            show_default=False,
        ),
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
        int | None,
        typer.Option(
            "--planned-units",
            min=2,
            max=10**12,
            help="Units planned in all; before them, intervals hold always.",
            show_default=False,
        ),
    ] = None
    smallest_lift: Annotated[
        float | None,
        typer.Option(
            "--smallest-lift", min=0.0, max=1000.0, help="The smallest lift that matters: 0.01.", show_default=False
        ),
    ] = None


@dataclass(frozen=True)
class Switchback:
    """Arms that alternate in time."""

    time: Annotated[
        str | None, typer.Option("--time", help="Column of the moment: arms alternate in time.", show_default=False)
    ] = None
    period: Annotated[
        str | None, typer.Option("--period", help="Length of a period of one arm: 1h, 2d.", show_default=False)
    ] = None
    burn_in: Annotated[
        str | None,
        typer.Option("--burn-in", help="Start of each period that is left out (carry-over).", show_default=False),
    ] = None


@dataclass(frozen=True)
class Written:
    """Where the answer goes, and what the ledger calls cause and effects."""

    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            callback=table_path,
            help="Write rows of the influence table here; DIR/experiments.parquet is read by swayline report DIR.",
            show_default=False,
        ),
    ] = None
    page: Annotated[
        Path | None, typer.Option("--page", help="Write a page with the verdict here (.html).", show_default=False)
    ] = None
    cause: Annotated[
        str | None, typer.Option("--cause", help="What other rows call the arm: cart.", show_default=False)
    ] = None
    cause_kind: Annotated[str, typer.Option("--cause-kind", help="Its kind, as behavior or content.")] = "treatment"
    effect: Annotated[
        list[str] | None,
        typer.Option(
            "--effect", metavar="METRIC=OUTCOME", help="What other rows call a metric; repeatable.", show_default=False
        ),
    ] = None


@option_groups
def read(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV, TSV, Parquet or Stata: a row a unit.", show_default=False)
    ],
    arms: Arms,
    reading: Reading = Reading(),
    switchback: Switchback = Switchback(),
    written: Written = Written(),
    ending: Ending = Ending(),
) -> None:
    """What each arm of an experiment changed, on a planned end or on any day, with a verdict in words."""
    from swayline.causal.experiments import analyze_experiment, experiment_ledger
    from swayline.core.storage.outputs import note_output
    from swayline.events import read_table
    from swayline.ledger import write_ledger
    from swayline.report import write_experiment_page

    design = _design(arms, switchback)
    _claim(table, written, ending)
    found = analyze_experiment(
        read_table(table), arms.metric, design, peeking=reading.peeking, planned_units=reading.planned_units,
        smallest_lift=reading.smallest_lift,
    )  # fmt: skip
    rows = experiment_ledger(
        found, cause=written.cause, cause_kind=written.cause_kind,
        effects=pairs(written.effect, "--effect", "bought=purchase")
    )  # fmt: skip
    if written.out is not None:
        write_ledger(rows, written.out, "experiment")
    if written.page is not None:
        write_experiment_page(rows, written.page, table.name)
        note_output(written.page, "experiment")
    ratio = found.sample_ratio
    show(
        ending.json,
        {
            "verdicts": [vars(one) for one in found.verdicts], "notes": list(found.notes),
            "comparisons": [finite(row) for row in found.table().to_pylist()],
            "sample_ratio": {"observed": ratio.observed, "planned": ratio.planned, "p_value": ratio.p_value,
                             "always_valid_p": ratio.always_valid_p, "alarmed": ratio.alarmed},
            "outlooks": [vars(one) | {"futile": one.futile} for one in found.outlooks],
            "balance": [finite(vars(one)) | {"alarmed": one.alarmed} for one in found.balance],
        },
        [*found.summary(), *(f"written: {one}" for one in (written.out, written.page) if one is not None)],
    )  # fmt: skip


def _design(arms: Arms, switchback: Switchback) -> "Design":
    from swayline.causal.experiments import Design
    from swayline.core.time import parse_duration_s

    return Design(
        arms.arm, control=arms.control, unit=arms.unit, clusters=arms.clusters,
        weights=weights(arms.weights) if arms.weights else None,
        covariates=names(arms.covariates), strata=names(arms.strata), balance=names(arms.balance),
        time=switchback.time, period_s=parse_duration_s(switchback.period) if switchback.period else None,
        burn_in_s=parse_duration_s(switchback.burn_in) if switchback.burn_in else 0.0,
    )  # fmt: skip


def _claim(table: Path, written: Written, ending: Ending) -> None:
    from swayline.core.storage.outputs import claim_file

    if written.page is not None and written.page.suffix.lower() != ".html":
        raise UsageError(f"--page {shown(written.page.name)}: a page's name ends in .html")
    for option, path in (("--out", written.out), ("--page", written.page)):
        if path is not None:
            claim_file(path, "experiment", (table,), ending.force, option=option)
