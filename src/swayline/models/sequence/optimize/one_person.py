"""The loss of one person's history, which no other person's events enter: for private and federated training.

The items that an answer is told apart from are the whole catalogue, or drawn uniformly and without looking at anybody's
events; a batch's own targets, popularity and counts of the log take no part.

Shapes: T tokens of one person, K candidates.
"""

import dataclasses

import numpy as np
import torch
from torch import Tensor

from swayline.core.types import Ints
from swayline.dataset import Sequences
from swayline.models.sequence.batching.layout import bin_width, place
from swayline.models.sequence.network import Network
from swayline.models.sequence.objectives import OBJECTIVES
from swayline.models.sequence.optimize.batch_loss import batch_loss
from swayline.models.sequence.optimize.negatives import Candidates, draw
from swayline.models.sequence.settings import TransformerSettings

_UNREAD = np.random.default_rng(0)
"""Says that a batch is for training; the next-item objective draws nothing of it where no moments are read."""


class PersonLoss:
    """Summed loss of one person's next items.

    Parameters
    ----------
    network : Network
        Whose weights are asked; on a CPU.
    settings : TransformerSettings
        With everything decided; objective ``next-item``.
    max_length : int
        Events of a history that are read, the last ones.
    """

    def __init__(self, network: Network, settings: TransformerSettings, max_length: int) -> None:
        self.network, self.max_length = network, max_length
        self.settings = dataclasses.replace(settings, in_batch=False)
        self.n_items = network.items.num_embeddings - 1
        self.whole = settings.loss == "full-softmax" or settings.n_negatives >= self.n_items
        self._arrange = OBJECTIVES["next-item"]
        self._draws = torch.Generator()
        self._seed = 0

    def step(self, seed: int) -> None:
        """Draw other candidates: every person of a step is told apart from the same ones."""
        self._seed = seed

    def __call__(self, histories: Sequences, person: int) -> Tensor:
        """() the loss of all that one person's history predicts, summed over its events."""
        history = histories.take(_row(person))
        tokens = np.minimum(history.lengths, self.max_length + 1)
        layout, _ = place(tokens, bin_width(self.max_length))
        device = self.network.items.weight.device
        batch = self._arrange(history, layout, self.max_length, self.settings.positions == "end", device, _UNREAD)
        targets, weights = batch.targets, batch.weights
        if targets is None or weights is None:
            raise TypeError("a training batch carries its targets")
        if self.whole:
            drawn, others = Candidates(targets[:0], torch.zeros(1, device=device), targets), None
        else:
            drawn = draw(
                targets, weights > 0, self.settings.n_negatives, None, self.settings.correction, self.n_items,
                self._draws.manual_seed(self._seed),
            )  # fmt: skip
            others = drawn.items
        return batch_loss(self.network, self.settings, batch, drawn, others) * weights.sum()


def _row(person: int) -> Ints:
    return np.array([person], np.int64)
