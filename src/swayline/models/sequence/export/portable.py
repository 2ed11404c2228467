"""The serving form as one function of plain arrays, with nothing learned in it: what other runtimes are given.

::

    items (Q, L), behaviours (Q, L)  →  the last W events, a start before them  →  state (Q, D)  →  scores (Q, I)
                                     →  neighbours of all L events  →  + share · level, times scale

Histories stand at the right end of their row, oldest first; ``n_items`` fills the rest.

Shapes: Q histories, L events given, W events read, T tokens (Q · (W + 1)), D width, I items, N neighbours.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from swayline.core.errors import UsageError
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.serving.int8 import Rounded
from swayline.models.sequence.serving.scorer import Scorer


class Portable(nn.Module):
    """Scores of every item, from item and behaviour numbers alone.

    Raises
    ------
    UsageError
        The model reads what a session elsewhere does not say.
    """

    table: Tensor
    table_scale: Tensor
    near: Tensor
    nearness: Tensor

    def __init__(self, scorer: Scorer, hides_seen: bool) -> None:
        super().__init__()
        check_portable(scorer)
        self.network, self.sizes, self.hides_seen = scorer.network.eval(), scorer.sizes, hides_seen
        self.from_end = scorer.settings.positions == "end"
        self.rounded = scorer.settings.weights == "int8"
        with torch.no_grad():
            table = torch.cat([scorer.network.embedded(), scorer.network.items.weight[-1:]]).float().cpu()
        found = Rounded.of(table) if self.rounded else Rounded(table, torch.ones(len(table), 1))
        self.register_buffer("table", found.values)
        self.register_buffer("table_scale", found.scale)
        self.blend = None if scorer.blend is None else scorer.blend.chosen
        near, nearness = _neighbours(scorer)
        self.register_buffer("near", near)
        self.register_buffer("nearness", nearness)

    def forward(self, items: Tensor, behaviors: Tensor) -> Tensor:
        """(Q, I) scores; -inf of what was seen, where that leaves the lists."""
        n_items = self.sizes.n_items
        logits = self._logits(self._states(items, behaviors))
        if self.blend is not None:
            logits = (logits + self.blend.share * self._level(items)) * self.blend.scale
        if not self.hides_seen:
            return logits
        padded = F.pad(logits, (0, 1))
        return padded.scatter(1, items, torch.full_like(items, -math.inf, dtype=torch.float32))[:, :n_items]

    def _rows(self, items: Tensor) -> Tensor:
        """(R, D) what the network reads of items."""
        found = self.table[items].float()
        return found * self.table_scale[items] if self.rounded else found

    def _states(self, items: Tensor, behaviors: Tensor) -> Tensor:
        """(Q, D) the state after each history."""
        n_items, read = self.sizes.n_items, self.sizes.max_length
        given = items.shape[1]
        length = (items < n_items).sum(1, keepdim=True).clamp_max(read)  # (Q, 1)
        within = torch.arange(read + 1, device=items.device)[None]  # (1, W + 1)
        source = (given - length + within - 1).clamp(0, given - 1)  # (Q, W + 1)
        is_event = (within > 0) & (within <= length)
        inside = torch.where(is_event, items.gather(1, source), n_items)
        acts = torch.where(is_event, behaviors.gather(1, source), self.sizes.n_behaviors)
        place = torch.where(within <= length, length - within if self.from_end else within.expand_as(inside), 0)
        none = torch.zeros_like(inside).reshape(-1)
        causal = (within[:, :, None] >= within[:, None, :])[:, None]  # (1, 1, W + 1, W + 1)
        batch = Packed(
            items=inside.reshape(-1), behaviors=acts.reshape(-1), positions=place.reshape(-1), times=none, before=none,
            asked_at=none, answered_at=none, timed=False,
            visible=causal.expand(items.shape[0], 1, read + 1, read + 1), last=none,
        )  # fmt: skip
        found: Tensor = self.network(batch, embedded=self._rows(batch.items))
        states = found.view(items.shape[0], read + 1, -1)
        return states.gather(1, length[:, :, None].expand(-1, -1, states.shape[-1])).squeeze(1)

    def _logits(self, states: Tensor) -> Tensor:
        """(Q, I), in eight bits as :class:`~swayline.models.sequence.serving.int8.Rounded` multiplies."""
        table = self.table[:-1].float()
        if not self.rounded:
            table = table if self.network.temperature is None else F.normalize(table, dim=1)
            return states @ table.T
        scale = (states.abs().amax(1, keepdim=True) / 127.0).clamp_min(1e-12)
        return ((states / scale).round() @ table.T) * scale * self.table_scale[:-1].T

    def _level(self, items: Tensor) -> Tensor:
        """(Q, I) the neighbours' scores, each row divided by its largest."""
        if self.blend is None:
            raise TypeError("no neighbours count beside this network")
        n_rows, given = items.shape[0], items.shape[1]
        age = torch.arange(given - 1, -1, -1, device=items.device).float()
        weight = (math.log(max(self.blend.decay, 1e-30)) * age).exp()[None, :, None]  # (1, L, 1)
        added = (self.nearness[items] * weight).reshape(n_rows, -1)  # (Q, L · N)
        level = torch.zeros(n_rows, self.sizes.n_items + 1, device=items.device)
        level = level.scatter_add(1, self.near[items].long().reshape(n_rows, -1), added)
        if not self.blend.returning:
            level = level.scatter(1, items, torch.zeros_like(items, dtype=torch.float32))
        level = level[:, :-1]
        most = level.amax(1, keepdim=True)
        return level / torch.where(most > 0, most, torch.ones_like(most))


def check_portable(scorer: Scorer) -> None:
    """Refuse a model that reads more than items and behaviours in their order.

    Raises
    ------
    UsageError
        It does.
    """
    network, settings = scorer.network, scorer.settings
    told = {
        "texts of items (make it smaller first: a student reads ids alone)": network.told is not None,
        "what people return to (fit with repeats = false)": network.repeats is not None,
        "times (fit with times = false)": network.inputs.lags is not None,
        "how long people were away (fit with request_time = false)": network.away is not None,
        "values (fit with values = false)": network.values is not None,
        "profiles of users (fit with profiles = false)": network.inputs.profiles is not None,
        "the whole session at once (fit with objective = next-item)": settings.objective != "next-item",
        "times between events (fit with block = ligr)": settings.block == "hstu" and scorer.sizes.timed,
    }
    for what, is_so in told.items():
        if is_so:
            raise UsageError(f"this model reads {what}, which the ONNX and browser forms do not")


def _neighbours(scorer: Scorer) -> tuple[Tensor, Tensor]:
    """(I + 1, N) neighbours of each item and how near they are; ``n_items`` and 0 fill the rows."""
    n_items = scorer.sizes.n_items
    if scorer.blend is None:
        return torch.zeros(0, 0, dtype=torch.int32), torch.zeros(0, 0)
    matrix = scorer.blend.neighbours.similarity_
    counts = np.diff(matrix.indptr)
    width = max(1, int(counts.max(initial=1)))
    near = np.full((n_items + 1, width), n_items, np.int32)
    nearness = np.zeros((n_items + 1, width), np.float32)
    rows = np.repeat(np.arange(n_items), counts)
    column = np.arange(len(rows)) - np.repeat(matrix.indptr[:-1], counts)
    near[rows, column], nearness[rows, column] = matrix.indices, matrix.data
    return torch.from_numpy(near), torch.from_numpy(nearness)
