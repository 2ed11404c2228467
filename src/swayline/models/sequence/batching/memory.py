"""What attention has read of a few histories, so that one more event costs one token, not a history.

Keys and values of every layer stay in place; each new token writes its own behind them and looks at all of its
history's. Nothing that was read changes, since a causal block never looks ahead.

Shapes: Q histories, W places, H heads, D width.

References
----------
Pope et al., "Efficiently Scaling Transformer Inference", MLSys 2023 (the key-value cache).
"""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from swayline.models.sequence.batching.layout import EMPTY

_NEVER = -1e9


class Attends(Protocol):
    """What stands for attention within the batch."""

    def attend(self, qkv: Tensor, n_heads: int, only: Tensor | None = None) -> Tensor:
        """(T, D) what tokens draw, from (T, 3 · D); (Q, D) of the (Q,) tokens asked for."""
        ...


class Memory:
    """Keys and values of ``n_layers`` layers for Q histories of at most W tokens."""

    def __init__(self, n_rows: int, width: int, n_layers: int, device: torch.device) -> None:
        self.n_rows, self.width, self.n_layers = n_rows, width, n_layers
        self.kept: list[tuple[Tensor, Tensor]] = []
        self.read = torch.full((n_rows,), EMPTY, dtype=torch.int64, device=device)
        """(Q,) the last place each history has filled."""
        self._layer = 0

    def attend(self, qkv: Tensor, n_heads: int, only: Tensor | None = None) -> Tensor:
        """(T, D) what tokens draw from what their history holds up to them: T = Q · W at first, then Q a call.

        With ``only`` (Q,) just those tokens ask.
        """
        dim = qkv.shape[1] // 3
        parts = qkv.view(self.n_rows, -1, 3, n_heads, dim // n_heads).permute(2, 0, 3, 1, 4)
        drawn = self._all(*parts) if len(self.kept) < self.n_layers else self._one(*parts)
        drawn = drawn.transpose(1, 2).reshape(-1, dim)
        return drawn if only is None else drawn[only]

    def _all(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Every place of every history, which is kept."""
        self.kept.append((key.contiguous(), value.contiguous()))
        ahead = torch.ones(self.width, self.width, dtype=torch.bool, device=query.device).triu(1)
        return _drawn(query, key, value, ahead)

    def _one(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """The next place of every history."""
        keys, values = self.kept[self._layer]
        self._layer = (self._layer + 1) % self.n_layers
        rows = torch.arange(self.n_rows, device=query.device)
        keys[rows, :, self.read] = key[:, :, 0]
        values[rows, :, self.read] = value[:, :, 0]
        ahead = torch.arange(self.width, device=query.device)[None, :] > self.read[:, None]
        return _drawn(query, keys, values, ahead[:, None, None, :])


class SharedPrefix:
    """What histories without one event draw: their own later tokens, and what a memory read of those before it.

    Row n of N goes on from the first ``start`` places of history ``owner[n]`` with S tokens of its own.
    """

    def __init__(self, memory: Memory, owner: Tensor, start: int) -> None:
        self.kept = [(key[owner, :, :start], value[owner, :, :start]) for key, value in memory.kept]
        self._start, self._layer = start, 0

    def attend(self, qkv: Tensor, n_heads: int, only: Tensor | None = None) -> Tensor:
        """(T, D) of T = N · S tokens, or (N, D) of the (N,) tokens asked for."""
        keys, values = self.kept[self._layer]
        self._layer += 1
        n_rows, dim = len(keys), qkv.shape[1] // 3
        query, key, value = qkv.view(n_rows, -1, 3, n_heads, dim // n_heads).permute(2, 0, 3, 1, 4)
        width = query.shape[2]
        place = torch.arange(width, device=qkv.device)
        if only is not None:
            query = query[torch.arange(n_rows, device=qkv.device), :, only % width].unsqueeze(2)
            place = (only % width)[:, None, None, None]
        else:
            place = place[None, None, :, None]
        ahead = torch.arange(self._start + width, device=qkv.device) > self._start + place
        drawn = F.scaled_dot_product_attention(
            query, torch.cat([keys, key], 2), torch.cat([values, value], 2), attn_mask=~ahead
        )
        return drawn.transpose(1, 2).reshape(-1, dim)


def _drawn(query: Tensor, key: Tensor, value: Tensor, hidden: Tensor) -> Tensor:
    scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
    return scores.masked_fill(hidden, _NEVER).softmax(-1) @ value  # type: ignore[no-any-return]
