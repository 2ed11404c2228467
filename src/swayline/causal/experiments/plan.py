"""How large an experiment must be: from a formula, and from the user's own log by drawing experiments from it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from swayline.causal.experiments.sequential import sequence_width
from swayline.core.errors import DataError, UsageError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SamplePlan:
    """Units an arm for a lift that is to be seen, and the lift that given units can see.

    Parameters
    ----------
    baseline, spread : float
        The metric's mean and standard deviation a unit (residual, where covariates are used).
    units_per_arm : int
        Needed for ``lift`` at ``power``.
    lift : float
        Relative to the baseline.
    detectable_lift : float
        Smallest lift seen with ``power`` by the units that the log holds, split evenly.
    checked_power : float
        Share of experiments drawn from the log itself (with the lift added) in which it was seen; NaN where the log
        is smaller than the plan and drawing with replacement was refused.
    """

    baseline: float
    spread: float
    units_per_arm: int
    lift: float
    power: float
    detectable_lift: float
    checked_power: float


def plan_experiment(
    values: Floats,
    lift: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    covariate: Floats | None = None,
    peeking: bool = False,
    n_draws: int = 500,
    seed: int = 0,
) -> SamplePlan:
    """Units an arm that show a lift with the power asked for.

    Parameters
    ----------
    values : (n,) the metric a unit, from the log, over a time as long as the experiment.
    lift : float
        The relative lift that is to be seen, such as 0.02.
    covariate : (n,) array, optional
        Known before (the metric's past, a forecast); the variance it explains is saved.
    peeking : bool
        Plan for always-valid intervals, which need more units.
    n_draws : int
        Experiments drawn from the log, with replacement, as a check of the formula: heavy tails show here.

    Raises
    ------
    UsageError
        A share or a lift is out of range.
    DataError
        There are fewer than 10 units, or the metric does not vary or averages zero.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> plan = plan_experiment(rng.exponential(1, 20_000), 0.05, n_draws=200)
    >>> 5_500 < plan.units_per_arm < 7_000, bool(0.7 < plan.checked_power < 0.9)
    (True, True)
    """
    _check(lift, power, alpha)
    y = np.asarray(values, np.float64)
    good = np.isfinite(y)
    y = y[good]
    if len(y) < 10:
        raise DataError(f"{len(y)} units have the metric: at least 10 are needed to plan")
    residual = y - y.mean()
    if covariate is not None:
        x = np.asarray(covariate, np.float64)[good]
        x = np.where(np.isfinite(x), x, np.nanmean(x)) - np.nanmean(x)
        residual = residual - x * (x @ residual) / max(float(x @ x), 1e-300)
    baseline, spread = float(y.mean()), float(residual.std())
    if spread == 0 or baseline == 0:
        raise DataError(f"the metric has mean {baseline:g} and spread {spread:g}: no relative lift can be planned")
    reach = _reach(alpha, peeking) + float(stats.norm.ppf(power))
    units = int(np.ceil(2 * (reach * spread / (lift * baseline)) ** 2))
    detectable = reach * spread * np.sqrt(2 / (len(y) / 2)) / abs(baseline)
    checked = _drawn_power(y, residual, lift, units, alpha, peeking, n_draws, seed)
    return SamplePlan(baseline, spread, units, lift, power, float(detectable), checked)


def _check(lift: float, power: float, alpha: float) -> None:
    for name, share in (("power", power), ("alpha", alpha)):
        if not 0 < share < 1:
            raise UsageError(f"{name} is {share}; it must lie strictly between 0 and 1")
    if not np.isfinite(lift) or lift == 0:
        raise UsageError(f"lift is {lift}; a relative change such as 0.02 is needed")


def _reach(alpha: float, peeking: bool) -> float:
    # At the planned end the always-valid interval is this many standard errors wide.
    return sequence_width(10_000, 10_000, alpha) if peeking else float(stats.norm.ppf(1 - alpha / 2))


def _drawn_power(
    y: Floats, residual: Floats, lift: float, units: int, alpha: float, peeking: bool, n_draws: int, seed: int
) -> float:
    """Experiments drawn from the log with a multiplicative lift: how often it is seen."""
    if units > 2_000_000 or n_draws < 1:
        return float("nan")
    rng = np.random.default_rng(seed)
    reach, seen = _reach(alpha, peeking), 0
    explained = y - y.mean() - residual
    for _ in range(n_draws):
        control, arm = rng.integers(0, len(y), units), rng.integers(0, len(y), units)
        first, second = y[control] - explained[control], y[arm] * (1 + lift) - explained[arm]
        se = np.sqrt(first.var(ddof=1) / units + second.var(ddof=1) / units)
        seen += bool(abs(second.mean() - first.mean()) > reach * se)
    return seen / n_draws
