"""Where showing an item changes something: effects by person and item, and what follows along ties.

::

    table of chances to show   shown, propensity, outcome, columns of the person and of the item
    outcome(u, i)   = E[outcome | shown]                        what a usual ranker asks
    change(u, i)    = E[outcome | shown] - E[outcome | not]     what showing it is worth

The change is learned from doubly robust pseudo-outcomes, cross-fitted, on person × item columns (DR-learner): where the
propensity is known it is unbiased whatever the outcome model says.

Shapes: n rows, F features, Q questions, P places of a pool.

References
----------
Kennedy (2023), Towards optimal doubly robust estimation of heterogeneous causal effects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.nuisance.learners import Linear, Predictor
from swayline.core.errors import DataError, UsageError, nearest
from swayline.core.rng import generator
from swayline.dataset.catalogue import as_text
from swayline.recommend.context import Context

Floats = npt.NDArray[np.float64]
SHOWN, OUTCOME, PROPENSITY = "shown", "outcome", "propensity"
_FOLDS = 3


@dataclass(frozen=True)
class _Design:
    """How columns become features: one-hot words of person and item, their products, and numbers."""

    words: Mapping[str, list[str]]
    person: tuple[str, ...]
    item: tuple[str, ...]
    numbers: tuple[str, ...]

    def __call__(self, columns: Mapping[str, Any]) -> npt.NDArray[np.float32]:
        people = self._hot(columns, self.person)
        items = self._hot(columns, self.item)
        products = (people[:, :, None] * items[:, None, : self._first]).reshape(len(people), -1)
        numbers = [np.asarray(columns[name], np.float32)[:, None] for name in self.numbers]
        return np.concatenate([people, items, products, *numbers], axis=1)

    @property
    def _first(self) -> int:
        return len(self.words[self.item[0]]) if self.item else 0

    def _hot(self, columns: Mapping[str, Any], names: tuple[str, ...]) -> npt.NDArray[np.float32]:
        n = len(next(iter(columns.values())))
        parts = [np.zeros((n, 0), np.float32)]
        for name in names:
            place = {word: at for at, word in enumerate(self.words[name])}
            given, inverse = np.unique(np.asarray(columns[name]).astype(str), return_inverse=True)
            codes = np.array([place.get(word, -1) for word in given])[inverse]
            hot = np.zeros((n, len(place)), np.float32)
            hot[np.flatnonzero(codes >= 0), codes[codes >= 0]] = 1.0
            parts.append(hot)
        return np.concatenate(parts, axis=1)


class UpliftRanker:
    """Learns from chances to show what showing changes, by person and item.

    Parameters
    ----------
    person, item : sequence of str
        Columns of words of the person and of the item; every person column is crossed with the first item column.
    numbers : sequence of str
        Columns of numbers of the pair.
    seed : int

    Attributes
    ----------
    outcome_, change_ : fitted predictors of features
    """

    def __init__(
        self, person: Sequence[str], item: Sequence[str], numbers: Sequence[str] = (), *, seed: int = 0
    ) -> None:
        self.person, self.item, self.numbers, self.seed = tuple(person), tuple(item), tuple(numbers), seed
        if not self.item:
            raise UsageError("an uplift by item needs a column of the item: item=['category']")

    def fit(self, table: pa.Table) -> Self:
        """Learn from ``shown``, ``propensity`` (the chance to be shown), ``outcome`` and the columns named.

        Raises
        ------
        DataError
            A column is missing, or everything or nothing was shown.
        UsageError
            A propensity is not between 0 and 1.
        """
        for name in (SHOWN, PROPENSITY, OUTCOME, *self.person, *self.item, *self.numbers):
            if name not in table.column_names:
                raise DataError(f"chances to show have no column {name!r}: {nearest(name, table.column_names)}")
        treated = np.asarray(table[SHOWN].cast(pa.bool_()).to_numpy(zero_copy_only=False))
        chance = np.asarray(table[PROPENSITY].cast(pa.float64()).to_numpy(), dtype=np.float64)
        outcome = np.asarray(table[OUTCOME].cast(pa.float64()).to_numpy(), dtype=np.float64)
        bad = np.flatnonzero(~((chance > 0) & (chance <= 1)))
        if len(bad):
            raise UsageError(f"propensity of row {bad[0] + 1} is {chance[bad[0]]}: it must be above 0, at most 1")
        if treated.all() or not treated.any():
            raise DataError("everything or nothing was shown: what showing changes cannot be told")
        columns = {
            name: _column(table, name, name in self.numbers) for name in (*self.person, *self.item, *self.numbers)
        }
        words = {name: sorted(set(columns[name].tolist())) for name in (*self.person, *self.item)}
        self.design_ = _Design(words, self.person, self.item, self.numbers)
        x = self.design_(columns)
        # A pair that was certain to be shown says nothing of not showing it.
        open_ = chance < 1.0
        pseudo = self._pseudo(x[open_], treated[open_], chance[open_], outcome[open_])
        self.change_ = Linear().fit(x[open_], pseudo)
        self.outcome_ = Linear().fit(x[treated], outcome[treated])
        return self

    def _pseudo(self, x: npt.NDArray[np.float32], treated: npt.NDArray[np.bool_], chance: Floats, y: Floats) -> Floats:
        """(n,) doubly robust change of each row, from outcome models of the other folds."""
        fold = generator(self.seed, "uplift folds").integers(_FOLDS, size=len(y))
        found = np.empty(len(y))
        for part in range(_FOLDS):
            use, rows = fold != part, fold == part
            arms: list[Predictor] = [
                Linear().fit(x[use & (treated == arm)], y[use & (treated == arm)]) for arm in (0, 1)
            ]
            without, with_it = (arm(x[rows]) for arm in arms)
            t, e = treated[rows], chance[rows]
            residual = np.where(t, (y[rows] - with_it) / e, -(y[rows] - without) / (1.0 - e))
            found[rows] = with_it - without + residual
        return found

    def effects(self, columns: Mapping[str, Any]) -> tuple[Floats, Floats]:
        """(n,) outcome when shown and change by showing, of rows given by their columns."""
        x = self.design_(columns)
        return self.outcome_(x), self.change_(x)

    def predict(
        self, context: Context, rows: npt.NDArray[np.int64], items: npt.NDArray[np.int32]
    ) -> tuple[Floats, Floats]:
        """(Q, P) outcome when shown and change by showing, for the step ``uplift``.

        Person columns are those of the users table that the model learned from, item columns those of the items.

        Raises
        ------
        DataError
            The ranker reads numbers of the pair, or a column of a person that the model does not know.
        """
        if self.numbers:
            raise DataError("the step uplift knows columns of persons and items, no numbers: fit without them")
        people, profiles = context.bundle.dataset.people, context.histories.profiles
        columns: dict[str, Any] = {}
        flat = np.maximum(items, 0).ravel()
        who = np.repeat(rows, items.shape[1])
        for name in self.person:
            if people is None or profiles is None or name not in people.columns:
                known = [] if people is None else people.columns
                raise DataError(f"step uplift: people have no column {name!r}: {nearest(name, known)}")
            word = {one["code"]: one["value"] for one in people.table.to_pylist() if one["column"] == name}
            codes = np.where(who >= 0, profiles[np.maximum(who, 0), people.columns.index(name)], 0)
            columns[name] = np.array([word.get(code, "") for code in codes.tolist()])
        for name in self.item:
            texts = as_text(context.column(name, "step uplift")).fill_null("").to_numpy(zero_copy_only=False)
            columns[name] = np.asarray(texts, dtype=str)[flat]
        outcome, change = self.effects(columns)
        return outcome.reshape(items.shape), change.reshape(items.shape)


def _column(table: pa.Table, name: str, number: bool) -> npt.NDArray[Any]:
    column = table[name]
    if number:
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return np.asarray(as_text(column).fill_null("").to_numpy(zero_copy_only=False), dtype=str)
