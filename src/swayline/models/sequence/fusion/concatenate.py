"""Id and text side by side: texts have dimensions of their own, in the item, in every state, and in the score.

Shapes: R items, D width of the ids, F features of texts, W width of both.

References
----------
Yuan et al., "Where to Go Next for Recommender Systems? ID- vs. Modality-based Recommender Models Revisited",
SIGIR 2023.
"""

import torch
from torch import Tensor, nn

from swayline.models.sequence.fusion.start import ROW, main_directions_
from swayline.models.sequence.settings import TransformerSettings


class Concatenate(nn.Module):
    """[own, P · text]: texts have half as many dimensions as ids, and start as their main directions."""

    def __init__(self, settings: TransformerSettings, n_told: int) -> None:
        super().__init__()
        room = -(-settings.width // (2 * settings.heads)) * settings.heads
        self.length = ROW * settings.width**0.5
        self.width = settings.width + room
        self.texts = nn.Linear(n_told, room, bias=False)

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Likeness, the text as long as the id."""
        main_directions_(self.texts.weight, self.length)

    def forward(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, W) of (R, D) and (R, F)."""
        return torch.cat([own, self.texts(told).to(own.dtype)], 1)
