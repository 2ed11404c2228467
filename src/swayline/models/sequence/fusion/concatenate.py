"""Id and text side by side: texts have dimensions of their own, in the item, in every state, and in the score.

References
----------
Yuan et al., "Where to Go Next for Recommender Systems? ID- vs. Modality-based Recommender Models Revisited",
SIGIR 2023.
"""

import torch
from torch import Tensor, nn

from swayline.models.sequence.fusion.start import likeness_
from swayline.models.sequence.settings import TransformerSettings

SHARE = 1.0


class Concatenate(nn.Module):
    """[own, W · text]: as many dimensions for texts as for ids, or as there are features."""

    def __init__(self, settings: TransformerSettings, n_told: int) -> None:
        super().__init__()
        room = -(-min(settings.width, n_told) // settings.heads) * settings.heads
        self.width = settings.width + room
        self.texts = nn.Linear(n_told, room, bias=False)

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Likeness."""
        likeness_(self.texts.weight, SHARE, generator)

    def forward(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, W) of (R, D) and (R, F)."""
        return torch.cat([own, self.texts(told).to(own.dtype)], 1)
