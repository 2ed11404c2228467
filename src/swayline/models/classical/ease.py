"""A linear autoencoder in closed form: every item's weight for every other, from one inverse.

::

    B  =  I - P · diag(1 / diag P)          P = (XᵀX + l2 · I)⁻¹           X: who met what, users × items
    score (j)  =  Σ over the history:  decay^age · B(i, j)

B is dense, items × items, so the catalogue is bounded: 20,000 items take 1.6 GB (P becomes B in place; while settings
are tried, two are held), and more are refused before anything is computed. Items without training events take no part.
``l2`` and the recency weight are chosen on validation questions.

Shapes: Q histories, I items, A items with events.

References
----------
Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from swayline.core.errors import ArtifactError, DataError
from swayline.core.settings import Count, Share, checked
from swayline.core.types import Ints
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.counts.decayed_sum import DecayedSum, events_of
from swayline.models.counts.history_matrix import every_event, last_events
from swayline.models.protocol import Scores
from swayline.models.values import (
    ValueKind,
    ValueReading,
    ValueWeight,
    as_learned,
    choose_valued,
    reading_of,
    value_weights,
)

Matrix = npt.NDArray[np.float32]
_BLOCK = 1024
_CHOICES: dict[str, tuple[float, ...]] = {
    "decay": (1.0, 0.95, 0.9, 0.8, 0.65, 0.5, 0.3),
    "l2": (20.0, 100.0, 300.0, 1000.0, 3000.0),
}


@checked
@dataclass(frozen=True)
class EASESettings:
    """``l2`` and ``decay`` may be left to validation (None); ``max_items`` bounds the memory."""

    l2: Annotated[float, Field(ge=1e-3)] | None = None
    decay: Share | None = None
    value_weight: ValueWeight | None = None
    values: ValueKind = "auto"
    max_items: Count = 20_000


@dataclass(frozen=True)
class Chosen:
    """The settings with nothing left open; the defaults are what is taken without validation questions."""

    l2: float = 300.0
    decay: float = 0.8
    value_weight: float = 0.0


class EASE:
    """Item weights by ridge regression of every item on all others."""

    name: ClassVar[str] = "ease"
    reads_values: ClassVar[bool] = True
    Settings: ClassVar[type[EASESettings]] = EASESettings

    def __init__(self, settings: EASESettings | None = None) -> None:
        self.settings = settings or EASESettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Invert once for each strength tried.

        Raises
        ------
        DataError
            More items have events than ``max_items``.
        """
        self._prepare(train)
        self.values_ = ValueReading.of(train, self.settings.values)
        solved = lru_cache(maxsize=1)(partial(self._solve, train))
        chosen = choose_valued(
            self.name, self.settings, Chosen, _CHOICES, lambda trial: self._become(trial, solved), valid, self.values_,
            rounds=1,
        )  # fmt: skip
        return self._become(chosen, solved)

    def refit(self, train: Sequences) -> Self:
        """Invert again with the choices already made."""
        self._prepare(train)
        self.values_ = ValueReading.of(train, self.settings.values)
        return self._become(self.chosen_, partial(self._solve, train))

    def _prepare(self, train: Sequences) -> None:
        self.n_items_ = train.n_items
        self.rows_ = np.unique(train.items).astype(np.int32)
        most = self.settings.max_items
        if len(self.rows_) > most:
            gigabytes = 8e-9 * len(self.rows_) ** 2
            raise DataError(
                f"ease weighs every item against every other: {len(self.rows_):,} items with events would take about"
                f" {gigabytes:,.0f} GB, and at most {most:,} items are taken; drop rare items (min_item_events), raise"
                " max_items on a machine that has the memory, or use item-knn or implicit-als"
            )

    def _become(self, chosen: Chosen, solved: Callable[[float, float], Matrix]) -> Self:
        self.chosen_, self.weights_ = chosen, solved(chosen.l2, chosen.value_weight)
        return self

    def _solve(self, train: Sequences, l2: float, value_weight: float) -> Matrix:
        """(A, A) the item weights, in one matrix of that size and its sparse product."""
        from scipy.linalg import lapack

        met = last_events(train, 1.0, value_weights(train, self.values_, value_weight))[:, self.rows_]
        gram = (met.T @ met).toarray().T  # symmetric: the transpose is the order of columns that LAPACK works in
        gram[np.diag_indices_from(gram)] += np.float32(l2)
        gram, _ = lapack.spotrf(gram, lower=1, overwrite_a=1)
        gram, _ = lapack.spotri(gram, lower=1, overwrite_c=1)
        weights: Matrix = gram.T
        diagonal = weights.diagonal().copy()
        for start in range(0, len(weights), _BLOCK):  # LAPACK filled one triangle only
            block = slice(start, start + _BLOCK)
            weights[block, :start] = weights[:start, block].T
            square = weights[block, block]
            square[:] = np.triu(square, 1) + np.triu(square, 1).T
        weights /= -diagonal[None, :]
        return weights

    def score(self, history: Sequences) -> Scores:
        """(Q, I) summed weights of the history; zero for items without training events."""
        scores = np.zeros((len(history), self.n_items_), np.float32)
        if len(self.rows_):
            liked = value_weights(history, self.values_, self.chosen_.value_weight)
            known = every_event(history, self.chosen_.decay, of_event=liked).tocsc()
            scores[:, self.rows_] = known[:, self.rows_] @ self.weights_
        return scores

    def event_terms(self, history: Sequences, rows: Ints, items: Ints) -> DecayedSum | None:
        """What each event of the histories ``rows`` (R,) adds to the score of ``items`` (R,).

        None where the values of events count: what one says depends on the others.
        """
        if value_weights(history, self.values_, self.chosen_.value_weight) is not None:
            return None
        question, position, age = events_of(history, rows)
        place = np.full(self.n_items_, -1, np.int64)
        place[self.rows_] = np.arange(len(self.rows_))
        met, asked = place[history.items[position]], place[items[question]]
        known = (met >= 0) & (asked >= 0)
        term = np.zeros(len(position))
        term[known] = self.weights_[met[known], asked[known]]
        return DecayedSum(question, position, term, age, self.chosen_.decay)

    def save(self, folder: Path) -> None:
        """Write the weights."""
        known = np.zeros(self.n_items_, np.uint8)
        known[self.rows_] = 1
        learned: dict[str, object] = {
            "n_items": self.n_items_,
            "n_rows": len(self.rows_),
            "chosen": dataclasses.asdict(self.chosen_),
        }
        learned |= as_learned(self.values_)
        arrays: dict[str, np.ndarray] = {"known": known, "weights": self.weights_}
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        n_items, n_rows = artifact.sizes_of(folder, stored, "n_items", "n_rows")
        shapes = {"known": ((n_items,), "uint8"), "weights": ((n_rows, n_rows), "float32")}
        artifact.check_arrays(folder, stored, shapes)
        rows = np.flatnonzero(stored.arrays["known"]).astype(np.int32)
        if len(rows) != n_rows:
            raise ArtifactError(f"{folder / artifact.WEIGHTS_FILE}: weights of {n_rows} items, {len(rows)} are known")
        model = cls(artifact.settings_of(folder, stored, EASESettings))
        model.chosen_ = artifact.part_of(folder, stored, "chosen", Chosen)
        model.values_ = reading_of(folder, stored)
        model.n_items_, model.rows_, model.weights_ = n_items, rows, stored.arrays["weights"]
        return model
