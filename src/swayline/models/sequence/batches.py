"""Histories packed end to end, so that no layer computes padding.

Three histories of 3, 2 and 1 events become six tokens, longest first; linear layers see exactly those six. Attention
needs rows, so tokens of like-long histories form groups that are squared up with repeats of their last event::

    tokens   a0 a1 a2 | b0 b1 | c0          (T, D)
    group 0  a0 a1 a2                       (2, 3, D) for attention alone: b1 stands in for the missing place, and
             b0 b1 b1                       since attention is causal, no true token ever sees it
    group 1  c0                             (1, 1, D)

Shapes: T tokens, B histories of a group, L its longest.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from swayline.core.types import Ints
from swayline.dataset import Sequences

_SQUARE = 0.7
"""A group holds histories at least this share as long as its longest."""


@dataclass(frozen=True)
class Group:
    """Tokens ``start:stop`` as B rows of L places; the indices are None where all rows are equally long."""

    start: int
    stop: int
    rows: int
    width: int
    spread: torch.Tensor | None
    """(B · L,) which of the group's tokens stands at each place."""
    gather: torch.Tensor | None
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


def pack(history: Sequences, max_length: int, from_end: bool, device: torch.device, targets: bool = False) -> Packed:
    """Pack the last ``max_length`` events of each history behind a start token.

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
    first = 0
    while first < len(lengths):
        width = int(lengths[first])
        end = first + int(np.searchsorted(-lengths[first:], -width * _SQUARE, side="right"))
        rows, start, stop = end - first, int(starts[first]), int(starts[end])
        if lengths[end - 1] == width:
            yield Group(start, stop, rows, width, None, None)
        else:
            own = lengths[first:end, None]
            place = np.minimum(np.arange(width)[None, :], own - 1)
            spread = (starts[first:end, None] - start + place).reshape(-1)
            gather = np.flatnonzero((np.arange(width)[None, :] < own).reshape(-1))
            yield Group(
                start, stop, rows, width, torch.from_numpy(spread).to(device), torch.from_numpy(gather).to(device)
            )
        first = end


def batches(lengths: Ints, max_length: int, batch_tokens: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Rows of the users of each batch: every user with an event once, shuffled, about ``batch_tokens`` tokens each."""
    users = np.flatnonzero(lengths > 0)
    users = rng.permutation(users)
    tokens = np.cumsum(np.minimum(lengths[users], max_length + 1))
    n_batches = max(1, round(int(tokens[-1]) / batch_tokens)) if len(users) else 0
    edges = np.searchsorted(tokens, np.arange(1, n_batches) * (tokens[-1] / n_batches)) if n_batches else []
    yield from (part for part in np.split(users, edges) if len(part))
