"""Groups of alike rows: k-means, with the number of groups that is still found when the rows are drawn anew.

Shapes: N rows, P features, K groups.

References
----------
Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
Tibshirani and Walther, "Cluster validation by prediction strength", JCGS 2005.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.vq import ClusterError, kmeans2

from swayline.core.errors import ConfigError, shown

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STABLE = 0.8
"""Prediction strength from which a number of groups counts as found (Tibshirani and Walther: .8 to .9)."""
_BLOCK = 65_536
_ROUNDS = 30


@dataclass(frozen=True)
class Stability:
    """How well a number of groups holds.

    Parameters
    ----------
    k : int
        Number of groups.
    strength : float
        Prediction strength: mean over the draws of the worst group's share of pairs that stay together.
    error : float
        Its standard error over the draws.
    """

    k: int
    strength: float
    error: float


@dataclass(frozen=True)
class Groups:
    """Groups of rows.

    Parameters
    ----------
    centers : (K, P) float64
        Largest group first.
    tried : tuple of Stability
        Every number of groups that was looked at.
    """

    centers: Floats
    tried: tuple[Stability, ...]

    @property
    def k(self) -> int:
        """How many groups there are; 1 where no split is stable."""
        return len(self.centers)

    def of(self, rows: Floats) -> Ints:
        """(N,) the group of each row."""
        return nearest_center(rows, self.centers)


def find_groups(
    rows: Floats,
    rng: np.random.Generator,
    most: int = 8,
    draws: int = 8,
    sample: int = 4_000,
    wanted: int | None = None,
) -> Groups:
    """Group rows into as many groups as stay the same when half of the rows are drawn anew.

    The largest k whose mean prediction strength reaches :data:`STABLE` is taken; where none
    does, everything is one group.

    Parameters
    ----------
    rows : (N, P) float64
        Features of like scale, none missing.
    most : int
        The largest number of groups looked at.
    draws : int
        Random halvings.
    sample : int
        Rows that decide k; the groups themselves come from at most ten times as many.
    wanted : int, optional
        So many groups, whatever their stability.

    Raises
    ------
    ConfigError
        ``most`` is under 1, there are fewer than 2 draws, or more groups are wanted than there are rows.
    """
    if most < 1 or draws < 2:
        raise ConfigError(f"groups need most ≥ 1 and draws ≥ 2, not {shown((most, draws))}")
    if wanted is not None and not 1 <= wanted <= len(rows):
        raise ConfigError(f"{shown(wanted)} groups cannot be made of {len(rows)} rows")
    decides = _drawn(rows, sample, rng)
    tried = tuple(_stability(decides, k, rng, draws) for k in range(2, most + 1) if len(decides) >= 20 * k)
    k = wanted or max((one.k for one in tried if one.strength >= STABLE), default=1)
    centers = k_means(_drawn(rows, 10 * sample, rng), k, rng)
    sizes = np.bincount(nearest_center(rows, centers), minlength=k)
    return Groups(centers[np.argsort(-sizes, kind="stable")], tried)


def k_means(rows: Floats, k: int, rng: np.random.Generator, starts: int = 4) -> Floats:
    """(K, P) centres that leave the least squared distance, the best of several careful starts.

    References
    ----------
    Arthur and Vassilvitskii (2007), k-means++: the advantages of careful seeding; by SciPy.
    """
    best, least = rows[:k], np.inf
    if k == 1 or len(np.unique(rows, axis=0)) < k:
        return rows.mean(axis=0, keepdims=True) if k == 1 else best
    for _ in range(starts):
        try:
            centers, _ = kmeans2(rows, k, iter=_ROUNDS, minit="++", missing="raise", rng=rng)
        except ClusterError:  # a group lost all its rows: another start
            continue
        left = float(_distances(rows, centers).min(axis=1).sum())
        if left < least:
            best, least = np.asarray(centers, np.float64), left
    return best


def nearest_center(rows: Floats, centers: Floats) -> Ints:
    """(N,) the centre each row is nearest to, in blocks of rows."""
    found = np.empty(len(rows), np.int64)
    for at in range(0, len(rows), _BLOCK):
        found[at : at + _BLOCK] = _distances(rows[at : at + _BLOCK], centers).argmin(axis=1)
    return found


def prediction_strength(labels: Ints, foretold: Ints, k: int) -> float:
    """The worst group's share of pairs of its rows that the other half's centres keep together.

    >>> prediction_strength(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]), 2)
    1.0
    >>> prediction_strength(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2)
    0.0
    """
    worst = 1.0
    for group in range(k):
        n = int((labels == group).sum())
        if n < 2:
            return 0.0
        together = np.bincount(foretold[labels == group], minlength=k).astype(np.float64)
        worst = min(worst, float((together * (together - 1)).sum() / (n * (n - 1))))
    return worst


def _stability(rows: Floats, k: int, rng: np.random.Generator, draws: int) -> Stability:
    strengths = np.empty(draws)
    for draw in range(draws):
        order = rng.permutation(len(rows))
        one, other = rows[order[: len(rows) // 2]], rows[order[len(rows) // 2 :]]
        own = k_means(other, k, rng)
        foreign = k_means(one, k, rng)
        strengths[draw] = prediction_strength(nearest_center(other, own), nearest_center(other, foreign), k)
    return Stability(k, float(strengths.mean()), float(strengths.std(ddof=1) / np.sqrt(draws)))


def _drawn(rows: Floats, n: int, rng: np.random.Generator) -> Floats:
    return rows if len(rows) <= n else np.asarray(rows[np.sort(rng.choice(len(rows), n, replace=False))])


def _distances(rows: Floats, centers: Floats) -> Floats:
    """(N, K) squared distances."""
    squared = (rows**2).sum(axis=1)[:, None] - 2 * rows @ centers.T + (centers**2).sum(axis=1)[None, :]
    return np.asarray(np.maximum(squared, 0.0))
