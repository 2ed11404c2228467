"""What a model learns to fill in. One file an objective; a new one is its file and its line here.

An objective arranges histories as a batch: what each token shows, what it may look at, and in training what it has to
predict. The same function arranges the questions of :meth:`score`, so that training and use cannot drift apart.
"""

from collections.abc import Callable

import numpy as np
import torch

from swayline.dataset import Sequences
from swayline.models.sequence.batching.layout import Layout
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.objectives import encoder_decoder, masked, next_item

Arrange = Callable[[Sequences, Layout, int, bool, torch.device, np.random.Generator | None], Packed]
"""``(history, layout, max_length, positions from the end, device, rng)``: with an rng a batch to learn from."""

OBJECTIVES: dict[str, Arrange] = {
    "encoder-decoder": encoder_decoder.arrange,
    "masked": masked.arrange,
    "next-item": next_item.arrange,
}
