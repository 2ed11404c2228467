"""Ridge regression from moments: rows are added up once, coefficients follow whatever the penalty.

Shapes: X (n, p) without a constant column; Y (n,) or (n, t) targets. An intercept stands first in every result and is
never shrunk: with Z = [1, X] the coefficients solve ``(Z'WZ + penalty · diag(0, 1, …, 1)) β = Z'WY``.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg

Floats = npt.NDArray[np.float64]
Design = npt.NDArray[Any]
BLOCK = 65536
"""Rows that are added up at once."""
_JITTER = 1e-9
"""Added to the diagonal, relative to its mean, so that columns that repeat each other still have a solution."""


def moments(x: Design, y: npt.NDArray[Any], weight: Floats | None = None) -> tuple[Floats, Floats]:
    """Z'WZ (p + 1, p + 1) and Z'WY (p + 1, t), an intercept column first, added up in blocks of rows.

    Parameters
    ----------
    x : (n, p) float32 or float64; the products keep its precision, the sums are double.
    y : (n,) or (n, t) targets.
    weight : (n,) weights of the rows, optional.
    """
    width = x.shape[1] + 1
    targets = y.reshape(len(y), -1)
    square, cross = np.zeros((width, width)), np.zeros((width, targets.shape[1]))
    for start in range(0, len(x), BLOCK):
        part = x[start : start + BLOCK]
        block = np.empty((len(part), width), dtype=part.dtype)
        block[:, 0], block[:, 1:] = 1.0, part
        weighted = block if weight is None else block * weight[start : start + BLOCK, None].astype(part.dtype)
        square += weighted.T @ block
        cross += weighted.T @ targets[start : start + BLOCK].astype(part.dtype)
    return square, cross


def solve_ridge(square: Floats, cross: Floats, penalty: float) -> Floats:
    """Ridge coefficients (p + 1, t) of a given penalty from :func:`moments`.

    >>> x, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    >>> solve_ridge(*moments(x, y), 0.0)[:, 0].round(6).tolist()
    [1.0, 2.0]
    """
    shrunk = square + np.diag([0.0, *np.full(len(square) - 1, penalty)])
    shrunk[np.diag_indices_from(shrunk)] += _JITTER * max(1.0, float(np.trace(square)) / len(square))
    return np.asarray(linalg.solve(shrunk, cross, assume_a="pos"))


def solve_ridge_by_gcv(square: Floats, cross: Floats, energy: Floats) -> Floats:
    """Ridge coefficients (p + 1, t), each target with the penalty of least generalised cross-validation.

    Parameters
    ----------
    square, cross : as :func:`moments` gives them.
    energy : (t,) sum of squares of each target.

    References
    ----------
    Golub, Heath, Wahba (1979), Generalized cross-validation as a method for choosing a good ridge parameter.
    """
    n = float(square[0, 0])
    if n == 0:  # nobody teaches, as outside the one fold that holds an arm
        return np.zeros(cross.shape)
    mean = square[0, 1:] / n
    values, vectors = linalg.eigh(square[1:, 1:] - np.outer(mean, square[0, 1:]))
    values = np.maximum(values, 0) + _JITTER * max(1.0, float(np.trace(square)) / len(square))
    rotated = vectors.T @ (cross[1:] - np.outer(mean, cross[0]))  # (p, t)
    spread = energy - cross[0] ** 2 / n
    penalties = np.geomspace(1e-2, 1e4, 19) * max(1.0, n / 1000)
    factor = 1 / (values + penalties[:, None])  # (penalties, p)
    residual = spread - 2 * (factor @ rotated**2) + (factor**2 * values) @ rotated**2
    freedom = n - 1 - factor @ values
    errors = n * residual / np.maximum(freedom, 1.0)[:, None] ** 2
    chosen = penalties[np.argmin(errors, axis=0)]
    slopes = vectors @ (rotated / (values[:, None] + chosen))
    return np.concatenate([cross[:1] / n - mean @ slopes, slopes])


def fit_ridge(x: Design, y: npt.NDArray[Any], penalty: float, weight: Floats | None = None) -> Floats:
    """Ridge coefficients of one target (p + 1,), intercept first."""
    return np.asarray(solve_ridge(*moments(x, y, weight), penalty)[:, 0])


def predict_linear(coefficients: Design, x: Design) -> Floats:
    """(n,) or (n, t) predictions of coefficients whose intercept stands first."""
    return np.asarray(x @ coefficients[1:].astype(x.dtype) + coefficients[0], dtype=np.float64)
