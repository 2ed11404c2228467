"""Means, differences and their intervals where rows of one person are not independent."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
FEW = 5
"""Below this many successes or failures in an arm, a normal interval is not to be trusted."""


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error, 95% interval and two-sided p-value against none."""

    value: float
    se: float
    low: float
    high: float
    p: float


def from_scores(
    value: float, scores: Floats, clusters: npt.NDArray[np.int64] | None = None, level: float = 0.95
) -> Estimate:
    """An estimate from its influence values, summed within clusters.

    Parameters
    ----------
    value : the estimate
    scores : influence value of each row, mean about zero, shape (n,)
    clusters : cluster code of each row from 0, shape (n,); None where rows are independent
    level : coverage of the interval

    Notes
    -----
    The variance is G/(G-1) · Σ_g (Σ_{i in g} ψ_i)² / n², and the quantile Student's with G-1 degrees of freedom.
    """
    sums = scores if clusters is None else np.bincount(clusters, weights=scores)
    if clusters is not None:
        sums = sums[np.bincount(clusters) > 0]
    groups = len(sums)
    if groups < 2:
        return Estimate(value, float("nan"), float("nan"), float("nan"), float("nan"))
    se = float(np.sqrt(groups / (groups - 1) * float(np.sum(sums**2))) / len(scores))
    return interval(value, se, groups - 1, level)


def interval(value: float, se: float, df: float = np.inf, level: float = 0.95) -> Estimate:
    """An estimate with the interval that its standard error and degrees of freedom give.

    >>> round(interval(1.0, 0.5).low, 2)
    0.02
    """
    if not np.isfinite(se) or se <= 0:
        return Estimate(value, se, value if se == 0 else float("nan"), value if se == 0 else float("nan"), float("nan"))
    half = float(stats.t.ppf(0.5 + level / 2, df)) * se
    return Estimate(value, se, value - half, value + half, float(2 * stats.t.sf(abs(value) / se, df)))


def difference_in_means(
    treated: npt.NDArray[np.bool_], outcome: Floats, clusters: npt.NDArray[np.int64] | None = None
) -> Estimate:
    """Mean outcome of the treated minus that of the others, with a clustered interval: an association.

    Where an arm has fewer than :data:`FEW` successes or failures of a yes/no outcome, the interval is widened to hold
    Newcombe's score interval too, since the normal one collapses at a rate of 0 or 1. Both arms must have a row.

    References
    ----------
    Newcombe (1998), Interval estimation for the difference between independent proportions.
    """
    share = float(treated.mean())
    high, low = float(outcome[treated].mean()), float(outcome[~treated].mean())
    scores = np.where(treated, (outcome - high) / share, -(outcome - low) / (1 - share))
    found = from_scores(high - low, scores, clusters)
    if not np.isin(outcome, (0.0, 1.0)).all():
        return found
    cells = [float(outcome[arm].sum()) for arm in (treated, ~treated)]
    sizes = [int(treated.sum()), int((~treated).sum())]
    if min(*cells, sizes[0] - cells[0], sizes[1] - cells[1]) >= FEW:
        return found
    score_low, score_high = _newcombe(cells, sizes)
    if not np.isfinite(found.low):
        return Estimate(found.value, found.se, score_low, score_high, float("nan"))
    p = found.p if score_low > 0 or score_high < 0 else max(found.p if np.isfinite(found.p) else 1.0, 0.05)
    return Estimate(found.value, found.se, min(found.low, score_low), max(found.high, score_high), p)


def _newcombe(cells: list[float], sizes: list[int], z: float = 1.959964) -> tuple[float, float]:
    bounds = []
    for count, size in zip(cells, sizes, strict=True):
        rate = count / size
        middle = (rate + z * z / (2 * size)) / (1 + z * z / size)
        half = z * np.sqrt(rate * (1 - rate) / size + z * z / (4 * size * size)) / (1 + z * z / size)
        bounds.append((rate, middle - half, middle + half))
    (p1, l1, u1), (p0, l0, u0) = bounds
    value = p1 - p0
    return (
        float(value - np.sqrt((p1 - l1) ** 2 + (u0 - p0) ** 2)),
        float(value + np.sqrt((u1 - p1) ** 2 + (p0 - l0) ** 2)),
    )
