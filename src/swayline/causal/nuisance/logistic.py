"""Ridge-penalised logistic regression of every fold's other rows at once.

Shapes: X (n, p); y (n,) of 0 and 1; K folds. Coefficients stand intercept first, (p + 1, ...). The design is read in
single precision: sums over rows are in double, so that coefficients are good to far less than a standard error.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg

from swayline.causal.table.folds import Cut, Design, Flags, Floats

STEPS = 25
SLAB = 2048
"""Rows worked on at once, so that they stay in the processor's cache."""
_CLOSE = 1e-4
"""A fit ends where its distance from the optimum, squared and in standard errors, is below this."""
_FAR = 0.3
"""A step that leaves more than this of the last one's distance calls for fresh curvature."""
Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class _Rows:
    """Rows that teach, those of a fold side by side.

    Attributes
    ----------
    x : shape (m, p); y : shape (m,)
    spans : first row and the row after the last of each fold, K pairs
    penalty : of each coefficient, (p + 1,)
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]
    spans: Spans
    penalty: Floats

    def but(self, k: int) -> Spans:
        """The other folds."""
        return [span for j, span in enumerate(self.spans) if j != k]


def logistic_out_of_fold(cut: Cut, x: Design, y: Floats, rows: Flags | None, penalty: float) -> Floats:
    """Chances by logistic regressions on the other folds, all of them found together; shape (n,).

    A regression on everybody is close to that of any fold's other rows, and one pass at its coefficients gives the
    curvature outside every fold. Each fold then walks to its own optimum by its own gradients; where that curvature
    serves it badly (few outcomes, many columns) it goes on by itself.

    Parameters
    ----------
    x : ``cut.x`` or one of its wider designs
    rows : those that may teach, shape (n,); None: all
    """
    taught = _rows(cut, x, y, rows, penalty)
    common = _common(taught)
    own = np.stack([_look(taught, [span], common)[2] for span in taught.spans])
    factors = [_factor(one, taught.penalty) for one in own.sum(axis=0) - own]
    beta = np.repeat(common[:, None], cut.count, axis=1)
    before, going = np.full(cut.count, np.inf), np.arange(cut.count)
    for _ in range(STEPS):
        if not len(going):
            break
        gradient = _gradients(taught, beta, going) - taught.penalty[:, None] * beta[:, going]
        step = np.stack([linalg.cho_solve(factors[k], gradient[:, j]) for j, k in enumerate(going)], axis=1)
        distance = (gradient * step).sum(axis=0)
        slow = (distance > _FAR * before[going]) & (distance >= _CLOSE)
        beta[:, going[~slow]] += step[:, ~slow]
        for k in going[slow]:
            beta[:, k] = _newton(taught, taught.but(k), beta[:, k], _CLOSE)
        before[going] = distance
        going = going[~slow & (distance >= _CLOSE)]
    return _chance(cut.predict(x, beta))


def _rows(cut: Cut, x: Design, y: Floats, rows: Flags | None, penalty: float) -> _Rows:
    teaching = cut.teaching(rows)
    at, ends = np.concatenate(teaching), np.cumsum([0, *map(len, teaching)]).tolist()
    small, target = x[at].astype(np.float32, copy=False), y[at].astype(np.float32)
    spans = list(pairwise(ends))
    return _Rows(small, target, spans, np.array([0.0, *np.full(x.shape[1], penalty)]))


def _common(taught: _Rows) -> Floats:
    """Coefficients of all rows, near enough to start from, (p + 1,): by way of a part where rows are many."""
    share = float(np.clip(taught.y.mean(dtype=np.float64), 1e-6, 1 - 1e-6))
    found = np.array([np.log(share / (1 - share)), *np.zeros(taught.x.shape[1])])
    size, part = len(taught.x), 20 * taught.x.shape[1] + 4000
    if size > 2 * part:
        some = slice(None, None, size // part)
        few = _Rows(np.ascontiguousarray(taught.x[some]), taught.y[some], [], taught.penalty)
        found = _newton(few, [(0, len(few.x))], found, 1.0)
    return _newton(taught, [(0, size)], found, 1.0)


def _newton(taught: _Rows, spans: Spans, beta: Floats, close: float) -> Floats:
    """Coefficients by Newton's method, steps halved until the penalised likelihood improves, (p + 1,)."""
    loss, slope, curvature = _look(taught, spans, beta)
    for _ in range(STEPS):
        step = linalg.cho_solve(_factor(curvature, taught.penalty), slope - taught.penalty * beta)
        # Near separation a full step overshoots.
        for _ in range(12):
            now, slope, curvature = _look(taught, spans, beta + step)
            if now <= loss + close:
                break
            step = step / 2
        gain, beta, loss = loss - now, beta + step, now
        if gain < close:
            break
    return beta


def _look(taught: _Rows, spans: Spans, beta: Floats) -> tuple[float, Floats, Floats]:
    """Penalised loss, and the likelihood's gradient (p + 1,) and curvature (p + 1, p + 1), in one pass of some rows."""
    loss, slope = 0.5 * float(taught.penalty @ beta**2), np.zeros(len(beta))
    square = np.zeros((len(beta), len(beta)))
    single = beta.astype(np.float32)
    for x, y in _slabs(taught, spans):
        score = x @ single[1:] + single[0]
        chance = _chance(score)
        each = np.maximum(score, 0) + np.log(1 + np.exp(-np.abs(score))) - y * score
        loss += float(each.sum(dtype=np.float64))
        left, weight = y - chance, np.maximum(chance * (1 - chance), 1e-6)
        slope[0] += left.sum(dtype=np.float64)
        slope[1:] += left @ x
        root = np.sqrt(weight)
        block = x * root[:, None]
        first = root @ block
        square[0, 0] += weight.sum(dtype=np.float64)
        square[0, 1:] += first
        square[1:, 0] += first
        square[1:, 1:] += block.T @ block
    return loss, slope, square


def _gradients(taught: _Rows, beta: Floats, going: npt.NDArray[np.int64]) -> Floats:
    """Gradients of some folds' likelihoods over the other folds' rows, (p + 1, folds asked)."""
    total, single = np.zeros((len(beta), len(going))), beta[:, going].astype(np.float32)
    for k, span in enumerate(taught.spans):
        for x, y in _slabs(taught, [span]):
            left = y[:, None] - _chance(x @ single[1:] + single[0])
            left[:, going == k] = 0.0
            total[0] += left.sum(axis=0, dtype=np.float64)
            total[1:] += x.T @ left
    return total


def _slabs(taught: _Rows, spans: Spans) -> list[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    cuts = [slice(low, min(low + SLAB, end)) for start, end in spans for low in range(start, end, SLAB)]
    return [(taught.x[cut], taught.y[cut]) for cut in cuts]


def _factor(curvature: Floats, penalty: Floats) -> tuple[Floats, bool]:
    """Cholesky factor of the penalised curvature; what single precision may have lost is added to its diagonal."""
    more = penalty + 1e-6 * max(1.0, float(np.trace(curvature)) / len(penalty))
    triangle, lower = linalg.cho_factor(curvature + np.diag(more), lower=True, check_finite=False)
    return np.asarray(triangle), bool(lower)


def _chance(score: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -30, 30))))
