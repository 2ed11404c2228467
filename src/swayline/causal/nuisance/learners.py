"""What predicts the treatment and the outcome from the controls: linear, expanded linear, boosted trees.

Shapes: X (n, p) standardised design; Y (n, t) targets, several solved at once from one Gram matrix.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import linalg

from swayline.causal.nuisance.logistic import logistic_out_of_fold
from swayline.causal.table.folds import Design, Flags, Floats, FoldedDesign, ridge_out_of_fold
from swayline.core.errors import MissingExtraError
from swayline.core.extras import require
from swayline.numerics.ridge import fit_ridge, moments, predict_linear, solve_ridge_by_gcv

Predictor = Callable[[Design], Floats]
"""Rows a matrix product takes at once: bounds memory, and lets single precision add up in double."""


class Regressor(Protocol):
    """Fits one target and returns its prediction function."""

    def fit(self, x: Design, y: Floats, weight: Floats | None = None) -> Predictor:
        """Learn y, shape (n,), from x, shape (n, p); the predictor maps (m, p) to (m,)."""
        ...


class Learner(Protocol):
    """Predicts every row of a design from the rows of the other folds."""

    @property
    def name(self) -> str:
        """How notes call it."""
        ...

    def out_of_fold(self, folded: FoldedDesign, targets: Floats, rows: Flags | None) -> Floats:
        """Predictions of every row and target, (n, t); ``rows`` are those that may teach (None: all)."""
        ...


def linear_predictor(coefficients: Floats) -> Predictor:
    """Predictions of a fitted linear model, intercept first."""

    def predict(x: Design) -> Floats:
        return predict_linear(coefficients, x)

    return predict


def least_squares(x: Design, y: Floats) -> Floats:
    """What a linear regression on the design (and an intercept) fits of y, shape (n,)."""
    return predict_linear(fit_ridge(x, y, 0.0), x)


@dataclass(frozen=True)
class Expansion:
    """Squares and pairwise products of the design's columns, in a fixed order.

    A yes/no column has no square; products stop at ``most`` columns.
    """

    squares: tuple[int, ...]
    products: tuple[tuple[int, int], ...]

    @staticmethod
    def of(x: Design, groups: Sequence[int], most: int = 150) -> "Expansion":
        """The expansion that fits a design: no product within one control's own columns."""
        p = x.shape[1]
        two_valued = [len(np.unique(x[:2000, k])) <= 2 for k in range(p)]
        squares = tuple(k for k in range(p) if not two_valued[k])
        room = min(most, len(x) // 10) - p - len(squares)
        if room < p - 1:  # pairs of other controls are at least so many, or none
            return Expansion(squares, ())
        every = [(a, b) for a in range(p) for b in range(a + 1, p) if groups[a] != groups[b]]
        return Expansion(squares, tuple(every) if len(every) <= room else ())

    def __call__(self, x: Design) -> Design:
        """The expanded design, shape (n, p + squares + products), clipped against far-off points."""
        bounded = np.clip(x, -3, 3)
        parts = [x, (bounded[:, list(self.squares)] ** 2 - 1) / 2]
        if self.products:
            left, right = (list(side) for side in zip(*self.products, strict=True))
            parts.append(bounded[:, left] * bounded[:, right])
        return np.concatenate(parts, axis=1)


@dataclass(frozen=True)
class Linear:
    """Least squares with a ridge penalty chosen by generalised cross-validation."""

    expansion: Expansion | None = None

    @property
    def name(self) -> str:
        """How notes call it."""
        return "ridge" if self.expansion is None else "ridge with squares and products"

    def fit(self, x: Design, y: Floats, weight: Floats | None = None) -> Predictor:
        """Fit in closed form."""
        wide = x if self.expansion is None else self.expansion(x)
        square, cross = moments(wide, y, weight)
        energy = np.array([float(y @ (y if weight is None else weight * y))])
        inner = linear_predictor(solve_ridge_by_gcv(square, cross, energy)[:, 0])
        return inner if self.expansion is None else _after(self.expansion, inner)

    def out_of_fold(self, folded: FoldedDesign, targets: Floats, rows: Flags | None) -> Floats:
        """All targets and folds from one pass of the design."""
        return ridge_out_of_fold(folded, folded.wide(self.expansion), targets, rows)


def _after(expansion: Expansion, inner: Predictor) -> Predictor:
    return lambda x: inner(expansion(x))


@dataclass(frozen=True)
class Logistic:
    """Logistic regression with a ridge penalty."""

    expansion: Expansion | None = None
    penalty: float = 1.0

    @property
    def name(self) -> str:
        """How notes call it."""
        return "logistic" if self.expansion is None else "logistic with squares and products"

    def out_of_fold(self, folded: FoldedDesign, targets: Floats, rows: Flags | None) -> Floats:
        """Yes/no targets, one after the other."""
        wide = folded.wide(self.expansion)
        found = [logistic_out_of_fold(folded, wide, y, rows, self.penalty) for y in targets.T]
        return np.stack(found, axis=1)


@dataclass(frozen=True)
class Boosting:
    """Histogram-boosted trees (LightGBM), the number of trees chosen on a held-out part of the rows given.

    Parameters
    ----------
    binary : whether the target is yes/no
    most_rows : learns from at most so many rows, drawn by the seed
    """

    binary: bool
    seed: int = 0
    most_trees: int = 300
    most_rows: int = 200_000

    name = "boosted trees"

    def fit(self, x: Design, y: Floats, weight: Floats | None = None) -> Predictor:
        """Fit with early stopping."""
        light = require("lightgbm", extra="causal")
        rng = np.random.default_rng(self.seed)
        rows = rng.permutation(len(x))[: self.most_rows]
        held = max(1, len(rows) * 15 // 100)
        large = len(rows) >= 50_000
        settings = {
            "objective": "binary" if self.binary else "l2", "learning_rate": 0.1 if large else 0.06,
            "num_leaves": 8 if len(rows) < 5000 else 31, "min_data_in_leaf": max(5, min(50, len(rows) // 50)),
            "lambda_l2": 1.0, "feature_fraction": 0.8, "verbosity": -1, "num_threads": 2 if large else 1,
            "seed": self.seed, "deterministic": True, "force_row_wise": True, "max_bin": 63,
        }  # fmt: skip
        if self.binary and y[rows[held:]].min() == y[rows[held:]].max():
            constant = float(y[rows[held:]].mean())
            return lambda new: np.full(len(new), constant)
        train = light.Dataset(x[rows[held:]], y[rows[held:]], weight=None if weight is None else weight[rows[held:]])
        valid = light.Dataset(
            x[rows[:held]], y[rows[:held]], weight=None if weight is None else weight[rows[:held]], reference=train
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = light.train(
                settings,
                train,
                self.most_trees,
                valid_sets=[valid],
                callbacks=[light.early_stopping(15, verbose=False)],
            )
        return lambda new: np.asarray(model.predict(new), dtype=np.float64)

    def out_of_fold(self, folded: FoldedDesign, targets: Floats, rows: Flags | None) -> Floats:
        """A model for every target and fold."""
        found = np.empty(targets.shape)
        for k in range(folded.count):
            out = folded.fold == k
            teaches = ~out if rows is None else ~out & rows
            x, new = folded.x[teaches], folded.x[out]
            for j, y in enumerate(targets.T):
                found[out, j] = self.fit(x, y[teaches])(new)
        return found


def has_boosting() -> bool:
    """Whether LightGBM is installed."""
    try:
        require("lightgbm", extra="causal")
    except MissingExtraError:
        return False
    return True


def stack_weights(predictions: Floats, target: Floats) -> Floats:
    """Weights ≥ 0 adding to one that make the best average of cross-fitted predictions, shape (learners,).

    References
    ----------
    Ahrens, Hansen, Schaffer, Wiemann (2024), Model averaging and double machine learning ("short-stacking").
    """
    if predictions.shape[1] == 1:
        return np.ones(1)
    from scipy.optimize import nnls

    size = float(np.abs(predictions).max(initial=0.0))
    if size == 0:
        return np.full(predictions.shape[1], 1 / predictions.shape[1])
    predictions, target = predictions / size, target / size  # squares of tiny numbers would vanish
    # A heavily weighted row asks the weights to add to one; what remains is scaled away.
    square = predictions.T @ predictions
    heavy = 1e3 * float(np.trace(square))
    root = linalg.cholesky(square + heavy * np.ones_like(square) + 1e-10 * np.trace(square) * np.eye(len(square)))
    goal = linalg.solve_triangular(root, predictions.T @ target + heavy, trans="T")
    weights, _ = nnls(root, goal)
    return np.asarray(weights / weights.sum()) if weights.sum() > 0 else np.full(len(weights), 1 / len(weights))
