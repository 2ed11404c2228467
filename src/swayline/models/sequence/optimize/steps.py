"""From histories to steps: batches are drawn and arranged, their losses' gradients gathered, the weights moved.

Everything is decided by one seed and the number of the epoch. The step down the gradients and the epochs around it are
:mod:`swayline.numerics.training_loop`'s, as for every network; an epoch's steps are walked here, because three things
stand between a loss and its step nowhere else: small batches are recorded once as a CUDA graph and replayed, which
gathers gradients in place (so these are set to zero, never dropped); a step is the sum of several batches; and it is
averaged over the processes that train together. The losses stay on the GPU until the epoch ends, since each one read
would make the program wait for it.

Shapes: T tokens, I items, K candidates.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from swayline.core.progress import Task
from swayline.core.rng import generator
from swayline.dataset import Sequences
from swayline.models.sequence.batching.layout import Layout, batches
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.batching.windows import windows
from swayline.models.sequence.device import autocast
from swayline.models.sequence.network import Network
from swayline.models.sequence.objectives import OBJECTIVES
from swayline.models.sequence.optimize.batch_loss import BatchLoss, batch_loss
from swayline.models.sequence.optimize.distributed import average_gradients
from swayline.models.sequence.optimize.negatives import Candidates, draw
from swayline.models.sequence.optimize.prefetch import LIGHT, SMALL, Recorded, prefetched
from swayline.models.sequence.settings import MIXING, TransformerSettings
from swayline.numerics.schedules import SCHEDULES
from swayline.numerics.training_loop import Descent
from swayline.numerics.weight_average import Average

_QUICK = 10.0
"""How much faster what weighs a history's counts moves than what is learned of each item."""


@dataclass(frozen=True)
class Share:
    """Which share of the batches is this process's."""

    rank: int = 0
    size: int = 1


class Run:
    """What stays the same from batch to batch."""

    def __init__(
        self, network: Network, histories: Sequences, settings: TransformerSettings, max_length: int,
        share: Share, loss: BatchLoss = batch_loss,
    ) -> None:  # fmt: skip
        self.network, self.settings, self.max_length = network, settings, max_length
        self.histories = windows(histories, max_length) if settings.windows else histories
        self.arrange = OBJECTIVES[settings.objective]
        self.rank, self.size, self.loss = share.rank, share.size, loss
        self.device = next(network.parameters()).device
        optimizer = torch.optim.AdamW(
            _paces(network),
            settings.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.average = Average(network, settings.averaging)
        self.descent = Descent(optimizer, settings.max_gradient, network.parameters(), self.average)
        self.draws = torch.Generator()
        self.recorded = Recorded(network.parameters()) if self._recordable() else None
        counts = np.bincount(histories.items, minlength=histories.n_items).astype(np.float64)
        self.share = torch.from_numpy(counts / max(1.0, counts.sum())).to(self.device)
        self.rivals = None if network.told is None else torch.from_numpy(np.flatnonzero(counts)).to(self.device)
        if self.rivals is not None:  # a text must not learn that it never comes, because nobody met its item yet
            self.share = self.share[self.rivals]
            self.place = torch.zeros(histories.n_items, dtype=torch.int64, device=self.device)
            self.place[self.rivals] = torch.arange(len(self.rivals), device=self.device)
        self.whole = settings.loss == "full-softmax" or settings.n_negatives >= len(self.share)

    def epoch(self, number: int, bar: Task) -> tuple[float, int]:
        """Mean loss and the number of target positions of one pass over all histories."""
        settings, histories = self.settings, self.histories
        rng = generator(settings.seed, "batches", str(number))
        seed = int(generator(settings.seed, "dropout and negatives", str(number), str(self.rank)).integers(2**62))
        torch.manual_seed(seed)
        self.draws.manual_seed(seed)
        self.network.train()
        lengths = histories.lengths
        parts = list(batches(lengths, self.max_length, settings.batch_tokens, rng))
        parts = (parts + parts[: -len(parts) % self.size])[self.rank :: self.size]  # every process steps as often
        steps = settings.max_epochs * -(-len(parts) // settings.accumulation)
        total, samples = torch.zeros((), device=self.device), 0
        for first in range(0, len(parts), settings.accumulation):
            group = parts[first : first + settings.accumulation]
            for users, layout in group:
                prepared = prefetched(partial(self._prepared, histories.take(users), layout, rng), self.device)
                predicted = int(np.minimum(lengths[users], self.max_length + 1).sum())
                total += self._learn_or_replay(*prepared, 1.0 / len(group)) * predicted
                samples += predicted
                bar.advance(1 / len(parts))
            self._step(steps)
        return float(total) / max(1, samples), samples

    def _recordable(self) -> bool:
        """Whether a step is the same kernels for the same shapes, and so small that it pays to record them."""
        settings, network = self.settings, self.network
        fixed = network.repeats is None and network.told is None and settings.loss in MIXING and not settings.compile
        small = settings.batch_tokens <= SMALL and sum(weight.numel() for weight in network.parameters()) <= LIGHT
        return self.device.type == "cuda" and fixed and small

    def _prepared(self, history: Sequences, layout: Layout, rng: np.random.Generator) -> tuple[Packed, Candidates]:
        """A batch and what it is told apart from."""
        batch = self.arrange(history, layout, self.max_length, self.settings.positions == "end", self.device, rng)
        targets, weights = batch.targets, batch.weights
        if targets is None or weights is None:
            raise TypeError("a training batch carries its targets")
        settings, rivals, n_items = self.settings, self.rivals, len(self.share)
        if rivals is not None:
            targets = self.place[targets]
        if self.whole:
            none = torch.zeros(1, device=self.device)
            return batch, Candidates(targets[:0], none, targets)
        drawn = draw(
            targets, weights > 0, settings.n_negatives, self.share if settings.in_batch else None,
            settings.correction, n_items, self.draws,
        )  # fmt: skip
        return batch, drawn if rivals is None else replace(drawn, items=rivals[drawn.items])

    def _learn_or_replay(self, batch: Packed, drawn: Candidates, share: float) -> Tensor:
        """:meth:`_learn`, recorded where it is small."""
        if self.recorded is None:
            return self._learn(batch, drawn, share)
        return self.recorded(self._learn, batch, drawn, share)

    def _learn(self, batch: Packed, drawn: Candidates, share: float) -> Tensor:
        """Add a batch's gradient, times its share of the step; returns its loss."""
        with autocast(self.settings, self.device):
            loss = self.loss(self.network, self.settings, batch, drawn, self.rivals if self.whole else drawn.items)
        (loss * share).backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _step(self, steps: int) -> None:
        """Move the weights by the gradients gathered, of at most so many steps, and set these to zero."""
        settings, optimizer = self.settings, self.descent.optimizer
        if self.size > 1:
            average_gradients(self.network.parameters(), self.size)

        def rates(step: int) -> list[float]:
            rate = SCHEDULES[settings.schedule](settings.learning_rate, step, steps, settings.warmup_steps)
            return [rate * group["pace"] for group in optimizer.param_groups]

        self.descent.move(rates)
        optimizer.zero_grad(set_to_none=False)


def _paces(network: Network) -> list[dict[str, Any]]:
    """All weights, and how many times as fast as the rate says they move."""
    quick = [] if network.repeats is None else network.repeats.quick()
    apart = {id(weight) for weight in quick}
    others = [weight for weight in network.parameters() if id(weight) not in apart]
    return [{"params": others, "pace": 1.0}, *([{"params": quick, "pace": _QUICK}] if quick else [])]
