"""How long a person has been away when the question is asked, read into the state that answers.

Shapes: T states, D width.
"""

import torch
from torch import Tensor, nn

from swayline.models.sequence.layers.embedding_rows import rows

_BUCKETS = 36
"""Powers of two of a second, up to five centuries; 0 is not known."""


class Away(nn.Module):
    """States scaled and shifted by how long somebody has been away; as they are where that is not known."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.table = nn.Embedding(_BUCKETS, 2 * dim)

    def forward(self, states: Tensor, seconds: Tensor) -> Tensor:
        """(T, D) from (T, D) states and (T,) seconds."""
        known = seconds >= 0
        bucket = (seconds.clamp_min(0) + 1).log2().long().clamp_max(_BUCKETS - 2) + 1
        moved = rows(self.table, torch.where(known, bucket, 0)) * known[:, None]
        scale, shift = moved.chunk(2, dim=1)
        return states * (1 + scale) + shift
