"""Means, differences and their intervals where rows of one person are not independent."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from swayline.causal.inference.freedom import freedom_of_clusters
from swayline.ledger import Figure

Floats = npt.NDArray[np.float64]
FEW = 5
"""Below this many successes or failures in an arm, a normal interval is not to be trusted."""


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error, 95% interval, two-sided p-value against none, and degrees of freedom."""

    value: float
    se: float
    low: float
    high: float
    p: float
    df: float = np.inf

    def at(self, alpha: float) -> tuple[float, float]:
        """The interval that misses the truth in a share ``alpha`` of samples; .05 gives ``low`` and ``high``.

        An interval that was widened for few successes is scaled on each side alike.

        >>> low, high = Estimate(1.0, 0.5, 0.02, 1.98, 0.05).at(0.32)
        >>> round(low, 2), round(high, 2)
        (0.5, 1.5)
        """
        scale = float(special.stdtrit(self.df, 1 - alpha / 2) / special.stdtrit(self.df, 0.975))
        return self.value - (self.value - self.low) * scale, self.value + (self.high - self.value) * scale

    @property
    def figure(self) -> Figure:
        """As a row of the ledger has it."""
        return Figure(self.value, self.low, self.high, self.p)


def from_scores(
    value: float,
    scores: Floats,
    clusters: npt.NDArray[np.int64] | None = None,
    level: float = 0.95,
    weights: Floats | None = None,
) -> Estimate:
    """An estimate from its influence values: its error without each cluster in turn (see :func:`from_parts`).

    Parameters
    ----------
    value : the estimate
    scores : influence value of each row, mean about zero, shape (n,)
    clusters : cluster code of each row from 0, shape (n,); None where rows are independent
    level : coverage of the interval
    weights : how much each row weighs in the denominator of the estimate, shape (n,); all alike where None
    """
    shares = np.ones(len(scores)) if weights is None else weights
    return from_parts(value, scores[:, None], shares[:, None], clusters, level)


def from_parts(
    value: float,
    scores: Floats,
    weights: Floats,
    clusters: npt.NDArray[np.int64] | None = None,
    level: float = 0.95,
) -> Estimate:
    """An estimate that adds up weighted means (the arms'), with the leave-one-cluster-out jackknife (CR3).

    Parameters
    ----------
    scores : influence value of each row on each part's mean, shape (n, parts)
    weights : how much each row weighs in each part's mean, up to a factor, shape (n, parts); one column serves all
    clusters : cluster code of each row from 0, shape (n,); None where rows are independent

    Notes
    -----
    Without cluster g a weighted mean moves by -Σ_{i in g} ψ_i / n / (1 - w_g), w_g the cluster's share of the weight:
    exact, from sums over clusters alone. Two things are approximated: what the nuisances would have learned without g,
    and the leverage of single columns of the design. The variance is (G-1)/G times the sum of squared moves. Degrees
    of freedom are Welch's over the parts where rows are independent, and :func:`.freedom_of_clusters` where they are
    clustered; at most G-1. There is no interval where all of a part's weight lies in one cluster.

    References
    ----------
    Bell & McCaffrey (2002), Bias reduction in standard errors for linear regression with multi-stage samples.
    MacKinnon, Nielsen, Webb (2023), Fast and reliable jackknife and bootstrap methods for cluster-robust inference.
    """
    n, nothing = len(scores), float("nan")
    held = np.broadcast_to(weights / np.maximum(weights.sum(axis=0), 1e-300), scores.shape)
    sums, own = scores, None
    if clusters is not None:
        some = np.bincount(clusters) > 0
        sums, held, own = (_within(of, clusters)[some] for of in (scores, held, scores**2))
    groups = len(sums)
    if groups < 2 or (held > 1 - 1e-9).any():
        return Estimate(value, nothing, nothing, nothing, nothing)
    moves = sums / (1 - held) / n
    se = float(np.sqrt((groups - 1) / groups * float(np.sum(moves.sum(axis=1) ** 2))))
    freedom = _freedom_of_parts(moves, held) if own is None else freedom_of_clusters(sums, own, held)
    return interval(value, se, freedom, level)


def _within(values: Floats, clusters: npt.NDArray[np.int64]) -> Floats:
    """Sums of each column within clusters, (clusters, columns)."""
    return np.stack([np.bincount(clusters, weights=column) for column in values.T], axis=1)


def _freedom_of_parts(moves: Floats, held: Floats) -> float:
    """Welch's degrees of freedom over the parts of an estimate, at most the clusters less one."""
    variances = (moves**2).sum(axis=0)
    counts = (held != 0).sum(axis=0) - 1
    total = float(np.sum(variances**2 / np.maximum(counts, 1)))
    most = float(len(moves) - 1)
    return most if total == 0 else min(most, float(variances.sum() ** 2) / total)


def interval(value: float, se: float, df: float = np.inf, level: float = 0.95) -> Estimate:
    """An estimate with the interval that its standard error and degrees of freedom give.

    >>> round(interval(1.0, 0.5).low, 2)
    0.02
    """
    if not np.isfinite(se) or se <= 0:
        return Estimate(value, se, value if se == 0 else float("nan"), value if se == 0 else float("nan"), float("nan"))
    half = float(special.stdtrit(df, 0.5 + level / 2)) * se
    return Estimate(value, se, value - half, value + half, float(2 * special.stdtr(df, -abs(value) / se)), df)


def widened_by(found: Estimate, by: float) -> Estimate:
    """An estimate whose standard error and interval are ``by`` times as wide.

    >>> widened_by(interval(1.0, 0.5), 2.0).se
    1.0
    """
    if by == 1 or not np.isfinite(found.se) or found.se <= 0:
        return found
    return Estimate(
        found.value, found.se * by, found.value - by * (found.value - found.low),
        found.value + by * (found.high - found.value), float(2 * special.ndtr(-abs(found.value) / (found.se * by))),
    )  # fmt: skip


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
    arms = np.column_stack([treated, ~treated]).astype(np.float64)
    scores = arms * np.column_stack([(outcome - high) / share, (low - outcome) / (1 - share)])
    found = from_parts(high - low, scores, arms, clusters)
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
