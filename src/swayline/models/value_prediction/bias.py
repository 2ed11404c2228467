"""How much items and people usually differ from everybody's mean: the baseline of every predictor of values.

::

    baseline (u, i)  =  mean + b_i + b_u          b_i, b_u: shrunk mean residuals

A person is known by the history at hand, so people and histories that training never saw are predicted as well.
Predictions stay within the range of the training values. One setting a predictor is chosen by the squared error on
validation questions.

Shapes: Q histories with one item each, I items, E events.

References
----------
Koren, "Factor in the Neighbors: Scalable and Accurate Collaborative Filtering", TKDD 2010.
"""

from collections.abc import Callable
from typing import ClassVar, Protocol, Self

import numpy as np
from scipy import sparse

from swayline.core.errors import SchemaError
from swayline.core.types import Floats, Ints, ItemRows
from swayline.dataset import Sequences, Targets


class ValuePredictor(Protocol):
    """Learns from events with values, and predicts the value of one item for each history."""

    name: ClassVar[str]

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Learn; ``valid`` chooses what is open."""
        ...

    def predict(self, history: Sequences, items: Ints | ItemRows) -> Floats:
        """(Q,) the value of ``items[q]`` for the person of history q."""
        ...


class Bias:
    """Everybody's mean, and how much an item and a person usually differ from it."""

    name: ClassVar[str] = "bias"
    choices: ClassVar[tuple[float, ...]] = (3.0, 10.0, 25.0)

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Learn the biases of items, and choose how far they are shrunk.

        Raises
        ------
        SchemaError
            No event has a value.
        """
        known = valued_events(train)
        choose_setting(self, self.choices, lambda shrinkage: self._learn(known, shrinkage), valid)
        return self

    def _learn(self, train: Sequences, shrinkage: float) -> None:
        values = values_of(train)
        self.setting_ = shrinkage
        self.low_, self.high_ = float(values.min()), float(values.max())
        self.mean_ = float(values.mean())
        self.items_: Floats = np.zeros(train.n_items)
        count = np.bincount(train.items, minlength=train.n_items)
        for _ in range(5):
            rest = values - self.mean_ - self.people(train)[train.users]
            summed = np.bincount(train.items, rest, minlength=train.n_items).astype(np.float64)
            self.items_ = summed / (count + shrinkage)

    def people(self, history: Sequences) -> Floats:
        """(Q,) how much each person differs, by the history."""
        known = valued_events(history, empty=True)
        rest = values_of(known) - self.mean_ - self.items_[known.items]
        summed = np.bincount(known.users, rest, minlength=len(known))
        found: Floats = summed / (known.lengths + self.setting_)
        return found

    def predict(self, history: Sequences, items: Ints | ItemRows) -> Floats:
        """(Q,) mean + item + person."""
        return self.within(self.raw(history, items))

    def raw(self, history: Sequences, items: Ints | ItemRows) -> Floats:
        """(Q,) the baseline, which may lie outside the range of values."""
        found: Floats = self.mean_ + self.items_[items] + self.people(history)
        return found

    def within(self, values: Floats) -> Floats:
        """Values drawn into the range of the training values."""
        return np.asarray(np.clip(values, self.low_, self.high_), dtype=np.float64)

    def residuals(self, history: Sequences) -> sparse.csr_array:
        """(Q, I) what the baseline leaves of each value, the mean where an item was valued twice."""
        known = valued_events(history, empty=True)
        rest = values_of(known) - self.mean_ - self.items_[known.items] - self.people(known)[known.users]
        shape = (len(known), known.n_items)
        # Residuals of exactly zero are kept as entries: what is stored says who valued what.
        summed = sparse.csr_array((rest, known.items, known.offsets), shape=shape)
        count = sparse.csr_array((np.ones(len(rest)), known.items, known.offsets), shape=shape)
        for one in (summed, count):
            one.sum_duplicates()
        summed.data /= count.data
        return summed


def valued_events(history: Sequences, empty: bool = False) -> Sequences:
    """The events that have a value.

    Raises
    ------
    SchemaError
        None has, and ``empty`` does not allow it.
    """
    if not history.valued and not empty:
        raise SchemaError("no event of this log has a value, so none can be predicted: name its column (value=stars)")
    return history.keep(~np.isnan(values_of(history)))


def values_of(history: Sequences) -> Floats:
    """(E,) the values, NaN where there are none."""
    return np.full(len(history.items), np.nan) if history.values is None else history.values


def values_of_answers(asked: Targets) -> Floats:
    """(Q,) the values that came, NaN where there are none."""
    return np.full(len(asked), np.nan) if asked.values is None else asked.values


def choose_setting(
    model: ValuePredictor, choices: tuple[float, ...], learn: Callable[[float], None], valid: Targets | None
) -> None:
    """Learn with the choice of least squared error on validation questions; the middle one where there are none."""
    if valid is None or valid.values is None or np.isnan(valid.values).all():
        learn(choices[len(choices) // 2])
        return
    asked = valid.take(np.flatnonzero(~np.isnan(valid.values)))
    errors, given = [], values_of_answers(asked)
    for choice in choices:
        learn(choice)
        errors.append(float(np.square(model.predict(asked.history, asked.items) - given).mean()))
    best = int(np.argmin(errors))
    if best != len(choices) - 1:
        learn(choices[best])
