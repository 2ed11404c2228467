"""What people like this one met: user-user neighbours among the training histories.

::

    likeness (q, u)  =  Σ items of both: w_q w_u rarity²  /  (|q| |u| + shrinkage)    kept for the ``neighbours`` best u
    score (q, j)     =  Σ over the neighbours:  likeness(q, u) · w_u(j)

where w_q = decay^age of the item in the history asked about, w_u = neighbour_decay^age in the neighbour's, and rarity =
log(1 + U / n_item)^idf_power. With decay, neighbour_decay 1 and idf_power 0 it is the classic cosine; all five numbers
are chosen on validation questions. Users × users is never held: questions are taken in blocks that bound the products.

Shapes: U training users, Q histories, I items.

References
----------
Resnick et al., "GroupLens: An Open Architecture for Collaborative Filtering of Netnews", CSCW 1994.
Breese, Heckerman and Kadie, "Empirical Analysis of Predictive Algorithms for Collaborative Filtering", UAI 1998
(inverse user frequency).
Jannach and Ludewig, "When Recurrent Neural Networks meet the Neighborhood", RecSys 2017 (recency).
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from swayline.core.settings import Count, NotNegative, Share, checked
from swayline.core.types import Ints
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.counts import stored_matrix
from swayline.models.counts.history_matrix import last_events
from swayline.models.counts.neighbours import nearest
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

_PRODUCTS_AT_ONCE = 1 << 24
"""Likenesses summed at a time: at most 200 MB of them."""
_CHOICES: dict[str, tuple[float, ...]] = {
    "decay": (1.0, 0.9, 0.8, 0.65, 0.5, 0.3),
    "neighbours": (20, 50, 100, 200, 500, 1000),
    "neighbour_decay": (1.0, 0.98, 0.95, 0.9, 0.8, 0.65),
    "idf_power": (0.0, 0.5, 1.0),
    "shrinkage": (0.0, 1.0, 5.0, 20.0, 100.0),
}


@checked
@dataclass(frozen=True)
class UserKNNSettings:
    """Every number may be left to validation (None); without validation questions the middle of the road is taken."""

    RENAMED: ClassVar[dict[str, str]] = {"memory": "neighbour_decay", "specificity": "idf_power"}
    neighbours: Count | None = None
    shrinkage: NotNegative | None = None
    decay: Share | None = None
    neighbour_decay: Share | None = None
    idf_power: Annotated[float, Field(ge=0.0, le=4.0)] | None = None
    value_weight: ValueWeight | None = None
    values: ValueKind = "auto"


@dataclass(frozen=True)
class Chosen:
    """The settings with nothing left open; the defaults are what is taken without validation questions."""

    RENAMED: ClassVar[dict[str, str]] = {"memory": "neighbour_decay", "specificity": "idf_power"}
    neighbours: int = 200
    shrinkage: float = 1.0
    decay: float = 0.8
    neighbour_decay: float = 0.98
    idf_power: float = 0.5
    value_weight: float = 0.0


class UserKNN:
    """The items of the most similar histories.

    The folder holds who met what in training, by row numbers and without user ids.
    """

    name: ClassVar[str] = "user-knn"
    reads_values: ClassVar[bool] = True
    Settings: ClassVar[type[UserKNNSettings]] = UserKNNSettings

    def __init__(self, settings: UserKNNSettings | None = None) -> None:
        self.settings = settings or UserKNNSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Keep the histories and choose what was left open."""
        self.values_ = ValueReading.of(train, self.settings.values)
        chosen = choose_valued(
            self.name, self.settings, Chosen, _CHOICES, lambda trial: self._become(train, trial), valid, self.values_
        )
        return self._become(train, chosen)

    def refit(self, train: Sequences) -> Self:
        """Keep (more) histories with the choices already made."""
        self.values_ = ValueReading.of(train, self.settings.values)
        return self._become(train, self.chosen_)

    def _become(self, train: Sequences, chosen: Chosen) -> Self:
        liked = value_weights(train, self.values_, chosen.value_weight)
        met = np.maximum(1, np.diff(last_events(train, 1.0).tocsc().indptr))
        rarity = np.log1p(len(train) / met) ** chosen.idf_power
        return self._with(last_events(train, chosen.neighbour_decay, liked), rarity.astype(np.float32), chosen)

    def _with(self, histories: sparse.csr_array, rarity: Scores, chosen: Chosen) -> Self:
        self.chosen_, self.histories_, self.rarity_ = chosen, histories, rarity
        weighted = histories * rarity[None, :]
        self._lengths = np.sqrt(np.asarray((weighted * weighted).sum(axis=1)).ravel()).astype(np.float32)
        self._people = weighted.T.tocsr()
        return self

    def score(self, history: Sequences) -> Scores:
        """(Q, I) summed likeness of the neighbours who met each item; zero where none did."""
        scores = np.zeros((len(history), history.n_items), np.float32)
        liked = value_weights(history, self.values_, self.chosen_.value_weight)
        asked = (last_events(history, self.chosen_.decay, liked) * self.rarity_[None, :]).tocsr()
        for rows in self._blocks(asked):
            scores[rows] = (self._neighbours(asked[rows]) @ self.histories_).toarray()
        return scores

    def _blocks(self, asked: sparse.csr_array) -> Iterator[slice]:
        """Rows in order, as many at a time as bound the number of products."""
        products = np.concatenate([[0], np.cumsum(np.diff(self._people.indptr)[asked.indices])])[asked.indptr]
        start = 0
        while start < asked.shape[0]:
            end = int(np.searchsorted(products, products[start] + _PRODUCTS_AT_ONCE, side="right")) - 1
            end = min(max(end, start + 1), asked.shape[0])
            yield slice(start, end)
            start = end

    def _neighbours(self, asked: sparse.csr_array) -> sparse.csr_array:
        """(rows, U) the best likenesses of each row."""
        shared = (asked @ self._people).tocsr()
        lengths = np.sqrt(np.asarray((asked * asked).sum(axis=1)).ravel())
        row: Ints = np.repeat(np.arange(asked.shape[0]), np.diff(shared.indptr))
        shared.data /= lengths[row] * self._lengths[shared.indices] + self.chosen_.shrinkage
        return nearest(shared, self.chosen_.neighbours)

    def save(self, folder: Path) -> None:
        """Write the histories as compressed sparse rows."""
        n_users, n_items = self.histories_.shape
        learned: dict[str, object] = {
            "n_users": n_users,
            "n_items": n_items,
            "chosen": dataclasses.asdict(self.chosen_),
        }
        learned |= as_learned(self.values_)
        arrays = stored_matrix.as_arrays(self.histories_) | {"rarity": self.rarity_}
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        n_users, n_items = artifact.sizes_of(folder, stored, "n_users", "n_items")
        artifact.check_arrays(folder, stored, stored_matrix.expected(n_users) | {"rarity": ((n_items,), "float32")})
        model = cls(artifact.settings_of(folder, stored, UserKNNSettings))
        model.values_ = reading_of(folder, stored)
        histories = stored_matrix.from_arrays(folder, stored.arrays, (n_users, n_items))
        return model._with(histories, stored.arrays["rarity"], artifact.part_of(folder, stored, "chosen", Chosen))
