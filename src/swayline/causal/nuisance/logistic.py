"""Ridge-penalised logistic regression of every fold's other rows at once.

Shapes: X (n, p); y (n,) of 0 and 1; K folds. Coefficients stand intercept first, (p + 1, ...). The design is read in
single precision: sums over rows are in double, so that coefficients are good to far less than a standard error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import linalg

from swayline.causal.table.folds import Design, Flags, Floats, FoldedDesign, Ints
from swayline.numerics.cores import each_part, small_products
from swayline.numerics.lbfgs import minimise
from swayline.numerics.logistic import PART, LogisticRows, Spans, base_rate, chance, factor, look, newton

_CLOSE = 1e-4
"""A fit ends where its distance from the optimum, squared and in standard errors, is below this."""
_PASSES = 120
"""After so many passes a fold goes on by itself, by Newton's method."""


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

    A regression on a part of the rows is near that of any fold's other rows, and one pass at its coefficients gives
    the curvature outside every fold. From there all folds walk to their own optimum together, by L-BFGS: a pass of
    their gradients costs a small part of a pass for curvature.

    Parameters
    ----------
    x : ``folded.x`` or one of its wider designs
    rows : those that may teach, shape (n,); None: all
    """
    with small_products():
        taught = _rows(folded, x, y, rows, penalty)
        start = _common(taught)
        factors = _curvatures(taught, start)
        beta, unfinished = minimise(
            lambda points, which: _losses(taught, points, which),
            lambda k, gradient: linalg.cho_solve(factors[k], gradient),
            np.repeat(start[:, None], folded.count, axis=1), _CLOSE, _PASSES,
        )  # fmt: skip
        for k in unfinished:
            beta[:, k] = newton(taught.rows, taught.but(k), beta[:, k], _CLOSE)
    return chance(folded.predict(x, beta))


def _curvatures(taught: _Rows, beta: Floats) -> list[tuple[Floats, bool]]:
    """Factors of the curvature outside every fold at some coefficients, from one pass."""
    own = np.stack([look(taught.rows, [span], beta)[2] for span in taught.spans])
    return [factor(one, taught.rows.penalty) for one in own.sum(axis=0) - own]


def _rows(folded: FoldedDesign, x: Design, y: Floats, rows: Flags | None, penalty: float) -> _Rows:
    teaching = folded.teaching(rows)
    at, ends = np.concatenate(teaching), np.cumsum([0, *map(len, teaching)]).tolist()
    small, target = x[at].astype(np.float32, copy=False), y[at].astype(np.float32)
    return _Rows(LogisticRows(small, target, np.array([0.0, *np.full(x.shape[1], penalty)])), list(pairwise(ends)))


def _common(taught: _Rows) -> Floats:
    """Coefficients of all rows, near enough to start from, (p + 1,): by way of a weighted part where rows are many.

    What is rare of 0 and 1 says most: the part holds it whole where it can, and as much again of the other.
    """
    x, y, penalty = taught.rows.x, taught.rows.y, taught.rows.penalty
    found, part = base_rate(y, x.shape[1]), 20 * x.shape[1] + 4000
    if len(x) > 2 * part:
        weight = np.zeros(len(x), dtype=x.dtype)
        for value in (0, 1):
            mine = np.flatnonzero(y == value)
            step = max(1, 2 * len(mine) // part)
            weight[mine[::step]] = step
        some = np.flatnonzero(weight)
        few = LogisticRows(x[some], y[some], penalty, weight[some])
        found = newton(few, [(0, len(some))], found, 5.0)
    return newton(taught.rows, [(0, len(x))], found, 5.0)


def _losses(taught: _Rows, beta: Floats, which: Ints) -> tuple[Floats, Floats]:
    """Penalised losses (j,) and gradients (p + 1, j) of some folds over their other rows."""
    single = beta.astype(np.float32)
    parts = []
    for k, span in enumerate(taught.spans):
        ours, slabs = np.flatnonzero(which != k), taught.rows.slabs([span])
        mine = np.ascontiguousarray(single[:, ours])
        parts += [(ours, mine, slabs[start : start + PART]) for start in range(0, len(slabs), PART)]
    each = taught.rows.penalty[:, None]
    loss, slope = 0.5 * (each * beta**2).sum(axis=0), each * beta
    for (ours, _, _), (lost, sloped) in zip(
        parts, each_part(lambda part: _lost_in(taught, *part[1:]), parts), strict=True
    ):
        loss[ours] += lost
        slope[:, ours] += sloped
    return loss, slope


def _lost_in(taught: _Rows, beta: Design, slabs: Sequence[slice]) -> tuple[Floats, Floats]:
    """Losses (j,) and gradients (p + 1, j) of some slabs, without the penalty, at single coefficients (p + 1, j)."""
    loss, slope = np.zeros(beta.shape[1]), np.zeros(beta.shape)
    for at in slabs:
        x, y = taught.rows.x[at], taught.rows.y[at, None]
        score = x @ beta[1:] + beta[0]
        tail = np.exp(-np.abs(score))
        left = np.where(score > 0, 1, tail) / (1 + tail) - y
        lost = np.maximum(score, 0) + np.log1p(tail) - y * score
        loss += lost.sum(axis=0, dtype=np.float64)
        slope[0] += left.sum(axis=0, dtype=np.float64)
        slope[1:] += x.T @ left
    return loss, slope
