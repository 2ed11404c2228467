"""How far a clustered estimate may lie from the truth, in standard errors, where clusters are few or unlike in size.

Shapes: G clusters, K parts of the estimate (the arms); sums, own, held (G, K).
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

Floats = npt.NDArray[np.float64]
DRAWS = 2000
MOST = 60
"""So many clusters are drawn one by one, those of greatest weight; the others are many and small, and add up."""
_LEVEL = 0.975


def freedom_of_clusters(sums: Floats, own: Floats, held: Floats) -> float:
    """Student's degrees of freedom of an estimate over its jackknife standard error; at most the clusters less one.

    Parameters
    ----------
    sums : sum of the influence values of each cluster on each part
    own : sum of their squares
    held : the cluster's share of the part's weight, below 1

    Notes
    -----
    Cluster sums are drawn as normal: u_gk = √own_gk · ε_gk + τ · held_gk · z_g, what rows do by themselves and what
    the rows of a cluster share, τ² by moments of the sums. Each draw's estimate Σu is divided by its own jackknife
    standard error; the degrees of freedom are those with which Student's distribution has the same 95% range.
    Satterthwaite's formula takes an estimate for independent of its standard error, which it is not where one cluster
    is large: with half of the rows in one it gives one degree of freedom, though the interval covers with G-1 where
    rows of a cluster are alike.

    References
    ----------
    Bell & McCaffrey (2002), Bias reduction in standard errors for linear regression with multi-stage samples.
    Imbens & Kolesár (2016), Robust standard errors in small samples: some practical advice.
    """
    groups = len(sums)
    size = held.sum(axis=1)
    moved = (sums / (1 - held)).sum(axis=1)
    alone = (own / (1 - held)).sum(axis=1)
    some = size > 0
    spare = np.divide(moved**2 - alone, size, out=np.zeros(groups), where=some)
    shared = max(0.0, float(spare.sum()) / float(size.sum()))
    if not own.sum() > 0:
        return float(groups - 1)
    order = np.argsort(-held.max(axis=1), kind="stable")
    first, rest = order[:MOST], order[MOST:]
    z, draws = _draws(len(first), held.shape[1])
    share, odds = np.sqrt(shared) * held[first], held[first] / (1 - held[first])
    small = own[rest] + shared * held[rest] ** 2
    total = z @ share + np.sqrt(small.sum(axis=0)) * _draws(1, held.shape[1], 1)[1][:, :, 0].T  # (draws, K)
    for k, draw in enumerate(draws):
        total[:, k] += draw @ np.sqrt(own[first, k])
    moves = z * (share / (1 - held[first])).sum(axis=1) - total @ odds.T  # (draws, g)
    for k, draw in enumerate(draws):
        moves += draw * (np.sqrt(own[first, k]) / (1 - held[first, k]))
    squares = np.einsum("ij,ij->i", moves, moves) + float((small / (1 - held[rest]) ** 2).sum())
    ratio = np.abs(total.sum(axis=1)) / np.sqrt((groups - 1) / groups * squares)
    return min(float(groups - 1), freedom_of(float(np.quantile(ratio, 2 * _LEVEL - 1))))


def freedom_of(critical: float) -> float:
    """The degrees of freedom of Student's distribution with a given 95% range.

    >>> round(freedom_of(2.262157), 3)
    9.0
    """
    if critical <= special.ndtri(_LEVEL) * 1.0001:
        return float("inf")
    if critical >= special.stdtrit(1, _LEVEL):
        return 1.0
    return float(optimize.brentq(lambda df: float(special.stdtrit(df, _LEVEL)) - critical, 1.0, 1e5))


@lru_cache(maxsize=8)
def _draws(groups: int, parts: int, seed: int = 0) -> tuple[Floats, Floats]:
    """The same normal draws for every estimate, so that estimates of the same rows are judged alike.

    What rows of a cluster share, (draws, groups), and what each does by itself, (parts, draws, groups).
    """
    found = np.random.default_rng(seed).standard_normal((DRAWS, groups, parts + 1))
    return np.ascontiguousarray(found[:, :, 0]), np.ascontiguousarray(np.moveaxis(found[:, :, 1:], 2, 0))
