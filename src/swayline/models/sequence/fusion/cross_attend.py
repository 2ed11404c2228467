"""Each state attends to the titles of its history and takes in what it finds; items are id and projected text.

The attention asks by the event it stands at and is answered by texts alone. It starts as the mean over the history, so
that before anything is learned an item scores by its likeness to what was met.

Shapes: T tokens, R items, D width, F features of texts.

References
----------
Zhang et al., "Feature-level Deeper Self-Attention Network for Sequential Recommendation" (FDSA), IJCAI 2019.
Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
"""

import torch
from torch import Tensor, nn

from swayline.models.sequence.attention import causal_attention
from swayline.models.sequence.batches import Packed
from swayline.models.sequence.fusion.start import likeness_
from swayline.models.sequence.settings import TransformerSettings


class CrossAttend(nn.Module):
    """own + P · text for items; x + attention(x to V · texts of the history) for states."""

    def __init__(self, settings: TransformerSettings, n_told: int) -> None:
        super().__init__()
        dim = self.width = settings.width
        self.n_heads = settings.heads
        self.texts = nn.Linear(n_told, dim, bias=False)
        self.norm, self.query, self.key = nn.LayerNorm(dim), nn.Linear(dim, dim), nn.Linear(n_told, dim)
        self.value = nn.Linear(n_told, dim, bias=False)

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Likeness, and attention to all alike."""
        likeness_(self.texts.weight, 1.0, generator)
        with torch.no_grad():
            self.query.weight.zero_()
            self.value.weight.copy_(self.texts.weight * self.width**0.5)

    def forward(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, D) of (R, D) and (R, F)."""
        return own + self.texts(told)  # type: ignore[no-any-return]

    def read(self, x: Tensor, told: Tensor, batch: Packed) -> Tensor:
        """(T, D) of (T, D) and (T, F)."""
        qkv = torch.cat([self.query(self.norm(x)), self.key(told), self.value(told)], 1)
        return x + causal_attention(qkv, batch, self.n_heads)
