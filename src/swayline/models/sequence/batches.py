"""Histories packed end to end, so that no layer computes padding.

Three histories of 3, 2 and 1 events become six tokens, longest first; linear layers see exactly those six. Attention
needs rows, so tokens of like-long histories form groups that are squared up with repeats of their last event::

    tokens   a0 a1 a2 | b0 b1 | c0          (T, D)
    group 0  a0 a1 a2                       (2, 3, D) for attention alone: b1 stands in for the missing place, and
             b0 b1 b1                       since attention is causal, no true token ever sees it
    group 1  c0                             (1, 1, D)

In training every batch holds the same number of tokens, and groups come in few sizes: a CPU compiles a bfloat16 product
for each new shape, which costs more than the product (measured: 2 ms for each new pair of shapes).

Shapes: T tokens, B histories of a group, L its longest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from swayline.core.types import Ints
from swayline.dataset import Sequences

_ROWS = 8
"""Groups of several rows are squared up to a multiple of this many."""
_WIDTHS = np.array([*range(1, 12), *(step << power for power in range(17) for step in (12, 14, 16, 20))])
"""The widths of groups: each at most a quarter more than the one before (12, 14, 16, 20, 24, 28, 32, 40, ...)."""


@dataclass(frozen=True)
class Group:
    """Tokens ``start:stop`` as B rows of L places."""

    start: int
    stop: int
    rows: int
    width: int
    spread: torch.Tensor
    """(B · L,) which of the group's tokens stands at each place."""
    gather: torch.Tensor
    """(stop - start,) the place of each token."""


@dataclass(frozen=True)
class Packed:
    """A batch of histories."""

    items: torch.Tensor
    """(T,) the event's item; ``n_items`` is the start of a history."""
    behaviors: torch.Tensor
    """(T,)"""
    positions: torch.Tensor
    """(T,)"""
    groups: tuple[Group, ...]
    last: torch.Tensor
    """(Q,) the token of each history's last event, in the order the histories were given."""
    targets: torch.Tensor | None = None
    """(T,) the item that came next."""


def pack(
    history: Sequences, max_length: int | Ints, from_end: bool, device: torch.device, targets: bool = False
) -> Packed:
    """Pack the last ``max_length`` events of each history (one number, or one a history) behind a start token.

    With ``targets``, the last event of each history is only predicted, never read.
    """
    read = np.minimum(history.lengths - int(targets), max_length)
    order = np.argsort(-read, kind="stable")
    lengths = read[order] + 1
    starts = np.concatenate([[0], np.cumsum(lengths)])
    row = np.repeat(np.arange(len(order)), lengths)
    place = np.arange(starts[-1]) - starts[:-1][row]
    source = (history.offsets[1:] - int(targets) - read)[order][row] + place - 1
    is_start = place == 0
    source_or_any = np.where(is_start, 0, source)
    items = np.full(len(place), history.n_items, np.int64)
    behaviors = np.full(len(place), history.n_behaviors, np.int64)
    items[~is_start] = history.items[source_or_any[~is_start]]
    behaviors[~is_start] = history.behaviors[source_or_any[~is_start]]
    positions = lengths[row] - 1 - place if from_end else place
    last = np.empty(len(order), np.int64)
    last[order] = starts[1:] - 1
    coming = torch.from_numpy(history.items[source + 1].astype(np.int64)).to(device) if targets else None
    groups = tuple(_groups(lengths, starts, device))
    tokens, acts, places, ends = (torch.from_numpy(array).to(device) for array in (items, behaviors, positions, last))
    return Packed(tokens, acts, places, groups, ends, coming)


def _groups(lengths: Ints, starts: Ints, device: torch.device) -> Iterator[Group]:
    """Rows longest first, cut where the next rung of widths holds them."""
    widths = _WIDTHS[np.searchsorted(_WIDTHS, lengths)]
    edges = np.flatnonzero(np.diff(widths, prepend=0, append=0))
    for first, end in pairwise(edges.tolist()):
        width, own, start = int(widths[first]), lengths[first:end, None], int(starts[first])
        rows = end - first if width == 1 else -(-(end - first) // _ROWS) * _ROWS
        spread = np.zeros((rows, width), np.int64)  # rows that only square the group up repeat its first token
        spread[: end - first] = starts[first:end, None] - start + np.minimum(np.arange(width)[None, :], own - 1)
        gather = np.flatnonzero((np.arange(width)[None, :] < own).reshape(-1))
        indices = (torch.from_numpy(index).to(device) for index in (spread.reshape(-1), gather))
        yield Group(start, int(starts[end]), rows, width, *indices)


def batches(lengths: Ints, max_length: int, batch_tokens: int, rng: np.random.Generator) -> Iterator[tuple[Ints, Ints]]:
    """Rows of the users of each batch and how many events are read of each: exactly ``batch_tokens`` tokens together.

    Every user with an event comes whole, once, in a fresh order. The few tokens left at the end of a batch are filled
    by the latest events of the user who comes next, who follows whole in the next batch.
    """
    users = np.flatnonzero(lengths > 0)
    if not len(users):
        return
    users = rng.permutation(users)
    tokens = np.minimum(lengths[users], max_length + 1)
    first, total = 0, np.concatenate([[0], np.cumsum(tokens)])
    size = max(batch_tokens, max_length + 1)
    while first < len(users):
        end = int(np.searchsorted(total, total[first] + size, side="right")) - 1
        part, own = users[first:end], tokens[first:end]
        rest = int(size - own.sum())
        if rest and end < len(users):
            part, own = np.append(part, users[end]), np.append(own, rest)
        yield part, own - 1
        first = end
