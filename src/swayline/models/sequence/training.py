"""The training loop: epochs of packed batches, early stopping on validation NDCG@10, everything decided by one seed.

Shapes: T tokens, I items.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from swayline.core.progress import Task, task
from swayline.core.rng import generator
from swayline.dataset import Sequences
from swayline.models.sequence.averaging import Average
from swayline.models.sequence.batches import Packed, batches, pack
from swayline.models.sequence.losses.softmax import candidate_softmax
from swayline.models.sequence.negatives import draw
from swayline.models.sequence.network import Network
from swayline.models.sequence.rows import rows
from swayline.models.sequence.settings import TransformerSettings


@dataclass(frozen=True)
class Epoch:
    """One line of the training history."""

    epoch: int
    loss: float
    valid_ndcg: float | None
    seconds: float
    samples_per_s: float
    """Target positions a second, validation aside."""

    def as_dict(self) -> dict[str, float | int | None]:
        """For JSON and the report."""
        return asdict(self)


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
    judge: Callable[[], float] | None,
) -> Trained:
    """Train in place; with a ``judge`` (validation NDCG@10, higher is better) the best epoch's weights are kept."""
    run = _Run(network, histories, settings, max_length)
    log: list[Epoch] = []
    best, best_epoch, kept = -1.0, 0, network.state_dict()
    with task("train transformer", total=settings.max_epochs) as bar:
        for epoch in range(1, settings.max_epochs + 1):
            began = time.perf_counter()
            loss, samples = run.epoch(epoch, bar)
            seconds = time.perf_counter() - began
            network.eval()
            with run.average.in_place(network):
                found = judge() if judge is not None else None
                if found is None or found > best:
                    best, best_epoch = found or 0.0, epoch
                    kept = {name: value.detach().clone() for name, value in network.state_dict().items()}
            log.append(Epoch(epoch, loss, found, seconds, samples / seconds))
            bar.note(_line(log[-1]))
            if epoch - best_epoch >= settings.patience:
                break
    network.load_state_dict(kept)
    network.eval()
    return Trained(tuple(log), best_epoch)


def _line(epoch: Epoch) -> str:
    quality = "" if epoch.valid_ndcg is None else f" · NDCG@10 {epoch.valid_ndcg:.4f}"
    return f"epoch {epoch.epoch} · loss {epoch.loss:.3f}{quality} · {epoch.samples_per_s:,.0f} samples/s"


class _Run:
    """What stays the same from batch to batch."""

    def __init__(self, network: Network, histories: Sequences, settings: TransformerSettings, max_length: int) -> None:
        self.network, self.histories, self.settings, self.max_length = network, histories, settings, max_length
        self.device = next(network.parameters()).device
        self.optimizer = torch.optim.AdamW(
            network.parameters(),
            settings.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.average = Average(network, settings.averaging)
        self.steps = 0
        self.draws = torch.Generator().manual_seed(settings.seed)
        counts = np.bincount(histories.items, minlength=histories.n_items).astype(np.float64)
        self.share = torch.from_numpy(counts / max(1.0, counts.sum())).to(self.device)

    def epoch(self, number: int, bar: Task) -> tuple[float, int]:
        """Mean loss and the number of target positions of one pass over all histories."""
        settings, histories = self.settings, self.histories
        rng = generator(settings.seed, "batches", str(number))
        torch.manual_seed(settings.seed * 100_003 + number)
        self.network.train()
        lengths = histories.lengths
        parts = list(batches(lengths, self.max_length, settings.batch_tokens, rng))
        total, samples = torch.zeros((), device=self.device), 0
        for users, layout in parts:
            batch = pack(
                histories.take(users), layout, self.max_length, settings.positions == "end", self.device, targets=True
            )
            predicted = int(np.minimum(lengths[users], self.max_length + 1).sum())
            total += self._step(batch).detach() * predicted
            samples += predicted
            bar.advance(1 / len(parts))
        return float(total) / max(1, samples), samples

    def _step(self, batch: Packed) -> Tensor:
        self.steps += 1
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * min(1.0, self.steps / max(1, self.settings.warmup_steps))
        with autocast(self.settings, self.device):
            loss = self._loss(self.network(batch), batch)
        self.optimizer.zero_grad(set_to_none=False)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.max_gradient)
        self.optimizer.step()
        self.average.follow(self.steps)
        return loss

    def _loss(self, states: Tensor, batch: Packed) -> Tensor:
        targets, weights, table = batch.targets, batch.weights, self.network.items
        if targets is None or weights is None:
            raise TypeError("a training batch carries its targets")
        n_items = self.histories.n_items
        if self.settings.loss == "full-softmax" or self.settings.n_negatives >= n_items:
            nothing = torch.zeros(1, device=self.device)
            return candidate_softmax(states, rows(table, targets), table.weight[:-1], nothing, targets, weights)
        drawn = draw(
            targets, weights > 0, self.settings.n_negatives, self.share if self.settings.in_batch else None,
            self.settings.correction, n_items, self.draws,
        )  # fmt: skip
        candidates = rows(table, drawn.items)
        return candidate_softmax(states, rows(table, targets), candidates, drawn.log_weights, drawn.columns, weights)


def autocast(settings: TransformerSettings, device: torch.device) -> torch.autocast:
    """Bfloat16 products where the settings or, on auto, the chip say so."""
    wanted = settings.precision == "bf16" or (settings.precision == "auto" and has_fast_bf16(device))
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=wanted)


def has_fast_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 faster than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
