"""One arm against the control on one metric: the difference, its interval on a planned end and on any day."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from swayline.causal.experiments.adjustment import adjust
from swayline.causal.experiments.design import Units
from swayline.causal.experiments.metrics import Metric, Values, pseudo_values
from swayline.causal.experiments.sequential import sequence_p_value, sequence_width
from swayline.core.errors import DataError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """What an arm changed in a metric.

    Parameters
    ----------
    control_value, arm_value : float
        The metric in each arm; the arm's is the control's plus the effect.
    effect, se, ci_low, ci_high, p_value : float
        The difference, in the metric's own unit, and its interval for one look at a planned end.
    lift, lift_low, lift_high : float
        The same relative to the control; NaN where the control's value is not above zero.
    always_low, always_high, always_p : float
        Interval and p-value that hold however often the experiment is looked at.
    q_value : float
        ``p_value`` (or ``always_p`` where ``peeking``) under the Benjamini-Hochberg control of all claims.
    chance_better : float
        Posterior chance that the arm is better, under a flat prior (or the prior asked for).
    expected_loss : float
        What choosing the arm is expected to cost if it is worse, in the metric's unit.
    variance_reduction : float
        Share of the variance that covariates took away.
    n_control, n_arm : int
        Randomised units (clusters, where there are such).
    """

    metric: Metric
    arm: str
    control: str
    control_value: float
    arm_value: float
    effect: float
    se: float
    ci_low: float
    ci_high: float
    p_value: float
    lift: float
    lift_low: float
    lift_high: float
    always_low: float
    always_high: float
    always_p: float
    q_value: float
    chance_better: float
    expected_loss: float
    variance_reduction: float
    n_control: int
    n_arm: int


@dataclass(frozen=True)
class Moments:
    """An arm's adjusted value, its variance, and that without covariates; ``n`` randomised units, ``df`` freedom."""

    value: float
    variance: float
    plain_variance: float
    n: int


def arm_moments(values: Values, units: Units, number: int, centre: Floats, keep: npt.NDArray[np.bool_]) -> Moments:
    """Value and variance of one arm; residuals are summed within clusters."""
    rows = np.flatnonzero((units.arm == number) & keep)
    if len(rows) < 2:
        raise DataError(
            f"metric {values.metric.name!r} is known for {len(rows)} unit(s) of arm {units.arms[number]!r}:"
            " at least 2 are needed"
        )
    plain, pseudo = pseudo_values(values, rows)
    value, residuals, _ = adjust(pseudo, units.x[rows], centre)
    clusters = None if units.cluster is None else units.cluster[rows]
    return Moments(
        value if units.x.shape[1] else plain,
        _variance(residuals, clusters), _variance(pseudo - pseudo.mean(), clusters),
        len(rows) if clusters is None else len(np.unique(clusters)),
    )  # fmt: skip


def _variance(residuals: Floats, clusters: npt.NDArray[np.int64] | None) -> float:
    """Variance of a mean whose residuals are given."""
    n = len(residuals)
    sums = (
        residuals if clusters is None else np.bincount(np.unique(clusters, return_inverse=True)[1], weights=residuals)
    )
    groups = len(sums)
    if groups < 2:
        return float("nan")
    return float(groups / (groups - 1) * (sums**2).sum() / n**2)


def compare(
    metric: Metric, control: Moments, arm: Moments, names: tuple[str, str], planned: int, prior_sd: float | None,
    level: float = 0.95,
) -> Comparison:  # fmt: skip
    """The comparison that two arms' moments give.

    Parameters
    ----------
    names : tuple of str
        Control and arm.
    planned : int
        Units at which the always-valid interval is tightest.
    prior_sd : float, optional
        Spread of a normal prior on the lift, centred on none.

    Notes
    -----
    Student's t with Welch's degrees of freedom. The lift's interval is by the delta method on the log ratio where the
    control's value is well above zero, so that it cannot cross -100%.
    """
    effect = arm.value - control.value
    variance = arm.variance + control.variance
    se = float(np.sqrt(variance))
    if not np.isfinite(se):
        raise DataError(
            f"metric {metric.name!r}: {names[1]!r} or {names[0]!r} has a single cluster: at least 2 are needed"
        )
    parts = [(arm.variance, arm.n), (control.variance, control.n)]
    below = sum(v**2 / (n - 1) for v, n in parts if n > 1)
    df = variance**2 / below if below > 0 else np.inf
    half = float(stats.t.ppf(0.5 + level / 2, df)) * se
    z = effect / se if se > 0 else (0.0 if effect == 0 else np.inf * np.sign(effect))
    wide = sequence_width(min(arm.n, control.n) * 2, planned, 1 - level) * se
    lift, low, high = _lift(control, arm, effect, half, df, level)
    chance, loss = _posterior(metric, effect, se, control.value, prior_sd)
    reduction = 1 - variance / (arm.plain_variance + control.plain_variance) if se > 0 else 0.0
    p = float(2 * stats.t.sf(abs(z), df)) if se > 0 else (1.0 if effect == 0 else 0.0)
    return Comparison(
        metric, names[1], names[0], control.value, arm.value, effect, se, effect - half, effect + half, p,
        lift, low, high,
        effect - wide, effect + wide, sequence_p_value(z, min(arm.n, control.n) * 2, planned), float("nan"),
        chance, loss, float(reduction), control.n, arm.n,
    )  # fmt: skip


def _lift(
    control: Moments, arm: Moments, effect: float, half: float, df: float, level: float
) -> tuple[float, float, float]:
    nan = float("nan")
    if control.value <= 0 or control.value < 3 * np.sqrt(control.variance):
        return nan, nan, nan
    lift = effect / control.value
    if arm.value <= 0:
        return lift, (effect - half) / control.value, (effect + half) / control.value
    se = float(np.sqrt(arm.variance / arm.value**2 + control.variance / control.value**2))
    reach = float(stats.t.ppf(0.5 + level / 2, df)) * se
    return lift, float((1 + lift) * np.exp(-reach) - 1), float((1 + lift) * np.exp(reach) - 1)


def _posterior(metric: Metric, effect: float, se: float, base: float, prior_sd: float | None) -> tuple[float, float]:
    """Chance that the arm is better, and the loss expected from choosing it; normal prior on the lift, or flat."""
    if se <= 0:
        return (0.5 if effect == 0 else float(effect * metric.good > 0)), max(0.0, -effect * metric.good)
    mean, spread = effect * metric.good, se
    if prior_sd is not None and base != 0:
        prior = (prior_sd * abs(base)) ** 2
        weight = prior / (prior + se**2)
        mean, spread = mean * weight, float(np.sqrt(prior * se**2 / (prior + se**2)))
    chance = float(stats.norm.sf(0, mean, spread))
    loss = float(spread * stats.norm.pdf(mean / spread) - mean * stats.norm.sf(mean / spread))
    return chance, loss


def with_q_values(found: list[Comparison], peeking: bool) -> list[Comparison]:
    """q-values over everything claimed together; guardrails are limits and no claims, so they are left out.

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate.
    """
    claims = [n for n, one in enumerate(found) if one.metric.guardrail is None]
    p = np.array([found[n].always_p if peeking else found[n].p_value for n in claims])
    q = stats.false_discovery_control(p) if len(p) else p
    changed = list(found)
    for n, value in zip(claims, q, strict=True):
        changed[n] = replace(found[n], q_value=float(value))
    return changed
