"""The text, projected, is added to the id.

References
----------
Hou et al., "Towards Universal Sequence Representation Learning for Recommender Systems" (UniSRec, inductive and
transductive rows added), KDD 2022.
"""

import torch
from torch import Tensor, nn

from swayline.models.sequence.fusion.start import likeness_
from swayline.models.sequence.settings import TransformerSettings


class Project(nn.Module):
    """own + W · text."""

    def __init__(self, settings: TransformerSettings, n_told: int) -> None:
        super().__init__()
        self.texts = nn.Linear(n_told, settings.width, bias=False)

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Likeness."""
        likeness_(self.texts.weight, 1.0, generator)

    def forward(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, D) of (R, D) and (R, F)."""
        return own + self.texts(told)  # type: ignore[no-any-return]
