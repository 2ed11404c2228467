"""Training of the small networks that tell the next item: Adam, averaged weights, a loss over drawn items.

Shapes: T positions, D width, I items.

References
----------
Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from swayline.core.errors import EmptyLogError
from swayline.core.rng import generator
from swayline.core.settings import Count, NotNegative, Seed, checked
from swayline.dataset import Sequences
from swayline.models.protocol import Scores
from swayline.models.sequence.losses.softmax import candidate_softmax
from swayline.models.sequence.optimize.negatives import draw
from swayline.models.sequence.optimize.warm_start import first_items
from swayline.numerics.training_loop import Descent, Limits, train
from swayline.numerics.weight_average import Average

INITIAL_STD = 0.05
"""Spread of the first weights of a table."""
_SPARSE = 50
"""Events an item below which a log is learned by heart, and dropout has to be strong."""
_KEEP = 0.99
_MAX_GRADIENT = 5.0
Line = dict[str, float | int | None]


@checked
@dataclass(frozen=True)
class NetworkSettings:
    """Width, regularisation (``dropout`` None: by events an item) and training of such a network."""

    embedding_dim: Count = 64
    dropout: Annotated[float, Field(ge=0.0, le=0.95)] | None = None
    n_negatives: Count = 1024
    learning_rate: Annotated[float, Field(ge=1e-6, le=1.0)] = 2e-3
    weight_decay: NotNegative = 1e-4
    max_epochs: Count = 40
    patience: Count = 3
    warm_start: bool = True
    seed: Seed = 0


def dropout_of(settings: NetworkSettings, train: Sequences) -> float:
    """The dropout asked for; else strong where items are so rare that a log is learned by heart."""
    events_an_item = len(train.items) / max(1, len(np.unique(train.items)))
    return settings.dropout if settings.dropout is not None else 0.5 if events_an_item < _SPARSE else 0.25


def first_factors(settings: NetworkSettings, train: Sequences) -> Scores | None:
    """(I, D) what items go together, as the first rows of their table; None where chance alone starts it.

    Raises
    ------
    EmptyLogError
        There is no event to learn from.
    """
    if not len(train.items):
        raise EmptyLogError("no event is left to train on: give a log with events")
    norm = INITIAL_STD * settings.embedding_dim**0.5
    return first_items(train, settings.embedding_dim, norm, settings.seed) if settings.warm_start else None


def train_network(
    label: str,
    network: nn.Module,
    losses: Callable[[int], Iterator[tuple[Tensor, int]]],
    settings: NetworkSettings,
    max_epochs: int,
    judge: Callable[[], float] | None,
) -> tuple[list[Line], int]:
    """Train in place and keep the best epoch's weights.

    Parameters
    ----------
    losses : callable
        Epoch → the mean loss and the number of positions of each batch; a batch is computed when it is asked for.
    judge : callable, optional
        Validation NDCG@10 of the network as it stands; without it all epochs run and the last one is kept.

    Returns
    -------
    history : list of dict
        A line an epoch: ``epoch``, ``loss``, ``valid_ndcg``, ``seconds``, ``samples_per_s``.
    best_epoch : int
    """

    def seeded(epoch: int) -> Iterator[tuple[Tensor, int]]:
        torch.manual_seed(int(generator(settings.seed, label, str(epoch)).integers(2**62)))
        yield from losses(epoch)

    optimizer = torch.optim.AdamW(
        network.parameters(), settings.learning_rate, betas=(0.9, 0.98), weight_decay=settings.weight_decay
    )
    descent = Descent(optimizer, _MAX_GRADIENT, average=Average(network, _KEEP))
    with torch.random.fork_rng(devices=[]):
        limits = Limits(max_epochs, settings.patience)
        done = train(network, seeded, descent, limits, f"train {label}", judge=judge)
    history: list[Line] = [
        {
            "epoch": one.epoch, "loss": one.loss, "valid_ndcg": one.judged, "seconds": one.seconds,
            "samples_per_s": one.samples / max(one.seconds, 1e-9),
        }
        for one in done.epochs
    ]  # fmt: skip
    return history, done.best_epoch


class NextItemLoss:
    """Cross-entropy of the next item over drawn items, or over the whole catalogue where that is no larger.

    Parameters
    ----------
    train : Sequences
        Whose items are drawn from, and how often each is an answer.
    n_negatives : int
        Items drawn for each batch and shared by its positions.
    """

    def __init__(self, train: Sequences, n_negatives: int, seed: int) -> None:
        self.n_items, self.n_negatives = train.n_items, n_negatives
        counts = np.bincount(train.items, minlength=train.n_items).astype(np.float64)
        self.share = torch.from_numpy(counts / max(1.0, counts.sum()))
        self.draws = torch.Generator().manual_seed(int(generator(seed, "negatives").integers(2**62)))

    def __call__(self, states: Tensor, targets: Tensor, answers: Callable[[Tensor], Tensor]) -> Tensor:
        """Mean loss of (T, D) states that want (T,) targets; ``answers`` gives the (n, D) rows of items."""
        ones = torch.ones(len(targets))
        if self.n_negatives >= self.n_items:
            every = torch.arange(self.n_items)
            return candidate_softmax(states, answers(targets), answers(every), torch.zeros(1), targets, ones)
        drawn = draw(targets, ones > 0, self.n_negatives, self.share, True, self.n_items, self.draws)
        return candidate_softmax(states, answers(targets), answers(drawn.items), drawn.log_weights, drawn.columns, ones)
