"""Linear and logistic regression on behaviour features: the next item from a weighted sum.

Both learn from the same rows (:mod:`~swayline.models.behavior.training_examples`) on standardised features; linear
regression by
weighted least squares, logistic regression by Newton's method (steps halved until they help) on the weighted
likelihood, both with a ridge penalty. ``l2`` and ``balance`` (rows weigh as many items as they stand for, to this
power) are chosen on validation questions.
:meth:`weights` says what each feature counts for: associations, no effects.

Shapes: Q histories, I items, N rows, G features.

References
----------
Hoerl and Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems", Technometrics 1970.
McMahan et al., "Ad Click Prediction: a View from the Trenches", KDD 2013 (logistic regression on behaviour).
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from swayline.core.settings import Seed, Share, checked
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.behavior import tables as behavior_tables
from swayline.models.behavior.features import scored
from swayline.models.behavior.learned import learn_again, learn_choosing
from swayline.models.behavior.tables import Tables, item_feature_names, pair_feature_names
from swayline.models.behavior.training_examples import TrainingExamples
from swayline.models.counts.stored_matrix import Expected
from swayline.models.protocol import Scores
from swayline.models.values import ValueKind, as_learned, reading_of
from swayline.numerics.logistic import fit_logistic
from swayline.numerics.ridge import fit_ridge

Vector = npt.NDArray[np.float64]
Solver = Callable[[Vector, Vector, Vector, float], Vector]
"""(N, G) standardised features, (N,) hits, (N,) weights of mean 1, l2 → (G,) coefficients."""
_CHOICES: dict[str, tuple[float, ...]] = {"balance": (0.0, 0.5, 1.0), "l2": (1e-4, 1e-3, 1e-2, 1e-1)}
_SMALL = 1e-6


@checked
@dataclass(frozen=True)
class RegressionSettings:
    """Numbers left to validation (None), what values are (``none`` leaves them out), and the seed of the rows drawn."""

    l2: Annotated[float, Field(ge=1e-9)] | None = None
    balance: Share | None = None
    values: ValueKind = "auto"
    seed: Seed = 0


@dataclass(frozen=True)
class Chosen:
    """The settings with nothing left open; the defaults are what is taken without validation questions."""

    l2: float = 1e-3
    balance: float = 0.5


class _Regression:
    """What both regressions do; they differ in the solver alone."""

    name: ClassVar[str]
    reads_values: ClassVar[bool] = True
    Settings: ClassVar[type[RegressionSettings]] = RegressionSettings

    solver: ClassVar[Solver]

    def __init__(self, settings: RegressionSettings | None = None) -> None:
        self.settings = settings or RegressionSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Learn a weight for each feature, and choose what was left open."""
        _, self.values_ = learn_choosing(self.name, self.settings, Chosen, _CHOICES, self._become, train, valid)
        return self

    def refit(self, train: Sequences) -> Self:
        """Learn the weights again with the choices already made."""
        reads = self.sum_.tables.reading is not None
        _, self.values_ = learn_again(self.settings, self.chosen_, self._become, train, reads)
        return self

    def _become(self, tables: Tables, rows: TrainingExamples | None, chosen: Chosen) -> Self:
        self.chosen_, self.sum_ = chosen, _learned(tables, rows, chosen, type(self).solver)
        return self

    def score(self, history: Sequences) -> Scores:
        """(Q, I) weighted sums of the features (of the logistic: logits, up to a constant)."""
        return self.sum_.score(history)

    def weights(self) -> dict[str, float]:
        """What one standard deviation of each feature counts for (in the logistic: adds to the logit)."""
        return self.sum_.weights()

    def save(self, folder: Path) -> None:
        """Write the tables and the weights."""
        _save(folder, self.name, self.settings, self.chosen_, self.sum_)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        settings, chosen, weighted = _load(folder, cls.name)
        model = cls(settings)
        model.chosen_, model.sum_ = chosen, weighted
        return model


@dataclass(frozen=True)
class WeightedSum:
    """A weight for each feature of an item and of a pair.

    Parameters
    ----------
    coefficients : (G,) float32
        Features of the item first, as :mod:`~swayline.models.behavior.tables` names them.
    spread : (G,) float32
        Standard deviation of each feature among the rows learned from.
    """

    tables: Tables
    coefficients: Scores
    spread: Scores

    def score(self, history: Sequences) -> Scores:
        """(Q, I) the sums."""
        own, of_pairs = np.split(self.coefficients, [self.tables.items.shape[1]])
        alone = self.tables.items @ own
        return scored(self.tables, history, alone, lambda items, pairs: items @ own + pairs @ of_pairs)

    def weights(self) -> dict[str, float]:
        """Feature → coefficient times spread."""
        asked = self.tables.n_behaviors, self.tables.reading is not None
        names = item_feature_names(*asked) + pair_feature_names(*asked)
        return dict(zip(names, (self.coefficients * self.spread).tolist(), strict=True))


def _learned(tables: Tables, rows: TrainingExamples | None, chosen: Chosen, solver: Solver) -> WeightedSum:
    n_features = tables.items.shape[1] + tables.n_pair_features
    if rows is None:  # nobody has two events: popularity alone
        return WeightedSum(tables, np.eye(1, n_features, dtype=np.float32)[0], np.ones(n_features, np.float32))
    weights = rows.weights**chosen.balance
    weights /= weights.mean()
    values = rows.values.astype(np.float64)
    mean = np.average(values, axis=0, weights=weights)
    spread = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weights))
    spread[spread < _SMALL] = np.inf  # a feature that never varies says nothing
    found = solver((values - mean) / spread, rows.hit.astype(np.float64), weights, chosen.l2)
    spreads = np.where(np.isinf(spread), 0.0, spread).astype(np.float32)
    return WeightedSum(tables, (found / spread).astype(np.float32), spreads)


def _least_squares(values: Vector, hit: Vector, weights: Vector, l2: float) -> Vector:
    return fit_ridge(values, hit, l2 * len(hit), weights)[1:]


def _most_likely(values: Vector, hit: Vector, weights: Vector, l2: float) -> Vector:
    """A ridge scaled to the curvature at the base rate, so that rare hits are not drowned."""
    share = float(np.average(hit, weights=weights))
    return fit_logistic(values, hit, len(hit) * (l2 * share * (1 - share) + 1e-12), weights)[1:]


class LinearRegression(_Regression):
    """The next item by weighted least squares on behaviour features."""

    name: ClassVar[str] = "linear-regression"
    solver: ClassVar[Solver] = staticmethod(_least_squares)


class LogisticRegression(_Regression):
    """The next item by logistic regression on behaviour features."""

    name: ClassVar[str] = "logistic-regression"
    solver: ClassVar[Solver] = staticmethod(_most_likely)


def _save(folder: Path, name: str, settings: RegressionSettings, chosen: Chosen, found: WeightedSum) -> None:
    learned = {
        "n_items": len(found.tables.items), "n_behaviors": found.tables.n_behaviors,
        "chosen": dataclasses.asdict(chosen), **as_learned(found.tables.reading),
    }  # fmt: skip
    arrays = behavior_tables.as_arrays(found.tables) | {"coefficients": found.coefficients, "spread": found.spread}
    artifact.write(folder, name, dataclasses.asdict(settings), learned, arrays)


def _load(folder: Path, name: str) -> tuple[RegressionSettings, Chosen, WeightedSum]:
    stored = artifact.read(folder, name)
    n_items, n_behaviors = artifact.sizes_of(folder, stored, "n_items", "n_behaviors")
    reading = reading_of(folder, stored)
    valued = reading is not None
    n_features = len(item_feature_names(n_behaviors, valued)) + len(pair_feature_names(n_behaviors, valued))
    vectors: Expected = {"coefficients": ((n_features,), "float32"), "spread": ((n_features,), "float32")}
    artifact.check_arrays(folder, stored, behavior_tables.expected(n_items, n_behaviors, valued) | vectors)
    tables = behavior_tables.from_arrays(folder, stored.arrays, n_items, n_behaviors, reading)
    return (
        artifact.settings_of(folder, stored, RegressionSettings), artifact.part_of(folder, stored, "chosen", Chosen),
        WeightedSum(tables, stored.arrays["coefficients"], stored.arrays["spread"]),
    )  # fmt: skip
