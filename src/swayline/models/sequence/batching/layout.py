"""Histories packed into bins, so that hardly any padding is computed and every batch has the same shape.

A batch is N bins of W places; a history lies whole in one bin, beside a token of its own (here a start, see
:mod:`~swayline.models.sequence.objectives`); what is left at the end of a bin is empty. Five histories of 5, 3, 2, 2
and 1 events in two bins of eight places::

    bin 0    |  a0 a1 a2 a3 a4 |  e0        | is the start token, · an empty place
    bin 1    |  b0 b1 b2 |  c0 c1 ·

Layers that treat each token alone see (N · W, D); attention sees (N, W, D) and keeps each token to the earlier tokens
of its own history. The shape never changes, because a CPU compiles a bfloat16 product for each new one, which takes
longer than the product (measured: 2 ms for each new pair of shapes).

Shapes: N bins, W places a bin, T = N · W tokens, Q histories.

References
----------
Krell et al., "Efficient Sequence Packing without Cross-contamination", 2021 (packing longest first, best fit).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from swayline.core.types import Ints

EMPTY = -1
_PLACES = 8
"""Bins are a multiple of this wide."""


@dataclass(frozen=True)
class Layout:
    """Where each of Q histories lies."""

    starts: Ints
    """(Q,) the token each history starts at."""
    n_bins: int
    width: int


def bin_width(max_length: int) -> int:
    """Places a bin: room for the longest history and its start.

    >>> bin_width(50)
    56
    """
    return -(-(max_length + 1) // _PLACES) * _PLACES


def place(tokens: Ints, width: int, n_bins: int | None = None) -> tuple[Layout, Ints]:
    """Lay histories of ``tokens`` (Q,) tokens into bins, longest first, each into the fullest bin that has room.

    Returns
    -------
    layout : Layout
        With ``n_bins``, the start of a history that found no room is -1.
    left : (L,) int64
        The histories that found no room.

    >>> place(np.array([3, 6, 4]), width=8)[0].starts.tolist()
    [12, 0, 8]
    """
    starts = np.full(len(tokens), EMPTY, np.int64)
    open_bins: list[list[int]] = [[] for _ in range(width + 1)]  # by the places they have left
    used = 0
    for row in np.argsort(-tokens, kind="stable").tolist():
        size = int(tokens[row])
        room = next((room for room in range(size, width) if open_bins[room]), width)
        if room < width:
            found = open_bins[room].pop()
        elif n_bins is None or used < n_bins:
            found, used = used, used + 1
        else:
            continue
        starts[row] = found * width + width - room
        open_bins[room - size].append(found)
    return Layout(starts, used if n_bins is None else n_bins, width), np.flatnonzero(starts == EMPTY)


def batches(
    lengths: Ints, max_length: int, batch_tokens: int, rng: np.random.Generator
) -> Iterator[tuple[Ints, Layout]]:
    """Users of each batch and where they lie: every user with an event once an epoch, in a fresh order.

    All batches have the same number of bins, about ``batch_tokens`` places; who finds no room comes in the next one.
    """
    width = bin_width(max_length)
    n_bins = max(1, round(batch_tokens / width))
    waiting = rng.permutation(np.flatnonzero(lengths > 0))
    while len(waiting):
        tokens = np.minimum(lengths[waiting], max_length + 1)
        n = max(1, int(np.searchsorted(np.cumsum(tokens), n_bins * width, side="right")))
        layout, left = place(tokens[:n], width, n_bins)
        taken = layout.starts != EMPTY
        yield waiting[:n][taken], Layout(layout.starts[taken], n_bins, width)
        waiting = np.concatenate([waiting[:n][left], waiting[n:]])
