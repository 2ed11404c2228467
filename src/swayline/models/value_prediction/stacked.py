"""What value a person would give an item, by regression or trees on what the simpler predictors say.

A tenth to a fifth of the training events is held out once; the simpler predictors learn from the rest and say what
they make of the held-out ones. On these rows, with how many values the person and the item have, a ridge regression or
LightGBM learns; then the simpler predictors learn again from everything.

Shapes: Q histories with one item each, G features.

References
----------
Wolpert, "Stacked Generalization", Neural Networks 1992.
"""

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from swayline.core.errors import UsageError
from swayline.core.extras import require
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints, ItemRows
from swayline.dataset import Sequences, Targets
from swayline.models.value_prediction.bias import Bias, valued_events, values_of
from swayline.models.value_prediction.factorization import Factorization
from swayline.models.value_prediction.neighbours import ItemNeighbours, UserNeighbours

_HELD, _MOST = 0.2, 20_000
_TREES, _FEWEST = 200, 10


class _Parts:
    """The simpler predictors and what they say as features."""

    def __init__(self, seed: int) -> None:
        self.parts: list[Any] = [Bias(), ItemNeighbours(), UserNeighbours(), Factorization(seed)]

    def fit(self, train: Sequences, valid: Targets | None) -> Self:
        for part in self.parts:
            part.fit(train, valid)
        self.counts = np.bincount(train.items, minlength=train.n_items)
        return self

    def features(self, history: Sequences, items: Ints | ItemRows) -> Floats:
        """(Q, G) the baseline, what each part adds to it, and logs of how many values the person and the item have."""
        base, *others = (part.predict(history, items) for part in self.parts)
        return np.column_stack([
            base, *(said - base for said in others),
            np.log1p(valued_events(history, empty=True).lengths), np.log1p(self.counts[items]),
        ])  # fmt: skip


class ValueRegression:
    """Ridge regression on what the simpler predictors say.

    The ridge is a share of the values' variance and columns keep their scale: a part that adds next to nothing gets
    next to no weight, so it cannot upset predictions where it adds more.
    """

    name: ClassVar[str] = "linear-regression"
    ridge: ClassVar[float] = 0.01

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Learn the weights from held-out events, then the parts from everything."""
        rows, values = _lessons(train, valid, self.seed)
        self.centre_, self.level_ = rows.mean(axis=0), float(values.mean())
        design = rows - self.centre_
        gram = design.T @ design / len(rows) + self.ridge * max(float(values.var()), 1e-12) * np.eye(rows.shape[1])
        self.weights_ = np.linalg.solve(gram, design.T @ (values - self.level_) / len(rows))
        self.parts_ = _Parts(self.seed).fit(train, valid)
        return self

    def predict(self, history: Sequences, items: Ints | ItemRows) -> Floats:
        """(Q,) the weighted sum, within the range of values."""
        design = self.parts_.features(history, items) - self.centre_
        return self.parts_.parts[0].within(self.level_ + design @ self.weights_)  # type: ignore[no-any-return]


class ValueTrees:
    """Boosted trees on what the simpler predictors say."""

    name: ClassVar[str] = "boosted-trees"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Learn trees from held-out events, as many as help a fifth of these, then the parts from everything."""
        lightgbm = require("lightgbm", extra="models")
        rows, values = _lessons(train, valid, self.seed)
        settings = {
            "objective": "regression", "num_leaves": 8, "learning_rate": 0.05, "min_data_in_leaf": 20, "verbosity": -1,
            "seed": self.seed, "deterministic": True, "num_threads": 1, "lambda_l2": 1.0,
        }  # fmt: skip
        n_trees = _rounds(lightgbm, settings, rows, values, self.seed)
        self.trees_ = lightgbm.train(settings, lightgbm.Dataset(rows, values), num_boost_round=n_trees)
        self.parts_ = _Parts(self.seed).fit(train, valid)
        return self

    def predict(self, history: Sequences, items: Ints | ItemRows) -> Floats:
        """(Q,) the sum of leaves, within the range of values."""
        if not len(items):
            return np.empty(0)
        found = self.trees_.predict(self.parts_.features(history, items), num_threads=1)
        return self.parts_.parts[0].within(found)  # type: ignore[no-any-return]


def _rounds(lightgbm: Any, settings: dict[str, Any], rows: Floats, values: Floats, seed: int) -> int:
    """How many trees foretell a fifth of the rows best, learned from the others."""
    apart = generator(seed, "rounds").random(len(rows)) < _HELD
    if apart.sum() < _FEWEST or (~apart).sum() < _FEWEST:
        return 1
    learn = lightgbm.Dataset(rows[~apart], values[~apart])
    held = lightgbm.Dataset(rows[apart], values[apart], reference=learn)
    stop = lightgbm.early_stopping(20, verbose=False)
    found = lightgbm.train(settings, learn, num_boost_round=_TREES, valid_sets=[held], callbacks=[stop])
    return int(found.best_iteration or _TREES)


def held_out_values(train: Sequences, share: float, seed: int, most: int = _MOST) -> tuple[Sequences, Targets]:
    """The events with values but a random share of them, and these as questions about the people's other events.

    People who would be left without an event keep theirs.
    """
    known = valued_events(train)
    rng = generator(seed, "held-out values")
    able = np.flatnonzero(known.lengths[known.users] > 1)
    drawn = np.sort(rng.choice(able, min(most, int(share * len(able))), replace=False))
    first = known.offsets[:-1][known.users[drawn]]
    drawn = drawn[drawn != first]  # the first event of everybody stays
    kept = np.ones(len(known.items), bool)
    kept[drawn] = False
    rest, users = known.keep(kept), known.users[drawn]
    history = replace(rest.take(users), asked_at=None, answered_at=None)
    return rest, Targets(
        users, history, known.items[drawn], known.behaviors[drawn], known.times[drawn], known.events[drawn],
        values_of(known)[drawn],
    )  # fmt: skip


def _lessons(train: Sequences, valid: Targets | None, seed: int) -> tuple[Floats, Floats]:
    rest, asked = held_out_values(train, _HELD, seed)
    if not len(asked):
        raise UsageError("regression and trees learn from events that are held out, and nobody has two: use bias")
    assert asked.values is not None
    return _Parts(seed).fit(rest, valid).features(asked.history, asked.items), asked.values
