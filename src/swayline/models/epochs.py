"""Training of the small networks that tell the next item: Adam, averaged weights, a loss over drawn items.

Shapes: T positions, D width, I items.

References
----------
Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from swayline.core.rng import generator
from swayline.dataset import Sequences
from swayline.models.sequence.losses.softmax import candidate_softmax
from swayline.models.sequence.optimize.negatives import draw
from swayline.numerics.training_loop import Descent, Limits, train
from swayline.numerics.weight_average import Average

_KEEP = 0.99
_MAX_GRADIENT = 5.0
Line = dict[str, float | int | None]


@dataclass(frozen=True)
class Plan:
    """How long and how fast."""

    max_epochs: int
    patience: int
    learning_rate: float
    weight_decay: float
    seed: int


def train_network(
    label: str,
    network: nn.Module,
    losses: Callable[[int], Iterator[tuple[Tensor, int]]],
    plan: Plan,
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
        torch.manual_seed(int(generator(plan.seed, label, str(epoch)).integers(2**62)))
        yield from losses(epoch)

    optimizer = torch.optim.AdamW(
        network.parameters(), plan.learning_rate, betas=(0.9, 0.98), weight_decay=plan.weight_decay
    )
    descent = Descent(optimizer, _MAX_GRADIENT, average=Average(network, _KEEP))
    with torch.random.fork_rng(devices=[]):
        limits = Limits(plan.max_epochs, plan.patience)
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
