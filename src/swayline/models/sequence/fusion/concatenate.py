"""Id and text side by side: a state is what the network knows and the title last met, an answer an item's id and title.

Each is compared with its own kind, so the ids learn what titles leave open::

    logit  =  state · id of j  +  strength · cosine(Q · text of the last event, P · text of j)

Shapes: R items, T tokens, D width, F features of texts.

References
----------
Yuan et al., "Where to Go Next for Recommender Systems? ID- vs. Modality-based Recommender Models Revisited",
SIGIR 2023.
"""

import torch
from torch import Tensor, nn

from swayline.models.sequence.batches import Packed
from swayline.models.sequence.fusion.beside import direction
from swayline.models.sequence.settings import TransformerSettings


class Concatenate(nn.Module):
    """Ids as they are; texts beside them, in as many dimensions as they have features."""

    n_layers = 0
    strength: Tensor

    def __init__(self, settings: TransformerSettings, n_told: int) -> None:
        super().__init__()
        self.beside = n_told
        self.register_buffer("strength", torch.zeros(1))
        self.query, self.texts = nn.Linear(n_told, n_told, bias=False), nn.Linear(n_told, n_told, bias=False)

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Likeness."""
        for weight in (self.query.weight, self.texts.weight):
            nn.init.eye_(weight)

    def forward(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, D) as they are."""
        return own

    def answer(self, told: Tensor) -> Tensor:
        """(R, F) of length one; zero where there is no text."""
        return direction(self.texts(told))

    def state(self, x: Tensor, told: Tensor, batch: Packed) -> Tensor:
        """(T, F) as long as titles count."""
        return direction(self.query(told)) * self.strength
