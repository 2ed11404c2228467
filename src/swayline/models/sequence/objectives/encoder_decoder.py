"""Encode the first part of a history, reading it both ways; decode the rest, event by event.

::

    token      start   a    b  |  c    d            start, a, b see each other; c and d what stands before them, too
    predicts                c     d    (asked)      where the first part ends is drawn anew each time

Encoder and decoder are one network with one set of weights: attention alone tells them apart. A question is all first
part: the whole history is read both ways. Items and behaviours of each event are read together.

References
----------
Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", JMLR 2020, §3.2
(prefix language models: an encoder-decoder with shared weights).
"""

import dataclasses

import numpy as np
import torch

from swayline.dataset import Sequences
from swayline.models.sequence.batching.layout import Layout
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.batching.slots import Slots
from swayline.models.sequence.objectives import next_item


def arrange(
    history: Sequences,
    layout: Layout,
    max_length: int,
    from_end: bool,
    device: torch.device,
    rng: np.random.Generator | None = None,
) -> Packed:
    """As :func:`next_item.arrange`, with the first part of each history seen whole by itself."""
    batch = next_item.arrange(history, layout, max_length, from_end, device, rng)
    read = np.minimum(history.lengths - int(rng is not None), max_length)
    slots = Slots.of(layout, read + 1, device)
    ends = read if rng is None else rng.integers(0, read + 1)
    first = slots.filled((slots.within <= ends[slots.row]).astype(np.int64), 0) > 0
    n_bins, width = layout.n_bins, layout.width
    whole = slots.together() & first.view(n_bins, 1, 1, width) & first.view(n_bins, 1, width, 1)
    weights = batch.weights
    if weights is not None:
        weights = weights * (slots.filled((slots.within >= ends[slots.row]).astype(np.int64), 0) > 0)
    return dataclasses.replace(batch, visible=batch.visible | whole, weights=weights)
