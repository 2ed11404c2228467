"""The training loop: epochs of packed batches, early stopping on validation questions, everything decided by one seed.

Shapes: T tokens, I items.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from swayline.core.progress import Task, task
from swayline.core.rng import generator
from swayline.dataset import Sequences
from swayline.models.sequence.batching.layout import Layout, batches
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.batching.windows import windows
from swayline.models.sequence.device import autocast
from swayline.models.sequence.losses import LOSSES
from swayline.models.sequence.network import Network
from swayline.models.sequence.objectives import OBJECTIVES
from swayline.models.sequence.optimize import checkpoint
from swayline.models.sequence.optimize.averaging import Average
from swayline.models.sequence.optimize.distributed import average_gradients, together
from swayline.models.sequence.optimize.negatives import Candidates, draw
from swayline.models.sequence.optimize.prefetch import LIGHT, SMALL, Recorded, beside_work
from swayline.models.sequence.optimize.schedule import learning_rate
from swayline.models.sequence.settings import MIXING, TransformerSettings

_QUICK = 10.0
"""How much faster what weighs a history's counts moves than what is learned of each item."""


@dataclass(frozen=True)
class Epoch:
    """One line of the training history."""

    epoch: int
    loss: float
    valid_ndcg: float | None
    seconds: float
    samples_per_s: float
    """Target positions a second, validation aside."""
    valid_likelihood: float | None = None
    """Geometric mean probability of the validation answers, where it decides instead of NDCG@10."""

    @property
    def judged(self) -> float | None:
        """What is to rise."""
        return self.valid_ndcg if self.valid_likelihood is None else self.valid_likelihood

    def as_dict(self) -> dict[str, float | int | None]:
        """For JSON and the report."""
        return asdict(self)


Watch = Callable[[Epoch], None]
Judged = Callable[[], tuple[float, float | None]]
"""Validation NDCG@10 and, where that decides instead, the likelihood of the answers; higher is better."""


@dataclass(frozen=True)
class Trained:
    """What training leaves behind, the network's weights aside."""

    history: tuple[Epoch, ...]
    best_epoch: int


def train(
    network: Network,
    histories: Sequences,
    settings: TransformerSettings,
    max_length: int,
    judge: Judged | None,
    checkpoint_file: Path | None = None,
    watch: Watch | None = None,
) -> Trained:
    """Train in place; with a ``judge`` the best epoch's weights are kept.

    With a ``checkpoint_file``, every epoch is written there, and a run that was cut off goes on from it. ``watch`` is
    told of every epoch as it ends, while the network holds the weights that were judged.
    """
    with together() as (rank, size), torch.random.fork_rng(), task("train transformer", settings.max_epochs) as bar:
        run = _Run(network, histories, settings, max_length, rank, size)
        state = _State(run, checkpoint_file if rank == 0 else None)
        while len(state.log) < settings.max_epochs and len(state.log) - state.best_epoch < settings.patience:
            epoch, began = len(state.log) + 1, time.perf_counter()
            loss, samples = run.epoch(epoch, bar)
            seconds = time.perf_counter() - began
            network.eval()
            with run.average.in_place():
                ndcg, likelihood = judge() if judge is not None else (None, None)
                state.add(Epoch(epoch, loss, ndcg, seconds, samples / seconds, likelihood))
                bar.note(_line(state.log[-1]))
                if watch is not None:
                    watch(state.log[-1])
        if state.kept:
            network.load_state_dict(state.kept)
        else:  # nobody judged, so the last weights are the best
            run.average.settle()
    network.eval()
    return Trained(tuple(state.log), state.best_epoch)


class _State:
    """The record of epochs and the best weights so far, kept in a checkpoint where one is asked for."""

    def __init__(self, run: "_Run", file: Path | None) -> None:
        self.run, self.file = run, file
        self.log: list[Epoch] = []
        self.best, self.best_epoch = -1.0, 0
        self.kept: dict[str, Tensor] = {}
        """The weights of the best epoch that was judged."""
        self.name = checkpoint.fingerprint(run.histories, run.settings) if file else ""
        if file and (found := checkpoint.load(file, self.name, run.optimizer)) is not None:
            self._resume(*found)

    def add(self, epoch: Epoch) -> None:
        """Take an epoch in; the network holds the weights that were judged."""
        self.log.append(epoch)
        if epoch.judged is None:
            self.best_epoch = epoch.epoch
        elif epoch.judged > self.best:
            self.best, self.best_epoch = epoch.judged, epoch.epoch
            self.kept = {name: value.to("cpu", copy=True) for name, value in self.run.network.state_dict().items()}
        if self.file:
            self._write(self.file)

    def _write(self, file: Path) -> None:
        record = {
            "log": [epoch.as_dict() for epoch in self.log], "best": self.best, "best_epoch": self.best_epoch,
            "steps": self.run.steps,
        }  # fmt: skip
        tensors = {f"live.{index}": value for index, value in enumerate(self.run.average.live)}
        tensors |= {f"mean.{index}": value for index, value in enumerate(self.run.average.mean)}
        tensors |= {f"kept.{name}": value for name, value in self.kept.items()}
        checkpoint.save(file, self.name, record, tensors, self.run.optimizer)

    def _resume(self, record: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.log = [Epoch(**epoch) for epoch in record["log"]]
        self.best, self.best_epoch, self.run.steps = record["best"], record["best_epoch"], record["steps"]
        average = self.run.average
        torch._foreach_copy_(average.live, [tensors[f"live.{index}"] for index in range(len(average.live))])
        if average.mean:
            torch._foreach_copy_(average.mean, [tensors[f"mean.{index}"] for index in range(len(average.mean))])
        kept = "kept."
        self.kept = {name.removeprefix(kept): value for name, value in tensors.items() if name.startswith(kept)}


def _line(epoch: Epoch) -> str:
    quality = "" if epoch.valid_ndcg is None else f" · NDCG@10 {epoch.valid_ndcg:.4f}"
    if epoch.valid_likelihood is not None:
        quality += f" · likelihood {epoch.valid_likelihood:.4f}"
    return f"epoch {epoch.epoch} · loss {epoch.loss:.3f}{quality} · {epoch.samples_per_s:,.0f} samples/s"


class _Run:
    """What stays the same from batch to batch."""

    def __init__(
        self,
        network: Network,
        histories: Sequences,
        settings: TransformerSettings,
        max_length: int,
        rank: int,
        size: int,
    ) -> None:
        self.network, self.settings, self.max_length = network, settings, max_length
        self.histories = windows(histories, max_length) if settings.windows else histories
        self.arrange = OBJECTIVES[settings.objective]
        self.rank, self.size = rank, size
        self.device = next(network.parameters()).device
        self.optimizer = torch.optim.AdamW(
            _paces(network),
            settings.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.average = Average(network, settings.averaging)
        self.steps = 0
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
                prepared = beside_work(partial(self._prepared, histories.take(users), layout, rng), self.device)
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
            loss = self._loss(self.network(batch), batch, drawn)
        (loss * share).backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _step(self, steps: int) -> None:
        """Move the weights by the gradients gathered, and forget these."""
        self.steps += 1
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.settings, self.steps, steps) * group["pace"]
        if self.size > 1:
            average_gradients(self.network.parameters(), self.size)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.max_gradient)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=False)
        self.average.follow(self.steps)

    def _loss(self, states: Tensor, batch: Packed, drawn: Candidates) -> Tensor:
        answers, head, repeats = self.network.answers, self.network.head, self.network.repeats
        wanted = answers(batch.targets)
        ways = repeats.of_batch(states, batch, self.network.codes) if repeats is not None else ()
        of_items = self._apart(LOSSES[self.settings.loss])
        others = answers(self.rivals if self.whole else drawn.items)
        loss = of_items(states, wanted, others, drawn.log_weights, drawn.columns, batch.weights, *ways)
        if head is not None:
            loss = loss + self.settings.behavior_loss * head.loss(states, wanted, batch)
        values = self.network.values
        if values is not None and values.foretells:
            loss = loss + self.settings.value_loss * values.loss(states, wanted, batch)
        return loss

    def _apart(self, loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """The loss of ids, and where texts stand beside them the texts' own, so that neither learns less for both."""
        told, n_beside = self.network.told, self.network.n_beside
        if told is None or not n_beside:
            return loss

        def both(states: Tensor, wanted: Tensor, others: Tensor, *rest: Tensor) -> Tensor:
            parts = states, wanted, others
            of_ids = [part[:, :-n_beside].contiguous() for part in parts]
            of_texts = [part[:, -n_beside:].contiguous() for part in parts]
            of_texts[0] = told.sharpened(of_texts[0])
            first: Tensor = loss(*of_ids, *rest)
            return first + loss(*of_texts, *rest[:3])

        return both


def _paces(network: Network) -> list[dict[str, Any]]:
    """All weights, and how many times as fast as the rate says they move."""
    quick = [] if network.repeats is None else network.repeats.quick()
    apart = {id(weight) for weight in quick}
    others = [weight for weight in network.parameters() if id(weight) not in apart]
    return [{"params": others, "pace": 1.0}, *([{"params": quick, "pace": _QUICK}] if quick else [])]
