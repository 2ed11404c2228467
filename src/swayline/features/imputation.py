"""What a missing cell likely held, foretold from the row's other columns by ridge regression.

Shapes: N rows, P numbers that stand for the other columns, C words of the column with gaps.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from swayline.numerics.ridge import moments, predict_linear, solve_ridge

Column = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
_MOST_WORDS = 30
"""Words of a column told apart, the most frequent first."""


class GapModel:
    """Ridge regression on the other columns: a number, or the word with the largest score.

    Parameters
    ----------
    ridge : float
        Pull towards zero, in rows: as much as so many rows that know nothing.
    """

    def __init__(self, ridge: float = 1.0) -> None:
        self.ridge = ridge

    def fit(self, others: Mapping[str, Column], target: Column) -> Self:
        """Learn a column's known cells from the other columns of their rows (all complete)."""
        self._words = {
            name: _frequent(column, _MOST_WORDS) for name, column in others.items() if column.dtype == object
        }
        design = self._design(others)
        self._center, spread = design.mean(axis=0), design.std(axis=0)
        self._spread = np.where(spread > 0, spread, 1.0)
        wide = (design - self._center) / self._spread  # (N, P)
        self._labels = _frequent(target, _MOST_WORDS) if target.dtype == object else None
        wanted = _one_hot(target, self._labels) if self._labels is not None else target[:, None].astype(np.float64)
        self._weights = solve_ridge(*moments(wide, wanted), self.ridge)  # (P + 1, 1 or C)
        return self

    def predict(self, others: Mapping[str, Column]) -> Column:
        """(N,) the likeliest content of each row's gap."""
        found = predict_linear(self._weights, (self._design(others) - self._center) / self._spread)
        if self._labels is None:
            return np.asarray(found[:, 0])
        return np.asarray(self._labels[np.argmax(found, axis=1)])

    def _design(self, others: Mapping[str, Column]) -> Floats:
        parts = [
            _one_hot(column, self._words[name]) if name in self._words else column[:, None].astype(np.float64)
            for name, column in others.items()
        ]
        return np.concatenate(parts, axis=1)


def held_out_gain(others: Mapping[str, Column], target: Column, simple: Any, rng: np.random.Generator) -> bool:
    """Whether the model foretells held-out cells better than one value for all, beyond two standard errors."""
    n = len(target)
    if n < 20:
        return False
    fold = rng.permutation(n) % 5
    gain = np.empty(n)
    for held in range(5):
        learn, ask = fold != held, fold == held
        model = GapModel().fit({name: one[learn] for name, one in others.items()}, target[learn])
        found = model.predict({name: one[ask] for name, one in others.items()})
        gain[ask] = _miss(target[ask], np.full(int(ask.sum()), simple, target.dtype)) - _miss(target[ask], found)
    return bool(gain.mean() > 2 * gain.std() / np.sqrt(n))


def _miss(truth: Column, found: Column) -> Floats:
    """Absolute error of a number; 1 for a wrong word."""
    if truth.dtype == object:
        return np.asarray(truth != found, dtype=np.float64)
    return np.asarray(np.abs(truth - found), dtype=np.float64)


def _frequent(column: Column, most: int) -> Column:
    values, counts = np.unique(column.astype(str), return_counts=True)
    return np.asarray(values[np.argsort(-counts, kind="stable")[:most]], dtype=object)


def _one_hot(column: Column, words: Column) -> Floats:
    return np.asarray(column[:, None] == words[None, :], dtype=np.float64)
