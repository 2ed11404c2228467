"""Who is affected how much: a regression of doubly robust pseudo-outcomes on the controls (DR-learner, R-learner)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from swayline.causal.nuisance.learners import (
    Boosting,
    Expansion,
    Linear,
    Predictor,
    Regressor,
    has_boosting,
    stack_weights,
)
from swayline.core.errors import IdentificationError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FEWEST = 5
"""Rows or clusters that can be halved."""
HALVES = 20
"""Half samples drawn: their spread is the standard error of the whole."""


class EffectModel(Protocol):
    """The effect at given controls, with its standard deviation."""

    def effect(self, x: npt.NDArray[Any]) -> tuple[Floats, Floats]:
        """Mean and standard deviation at new rows of the design, each (m,)."""
        ...


@dataclass(frozen=True)
class Halves:
    """An average of final regressions, each on half of the clusters.

    Notes
    -----
    The variance of an estimator on half of the rows, given all of them, equals the variance of the estimator on all
    (the delete-half jackknife), so that the spread among halves is the standard error of their average.
    """

    models: tuple[Predictor, ...]

    def effect(self, x: npt.NDArray[Any]) -> tuple[Floats, Floats]:
        """Mean and standard deviation at new rows of the design, each (m,)."""
        every = np.stack([model(x) for model in self.models])
        return every.mean(axis=0), every.std(axis=0, ddof=1)


def learn_effects(
    x: npt.NDArray[Any],
    pseudo: Floats,
    weight: Floats | None,
    clusters: Ints | None,
    groups: Sequence[int],
    rng: np.random.Generator,
) -> Halves:
    """Regress pseudo-outcomes on the design over half samples; linear and boosted, averaged by held-out error.

    Parameters
    ----------
    pseudo : doubly robust values (or residual ratios for a dose), shape (n,)
    weight : weight of each row, shape (n,), or None

    Raises
    ------
    IdentificationError
        There are too few rows or clusters to halve.

    References
    ----------
    Kennedy (2023), Towards optimal doubly robust estimation of heterogeneous causal effects. Nie & Wager (2021),
    Quasi-oracle estimation of heterogeneous treatment effects.
    """
    count = len(x) if clusters is None else int(clusters.max(initial=-1)) + 1
    if count < FEWEST:
        what = "rows" if clusters is None else "clusters"
        raise IdentificationError(
            f"effects that differ need at least {FEWEST} {what} where both arms may happen, and {count} are left: ask"
            " for estimand ate"
        )
    low, high = np.quantile(pseudo, [0.001, 0.999])
    bounded = np.clip(pseudo, low, high)
    bounded = bounded + (np.average(pseudo, weights=weight) - np.average(bounded, weights=weight))
    learners: list[Regressor] = [_Constant(), Linear()]
    if len(x) <= 200_000:
        learners.append(Linear(Expansion.of(x, groups, most=200)))
    if has_boosting() and len(x) >= 1000:
        learners.append(Boosting(False, int(rng.integers(1 << 30)), most_trees=100, most_rows=50_000))
    models = []
    for _ in range(HALVES):
        inside = rng.permutation(np.arange(count) % 2).astype(bool)
        rows = inside if clusters is None else inside[clusters]
        fitted = [learner.fit(x[rows], bounded[rows], None if weight is None else weight[rows]) for learner in learners]
        scale = np.ones(int((~rows).sum())) if weight is None else np.sqrt(weight[~rows])
        guesses = np.column_stack([predict(x[~rows]) for predict in fitted])
        shares = stack_weights(guesses * scale[:, None], bounded[~rows] * scale)
        models.append(mixed(fitted, shares))
    return Halves(tuple(models))


@dataclass(frozen=True)
class _Constant:
    """The same effect for everybody."""

    name = "constant"

    def fit(self, x: npt.NDArray[Any], y: Floats, weight: Floats | None = None) -> Predictor:
        value = float(np.average(y, weights=weight))
        return lambda new: np.full(len(new), value)


def mixed(models: Sequence[Predictor], shares: Floats) -> Predictor:
    """The average of models, by their shares."""
    used = [(model, float(share)) for model, share in zip(models, shares, strict=True) if share > 1e-6]

    def predict(x: npt.NDArray[Any]) -> Floats:
        total = np.zeros(len(x))
        for model, share in used:
            total += share * model(x)
        return total

    return predict
