"""What predicts the treatment and the outcome from the controls: linear, expanded linear, boosted trees.

Shapes: X (n, p) standardised design; Y (n, t) targets, several solved at once from one Gram matrix.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy import linalg

from swayline.core.errors import MissingExtraError
from swayline.core.extras import require

Floats = npt.NDArray[np.float64]
Design = npt.NDArray[Any]
Predictor = Callable[[Design], Floats]
BLOCK = 65_536
"""Rows a matrix product takes at once: bounds memory, and lets single precision add up in double."""


class Learner(Protocol):
    """Fits one target and returns its prediction function."""

    @property
    def name(self) -> str:
        """How notes call it."""
        ...

    def fit(self, x: Design, y: Floats, weight: Floats | None = None) -> Predictor:
        """Learn y, shape (n,), from x, shape (n, p); the predictor maps (m, p) to (m,)."""
        ...


def gram(x: Design, y: Floats, weight: Floats | None = None) -> tuple[Floats, Floats]:
    """X'WX and X'Wy with an intercept column first, added up in blocks; shapes (p+1, p+1) and (p+1, t)."""
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
    """Ridge coefficients from a Gram matrix, the intercept (first row) not shrunk; shape (p+1, t)."""
    ridge = square + np.diag([0.0, *np.full(len(square) - 1, penalty)])
    ridge[np.diag_indices_from(ridge)] += 1e-9 * max(1.0, float(np.trace(square)) / len(square))
    return np.asarray(linalg.solve(ridge, cross, assume_a="pos"))


def linear_predictor(coefficients: Floats) -> Predictor:
    """Predictions of a fitted linear model, intercept first."""

    def predict(x: Design) -> Floats:
        return np.asarray(x @ coefficients[1:].astype(x.dtype) + coefficients[0], dtype=np.float64)

    return predict


def least_squares(x: Design, y: Floats) -> Floats:
    """What a linear regression on the design (and an intercept) fits of y, shape (n,)."""
    square, cross = gram(x, y)
    return linear_predictor(solve_ridge(square, cross, 0.0)[:, 0])(x)


def gcv_penalty(square: Floats, cross: Floats, yy: float, n: float) -> float:
    """The ridge penalty of least generalised cross-validation error, from moments alone.

    References
    ----------
    Golub, Heath, Wahba (1979), Generalized cross-validation as a method for choosing a good ridge parameter.
    """
    mean = square[0, 1:] / square[0, 0]
    centred = square[1:, 1:] - np.outer(mean, square[0, 1:])
    target = cross[1:] - mean * cross[0]
    values, vectors = linalg.eigh(centred)
    values = np.maximum(values, 0)
    rotated = vectors.T @ target
    total = yy - cross[0] ** 2 / n
    best, chosen = np.inf, 1.0
    for penalty in np.geomspace(1e-2, 1e4, 19) * max(1.0, n / 1000):
        shrunk = rotated / (values + penalty)
        residual = total - 2 * float(shrunk @ rotated) + float((shrunk**2) @ values)
        freedom = n - 1 - float((values / (values + penalty)).sum())
        error = n * residual / max(freedom, 1.0) ** 2
        if error < best:
            best, chosen = error, float(penalty)
    return chosen


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
        every = [(a, b) for a in range(p) for b in range(a + 1, p) if groups[a] != groups[b]]
        return Expansion(squares, tuple(every) if p + len(squares) + len(every) <= min(most, len(x) // 10) else ())

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
        square, cross = gram(wide, y, weight)
        yy = float(y @ (y if weight is None else weight * y))
        penalty = gcv_penalty(square, cross[:, 0], yy, float(square[0, 0]))
        inner = linear_predictor(solve_ridge(square, cross, penalty)[:, 0])
        return inner if self.expansion is None else _after(self.expansion, inner)


def _after(expansion: Expansion, inner: Predictor) -> Predictor:
    return lambda x: inner(expansion(x))


@dataclass(frozen=True)
class Logistic:
    """Ridge-penalised logistic regression by Newton's method, warm-started on a part of a large sample."""

    expansion: Expansion | None = None
    penalty: float = 1.0

    @property
    def name(self) -> str:
        """How notes call it."""
        return "logistic" if self.expansion is None else "logistic with squares and products"

    def fit(self, x: Design, y: Floats, weight: Floats | None = None) -> Predictor:
        """Fit to a yes/no target."""
        wide = x if self.expansion is None else self.expansion(x)
        share = float(np.clip(y.mean(), 1e-6, 1 - 1e-6))
        beta = np.zeros(wide.shape[1] + 1)
        beta[0] = np.log(share / (1 - share))
        part = 20 * wide.shape[1] + 20_000
        if len(wide) > 4 * part:
            rows = slice(None, None, len(wide) // part)
            beta = self._newton(wide[rows], y[rows], None if weight is None else weight[rows], beta, 12)
        beta = self._newton(wide, y, weight, beta, 25)
        inner = _logistic_predictor(beta)
        return inner if self.expansion is None else _after(self.expansion, inner)

    def _newton(self, x: Design, y: Floats, weight: Floats | None, beta: Floats, steps: int) -> Floats:
        shrink = np.diag([0.0, *np.full(len(beta) - 1, self.penalty)])
        score = linear_predictor(beta)(x)
        loss = self._loss(score, y, weight, beta)
        for _ in range(steps):
            probability = 1.0 / (1.0 + np.exp(-np.clip(score, -30, 30)))
            curve = np.maximum(probability * (1 - probability), 1e-6)
            slope = y - probability
            if weight is not None:
                curve, slope = curve * weight, slope * weight
            square, _ = gram(x, np.zeros((len(x), 0)), curve)
            gradient = np.concatenate([[slope.sum()], np.asarray(x.T @ slope.astype(x.dtype), dtype=np.float64)])
            step = linalg.solve(square + shrink + 1e-9 * np.eye(len(beta)), gradient - shrink @ beta, assume_a="pos")
            # Halved until the penalised likelihood improves: near separation a full step overshoots.
            for _ in range(12):
                trial = beta + step
                score = linear_predictor(trial)(x)
                now = self._loss(score, y, weight, trial)
                if now <= loss:
                    break
                step = step / 2
            gain, beta, loss = loss - now, trial, now
            if gain < 1e-6 * len(x):
                break
        return beta

    def _loss(self, score: Floats, y: Floats, weight: Floats | None, beta: Floats) -> float:
        each = np.logaddexp(0, score) - y * score
        return float((each if weight is None else each * weight).sum() + 0.5 * self.penalty * (beta[1:] @ beta[1:]))


def _logistic_predictor(beta: Floats) -> Predictor:
    inner = linear_predictor(beta)
    return lambda x: 1.0 / (1.0 + np.exp(-np.clip(inner(x), -30, 30)))


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

    # A heavily weighted row asks the weights to add to one; what remains is scaled away.
    square = predictions.T @ predictions
    heavy = 1e3 * float(np.trace(square))
    root = linalg.cholesky(square + heavy * np.ones_like(square) + 1e-10 * np.trace(square) * np.eye(len(square)))
    goal = linalg.solve_triangular(root, predictions.T @ target + heavy, trans="T")
    weights, _ = nnls(root, goal)
    return np.asarray(weights / weights.sum()) if weights.sum() > 0 else np.full(len(weights), 1 / len(weights))
