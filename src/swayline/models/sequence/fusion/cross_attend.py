"""Each state attends to the titles of its history; texts have dimensions of their own beside the ids'.

The attention asks by the state and answers by texts alone. It starts as the mean over the history, so that before
anything is learned an item scores by its likeness to what was met.

Shapes: T tokens, D width of the ids, F features, W width of ids and texts together.

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

SHARE = 1.0


class CrossAttend(nn.Module):
    """own + W · text for items; x + attention(x to the history's texts) for states."""

    def __init__(self, settings: TransformerSettings, n_told: int) -> None:
        super().__init__()
        room = -(-min(settings.width, n_told) // settings.heads) * settings.heads
        dim = self.width = settings.width + room
        self.n_heads = settings.heads
        self.texts = nn.Linear(n_told, room, bias=False)
        self.norm, self.query, self.key = nn.LayerNorm(dim), nn.Linear(dim, dim), nn.Linear(n_told, dim)
        self.value = nn.Linear(n_told, dim, bias=False)

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Likeness, and attention to all alike."""
        likeness_(self.texts.weight, SHARE, generator)
        nn.init.zeros_(self.query.weight)
        with torch.no_grad():
            self.value.weight.zero_()
            self.value.weight[-len(self.texts.weight) :] = self.texts.weight * self.width**0.5

    def forward(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, W) of (R, D) and (R, F)."""
        return torch.cat([own, self.texts(told).to(own.dtype)], 1)

    def read(self, x: Tensor, told: Tensor, batch: Packed) -> Tensor:
        """(T, W) of (T, W) and (T, F)."""
        qkv = torch.cat([self.query(self.norm(x)), self.key(told), self.value(told)], 1)
        return x + causal_attention(qkv, batch, self.n_heads)
