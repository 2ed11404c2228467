"""Each state attends to the titles of its history; what it draws from them is compared with the titles of the items.

::

    profile  =  V · text of the last event  +  attention(state → V · texts of the history)
    logit    =  state · id of j  +  strength · cosine(profile, P · text of j)

The attention asks by the state and is answered by texts alone; texts and ids each learn from a loss of their own. It
starts as the mean over the history in which each older event counts less, so that before anything is learned an item
scores by its likeness to what was met.

Shapes: R items, T tokens, D width, F features of texts.

References
----------
Zhang et al., "Feature-level Deeper Self-Attention Network for Sequential Recommendation" (FDSA), IJCAI 2019.
Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
"""

import math

import torch
from torch import Tensor, nn

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.fusion.side_by_side import Turned, direction
from swayline.models.sequence.layers.attention import causal_attention
from swayline.models.sequence.settings import TransformerSettings

_DECAY = 0.85
"""How much less each older event counts at first."""


class CrossAttend(nn.Module):
    """Ids as they are; texts beside them, attended to by the states."""

    n_layers = 1

    def __init__(self, settings: TransformerSettings, n_told: int) -> None:
        super().__init__()
        self.beside = n_told
        self.query, self.key = nn.Linear(settings.width, n_told), nn.Linear(n_told, n_told)
        self.value, self.texts = Turned(n_told), Turned(n_told)
        older = 1.0 if settings.positions == "end" else -1.0  # from there places are counted backwards
        self.recency = older * math.log(_DECAY) * n_told**0.25
        self.asked = n_told**0.25

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Likeness, and attention by recency alone."""
        nn.init.zeros_(self.query.weight)
        self.value.start()
        self.texts.start()

    def forward(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, D) as they are."""
        return own

    def answer(self, told: Tensor) -> Tensor:
        """(R, F) of length one; zero where there is no text."""
        return direction(self.texts(told))

    def state(self, x: Tensor, told: Tensor, batch: Packed) -> Tensor:
        """(T, F) of length one; zero where no event before has a text."""
        query, key, value = self.query(x), self.key(told), self.value(told)
        query = torch.cat([query[:, 1:], torch.full_like(query[:, :1], self.asked)], 1)
        key = torch.cat([key[:, 1:], (self.recency * batch.positions[:, None]).to(key.dtype)], 1)
        drawn = causal_attention(torch.cat([query, key, value.to(query.dtype)], 1), batch, 1)
        return direction(value + drawn)
