"""Each state attends to the titles of its history; what it draws from them is compared with the titles of the items.

::

    profile  =  V · text of the last event  +  attention(state → V · texts of the history)
    logit    =  state · id of j  +  strength · cosine(profile, P · text of j)

The attention asks by the state and is answered by texts alone. It starts as the mean over the history, so that before
anything is learned an item scores by its likeness to what was met.

Shapes: R items, T tokens, D width, F features of texts.

References
----------
Zhang et al., "Feature-level Deeper Self-Attention Network for Sequential Recommendation" (FDSA), IJCAI 2019.
Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
"""

import torch
from torch import Tensor, nn

from swayline.models.sequence.attention import causal_attention
from swayline.models.sequence.batches import Packed
from swayline.models.sequence.fusion.beside import direction
from swayline.models.sequence.settings import TransformerSettings


class CrossAttend(nn.Module):
    """Ids as they are; texts beside them, attended to by the states."""

    n_layers = 1
    strength: Tensor

    def __init__(self, settings: TransformerSettings, n_told: int) -> None:
        super().__init__()
        self.beside = n_told
        self.register_buffer("strength", torch.zeros(1))
        self.query, self.key = nn.Linear(settings.width, n_told), nn.Linear(n_told, n_told)
        self.value, self.texts = nn.Linear(n_told, n_told, bias=False), nn.Linear(n_told, n_told, bias=False)

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Likeness, and attention to all alike."""
        nn.init.zeros_(self.query.weight)
        for weight in (self.value.weight, self.texts.weight):
            nn.init.eye_(weight)

    def forward(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, D) as they are."""
        return own

    def answer(self, told: Tensor) -> Tensor:
        """(R, F) of length one; zero where there is no text."""
        return direction(self.texts(told))

    def state(self, x: Tensor, told: Tensor, batch: Packed) -> Tensor:
        """(T, F) as long as titles count."""
        value = self.value(told)
        drawn = causal_attention(torch.cat([self.query(x), self.key(told), value], 1), batch, 1)
        return direction(value + drawn) * self.strength
