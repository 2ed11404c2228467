"""What an event shows besides its item: its place, its behaviour, how long after the one before it came, and when.

Times read are those of the events, never the target's. The lag is told by powers of two of a second, the hour and the
weekday by UTC.

Shapes: T tokens, D width.

References
----------
Li, Wang and McAuley, "Time Interval Aware Self-Attention for Sequential Recommendation", WSDM 2020 (lags as input).
"""

import torch
from torch import Tensor, nn

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.layers.embedding_rows import rows
from swayline.models.sequence.settings import TransformerSettings
from swayline.models.sequence.sizes import Sizes

_LAGS = 42
_US = 1_000_000
_HOUR, _DAY = 3600 * _US, 24 * 3600 * _US


class Inputs(nn.Module):
    """The sum of what is known of each event, its item aside."""

    def __init__(self, settings: TransformerSettings, sizes: Sizes) -> None:
        super().__init__()
        dim, timed = settings.width, settings.times and sizes.timed
        self.positions = nn.Embedding(sizes.max_length + 1, dim) if settings.positions != "none" else None
        self.behaviors = (
            nn.Embedding(sizes.n_behaviors + 1, dim) if settings.behaviors and sizes.n_behaviors > 1 else None
        )
        self.lags = nn.Embedding(_LAGS, dim) if timed else None
        self.hours = nn.Embedding(25, dim) if timed else None
        self.profiles = nn.Embedding(sizes.n_profile_values, dim) if sizes.n_profile_values else None
        self.weekdays = nn.Embedding(8, dim) if timed else None

    def forward(self, x: Tensor, batch: Packed) -> Tensor:
        """(T, D) ``x`` and what is known besides."""
        if self.positions is not None:
            x = x + rows(self.positions, batch.positions)
        if self.behaviors is not None:
            x = x + rows(self.behaviors, batch.behaviors)
        if self.profiles is not None and batch.profiles is not None:
            known = batch.profiles.clamp_max(self.profiles.num_embeddings - 1)
            x = x + rows(self.profiles, known.reshape(-1)).view(*known.shape, -1).sum(1)
        if self.lags is not None and self.hours is not None and self.weekdays is not None:
            known = batch.times > 0
            x = x + rows(self.lags, lag_buckets(batch))
            x = x + rows(self.hours, torch.where(known, batch.times // _HOUR % 24 + 1, 0))
            x = x + rows(self.weekdays, torch.where(known, batch.times // _DAY % 7 + 1, 0))
        return x


def lag_buckets(batch: Packed) -> Tensor:
    """(T,) 0 where no lag is known, else 1 + the whole part of log2(1 + seconds since the event before)."""
    seconds = ((batch.times - batch.before).clamp_min(0) // _US + 1).double()
    buckets = seconds.log2().long().clamp_max(_LAGS - 2) + 1
    return torch.where((batch.times > 0) & (batch.before > 0), buckets, 0)
