"""Item neighbours beside a sequence model: counting remembers pairs that a network has too few events to learn.

::

    score (j)  =  network (j)  +  share · neighbours (j) / max over all items

Neighbours are those of :class:`~swayline.models.item_knn.ItemKNN`, counted with its middle of the road. How much pairs
count against their order, how fast the history fades and the share are chosen together on validation questions: what
serves beside a network is not what serves alone. The tables that choose have not counted the last event of a
validation history, just as tables in service have not.

Shapes: Q questions, I items, B questions of a batch.

References
----------
Cheng et al., "Wide & Deep Learning for Recommender Systems", DLRS 2016 (memory beside generalisation).
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse

from swayline.core.progress import task
from swayline.core.types import Ints, ItemRows
from swayline.dataset import Sequences
from swayline.metrics import ndcg
from swayline.models import artifact
from swayline.models.item_knn import ItemKNN, ItemKNNSettings
from swayline.models.protocol import Scores
from swayline.models.settings import require
from swayline.models.topk import mask_seen
from swayline.models.tuning import unseen_last
from swayline.models.validation import Judge, K

_BACKWARD = (0.2, 0.7, 1.0)
_DECAYS = (0.8, 0.9, 1.0, 0.65, 0.5, 0.3)
_SHARES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
_SCORES_AT_ONCE = 1 << 25
"""Scores held at a time while choosing: 128 MiB of float32."""
_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class Chosen:
    """What validation chose."""

    backward: float = 0.7
    decay: float = 0.8
    share: float = 1.0
    returning: bool = False
    """Whether items of the history itself may profit, as where people return to them."""

    def __post_init__(self) -> None:
        require("backward", self.backward, 0.0, 1.0)
        require("decay", self.decay, 0.0, 1.0)
        require("share", self.share, 0.0)


@dataclass(frozen=True)
class Beside:
    """Neighbours and how much they count."""

    neighbours: ItemKNN
    chosen: Chosen

    @classmethod
    def counted(cls, train: Sequences, chosen: Chosen) -> Self:
        """Count the pairs of some histories."""
        return cls(ItemKNN(ItemKNNSettings(backward=chosen.backward, decay=chosen.decay)).fit(train), chosen)

    def fading(self, decay: float) -> Self:
        """The same neighbours under another decay of the history."""
        return dataclasses.replace(self, neighbours=self.neighbours.fading(decay))

    def added(self, history: Sequences) -> sparse.csr_array:
        """(Q, I) what is added to the network's scores; nothing where no neighbour is."""
        return self.level(history) * np.float32(self.chosen.share)

    def add_to(self, scores: Scores, history: Sequences) -> None:
        """Add to (Q, I) scores of some histories, in place."""
        more = self.added(history)
        scores[np.repeat(np.arange(len(history)), np.diff(more.indptr)), more.indices] += more.data

    def of_items(self, history: Sequences, items: ItemRows | Ints) -> Scores:
        """(Q,) what is added to one item a row."""
        found = np.zeros(len(history), np.float32)
        for start in range(0, len(history), _ROWS_AT_ONCE):
            rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(history)))
            more = self.added(history.take(rows))
            row = np.repeat(rows, np.diff(more.indptr))
            at = more.indices == items[row]
            found[row[at]] = more.data[at]
        return found

    def level(self, history: Sequences) -> sparse.csr_array:
        """(Q, I) the neighbours' scores, each row divided by its largest."""
        found = self.neighbours.found(history)
        if not self.chosen.returning:
            met = sparse.csr_array((np.ones_like(history.items), history.items, history.offsets), shape=found.shape)
            found = (found - found.multiply(met > 0)).tocsr()
        row, most = np.repeat(np.arange(len(history)), np.diff(found.indptr)), np.zeros(len(history), np.float32)
        np.maximum.at(most, row, found.data)
        found.data /= np.where(most > 0, most, 1.0)[row]
        return found

    def learned(self) -> tuple[dict[str, object], dict[str, np.ndarray]]:
        """Sizes and choices, and arrays, as a folder holds them."""
        sizes, arrays = self.neighbours.learned()
        return sizes | {"beside": dataclasses.asdict(self.chosen)}, arrays

    @classmethod
    def restored(cls, folder: Path, stored: artifact.Stored) -> Self:
        """What a part of a folder holds."""
        return cls(ItemKNN.restored(folder, stored), artifact.part_of(folder, stored, "beside", Chosen))


def beside(train: Sequences, judge: Judge, score: Callable[[Sequences], Scores]) -> Beside | None:
    """Neighbours with the choices that serve validation best; None where none serves.

    Parameters
    ----------
    score : callable
        (B, I) the network's scores of some histories.
    """
    questions = judge.questions
    earlier = unseen_last(train, questions)
    step = max(1, min(_ROWS_AT_ONCE, _SCORES_AT_ONCE // max(1, train.n_items)))
    starts = range(0, len(questions), step)
    total = np.zeros((len(_BACKWARD), len(_DECAYS), len(_SHARES)))
    with task("choose neighbours", total=len(_BACKWARD) * len(starts)) as bar:
        for first, backward in enumerate(_BACKWARD):
            counted = Beside.counted(earlier, Chosen(backward, _DECAYS[0], 0.0, not judge.hides_seen))
            for start in starts:
                part = questions.take(np.arange(start, min(start + step, len(questions))))
                scores = score(part.history)
                if judge.hides_seen:
                    mask_seen(scores, part.history)
                for second, decay in enumerate(_DECAYS):
                    level = counted.fading(decay).level(part.history)
                    total[first, second] += _summed_ndcg(scores, part.items, level)
                bar.advance()
    best = np.unravel_index(int(total.argmax()), total.shape)
    chosen = Chosen(_BACKWARD[best[0]], _DECAYS[best[1]], _SHARES[best[2]], not judge.hides_seen)
    return Beside.counted(train, chosen) if chosen.share else None


def _summed_ndcg(scores: Scores, answers: ItemRows, level: sparse.csr_array) -> npt.NDArray[np.float64]:
    """(shares,) NDCG@10 of (B, I) scores plus each share of ``level``, summed over the questions.

    What is level with nothing keeps its order, so its ten best are found once for all shares.
    """
    rows = np.arange(len(answers))
    row = np.repeat(rows, np.diff(level.indptr))
    before, at_answer = scores[row, level.indices], level.indices == answers[row]
    rest = scores.copy()
    rest[row, level.indices] = -np.inf
    rest = torch.topk(torch.from_numpy(rest), min(K, rest.shape[1]), sorted=False).values.numpy()
    own_level = np.zeros(len(rows), np.float32)
    own_level[row[at_answer]] = level.data[at_answer]
    found = np.empty(len(_SHARES))
    for number, share in enumerate(np.asarray(_SHARES, np.float32)):
        own = scores[rows, answers] + share * own_level
        passed = before + share * level.data > own[row]
        better = (rest > own[:, None]).sum(axis=1) + np.bincount(row[passed], minlength=len(rows))
        found[number] = ndcg(better, np.zeros_like(better), k=K).sum()
    return found
