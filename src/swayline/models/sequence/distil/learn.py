"""A smaller network learns from the larger one's scores: its softmax is drawn towards the larger one's.

::

    loss  =  share · KL(larger ‖ smaller)  +  (1 - share) · the loss of the true next item

over the candidates of a batch (its own targets and items drawn from the whole catalogue, weighed so that the sample
stands for all), from weights that were cut out of the larger network.

Shapes: T tokens, K candidates, W width of states and answers.

References
----------
Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015.
Tang and Wang, "Ranking Distillation: Learning Compact Ranking Models With High Performance for Recommender System",
KDD 2018.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from swayline.core.errors import UsageError
from swayline.dataset import Sequences
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.device import device_of
from swayline.models.sequence.distil.importance import measure
from swayline.models.sequence.distil.prune import choose, pruned, smaller, smaller_sizes
from swayline.models.sequence.fitting import Fitted
from swayline.models.sequence.network import Network
from swayline.models.sequence.optimize.batch_loss import batch_loss
from swayline.models.sequence.optimize.epochs import Watch
from swayline.models.sequence.optimize.negatives import Candidates
from swayline.models.sequence.optimize.training import train
from swayline.models.sequence.serving.scorer import Scorer
from swayline.models.sequence.settings import TransformerSettings

SHARE = 0.7
"""Of the loss, what the larger network's scores weigh against what really came next."""
_NEVER = -1e9


@dataclass(frozen=True)
class SmallSize:
    """How small, and how long it learns.

    Parameters
    ----------
    width, n_blocks : int, optional
        Of the smaller network; by default a quarter of the width (32 at least) and half of the blocks (one at least).
    n_neighbours : int
        Item neighbours that count beside it, where any count beside the larger one.
    max_epochs, patience : int
        As in training.
    """

    width: int | None = None
    n_blocks: int | None = None
    n_neighbours: int = 20
    max_epochs: int = 12
    patience: int = 3

    def settings(self, decided: TransformerSettings) -> TransformerSettings:
        """The smaller network's settings.

        Raises
        ------
        UsageError
            It would not be smaller.
        """
        width = self.width or max(32, decided.width // 4)
        n_blocks = self.n_blocks or max(1, decided.depth // 2)
        if width > decided.width or n_blocks > decided.depth:
            raise UsageError(
                f"a network of width {width} with {n_blocks} blocks is no smaller than the one it learns from"
                f" ({decided.width}, {decided.depth}): say at most those with --width and --blocks"
            )
        return dataclasses.replace(
            smaller(decided, width, n_blocks), max_epochs=self.max_epochs, patience=self.patience, warmup_steps=20
        )


def distilled(
    teacher: Scorer,
    train_on: Sequences,
    size: SmallSize,
    judge: Callable[[Scorer], float] | None,
    watch: Watch | None = None,
) -> Fitted:
    """A smaller network, cut out of the teacher's and taught by its scores; the teacher stays as it is.

    Parameters
    ----------
    judge : callable, optional
        Validation NDCG@10 of a scorer; without it every epoch is walked.
    """
    before = teacher.settings
    after = size.settings(before)
    kept = choose(measure(teacher, train_on), before, after)
    sizes = smaller_sizes(teacher.sizes)
    network = pruned(teacher.network, kept, before, after, sizes).to(device_of(after))
    scorer = Scorer(after, sizes, network)
    scorer.moving = True
    lesson = Lesson(teacher.network.eval())
    known = scorer.scaled_values(train_on)
    judged = None if judge is None else (lambda: (judge(scorer), None))
    trained = train(network, known, after, sizes.max_length, judged, watch=watch, loss=lesson)
    scorer.moving = False
    scorer.forget_catalogue()
    return Fitted(scorer, {}, trained.history, trained.best_epoch)


@dataclass(frozen=True)
class Lesson:
    """The loss of a batch with a teacher."""

    teacher: Network

    def __call__(
        self, network: Network, settings: TransformerSettings, batch: Packed, drawn: Candidates, others: Tensor | None
    ) -> Tensor:
        """() the loss."""
        with torch.no_grad():
            told = _logits(self.teacher, batch, drawn, others)
        said = _logits(network, batch, drawn, others)
        apart = (told.exp() * (told - said)).sum(1)  # (T,) KL divergence
        if batch.weights is None:
            raise TypeError("a training batch carries its targets")
        lesson = (apart * batch.weights).sum() / batch.weights.sum().clamp_min(1.0)
        return SHARE * lesson + (1.0 - SHARE) * batch_loss(network, settings, batch, drawn, others)


def _logits(network: Network, batch: Packed, drawn: Candidates, others: Tensor | None) -> Tensor:
    """(T, 1 + K) log-probabilities of the target and of the candidates, the target's own column left out of these."""
    states = network(batch)
    own = (states * network.answers(batch.targets)).sum(1, keepdim=True)
    found = (states @ network.answers(others).T).float() + drawn.log_weights
    at = drawn.columns.clamp_min(0)[:, None]
    hidden = torch.where(drawn.columns[:, None] >= 0, _NEVER, found.gather(1, at))
    return torch.cat([own.float(), found.scatter(1, at, hidden)], 1).log_softmax(1)
