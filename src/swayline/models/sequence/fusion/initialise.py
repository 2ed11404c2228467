"""The learned row starts from the text; from then on it is an id like any other.

An item that training never meets keeps its text's place, moved as the others moved on average.

References
----------
Harte et al., "Leveraging Large Language Models for Sequential Recommendation" (LLM2BERT4Rec), RecSys 2023.
"""

import torch
from torch import Tensor, nn

from swayline.models.sequence.fusion.start import likeness_
from swayline.models.sequence.settings import TransformerSettings


class Initialise(nn.Module):
    """own, which begins as own + rotation · text."""

    def __init__(self, settings: TransformerSettings, n_told: int) -> None:
        super().__init__()

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Add the text's part to the rows."""
        turned = torch.empty(own.shape[1], told.shape[1])
        likeness_(turned, 1.0, generator)
        own += told @ turned.T

    def forward(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, D) as they are."""
        return own
