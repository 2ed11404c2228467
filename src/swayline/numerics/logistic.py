"""Ridge-penalised logistic regression by Newton's method, in one pass of the rows a step.

Shapes: X (n, p) without a constant column; y (n,) of 0 and 1; coefficients (p + 1,), intercept first. Sums over rows
are in double whatever the precision of the design. The penalised loss is
``Σ w · (log(1 + e^s) - y·s) + ½ Σ penalty · β²`` with ``s = X β``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg

from swayline.numerics.cores import each_part, small_products

Floats = npt.NDArray[np.float64]
STEPS = 25
SLAB = 2048
"""Rows worked on at once, so that they stay in the processor's cache."""
PART = 4
"""Slabs that one core works on before it gives an answer."""
Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class LogisticRows:
    """Rows to learn from.

    Attributes
    ----------
    x : (m, p) design; y : (m,) 0 or 1, of the design's precision
    penalty : (p + 1,) of each coefficient
    weight : (m,) of each row; None: all 1
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    penalty: Floats
    weight: npt.NDArray[Any] | None = None

    def slabs(self, spans: Spans) -> list[slice]:
        """Pieces of some spans of rows, each of at most :data:`SLAB` rows."""
        return [slice(low, min(low + SLAB, end)) for start, end in spans for low in range(start, end, SLAB)]


def chance(score: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The logistic function; scores beyond ±30 are as good as certain.

    >>> chance(np.array([0.0])).tolist()
    [0.5]
    """
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -30, 30))))


def look(rows: LogisticRows, spans: Spans, beta: Floats) -> tuple[float, Floats, Floats]:
    """Penalised loss, and the likelihood's gradient (p + 1,) and curvature (p + 1, p + 1), in one pass of some rows."""
    slabs, narrow = rows.slabs(spans), beta.astype(rows.x.dtype)
    parts = [slabs[start : start + PART] for start in range(0, len(slabs), PART)]
    found = each_part(lambda part: _look_at(rows, part, narrow), parts)
    loss, slope, square = 0.5 * float(rows.penalty @ beta**2), np.zeros(len(beta)), np.zeros((len(beta), len(beta)))
    for lost, sloped, bent in found:
        loss += lost
        slope += sloped
        square += bent
    return loss, slope, square


def _look_at(rows: LogisticRows, slabs: Sequence[slice], beta: npt.NDArray[Any]) -> tuple[float, Floats, Floats]:
    """Loss, gradient and curvature of some slabs, without the penalty."""
    loss, slope, square = 0.0, np.zeros(len(beta)), np.zeros((len(beta), len(beta)))
    for at in slabs:
        x, y = rows.x[at], rows.y[at]
        score = x @ beta[1:] + beta[0]
        p = chance(score)
        each = np.maximum(score, 0) + np.log(1 + np.exp(-np.abs(score))) - y * score
        left, bend = y - p, np.maximum(p * (1 - p), 1e-6)
        if rows.weight is not None:
            weight = rows.weight[at]
            each, left, bend = each * weight, left * weight, bend * weight
        loss += float(each.sum(dtype=np.float64))
        slope[0] += left.sum(dtype=np.float64)
        slope[1:] += left @ x
        root = np.sqrt(bend)
        block = x * root[:, None]
        first = root @ block
        square[0, 0] += bend.sum(dtype=np.float64)
        square[0, 1:] += first
        square[1:, 0] += first
        square[1:, 1:] += block.T @ block
    return loss, slope, square


def factor(curvature: Floats, penalty: Floats) -> tuple[Floats, bool]:
    """Cholesky factor of the penalised curvature; what single precision may have lost is added to its diagonal."""
    more = penalty + 1e-6 * max(1.0, float(np.trace(curvature)) / len(penalty))
    triangle, lower = linalg.cho_factor(curvature + np.diag(more), lower=True, check_finite=False)
    return np.asarray(triangle), bool(lower)


def newton(rows: LogisticRows, spans: Spans, beta: Floats, close: float) -> Floats:
    """Coefficients (p + 1,) of some spans of rows, steps halved until the penalised likelihood improves.

    Parameters
    ----------
    beta : (p + 1,) where to start.
    close : float
        Ends where a step gains less than this of the loss.
    """
    loss, slope, curvature = look(rows, spans, beta)
    for _ in range(STEPS):
        step = linalg.cho_solve(factor(curvature, rows.penalty), slope - rows.penalty * beta)
        # Near separation a full step overshoots.
        for _ in range(12):
            now, slope, curvature = look(rows, spans, beta + step)
            if now <= loss + close:
                break
            step = step / 2
        gain, beta, loss = loss - now, beta + step, now
        if gain < close:
            break
    return beta


def base_rate(y: npt.NDArray[Any], width: int, weight: npt.NDArray[Any] | None = None) -> Floats:
    """Coefficients (width + 1,) that say the share of ones to everybody: where to start."""
    share = float(np.average(y, weights=weight) if weight is not None else y.mean(dtype=np.float64))
    share = float(np.clip(share, 1e-6, 1 - 1e-6))
    return np.array([np.log(share / (1 - share)), *np.zeros(width)])


def fit_logistic(
    x: npt.NDArray[Any], y: npt.NDArray[Any], penalty: Floats | float, weight: npt.NDArray[Any] | None = None
) -> Floats:
    """Coefficients (p + 1,), intercept first, of the penalised likelihood's optimum.

    Parameters
    ----------
    penalty : float or (p + 1,) array
        Of each coefficient; one number leaves the intercept free.

    >>> x = np.array([[-2.0], [-1.0], [0.0], [1.0], [2.0], [0.5]])
    >>> fit_logistic(x, np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0]), 1.0).round(2).tolist()
    [-0.09, 0.88]
    """
    each = np.array([0.0, *np.full(x.shape[1], penalty)]) if np.ndim(penalty) == 0 else np.asarray(penalty, np.float64)
    rows = LogisticRows(x, y.astype(x.dtype), each, weight)
    with small_products():
        return newton(rows, [(0, len(x))], base_rate(y, x.shape[1], weight), 1e-12 * max(1, len(x)))
