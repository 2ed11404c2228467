"""How large an experiment must be: from a formula, checked and corrected by experiments drawn from the user's own log.

::

    log → units (numerator, denominator) → formula → experiments drawn from it with the lift put in → corrected size
                                                   → the same with no lift: how often nothing raises an alarm
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import stats

from swayline.causal.experiments.design import columns_known_before, unit_codes
from swayline.causal.experiments.metrics import Metric, Values, parse_metric, pseudo_values, read_values
from swayline.causal.experiments.sequential import sequence_width
from swayline.core.errors import DataError, UsageError, nearest

Floats = npt.NDArray[np.float64]
_MOST_DRAWN = 60_000_000
"""Values drawn from the log in all, so that a plan takes seconds."""


@dataclass(frozen=True)
class PlanQuestion:
    """What is to be planned.

    Parameters
    ----------
    metric : str or Metric
        As experiments are read: ``revenue``, ``clicks/sessions``, ``p90:latency``.
    lift : float, optional
        The relative change that is to be seen, such as 0.02: then units are asked for.
    units_per_arm : int, optional
        Units that can be had: then the smallest lift that they show is asked for; by default half of the log's.
    power, alpha : float
        Chance to see the lift; share of alarms where there is none.
    arms : int
        Arms in all; ``alpha`` is shared by those compared with the control (Bonferroni).
    covariates : tuple of str
        Columns known before; the variance that they explain is saved.
    unit : str, optional
        Column of what is randomised (a person, a cluster), where that has several rows.
    peeking : bool
        Plan for intervals that hold on every day, at the planned end.
    """

    metric: str | Metric
    lift: float | None = None
    units_per_arm: int | None = None
    power: float = 0.8
    alpha: float = 0.05
    arms: int = 2
    covariates: tuple[str, ...] = ()
    unit: str | None = None
    peeking: bool = False


@dataclass(frozen=True)
class SamplePlan:
    """Units an arm, and the lift that they show.

    Parameters
    ----------
    baseline : float
        The metric in the log.
    log_units : int
        Units in the log.
    formula_units, units_per_arm : int
        What the formula says, and what drawing from the log made of it.
    lift, detectable_lift : float
        The lift asked for (NaN where units were given), and the smallest that is seen: by the units given, else by
        half of the log's.
    power, checked_power : float
        The power asked for, and the share of experiments drawn from the log in which the lift was seen.
    checked_alarms : float
        The share of those without a lift in which something was seen.
    n_draws : int
        Experiments drawn for each share; 0 where the plan is too large to draw (shares are then NaN).
    """

    metric: str
    baseline: float
    log_units: int
    formula_units: int
    units_per_arm: int
    lift: float
    detectable_lift: float
    power: float
    checked_power: float
    checked_alarms: float
    n_draws: int

    def summary(self) -> list[str]:
        """The plan in words."""
        if np.isfinite(self.lift):
            lines = [
                f"{self.metric} is {self.baseline:.4g} in {self.log_units:,} units. To see {self.lift:+.2%} with power"
                f" {self.power:.0%}: {self.units_per_arm:,} units an arm (the formula says {self.formula_units:,})"
            ]
        else:
            lines = [
                f"{self.metric} is {self.baseline:.4g} in {self.log_units:,} units. {self.units_per_arm:,} units an arm"
                f" show lifts from {self.detectable_lift:+.2%} on with power {self.power:.0%}"
            ]
        if self.n_draws:
            lines.append(
                f"drawn from the log {self.n_draws} times at that size, the lift was seen in {self.checked_power:.1%};"
                f" with no lift, an alarm was raised in {self.checked_alarms:.1%}"
            )
        else:
            lines.append("too large to be drawn from the log: the formula alone speaks")
        if np.isfinite(self.lift):
            lines.append(
                f"half of the log's units in each arm show lifts from {self.detectable_lift:+.2%} on (formula)"
            )
        return lines


def plan_experiment(table: pa.Table, question: PlanQuestion, *, n_draws: int = 300, seed: int = 0) -> SamplePlan:
    """Units an arm that show a lift, or the lift that given units show, from the user's own log.

    Parameters
    ----------
    table : pa.Table
        A row a unit (or several rows where ``question.unit`` names it), over a time as long as the experiment.
    n_draws : int
        Experiments drawn from the log, with replacement; heavy tails that break the formula show there.

    Raises
    ------
    UsageError
        A column is missing, or a share or lift is out of range.
    DataError
        Fewer than 10 units hold the metric, or it does not vary or is zero.

    Notes
    -----
    A lift multiplies values; of yes-or-no metrics it turns that many more into yes. Where the power drawn misses the
    power asked for by more than its own error, the size is corrected by the ratio of the two reaches, squared.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> log = pa.table({"spend": rng.exponential(1, 20_000)})
    >>> plan = plan_experiment(log, PlanQuestion("spend", lift=0.05), n_draws=200)
    >>> 5_000 < plan.units_per_arm < 8_000
    True
    """
    _check(question)
    log = _Log.read(table, question)
    alpha = question.alpha / (question.arms - 1)
    reach = _reach(alpha, question.peeking) + float(stats.norm.ppf(question.power))
    if question.lift is not None:
        given = int(np.ceil(2 * log.variance * (reach / (question.lift * log.baseline)) ** 2))
        units, shown = _corrected(
            max(given, 2), lambda n: _seen(log, question.lift or 0.0, n, alpha, question.peeking, n_draws, seed),
            question.power, alpha, question.peeking, n_draws, power_of=2.0,
        )  # fmt: skip
        detectable = reach * np.sqrt(2 * log.variance / max(log.n // 2, 2)) / abs(log.baseline)
        size, lift = max(int(np.ceil(units)), 2), question.lift
    else:
        given = size = question.units_per_arm or max(log.n // 2, 2)
        begin = reach * np.sqrt(2 * log.variance / size) / abs(log.baseline)
        detectable, shown = _corrected(
            begin, lambda lift: _seen(log, lift, size, alpha, question.peeking, n_draws, seed),
            question.power, alpha, question.peeking, n_draws, power_of=1.0,
        )  # fmt: skip
        lift = float("nan")
    alarms = _seen(log, 0.0, size, alpha, question.peeking, n_draws, seed + 1)
    drawn = 0 if np.isnan(shown) else _affordable(size, n_draws)
    return SamplePlan(
        log.metric.name, log.baseline, log.n, given, size, lift, float(detectable), question.power, shown, alarms, drawn
    )


@dataclass(frozen=True)
class _Log:
    """Units of the log: (n,) numerator and denominator, and what covariates explain of the numerator."""

    metric: Metric
    numerator: Floats
    denominator: Floats
    explained: Floats
    baseline: float
    variance: float

    @property
    def n(self) -> int:
        return len(self.numerator)

    @classmethod
    def read(cls, table: pa.Table, question: PlanQuestion) -> "_Log":
        for name in (question.unit, *question.covariates):
            if name is not None and name not in table.column_names:
                raise UsageError(f"the table has no column {name!r}; {nearest(name, table.column_names)}")
        metric = parse_metric(question.metric) if isinstance(question.metric, str) else question.metric
        values = read_values(table, metric)
        keep = values.usable()
        rows = np.flatnonzero(keep)
        y = values.y[rows]
        below = np.ones(len(rows)) if values.denominator is None else values.denominator[rows]
        x = columns_known_before(table.filter(pa.array(keep)), question.covariates)
        if question.unit is not None:
            if values.metric.kind == "quantile":
                raise UsageError(f"metric {metric.name!r}: quantiles are planned from a table of a row a unit")
            code = np.unique(unit_codes(table[question.unit])[rows], return_inverse=True)[1]
            y, below = (np.asarray(np.bincount(code, weights=one), np.float64) for one in (y, below))
            x = np.stack([np.bincount(code, weights=one) for one in x.T], axis=1) if x.shape[1] else x[: len(y)]
        if len(y) < 10:
            raise DataError(f"{len(y)} units have the metric: at least 10 are needed to plan")
        baseline, pseudo = pseudo_values(
            Values(values.metric, y, None if values.metric.kind == "quantile" else below)
            if values.metric.kind == "quantile" else Values(_as_ratio(values.metric), y, below), np.arange(len(y)),
        )  # fmt: skip
        residual = pseudo - pseudo.mean()
        explained: Floats = np.zeros(len(y))
        if x.shape[1]:
            explained = (x - x.mean(axis=0)) @ np.linalg.lstsq(x - x.mean(axis=0), residual, rcond=None)[0]
        variance = float((residual - explained).var(ddof=1))
        if not variance > 0 or baseline == 0:
            raise DataError(f"metric {metric.name!r} has mean {baseline:g} and variance {variance:g}: no lift to plan")
        yes_or_no = values.metric.kind == "proportion" and question.unit is None
        kept = values.metric if yes_or_no or values.metric.kind == "quantile" else _as_ratio(values.metric)
        return cls(kept, y, below, explained, baseline, variance)


def _as_ratio(metric: Metric) -> Metric:
    return Metric(metric.name, "ratio", metric.column, metric.denominator or "rows")


def _check(question: PlanQuestion) -> None:
    for name, share in (("power", question.power), ("alpha", question.alpha)):
        if not 0 < share < 1:
            raise UsageError(f"{name} is {share}; it must lie strictly between 0 and 1")
    if question.lift is not None and (not np.isfinite(question.lift) or question.lift == 0 or question.lift <= -1):
        raise UsageError(f"lift is {question.lift}; a relative change such as 0.02 is needed")
    if question.lift is not None and question.units_per_arm is not None:
        raise UsageError("a plan takes a lift or the units an arm, not both: the other is the answer")
    if question.units_per_arm is not None and question.units_per_arm < 2:
        raise UsageError(f"units an arm are {question.units_per_arm}; at least 2 are needed")
    if question.arms < 2:
        raise UsageError(f"arms are {question.arms}; at least 2 are needed")


def _reach(alpha: float, peeking: bool) -> float:
    # At the planned end the always-valid interval is this many standard errors wide.
    return sequence_width(10_000, 10_000, alpha) if peeking else float(stats.norm.ppf(1 - alpha / 2))


def _corrected(
    begin: float, seen: Callable[[float], float], power: float, alpha: float, peeking: bool, n_draws: int,
    power_of: float,
) -> tuple[float, float]:  # fmt: skip
    """Scale what the formula says until the power drawn is the power asked for, within its error; two corrections."""
    at, shown = begin, seen(begin)
    error = 2 * np.sqrt(power * (1 - power) / max(n_draws, 1))
    for _ in range(2):
        if np.isnan(shown) or abs(shown - power) <= error:
            break
        base = _reach(alpha, peeking)
        got = max(base + float(stats.norm.ppf(np.clip(shown, 0.02, 0.98))), 0.2 * base)
        at *= ((base + float(stats.norm.ppf(power))) / got) ** power_of
        shown = seen(at)
    return at, shown


def _affordable(units: float, n_draws: int) -> int:
    return int(min(n_draws, _MOST_DRAWN // max(2 * int(units), 1)))


def _seen(log: _Log, lift: float, units: float, alpha: float, peeking: bool, n_draws: int, seed: int) -> float:
    """Share of experiments drawn from the log in which a difference was seen; NaN where fewer than 50 can be drawn."""
    n, draws = int(np.ceil(units)), _affordable(units, n_draws)
    if draws < min(50, n_draws) or draws == 0:
        return float("nan")
    rng = np.random.default_rng(seed)
    reach = _reach(alpha, peeking) if n > 200 or peeking else float(stats.t.ppf(1 - alpha / 2, 2 * n - 2))
    found = 0
    for _ in range(draws):
        (first, a), (second, b) = (_drawn(log, share, n, rng) for share in (0.0, lift))
        found += bool(abs(second - first) > reach * np.sqrt(a + b))
    return found / draws


def _drawn(log: _Log, lift: float, n: int, rng: np.random.Generator) -> tuple[float, float]:
    """An arm's metric less what covariates explain, and its variance."""
    rows = rng.integers(0, log.n, n)
    y, below, explained = log.numerator[rows], log.denominator[rows], log.explained[rows]
    if log.metric.kind == "proportion":
        p = log.baseline
        flip = lift * p / (1 - p) if lift > 0 else -lift
        if lift:
            y = np.asarray(np.where(rng.random(n) < flip, float(lift > 0), y), np.float64)
        y_values = Values(log.metric, y)
    elif log.metric.kind == "quantile":
        y_values = Values(log.metric, y * (1 + lift))
    else:
        y_values = Values(log.metric, y * (1 + lift), below)
    value, pseudo = pseudo_values(y_values, np.arange(n))
    kept = pseudo - explained
    return value - float(explained.mean()), float(kept.var(ddof=1)) / n
