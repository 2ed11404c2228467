"""A design and its folds, and linear models of every fold's other rows at once.

The rows outside a fold are all rows less its own, and so are their moments: added up once, fold by fold, they give the
regressions of all folds, of as many targets as there are.

Shapes: X (n, p) standardised design; Y (n, t) targets; K folds. Coefficients stand intercept first, (p + 1, ...).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg

from swayline.numerics.cores import each_part
from swayline.numerics.ridge import solve_ridge_by_gcv

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Design = npt.NDArray[Any]
Widening = Callable[[Design], Design]
SLAB = 8192
"""Rows gathered and multiplied at once: a slab of a hundred columns stays in the processor's cache."""


@dataclass(frozen=True)
class FoldedDesign:
    """A design and the fold of each row, with every wider design asked for so far.

    Attributes
    ----------
    x : shape (n, p)
    fold : whole numbers from 0, shape (n,); predictions for a row come from models that never saw its fold
    """

    x: Design
    fold: Ints
    wider: dict[Widening | None, Design] = field(default_factory=dict, repr=False)

    @property
    def count(self) -> int:
        """How many folds there are."""
        return int(self.fold.max()) + 1

    def wide(self, widening: Widening | None) -> Design:
        """The design, or a wider one, for linear models: made once, since every target and arm asks for it.

        One of more columns than rows is turned into as many columns as rows (:func:`turned`).
        """
        if widening is None and self.x.shape[1] <= len(self.x):
            return self.x
        if widening not in self.wider:
            self.wider[widening] = turned(self.x if widening is None else widening(self.x))
        return self.wider[widening]

    def teaching(self, rows: Flags | None) -> list[Ints]:
        """Row numbers of each fold that may teach."""
        own = (self.fold == k for k in range(self.count))
        return [np.flatnonzero(mine if rows is None else mine & rows) for mine in own]

    def predict(self, x: Design, coefficients: Floats) -> Floats:
        """Linear predictions of each row by its fold's coefficients, (p + 1, K) or (p + 1, K, t) → (n,) or (n, t)."""
        count, targets = coefficients.shape[1], coefficients.shape[2:]
        flat = coefficients.reshape(len(coefficients), -1)
        found = np.empty((len(x), *targets))
        for start in range(0, len(x), SLAB):
            rows = slice(start, start + SLAB)
            every = (x[rows] @ flat[1:].astype(x.dtype) + flat[0]).reshape(-1, count, *targets)
            found[rows] = every[np.arange(len(every)), self.fold[rows]]
        return found


def turned(x: Design) -> Design:
    """A design of at most n columns whose rows have the same products with each other, (n, min(n, p)).

    Models with one ridge penalty on all slopes predict the same from it, whatever rows teach, at the cost of n³ and not
    of p³ (X = RᵀQᵀ with QᵀQ = I: coefficients outside the span of Q only cost).

    >>> x = np.random.default_rng(0).normal(size=(3, 50))
    >>> turned(x).shape, bool(np.allclose(turned(x) @ turned(x).T, x @ x.T))
    ((3, 3), True)
    """
    if x.shape[1] <= len(x):
        return x
    (root,) = linalg.qr(x.T, mode="r", check_finite=False)
    return np.ascontiguousarray(root[: len(x)].T)


def slabs(at: Ints) -> Iterator[Ints]:
    """Row numbers in pieces of at most :data:`SLAB`."""
    for start in range(0, len(at), SLAB):
        yield at[start : start + SLAB]


def add_square(total: Floats, block: Design, weight: Floats) -> None:
    """Add X'WX of a few rows, an intercept column first, to ``total`` (p + 1, p + 1); ``block`` is overwritten."""
    root = np.sqrt(weight).astype(block.dtype)
    block *= root[:, None]
    first = root @ block
    total[0, 0] += float(weight.sum())
    total[0, 1:] += first
    total[1:, 0] += first
    total[1:, 1:] += block.T @ block


def ridge_out_of_fold(folded: FoldedDesign, x: Design, targets: Floats, rows: Flags | None) -> Floats:
    """Predictions of each target by ridge regressions on the other folds, the penalty of each chosen by GCV; (n, t).

    Parameters
    ----------
    x : ``folded.x`` or one of its wider designs
    rows : those that may teach, shape (n,); None: all
    """
    width = x.shape[1] + 1
    found = each_part(lambda at: _moments_of(x, targets, at), folded.teaching(rows))
    squares, crosses, energy = (np.stack(one) for one in zip(*found, strict=True))
    total, cross, every = squares.sum(axis=0), crosses.sum(axis=0), energy.sum(axis=0)
    beta = np.empty((width, folded.count, targets.shape[1]))
    for k in range(folded.count):
        beta[:, k] = solve_ridge_by_gcv(total - squares[k], cross - crosses[k], every - energy[k])
    return folded.predict(x, beta)


def _moments_of(x: Design, targets: Floats, teaching: Ints) -> tuple[Floats, Floats, Floats]:
    """X'X (p + 1, p + 1), X'Y (p + 1, t) and Y'Y (t,) of some rows, an intercept column first."""
    width, count = x.shape[1] + 1, targets.shape[1]
    square, cross, energy = np.zeros((width, width)), np.zeros((width, count)), np.zeros(count)
    for at in slabs(teaching):
        block, y = x[at], targets[at]
        cross[0] += y.sum(axis=0)
        cross[1:] += block.T @ y.astype(x.dtype)
        energy += (y**2).sum(axis=0)
        add_square(square, block, np.ones(len(at)))
    return square, cross, energy
