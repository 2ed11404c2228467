"""Ridge-penalised logistic regression of every fold's other rows at once.

Shapes: X (n, p); y (n,) of 0 and 1; K folds; C cells of rows that J regressions learn from. Coefficients stand
intercept first, (p + 1, ...). The design is read in single precision: sums over rows are in double, so that
coefficients are good to far less than a standard error.
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
"""After so many passes a regression goes on by itself, by Newton's method."""


@dataclass(frozen=True)
class _Rows:
    """Rows that teach, those of a cell side by side.

    Attributes
    ----------
    spans : first row and the row after the last of each cell, (C,)
    teaches : which cells each regression learns from, (C, J)
    """

    rows: LogisticRows
    spans: Spans
    teaches: Flags

    def of(self, j: int) -> Spans:
        """The cells that a regression learns from."""
        return [span for span, told in zip(self.spans, self.teaches[:, j], strict=True) if told]


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
    cells = folded.teaching(rows)
    beta = _fitted(cells, ~np.eye(folded.count, dtype=bool), x, y, penalty)
    return chance(folded.predict(x, beta))


def logistic_without_parts(folded: FoldedDesign, y: Floats, part: Ints, penalty: float) -> Floats:
    """The same of all rows, without each part of them in turn, every part's regressions found together; (n, parts).

    ``part`` numbers the part of each row from 0, (n,).
    """
    parts, count = int(part.max()) + 1, folded.count
    fold, own = np.divmod(np.arange(count * parts), parts)  # a cell: the rows of a fold and a part
    cells = [np.flatnonzero((folded.fold == k) & (part == j)) for k, j in zip(fold, own, strict=True)]
    teaches = (fold[:, None] != fold) & (own[:, None] != own)
    beta = _fitted(cells, teaches, folded.x, y, penalty)
    return chance(folded.predict(folded.x, beta.reshape(-1, count, parts)))


def _fitted(cells: Sequence[Ints], teaches: Flags, x: Design, y: Floats, penalty: float) -> Floats:
    """Coefficients (p + 1, J) of regressions that learn from the cells that ``teaches`` (C, J) says."""
    with small_products():
        taught = _rows(cells, teaches, x, y, penalty)
        start = _common(taught)
        factors = _curvatures(taught, start)
        beta, unfinished = minimise(
            lambda points, which: _losses(taught, points, which),
            lambda j, gradient: linalg.cho_solve(factors[j], gradient, check_finite=False),
            np.repeat(start[:, None], teaches.shape[1], axis=1), _CLOSE, _PASSES,
        )  # fmt: skip
        for j in unfinished:
            beta[:, j] = newton(taught.rows, taught.of(j), beta[:, j], _CLOSE)
    return beta


def _curvatures(taught: _Rows, beta: Floats) -> list[tuple[Floats, bool]]:
    """Factors of the curvature of every regression at some coefficients, from one pass."""
    own = [look(taught.rows, [span], beta)[2] for span in taught.spans]
    total = np.sum(own, axis=0)
    left_out = (sum((own[c] for c in np.flatnonzero(~told)), np.zeros_like(total)) for told in taught.teaches.T)
    return [factor(total - without, taught.rows.penalty) for without in left_out]


def _rows(cells: Sequence[Ints], teaches: Flags, x: Design, y: Floats, penalty: float) -> _Rows:
    at, ends = np.concatenate(cells), np.cumsum([0, *map(len, cells)]).tolist()
    small, target = x[at].astype(np.float32, copy=False), y[at].astype(np.float32)
    each = np.array([0.0, *np.full(x.shape[1], penalty)])
    return _Rows(LogisticRows(small, target, each), list(pairwise(ends)), teaches)


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
    """Penalised losses (j,) and gradients (p + 1, j) of some regressions."""
    single = beta.astype(np.float32)
    parts = []
    for span, told in zip(taught.spans, taught.teaches[:, which], strict=True):
        ours, slabs = np.flatnonzero(told), taught.rows.slabs([span])
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
        x, y = taught.rows.x[at], taught.rows.y[at]
        score = beta[1:].T @ x.T + beta[:1].T  # (j, m): what is added up lies side by side
        tail = np.exp(-np.abs(score))
        more = tail + np.float32(1)
        left = np.where(score > 0, np.float32(1), tail) / more - y
        lost = np.maximum(score, 0) + np.log(more, out=more) - y * score  # log1p takes four times as long
        loss += lost.sum(axis=1, dtype=np.float64)
        slope[0] += left.sum(axis=1, dtype=np.float64)
        slope[1:] += (left @ x).T
    return loss, slope
