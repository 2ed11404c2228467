"""How sure a mean over users is, and whether two models differ on the same users.

References
----------
Efron and Tibshirani, "An Introduction to the Bootstrap", 1993 (percentile intervals).
Smucker, Allan and Carterette, "A Comparison of Statistical Significance Tests for Information Retrieval Evaluation",
CIKM 2007 (the paired randomisation test).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
_DRAWS_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95% interval."""

    value: float
    ci_low: float
    ci_high: float


def bootstrap_mean(values: Values, rng: np.random.Generator, n_resamples: int = 1000, level: float = 0.95) -> Estimate:
    """The mean of (Q,) values with a percentile bootstrap interval over the users.

    >>> estimate = bootstrap_mean(np.array([0.0, 1.0] * 50), np.random.default_rng(0))
    >>> estimate.value, estimate.ci_low < 0.5 < estimate.ci_high
    (0.5, True)
    """
    n = len(values)
    if n == 0:
        return Estimate(float("nan"), float("nan"), float("nan"))
    means = np.empty(n_resamples)
    step = max(1, _DRAWS_AT_ONCE // n)
    for start in range(0, n_resamples, step):
        rows = min(step, n_resamples - start)
        means[start : start + rows] = values[rng.integers(0, n, (rows, n))].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(values.mean()), float(low), float(high))


def paired_test(ours: Values, theirs: Values, rng: np.random.Generator, n_flips: int = 5000) -> float:
    """Two-sided p-value of the paired randomisation test: whether the signs of (Q,) differences could be chance.

    The smallest value is 1 / (``n_flips`` + 1).

    >>> paired_test(np.ones(20), np.zeros(20), np.random.default_rng(0), n_flips=999)
    0.001
    """
    difference = ours - theirs
    difference = difference[difference != 0.0]
    if len(difference) == 0:
        return 1.0
    observed = abs(difference.sum())
    extreme = 0
    step = max(1, _DRAWS_AT_ONCE // len(difference))
    for start in range(0, n_flips, step):
        rows = min(step, n_flips - start)
        signs = rng.integers(0, 2, (rows, len(difference)), dtype=np.int8) * 2 - 1
        # The observed sum is one of the possible ones; the tolerance keeps rounding from hiding its equals.
        extreme += int((np.abs(signs @ difference) >= observed * (1 - 1e-12)).sum())
    return (extreme + 1) / (n_flips + 1)
