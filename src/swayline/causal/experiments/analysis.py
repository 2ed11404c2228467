"""An experiment from its table to its verdict: units → arms' moments → comparisons → q-values → words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from swayline.causal.experiments.balance import Balance, check_balance, whole_values
from swayline.causal.experiments.comparison import Comparison, arm_moments, compare, with_q_values
from swayline.causal.experiments.design import Design, Units, read_units
from swayline.causal.experiments.metrics import Metric, parse_metric, read_values
from swayline.causal.experiments.planning.monitor import Outlook, outlook
from swayline.causal.experiments.sample_ratio import SampleRatio, check_sample_ratio
from swayline.causal.experiments.sequential import PLANNED_UNITS
from swayline.causal.experiments.verdict import BROKEN, EARLY, OTHER_UNIT, STOP, Verdict, judge
from swayline.causal.experiments.words import in_words
from swayline.core.errors import UsageError


@dataclass(frozen=True)
class ExperimentResult:
    """What an experiment showed.

    Parameters
    ----------
    comparisons : tuple of Comparison
        One an arm and metric.
    sample_ratio, balance : what says whether the randomisation held.
    verdicts : tuple of Verdict
        One an arm.
    notes : tuple of str
        What was left out, and why.
    peeking : bool
        Whether intervals that hold on every day decide.
    outlooks : tuple of Outlook
        What the planned end can still show, where it is not reached.
    """

    comparisons: tuple[Comparison, ...]
    sample_ratio: SampleRatio
    balance: tuple[Balance, ...]
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    peeking: bool
    design: Design
    outlooks: tuple[Outlook, ...] = ()

    def table(self) -> pa.Table:
        """A row a comparison, for people and for other tools."""
        rows = []
        for one in self.comparisons:
            row = {name: value for name, value in vars(one).items() if name != "metric"}
            rows.append({"metric": one.metric.name, "kind": one.metric.kind, "guardrail": one.metric.guardrail, **row})
        return pa.Table.from_pylist(rows)

    def summary(self) -> list[str]:
        """The verdict of every arm; its comparisons in frequentist and Bayesian words where they may be read."""
        lines = [f"{verdict.arm}: {verdict.word}. {verdict.reason}." for verdict in self.verdicts]
        unread = {verdict.arm for verdict in self.verdicts if verdict.word in (BROKEN, OTHER_UNIT)}
        for one in self.comparisons:
            lines += [f"  {line}" for line in in_words(one, self.peeking) if one.arm not in unread]
        lines += [f"  outlook: {one.words()}" for one in self.outlooks if one.arm not in unread]
        return [*lines, *self.notes]


def analyze_experiment(
    table: pa.Table,
    metrics: Sequence[str | Metric],
    design: Design,
    *,
    peeking: bool = False,
    planned_units: int | None = None,
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
    planned_units : int, optional
        Units planned in all; always-valid intervals are tightest there. It must not be read off the data. An
        experiment that has fewer than nine tenths of them is before its end, and is read as if ``peeking``.
    prior_sd : float, optional
        Spread of a normal prior on the lift for ``chance_better``; flat where not given.
    smallest_lift : float, optional
        The smallest lift worth having; intervals inside it end the experiment as "no difference that matters".

    Raises
    ------
    UsageError
        A column, an arm or a metric is not there, or ``smallest_lift`` is not above 0.
    DataError
        The table cannot answer: one arm, arms of one unit, a metric without numbers.
    """
    if not metrics:
        raise UsageError("an experiment needs at least one metric: metrics=['revenue']")
    if planned_units is not None and planned_units < 2:
        raise UsageError(f"planned_units is {planned_units}; at least 2 are needed")
    if smallest_lift is not None and not 0 < smallest_lift < math.inf:
        raise UsageError(f"smallest_lift (--smallest-lift) is a lift above 0, as .01 for 1%, not {smallest_lift:g}")
    asked = [parse_metric(one) if isinstance(one, str) else one for one in metrics]
    units = read_units(table, design)
    early = _before_the_end(units, planned_units)
    notes = [*units.notes, *([early] if early and not peeking else []), *_cautions(units, design)]
    peeking = peeking or early is not None
    found: list[Comparison] = []
    for metric in asked:
        found += _compare_arms(units, metric, planned_units or PLANNED_UNITS, prior_sd, notes)
    comparisons = with_q_values(found, peeking)
    ratio, balance = check_sample_ratio(units.sizes, design.weights, peeking), check_balance(units, design)
    broken = (*units.broken, *whole_values(units, design, asked), *(one.what for one in balance if one.alarmed))
    verdicts = judge(comparisons, ratio, broken, peeking, smallest_lift, tuple(_other_units(comparisons)))
    outlooks = _outlooks(comparisons, planned_units, len(units.arms), smallest_lift, peeking)
    verdicts = [_or_futile(one, comparisons, outlooks) for one in verdicts]
    return ExperimentResult(
        tuple(comparisons), ratio, balance, tuple(verdicts), tuple(notes), peeking, design, outlooks
    )  # fmt: skip


def _outlooks(
    comparisons: Sequence[Comparison], planned: int | None, arms: int, lift: float | None, peeking: bool
) -> tuple[Outlook, ...]:
    if planned is None or lift is None:
        return ()
    claims = (one for one in comparisons if one.metric.guardrail is None)
    found = (outlook(one, planned, arms, lift, peeking) for one in claims)
    return tuple(one for one in found if one is not None)


def _or_futile(verdict: Verdict, comparisons: Sequence[Comparison], outlooks: Sequence[Outlook]) -> Verdict:
    """Stop where nothing is clear yet and the end will hardly show a lift that matters."""
    own = [one for one in outlooks if one.arm == verdict.arm]
    clear = any(one.arm == verdict.arm and one.q_value <= 0.05 for one in comparisons)
    if verdict.word != EARLY or clear or not own or not all(one.futile for one in own):
        return verdict
    return Verdict(verdict.arm, STOP, f"going on is futile: {own[0].words()}")


def _before_the_end(units: Units, planned: int | None) -> str | None:
    """What is said of an experiment that has fewer than nine tenths of its planned units."""
    total = sum(units.sizes.values())
    if planned is None or total >= 0.9 * planned:
        return None
    return f"read at {total:,} of {planned:,} planned units, before its end: intervals that hold on any day decide"


def _cautions(units: Units, design: Design) -> list[str]:
    found = []
    least = min(units.sizes.values())
    if least < 10 and (design.clusters or design.time):
        found.append(f"the smallest arm has {least} randomised units: intervals of so few are wide and rough")
    if not (design.balance or design.covariates or design.strata):
        found.append(
            "nothing known before was compared between arms (--balance browser,country): only their sizes were"
        )
    return found


_OTHER_UNIT = 20.0
"""No treatment multiplies a metric by so much; another unit (cents, milliseconds) does."""


def _other_units(comparisons: Sequence[Comparison]) -> list[str]:
    """Metrics that look as if arms were measured in different units."""
    found = []
    for one in comparisons:
        small, large = sorted((abs(one.control_value), abs(one.arm_value)))
        if large > _OTHER_UNIT * small and one.p_value < 1e-6 and small > 0:
            found.append(
                f"{one.metric.name} is {one.arm_value:.4g} in {one.arm} and {one.control_value:.4g} in {one.control}:"
                " are both in one unit?"
            )
    return found


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
