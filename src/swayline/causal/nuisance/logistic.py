"""Ridge-penalised logistic regression of every fold's other rows at once.

Shapes: X (n, p); y (n,) of 0 and 1; K folds. Coefficients stand intercept first, (p + 1, ...). The design is read in
single precision: sums over rows are in double, so that coefficients are good to far less than a standard error.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import linalg

from swayline.causal.table.folds import Design, Flags, Floats, FoldedDesign
from swayline.numerics.logistic import STEPS, LogisticRows, Spans, base_rate, chance, factor, look, newton

_CLOSE = 1e-4
"""A fit ends where its distance from the optimum, squared and in standard errors, is below this."""
_FAR = 0.3
"""A step that leaves more than this of the last one's distance calls for fresh curvature."""


@dataclass(frozen=True)
class _Rows:
    """Rows that teach, those of a fold side by side; ``spans``: first row and the row after the last of each fold."""

    rows: LogisticRows
    spans: Spans

    def but(self, k: int) -> Spans:
        """The other folds."""
        return [span for j, span in enumerate(self.spans) if j != k]


def logistic_out_of_fold(folded: FoldedDesign, x: Design, y: Floats, rows: Flags | None, penalty: float) -> Floats:
    """Chances by logistic regressions on the other folds, all of them found together; shape (n,).

    A regression on everybody is close to that of any fold's other rows, and one pass at its coefficients gives the
    curvature outside every fold. Each fold then walks to its own optimum by its own gradients; where that curvature
    serves it badly (few outcomes, many columns) it goes on by itself.

    Parameters
    ----------
    x : ``folded.x`` or one of its wider designs
    rows : those that may teach, shape (n,); None: all
    """
    taught = _rows(folded, x, y, rows, penalty)
    common = _common(taught)
    each = taught.rows.penalty
    own = np.stack([look(taught.rows, [span], common)[2] for span in taught.spans])
    factors = [factor(one, each) for one in own.sum(axis=0) - own]
    beta = np.repeat(common[:, None], folded.count, axis=1)
    before, going = np.full(folded.count, np.inf), np.arange(folded.count)
    for _ in range(STEPS):
        if not len(going):
            break
        gradient = _gradients(taught, beta, going) - each[:, None] * beta[:, going]
        step = np.stack([linalg.cho_solve(factors[k], gradient[:, j]) for j, k in enumerate(going)], axis=1)
        distance = (gradient * step).sum(axis=0)
        slow = (distance > _FAR * before[going]) & (distance >= _CLOSE)
        beta[:, going[~slow]] += step[:, ~slow]
        for k in going[slow]:
            beta[:, k] = newton(taught.rows, taught.but(k), beta[:, k], _CLOSE)
        before[going] = distance
        going = going[~slow & (distance >= _CLOSE)]
    return chance(folded.predict(x, beta))


def _rows(folded: FoldedDesign, x: Design, y: Floats, rows: Flags | None, penalty: float) -> _Rows:
    teaching = folded.teaching(rows)
    at, ends = np.concatenate(teaching), np.cumsum([0, *map(len, teaching)]).tolist()
    small, target = x[at].astype(np.float32, copy=False), y[at].astype(np.float32)
    return _Rows(LogisticRows(small, target, np.array([0.0, *np.full(x.shape[1], penalty)])), list(pairwise(ends)))


def _common(taught: _Rows) -> Floats:
    """Coefficients of all rows, near enough to start from, (p + 1,): by way of a part where rows are many."""
    x, y, penalty = taught.rows.x, taught.rows.y, taught.rows.penalty
    found = base_rate(y, x.shape[1])
    size, part = len(x), 20 * x.shape[1] + 4000
    if size > 2 * part:
        some = slice(None, None, size // part)
        few = LogisticRows(np.ascontiguousarray(x[some]), y[some], penalty)
        found = newton(few, [(0, len(few.x))], found, 1.0)
    return newton(taught.rows, [(0, size)], found, 1.0)


def _gradients(taught: _Rows, beta: Floats, going: npt.NDArray[np.int64]) -> Floats:
    """Gradients of some folds' likelihoods over the other folds' rows, (p + 1, folds asked)."""
    total, single = np.zeros((len(beta), len(going))), beta[:, going].astype(np.float32)
    for k, span in enumerate(taught.spans):
        for at in taught.rows.slabs([span]):
            x, y = taught.rows.x[at], taught.rows.y[at]
            left = y[:, None] - chance(x @ single[1:] + single[0])
            left[:, going == k] = 0.0
            total[0] += left.sum(axis=0, dtype=np.float64)
            total[1:] += x.T @ left
    return total
