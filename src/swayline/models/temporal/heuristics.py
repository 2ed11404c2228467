"""Recency, counts and popularity: what temporal models must beat, as a model and as a replay.

::

    recency      what the person met last, then before that, …; then what anybody met last
    count        what the person met most often; then what everybody did
    popularity   what everybody met most often

Shapes: Q histories, I items.

References
----------
Poursafaei et al., "Towards Better Evaluation for Dynamic Link Prediction" (EdgeBank), NeurIPS 2022.
"""

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np

from swayline.core.extras import require
from swayline.core.settings import checked
from swayline.core.types import Bools, Ints
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.protocol import Scores
from swayline.models.temporal.learning import Histories
from swayline.models.temporal.replay import Replayed, met_before
from swayline.models.temporal.stream import questions_of, stream_of


@checked
@dataclass(frozen=True)
class PairRecencySettings:
    """What the person's own items, and then everybody's, are ordered by."""

    by: Literal["recency", "count", "popularity"] = "recency"


class PairRecency:
    """The person's own items by recency (or count), then everybody's: no learning, hard to beat where people return."""

    name: ClassVar[str] = "pair-recency"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[PairRecencySettings]] = PairRecencySettings

    def __init__(self, settings: PairRecencySettings | None = None) -> None:
        self.settings = settings or PairRecencySettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Count what everybody met, or note when last."""
        values = np.bincount(train.items, minlength=train.n_items).astype(np.float64)
        if self.settings.by == "recency" and train.timed:
            values = np.full(train.n_items, -1.0)
            np.maximum.at(values, train.items, stream_of(train).place.astype(np.float64))
        self.everybody_ = _ranked(values)
        return self

    def refit(self, train: Sequences) -> Self:
        """Count again."""
        return self.fit(train)

    def score(self, history: Sequences) -> Scores:
        """(Q, I) from 0 to 1 by everybody, and from 2 up for what the person met."""
        scores = np.tile(self.everybody_, (len(history), 1))
        if self.settings.by == "popularity":
            return scores
        users, items = history.users, history.items
        if self.settings.by == "count":
            np.add.at(scores, (users, items), 2.0)
        else:
            place = np.arange(len(items)) - np.repeat(history.offsets[:-1], history.lengths)
            scores[users, items] = 2.0 + place  # in order: the last of an item's events stays
        return scores

    def save(self, folder: Path) -> None:
        """Write everybody's order."""
        learned = {"n_items": len(self.everybody_)}
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, {"everybody": self.everybody_})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        (n_items,) = artifact.sizes_of(folder, stored, "n_items")
        artifact.check_arrays(folder, stored, {"everybody": ((n_items,), "float32")})
        model = cls(artifact.settings_of(folder, stored, PairRecencySettings))
        model.everybody_ = stored.arrays["everybody"]
        return model


def replay_heuristic(
    sequences: Sequences, asked: Bools, by: str = "recency", *, block_starts: Ints | None = None
) -> Replayed:
    """Rank events of a stream by what came before each, as :func:`~swayline.models.temporal.replay.replay` does.

    Parameters
    ----------
    asked : (E,) bool
        What is measured, by the flat arrays of the histories.
    by : str
        As in :class:`PairRecencySettings`.
    block_starts : (B,) int64, optional
        Places in the stream at which the state moves; by default at every moment.

    Raises
    ------
    MissingExtraError
        The library ``numba`` is not installed.
    """
    require("numba", extra="people")
    from swayline.models.temporal.compiled.heuristic import COUNT, POPULARITY, RECENCY, heuristic_ranks

    began, stream = time.perf_counter(), stream_of(sequences)
    measured = np.flatnonzero(asked[stream.flat])
    questions = questions_of(stream, measured, block_starts=block_starts)
    better, tied = np.empty(len(measured), np.int64), np.empty(len(measured), np.int64)
    kind = {"recency": RECENCY, "count": COUNT, "popularity": POPULARITY}[by]
    histories = Histories(stream.items, stream.seconds)
    heuristic_ranks(stream.events, histories, questions, kind, sequences.n_items, better, tied)
    rows = sequences.events[stream.flat[measured]]
    return Replayed(rows, better, tied, met_before(stream, questions), 0.0, time.perf_counter() - began)


def _ranked(values: np.ndarray) -> np.ndarray:
    """(I,) float32 from 0 to 1 in the order of the values, equal ones level."""
    _, order = np.unique(values, return_inverse=True)
    return (order / max(1, int(order.max(initial=0)))).astype(np.float32)
