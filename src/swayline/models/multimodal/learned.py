"""The tower's training and its scores.

Shapes: Q histories, I items, M modalities, F features, W events of a profile, B positions a batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.dataset import Sequences
from swayline.models.multimodal.tower import Tower
from swayline.models.protocol import Scores
from swayline.models.validation import ValidationScorer
from swayline.numerics.training_loop import Descent, Limits
from swayline.numerics.training_loop import train as train_loop

Vectors = npt.NDArray[np.float32]
_BATCH, _NEGATIVES = 1024, 1024
_AT_ONCE = 1024
_NEVER = -1e9
_LEAST = 1e-4


class TowerSettings(Protocol):
    """What training the tower asks of settings."""

    @property
    def decay(self) -> float:
        """How much less each older event counts."""

    @property
    def last(self) -> int:
        """Events of a profile."""

    @property
    def learning_rate(self) -> float:
        """Of AdamW."""

    @property
    def seed(self) -> int:
        """Decides every random number."""


@dataclass
class Learned:
    """A trained tower with the (M, I, F) features it scores."""

    tower: Tower
    features: Vectors
    decay: float
    last: int

    def __post_init__(self) -> None:
        stacked = torch.from_numpy(np.ascontiguousarray(self.features.transpose(1, 0, 2)))
        self.table = torch.cat([stacked, torch.zeros(1, *stacked.shape[1:])])  # the last row: where no item is

    def score(self, history: Sequences) -> Scores:
        """(Q, I) logits of every item as the next one."""
        scores = np.empty((len(history), self.features.shape[1]), np.float32)
        with torch.no_grad():
            fused = self.tower.fused(self.table)
            for start in range(0, len(history), _AT_ONCE):
                rows = slice(start, min(start + _AT_ONCE, len(history)))
                seen = window(
                    history.items, history.offsets[:-1][rows], history.offsets[1:][rows], len(fused) - 1, self.last
                )
                queries = self.tower.queries(profile(fused, seen, self.decay))
                scores[rows] = (queries @ fused[:-1].T).numpy()
        return scores

    def score_of(self, history: Sequences, features: Vectors) -> Vectors:
        """(Q,) the logit of one item a history, were its features the (Q, M, F) given."""
        with torch.no_grad():
            fused = self.tower.fused(self.table)
            seen = window(history.items, history.offsets[:-1], history.offsets[1:], len(fused) - 1, self.last)
            queries = self.tower.queries(profile(fused, seen, self.decay))
            found: Vectors = (queries * self.tower.fused(torch.from_numpy(features))).sum(1).numpy()
        return found


def learn(
    features: Vectors, gated: bool, train: Sequences, settings: TowerSettings, n_epochs: int,
    judge: ValidationScorer | None,
) -> tuple[Learned, int]:  # fmt: skip
    """The tower after its best epoch, and which that was."""
    tower = Tower(features.shape[0], features.shape[2], gated)
    tower.start(torch.Generator().manual_seed(settings.seed))
    model = Learned(tower, features, settings.decay, settings.last)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        optimizer = torch.optim.AdamW(tower.parameters(), settings.learning_rate, weight_decay=0.01)
        best = train_loop(
            tower, lambda epoch: _losses(model, train, settings.seed, epoch), Descent(optimizer),
            Limits(n_epochs, patience=1), "train content tower",
            judge=(lambda: judge(model)) if judge is not None else None,
        ).best_epoch  # fmt: skip
    tower.eval()
    return model, best


def window(items: npt.NDArray[Any], starts: Ints, ends: Ints, nothing: int, last: int) -> Tensor:
    """(B, W) the last items from each start up to (without) each end, the latest first."""
    place = ends[:, None] - 1 - np.arange(last)
    seen = np.where(place >= starts[:, None], items[np.maximum(place, 0)] if len(items) else nothing, nothing)
    return torch.from_numpy(seen.astype(np.int64))


def profile(table: Tensor, seen: Tensor, decay: float) -> Tensor:
    """(B, D) the decayed sum of the rows that were seen, of length one; zero where none was."""
    weights = decay ** torch.arange(seen.shape[1], dtype=torch.float32)
    found: Tensor = F.normalize(torch.einsum("bwd,w->bd", table[seen], weights), dim=1, eps=_LEAST)
    return found


def _losses(model: Learned, train: Sequences, seed: int, epoch: int) -> Iterator[tuple[Tensor, int]]:
    """Sampled softmax: each next item against items that somebody met."""
    rng = generator(seed, "content tower", str(epoch))
    told: npt.NDArray[np.bool_] = np.any(model.features != 0, axis=(0, 2))
    met = np.unique(train.items)
    met = met[told[met]]
    starts = np.repeat(train.offsets[:-1], train.lengths)
    at = np.flatnonzero((np.arange(len(train.items)) > starts) & told[train.items])
    order = rng.permutation(at) if len(met) else at[:0]
    for first in range(0, len(order), _BATCH):
        rows = order[first : first + _BATCH]
        others = torch.from_numpy(met[rng.integers(len(met), size=_NEGATIVES)].astype(np.int64))
        targets = torch.from_numpy(train.items[rows].astype(np.int64))
        seen = window(train.items, starts[rows], rows, len(model.table) - 1, model.last)
        needed, places = torch.unique(seen, return_inverse=True)
        queries = model.tower.queries(profile(model.tower.fused(model.table[needed]), places, model.decay))
        own = (queries * model.tower.fused(model.table[targets])).sum(1, keepdim=True)
        logits = (queries @ model.tower.fused(model.table[others]).T).masked_fill(
            others[None] == targets[:, None], _NEVER
        )
        yield F.cross_entropy(torch.cat([own, logits], 1), torch.zeros(len(rows), dtype=torch.int64)), len(rows)
