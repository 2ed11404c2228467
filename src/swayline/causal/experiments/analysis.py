"""An experiment from its table to its verdict: units → arms' moments → comparisons → q-values → words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from swayline.causal.experiments.comparison import Comparison, arm_moments, compare, with_q_values
from swayline.causal.experiments.design import Design, Units, read_units
from swayline.causal.experiments.metrics import Metric, parse_metric, read_values
from swayline.causal.experiments.sample_ratio import SampleRatio, check_sample_ratio
from swayline.causal.experiments.sequential import PLANNED_UNITS
from swayline.causal.experiments.verdict import Verdict, judge
from swayline.core.errors import UsageError


@dataclass(frozen=True)
class ExperimentResult:
    """What an experiment showed: ``comparisons`` an arm and metric, the ``sample_ratio``, ``verdicts``, ``notes``."""

    comparisons: tuple[Comparison, ...]
    sample_ratio: SampleRatio
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    peeking: bool

    def table(self) -> pa.Table:
        """A row a comparison, for people and for other tools."""
        rows = []
        for one in self.comparisons:
            row = {name: value for name, value in vars(one).items() if name != "metric"}
            rows.append({"metric": one.metric.name, "kind": one.metric.kind, "guardrail": one.metric.guardrail, **row})
        return pa.Table.from_pylist(rows)

    def summary(self) -> list[str]:
        """The verdict of every arm, then every comparison, in one line each."""
        lines = [f"{verdict.arm}: {verdict.word}. {verdict.reason}." for verdict in self.verdicts]
        for one in self.comparisons:
            low, high = (one.always_low, one.always_high) if self.peeking else (one.ci_low, one.ci_high)
            lift = f", {one.lift:+.1%}" if np.isfinite(one.lift) else ""
            kind = "at any time" if self.peeking else "95%"
            lines.append(
                f"  {one.arm} against {one.control}, {one.metric.name}: {one.effect:+.4g}{lift}"
                f" ({low:+.4g} to {high:+.4g}, {kind}); better with chance {one.chance_better:.1%}"
            )
        return [*lines, *self.notes]


def analyze_experiment(
    table: pa.Table,
    metrics: Sequence[str | Metric],
    design: Design,
    *,
    peeking: bool = False,
    planned_units: int = PLANNED_UNITS,
    prior_sd: float | None = None,
    smallest_lift: float | None = None,
) -> ExperimentResult:
    """What each arm changed, against the control, with a verdict in words.

    Parameters
    ----------
    table : pa.Table
        A row a unit, or several rows a unit where ``design.unit`` names it.
    metrics : sequence of str or Metric
        ``revenue``, ``clicks/sessions``, ``p90:latency``; see :func:`.parse_metric` for guardrails.
    design : Design
        The arm's column, and how units were randomised.
    peeking : bool
        The experiment is read before its planned end, or more than once: always-valid intervals decide.
    planned_units : int
        Units planned in all; always-valid intervals are tightest there. It must not be read off the data.
    prior_sd : float, optional
        Spread of a normal prior on the lift for ``chance_better``; flat where not given.
    smallest_lift : float, optional
        The smallest lift worth having; intervals inside it end the experiment as "no difference that matters".

    Raises
    ------
    UsageError
        A column, an arm or a metric is not there.
    DataError
        The table cannot answer: one arm, arms of one unit, a metric without numbers.
    """
    if not metrics:
        raise UsageError("an experiment needs at least one metric: metrics=['revenue']")
    if planned_units < 2:
        raise UsageError(f"planned_units is {planned_units}; at least 2 are needed")
    asked = [parse_metric(one) if isinstance(one, str) else one for one in metrics]
    units = read_units(table, design)
    ratio = check_sample_ratio(units.sizes, design.weights)
    found: list[Comparison] = []
    notes = list(units.notes)
    for metric in asked:
        found += _compare_arms(units, metric, planned_units, prior_sd, notes)
    comparisons = with_q_values(found, peeking)
    if design.clusters and min(units.sizes.values()) < 10:
        notes.append(
            f"the smallest arm has {min(units.sizes.values())} clusters: intervals of so few are wide and rough"
        )
    verdicts = judge(comparisons, ratio, units.broken, peeking, smallest_lift)
    return ExperimentResult(tuple(comparisons), ratio, tuple(verdicts), tuple(notes), peeking)


def _compare_arms(
    units: Units, metric: Metric, planned: int, prior_sd: float | None, notes: list[str]
) -> list[Comparison]:
    values = read_values(units.table, metric)
    keep = values.usable()
    missing = int((~keep).sum())
    if missing:
        shares = (f"{arm} {float((~keep)[units.arm == number].mean()):.1%}" for number, arm in enumerate(units.arms))
        notes.append(f"{metric.name} is missing in {missing:,} rows ({', '.join(shares)})")
    centre = units.x[keep].mean(axis=0) if units.x.shape[1] else np.empty(0)
    control = arm_moments(values, units, units.control, centre, keep)
    found = []
    for number, arm in enumerate(units.arms):
        if number != units.control:
            moments = arm_moments(values, units, number, centre, keep)
            found.append(compare(values.metric, control, moments, (units.arms[units.control], arm), planned, prior_sd))
    return found
