"""Who met this also met that: item-item neighbours, recent history counted more.

::

    similarity (i, j)  =  pairs(i, j) / (sqrt(n_i · n_j) + shrinkage)       kept for the best ``neighbours`` j of each i
    score (j)          =  Σ over the history, age a = 0 for the last event:  w(behaviour) · decay^a · similarity(i_a, j)
                          where similarity(j, j) = ``returns``

``pairs`` counts users who met both, each pair weighted distance_decay^(distance - 1) by how many events lie between
its two items and ``backward`` where j came before i: 1 and 1 give the classic cosine, smaller values lean towards what
follows what. All six are chosen on validation questions, one at a time around the best found so far, so that the
baseline is never a weak one.

Shapes: E events, I items, Q histories.

References
----------
Sarwar et al., "Item-based Collaborative Filtering Recommendation Algorithms", WWW 2001.
Ludewig and Jannach, "Evaluation of Session-based Recommendation Algorithms", UMUAI 2018 (recency-weighted kNN).
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from swayline.core.errors import ConfigError
from swayline.core.settings import Count, NotNegative, Share, checked
from swayline.core.types import Ints
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.counts import stored_matrix
from swayline.models.counts.both_ways import BothWays
from swayline.models.counts.cooccurrence import pairs
from swayline.models.counts.decayed_sum import DecayedSum, entries, events_of
from swayline.models.counts.history_matrix import every_event
from swayline.models.counts.taught import taught_similarity
from swayline.models.protocol import Scores
from swayline.models.tuning import unseen_last
from swayline.models.validation import Scoring, ValidationScorer
from swayline.models.values import (
    ValueKind,
    ValueReading,
    ValueWeight,
    as_learned,
    choose_valued,
    reading_of,
    value_weights,
)

_CHOICES: dict[str, tuple[float, ...]] = {
    "returns": (0.0, 0.03, 0.1, 0.3, 1.0),
    "decay": (1.0, 0.9, 0.8, 0.65, 0.5, 0.3, 0.1),
    "distance_decay": (1.0, 0.95, 0.9, 0.8, 0.6, 0.4),
    "backward": (1.0, 0.7, 0.4, 0.2, 0.0),
    "shrinkage": (0.0, 1.0, 5.0, 20.0, 100.0),
    "neighbours": (20, 100, 500, 2000),
}


@checked
@dataclass(frozen=True)
class ItemKNNSettings:
    """Every number may be left to validation (None); without validation questions the middle of the road is taken.

    Parameters
    ----------
    value_weight : float, optional
        How much the values of events count (see :mod:`~swayline.models.values`); 0 leaves them out.
    values : str
        What the values are, where the measured kind is wrong: ``rating``, ``amount``, ``price`` or ``none``.
    returns : float, optional
        How like itself an item is: above 0 people are led back to what they had, as where views come before purchases.
    behavior_weights : tuple of float, optional
        What an event of each behaviour counts, in the order of the dataset's behaviours; the recommend floor learns
        them from effects. None counts all alike.
    """

    RENAMED: ClassVar[dict[str, str]] = {"closeness": "distance_decay"}
    neighbours: Count | None = None
    shrinkage: NotNegative | None = None
    decay: Share | None = None
    distance_decay: Share | None = None
    backward: Share | None = None
    returns: NotNegative | None = None
    value_weight: ValueWeight | None = None
    values: ValueKind = "auto"
    behavior_weights: tuple[NotNegative, ...] | None = None


@dataclass(frozen=True)
class Chosen:
    """The settings with nothing left open; the defaults are what is taken without validation questions."""

    RENAMED: ClassVar[dict[str, str]] = {"closeness": "distance_decay"}
    neighbours: int = 500
    shrinkage: float = 5.0
    decay: float = 0.8
    distance_decay: float = 0.9
    backward: float = 0.7
    returns: float = 0.0
    value_weight: float = 0.0


class ItemKNN:
    """Neighbours of the items in a history, recent ones counted more.

    Pairs further apart than 50 events of one user are not counted: that bounds the work by 50 pairs an event.
    """

    name: ClassVar[str] = "item-knn"
    reads_values: ClassVar[bool] = True
    Settings: ClassVar[type[ItemKNNSettings]] = ItemKNNSettings

    def __init__(self, settings: ItemKNNSettings | None = None) -> None:
        self.settings = settings or ItemKNNSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Count pairs, choose what was left open, and keep each item's best neighbours."""
        weights = self.settings.behavior_weights
        if weights is not None and len(weights) != train.n_behaviors:
            raise ConfigError(
                f"behavior_weights has {len(weights)} numbers and the log {train.n_behaviors} behaviours: give one each"
            )
        earlier = unseen_last(train, valid)
        self.values_ = ValueReading.of(train, self.settings.values)
        counted = lru_cache(maxsize=2)(partial(_counted, earlier, self.values_))
        similar = lru_cache(maxsize=2)(lambda one: similarity(one, counted))
        self.chosen_ = choose_valued(
            self.name, self.settings, Chosen, _CHOICES, lambda trial: self._become(trial, similar), valid, self.values_
        )
        return self.refit(train)

    def _become(self, chosen: Chosen, similar: Callable[[Chosen], sparse.csr_array]) -> Self:
        # What weighs the history has no part in the similarities: trials that differ there alone share them.
        self.chosen_, self.similarity_ = chosen, similar(dataclasses.replace(chosen, decay=1.0, returns=0.0))
        return self

    def refit(self, train: Sequences) -> Self:
        """Count pairs again with the choices already made."""
        self.values_ = ValueReading.of(train, self.settings.values)
        counted = partial(_counted, train, self.values_)
        return self._become(self.chosen_, lambda one: similarity(one, counted))

    def fading(self, decay: float) -> Self:
        """The same neighbours under another decay of the history."""
        other = type(self)(self.settings)
        other.chosen_, other.similarity_ = dataclasses.replace(self.chosen_, decay=decay), self.similarity_
        other.values_ = self.values_
        return other

    def taught(self, teacher: Scoring, train: Sequences, valid: Targets) -> Self:
        """Learn what a larger model expects after each item, instead of counting; validation chooses the decay."""
        judge = ValidationScorer(valid)
        n_neighbours = self.settings.neighbours or Chosen.neighbours
        self.values_ = None
        self.similarity_ = taught_similarity(teacher, train, n_neighbours, judge.hides_seen, 0)
        self.chosen_ = Chosen(neighbours=n_neighbours)
        found = {decay: judge(self.fading(decay)) for decay in _CHOICES["decay"]}
        self.chosen_ = dataclasses.replace(self.chosen_, decay=max(found, key=lambda one: found[one]))
        return self

    def weighing(self, behavior_weights: tuple[float, ...]) -> Self:
        """The same neighbours under other weights of the behaviours."""
        other = self.fading(self.chosen_.decay)
        other.settings = dataclasses.replace(self.settings, behavior_weights=behavior_weights)
        return other

    def score(self, history: Sequences) -> Scores:
        """(Q, I) summed similarity to the history; zero where nothing is shared."""
        scores: Scores = self.found(history).toarray().astype(np.float32, copy=False)
        return scores

    def found(self, history: Sequences) -> sparse.csr_array:
        """(Q, I) the scores that are not zero."""
        liked = value_weights(history, self.values_, self.chosen_.value_weight)
        rows = every_event(history, self.chosen_.decay, self.settings.behavior_weights, liked)
        found = rows @ self.similarity_
        if self.chosen_.returns:
            found = found + self.chosen_.returns * rows
        return found

    def event_terms(self, history: Sequences, rows: Ints, items: Ints) -> DecayedSum | None:
        """What each event of the histories ``rows`` (R,) adds to the score of ``items`` (R,).

        None where the values of events count: what one says depends on the others.
        """
        if value_weights(history, self.values_, self.chosen_.value_weight) is not None:
            return None
        question, position, age = events_of(history, rows)
        met, asked = history.items[position].astype(np.int64), items[question]
        term = entries(self.similarity_, met, asked) + self.chosen_.returns * (met == asked)
        if self.settings.behavior_weights is not None:
            term *= np.asarray(self.settings.behavior_weights)[history.behaviors[position]]
        return DecayedSum(question, position, term, age, self.chosen_.decay)

    def save(self, folder: Path) -> None:
        """Write the similarities as compressed sparse rows."""
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), *self.learned())

    def learned(self) -> tuple[dict[str, object], dict[str, np.ndarray]]:
        """Sizes and choices, and arrays, as a folder holds them."""
        sizes = {"n_items": self.similarity_.shape[0], "chosen": dataclasses.asdict(self.chosen_)}
        sizes |= as_learned(self.values_)
        return sizes, stored_matrix.as_arrays(self.similarity_)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        return cls.restored(folder, artifact.read(folder, cls.name))

    @classmethod
    def restored(cls, folder: Path, stored: artifact.Stored) -> Self:
        """The model that a folder, or a part of one, holds."""
        (n_items,) = artifact.sizes_of(folder, stored, "n_items")
        artifact.check_arrays(folder, stored, stored_matrix.expected(n_items))
        model = cls(artifact.settings_of(folder, stored, ItemKNNSettings))
        model.chosen_ = artifact.part_of(folder, stored, "chosen", Chosen)
        model.values_ = reading_of(folder, stored)
        model.similarity_ = stored_matrix.from_arrays(folder, stored.arrays, (n_items, n_items))
        return model


def _counted(train: Sequences, reading: ValueReading | None, distance_decay: float, value_weight: float) -> BothWays:
    liked = value_weights(train, reading, value_weight)
    sizes = np.bincount(train.items, None if liked is None else liked**2, minlength=train.n_items)
    return BothWays.of(pairs(train, distance_decay, of_event=liked), sizes.astype(np.float64))


def similarity(chosen: Chosen, counted: Callable[[float, float], BothWays]) -> sparse.csr_array:
    """(I, I) each item's nearest neighbours and how near they are, from counts of what came after what."""
    both = counted(chosen.distance_decay, chosen.value_weight)
    return both.likeness(chosen.backward, chosen.shrinkage, chosen.neighbours)
