"""HSTU: attention by SiLU instead of softmax, so that how much there was to look at counts, gated by its input.

Scores get a bias for how many places apart two events are and, in logs with times, for how much time lies between them
(powers of two of a second). With ``target_time`` it is the time between an event and what is predicted, as published:
in a test that is the target's own time, so figures with and without it are different questions.

Shapes: T tokens in N bins of W places, D width, H heads.

References
----------
Zhai et al., "Actions Speak Louder than Words: Trillion-Parameter Sequential Transducers for Generative
Recommendations", ICML 2024.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.layers.dropout import Dropout
from swayline.models.sequence.settings import TransformerSettings

_FAR = 512
_TIMES = 40
_US = 1e6


class HSTU(nn.Module):
    """x + out(norm(SiLU-attention) · u), with u, v, q, k all from norm(x)."""

    def __init__(self, settings: TransformerSettings) -> None:
        super().__init__()
        dim = settings.width
        self.n_heads, self.reads_target = settings.heads, settings.target_time
        self.norm, self.norm_drawn = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.uvqk, self.out = nn.Linear(dim, 4 * dim), nn.Linear(dim, dim)
        self.by_place = nn.Parameter(torch.zeros(_FAR, settings.heads))
        self.by_time = nn.Parameter(torch.zeros(_TIMES, settings.heads))
        self.dropout = Dropout(settings.dropout)

    def forward(self, x: Tensor, batch: Packed, only: Tensor | None = None) -> Tensor:
        """(T, D) to (T, D), or to (Q, D) of the (Q,) tokens asked for."""
        n_bins, _, width, _ = batch.visible.shape
        dim = x.shape[1]
        mixed = F.silu(self.uvqk(self.norm(x))).view(n_bins, width, 4, self.n_heads, dim // self.n_heads)
        gate, value, query, key = mixed.permute(2, 0, 3, 1, 4)  # each (N, H, W, D/H)
        scores = F.silu(query @ key.transpose(-1, -2) + self._bias(batch)) * batch.visible / width
        drawn = (scores.to(value.dtype) @ value).transpose(1, 2).reshape(-1, dim)
        through = gate.transpose(1, 2).reshape(-1, dim)
        if only is not None:
            x, drawn, through = x[only], drawn[only], through[only]
        return x + self.dropout(self.out(self.norm_drawn(drawn) * through))  # type: ignore[no-any-return]

    def _bias(self, batch: Packed) -> Tensor:
        """(N, H, W, W) by distance in places and in time; both are right within a history, the rest is masked."""
        n_bins, _, width, _ = batch.visible.shape
        place = torch.arange(width, device=batch.items.device)
        apart = (place[:, None] - place[None, :]).clamp(0, _FAR - 1)
        bias = self.by_place[apart].permute(2, 0, 1)[None]  # (1, H, W, W)
        if not batch.timed:
            return bias
        times = batch.times.view(n_bins, width)
        now = times
        if self.reads_target:
            answered = batch.answered_at.view(n_bins, width)
            now = torch.where(answered > 0, answered, times)
        elapsed = (now[:, :, None] - times[:, None, :]).clamp_min(0).double() / _US
        bucket = (elapsed + 1.0).log2().long().clamp_max(_TIMES - 1)
        return bias + self.by_time[bucket].permute(0, 3, 1, 2)
