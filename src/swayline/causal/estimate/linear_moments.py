"""Many treatments and outcomes over millions of rows: cross-fitted linear nuisances from one pass of moments.

Shapes: x (n, p) controls; t (n, k) treatments; y (n, m) outcomes; z = [1, x, t, y] (n, 1 + p + k + m).

The moments of every fold (z'z) are added up in one pass; those of the other folds are the total less its own, so that
each fold's regressions cost p³ and not another pass. Memory is the input, the residuals, and folds × width².
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayline.causal.estimate.joint import joint_slopes
from swayline.causal.inference.intervals import Estimate
from swayline.core.errors import UsageError
from swayline.numerics.ridge import BLOCK, solve_ridge

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SharedEffects:
    """Effects of k treatments on m outcomes.

    Attributes
    ----------
    alone : estimate of each treatment by itself, [outcome][treatment]
    together : estimate of each with the other treatments held fixed, [outcome][treatment]
    """

    alone: tuple[tuple[Estimate, ...], ...]
    together: tuple[tuple[Estimate, ...], ...]


def shared_effects(
    x: npt.NDArray[Any],
    t: npt.NDArray[Any],
    y: npt.NDArray[Any],
    fold: Ints,
    clusters: Ints | None,
    penalty: float = 1.0,
) -> SharedEffects:
    """Partially linear double machine learning of every treatment on every outcome.

    Parameters
    ----------
    fold : fold of each row, from 0, shape (n,); a cluster must not span folds
    clusters : cluster of each row, from 0, shape (n,), or None
    penalty : ridge penalty on the controls' coefficients, in units of squared design columns

    Raises
    ------
    UsageError
        The arrays have different numbers of rows, or there are fewer than two folds.

    References
    ----------
    Chernozhukov et al. (2018), Double/debiased machine learning for treatment and structural parameters.
    """
    if not len(x) == len(t) == len(y) == len(fold):
        raise UsageError(f"rows differ: {len(x)} controls, {len(t)} treatments, {len(y)} outcomes, {len(fold)} folds")
    n_folds = int(fold.max()) + 1
    if n_folds < 2:
        raise UsageError("cross-fitting needs at least 2 folds")
    moments = _moments(x, t, y, fold, n_folds)
    total, width = moments.sum(axis=0), x.shape[1] + 1
    coefficients = [
        solve_ridge((total - own)[:width, :width], (total - own)[:width, width:], penalty) for own in moments
    ]
    left = _residuals(x, t, y, fold, coefficients)
    k = t.shape[1]
    alone, together = [], []
    for j in range(y.shape[1]):
        out = left[:, k + j]
        alone.append(tuple(joint_slopes(left[:, [a]], out).estimate(0, clusters) for a in range(k)))
        both = joint_slopes(left[:, :k], out)
        together.append(tuple(both.estimate(a, clusters) for a in range(k)))
    return SharedEffects(tuple(alone), tuple(together))


def _moments(x: npt.NDArray[Any], t: npt.NDArray[Any], y: npt.NDArray[Any], fold: Ints, n_folds: int) -> Floats:
    """Z'z of every fold, (folds, width, width); products in the design's precision, sums in double."""
    width = 1 + x.shape[1] + t.shape[1] + y.shape[1]
    found = np.zeros((n_folds, width, width))
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        block = np.concatenate([np.ones((len(x[rows]), 1), x.dtype), x[rows], t[rows], y[rows]], axis=1, dtype=x.dtype)
        for k in range(n_folds):
            part = block[fold[rows] == k]
            found[k] += part.T @ part
    return found


def _residuals(
    x: npt.NDArray[Any], t: npt.NDArray[Any], y: npt.NDArray[Any], fold: Ints, coefficients: list[Floats]
) -> Floats:
    """Treatments and outcomes less what the other folds' regressions predict, (n, k + m)."""
    left = np.concatenate([t, y], axis=1, dtype=np.float64)
    for start in range(0, len(x), BLOCK):
        part, own = x[start : start + BLOCK], fold[start : start + BLOCK]
        for k, beta in enumerate(coefficients):
            at = own == k
            left[start : start + BLOCK][at] -= part[at] @ beta[1:].astype(x.dtype) + beta[0]
    return left
