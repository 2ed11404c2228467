"""``swayline experiment plan``: how large an experiment must be, from the user's own log."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import option_groups
from swayline.cli.shared.output import show
from swayline.cli.shared.words import finite, names


@dataclass(frozen=True)
class Asked:
    """What is to be seen, and how surely."""

    metric: Annotated[str, typer.Option("--metric", help="revenue, clicks/sessions or p90:latency.")]
    lift: Annotated[
        float | None,
        typer.Option("--lift", min=-1.0, max=1000.0, help="The relative change to be seen: 0.02.", show_default=False),
    ] = None
    units: Annotated[
        int | None,
        typer.Option(
            "--units", min=2, max=10**12, help="Units an arm that can be had, in place of --lift.", show_default=False
        ),
    ] = None
    power: Annotated[float, typer.Option("--power", min=0.01, max=0.999, help="Chance to see it.")] = 0.8
    alpha: Annotated[float, typer.Option("--alpha", min=1e-6, max=0.5, help="Share of alarms where there is none.")] = (
        0.05
    )
    arms: Annotated[int, typer.Option("--arms", min=2, max=100, help="Arms in all.")] = 2
    peeking: Annotated[bool, typer.Option("--peeking", help="For intervals that hold on any day.")] = False


@dataclass(frozen=True)
class Log:
    """What a row of the log is."""

    unit: Annotated[
        str | None, typer.Option("--unit", help="Column of what is randomised (person, cluster).", show_default=False)
    ] = None
    covariates: Annotated[
        str | None, typer.Option("--covariates", help="Columns known before: a,b.", show_default=False)
    ] = None


@option_groups
def plan(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A log of a row a unit, as long as the experiment.")],
    asked: Asked,
    log: Log = Log(),
    draws: Annotated[int, typer.Option("--draws", min=50, max=100_000, help="Experiments drawn from the log.")] = 300,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Units an arm for a lift, or the smallest lift that given units show, checked by drawing from the log."""
    from swayline.causal.experiments import PlanQuestion, plan_experiment
    from swayline.events import read_table

    question = PlanQuestion(
        asked.metric, asked.lift, asked.units, asked.power, asked.alpha, asked.arms, names(log.covariates), log.unit,
        asked.peeking,
    )  # fmt: skip
    found = plan_experiment(read_table(table), question, n_draws=draws, seed=seed)
    show(json, finite(vars(found)), found.summary())
