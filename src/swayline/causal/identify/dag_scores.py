"""How well parents predict a column: as a normal one (BIC), or level by level (BDeu), and which of the two to believe.

Shapes: values (n, p); levels (n, p) whole numbers from 0; moved (n, p) whether a column was set from outside in a row.
Where it was, its parents had no say: such a row teaches nothing of that column, and all the more of what it moves.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import linalg, special, stats

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
ROWS_A_CELL = 20
"""A column takes as many levels, three to five, as leave so many rows a cell of a table of two parents."""
PRIOR_ROWS = 10.0
"""What the prior of a table weighs, in rows."""


class Score(Protocol):
    """The score of a column given its parents; higher is better, and the whole graph's score is the sum."""

    def __call__(self, column: int, parents: frozenset[int]) -> float:
        """The column's part of the score."""
        ...


@dataclass(frozen=True)
class GaussianScore:
    """BIC of linear regressions with normal noise, from covariance matrices; each asked for once.

    Attributes
    ----------
    covariance : of the rows in which each column was left alone, shape (p, p, p); n : how many those are, shape (p,)

    References
    ----------
    Hauser & Bühlmann (2012), Characterization and greedy learning of interventional Markov equivalence classes.
    """

    covariance: Floats
    n: Ints
    known: dict[tuple[int, frozenset[int]], float] = field(default_factory=dict)

    @staticmethod
    def of(values: Floats, moved: Flags | None = None) -> "GaussianScore":
        """The score on a table, shape (n, p)."""
        p = values.shape[1]
        if moved is None or not moved.any():
            one = np.cov(values.T) + 1e-9 * np.eye(p)
            return GaussianScore(np.broadcast_to(one, (p, p, p)), np.full(p, len(values)))
        parts = [values[~moved[:, j]] for j in range(p)]
        every = np.stack([np.cov(part.T) + 1e-9 * np.eye(p) for part in parts])
        return GaussianScore(every, np.array([len(part) for part in parts]))

    def __call__(self, column: int, parents: frozenset[int]) -> float:
        """Maximised log likelihood less ½ log n a parent."""
        key = (column, parents)
        if key not in self.known:
            _, left = regression(self.covariance[column], column, sorted(parents))
            n = int(self.n[column])
            self.known[key] = -0.5 * n * np.log(left) - 0.5 * np.log(n) * len(parents)
        return self.known[key]


def regression(covariance: Floats, column: int, at: list[int]) -> tuple[Floats, float]:
    """Slopes of a column on others, and the variance that they leave."""
    if not at:
        return np.zeros(0), max(float(covariance[column, column]), 1e-12)
    slopes = linalg.solve(covariance[np.ix_(at, at)], covariance[at, column], assume_a="pos")
    return slopes, max(float(covariance[column, column] - covariance[column, at] @ slopes), 1e-12)


@dataclass(frozen=True)
class LevelScore:
    """Marginal likelihood of a column's levels in every combination of its parents' (BDeu).

    References
    ----------
    Heckerman, Geiger, Chickering (1995), Learning Bayesian networks: the combination of knowledge and data. Cooper &
    Yoo (1999), Causal discovery from a mixture of experimental and observational data.
    """

    levels: Ints
    count: int
    moved: Flags | None = None
    known: dict[tuple[int, frozenset[int]], float] = field(default_factory=dict)

    def table(self, column: int, at: list[int]) -> tuple[Floats, float]:
        """Rows in each cell, (combinations, levels), and the prior's weight of one."""
        combinations = self.count ** len(at)
        levels = self.levels if self.moved is None else self.levels[~self.moved[:, column]]
        code = combination(levels, at, self.count) * self.count + levels[:, column]
        cells = np.bincount(code, minlength=combinations * self.count).reshape(combinations, self.count)
        return cells.astype(np.float64), PRIOR_ROWS / (combinations * self.count)

    def __call__(self, column: int, parents: frozenset[int]) -> float:
        """Log of the marginal likelihood."""
        key = (column, parents)
        if key not in self.known:
            cells, weight = self.table(column, sorted(parents))
            rows = special.gammaln(weight * self.count) - special.gammaln(weight * self.count + cells.sum(axis=1))
            each = special.gammaln(weight + cells) - special.gammaln(weight)
            self.known[key] = float(rows.sum() + each.sum())
        return self.known[key]


def combination(levels: Ints, at: list[int], count: int) -> Ints:
    """The number of each row's combination of levels, shape (n,)."""
    code = np.zeros(len(levels), dtype=np.int64)
    for column in at:
        code = code * count + levels[:, column]
    return code


def level_count(n: int) -> int:
    """Levels a column is cut into.

    >>> level_count(500), level_count(2000), level_count(10_000)
    (3, 4, 5)
    """
    return max([3, *(k for k in (4, 5) if ROWS_A_CELL * k**3 <= n)])


def as_levels(values: Floats, count: int) -> Ints:
    """Each column cut at its quantiles, ties kept together; shape (n, p)."""
    cuts = np.quantile(values, np.arange(1, count) / count, axis=0)
    return np.stack([np.searchsorted(cuts[:, j], values[:, j], side="right") for j in range(values.shape[1])], axis=1)


def held_out(
    values: Floats, graphs: dict[str, npt.NDArray[np.int8]], teaches: Flags, moved: Flags | None = None
) -> dict[str, float]:
    """Mean log chance that each kind of model gives to the levels of rows that taught it nothing.

    Parameters
    ----------
    values : about normal, shape (n, p); graphs : "gaussian" and "levels", each learned from the rows that teach
    """
    moved = np.zeros(values.shape, dtype=bool) if moved is None else moved
    count = level_count(int(teaches.sum()))
    cuts = np.quantile(values[teaches], np.arange(1, count) / count, axis=0)
    levels = np.stack([np.searchsorted(cuts[:, j], values[:, j], side="right") for j in range(values.shape[1])], axis=1)
    score, tables = (
        GaussianScore.of(values[teaches], moved[teaches]),
        LevelScore(levels[teaches], count, moved[teaches]),
    )
    found = {"gaussian": 0.0, "levels": 0.0}
    for j in range(values.shape[1]):
        rest = np.flatnonzero(~teaches & ~moved[:, j])
        if not len(rest):
            continue
        mean = values[teaches & ~moved[:, j]].mean(axis=0)
        at = [int(i) for i in np.flatnonzero(graphs["gaussian"][:, j])]
        slopes, left = regression(score.covariance[j], j, at)
        middle = mean[j] + (values[rest][:, at] - mean[at]) @ slopes
        below = stats.norm.cdf((cuts[:, j][None] - middle[:, None]) / np.sqrt(left))
        chance = np.diff(np.column_stack([np.zeros(len(rest)), below, np.ones(len(rest))]), axis=1)
        found["gaussian"] += float(np.log(np.maximum(chance[np.arange(len(rest)), levels[rest, j]], 1e-12)).mean())
        at = [int(i) for i in np.flatnonzero(graphs["levels"][:, j])]
        cells, weight = tables.table(j, at)
        share = (cells + weight) / (cells + weight).sum(axis=1, keepdims=True)
        code = combination(levels[rest], at, count)
        found["levels"] += float(np.log(share[code, levels[rest, j]]).mean())
    return found
