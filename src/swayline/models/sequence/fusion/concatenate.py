"""Id and text side by side: a state is what the network knows and the title last met, an answer an item's id and title.

Each is compared with its own kind and learns from a loss of its own, so that neither leaves to the other what it could
say itself::

    logit  =  state · id of j  +  strength · cosine(Q · text of the last event, P · text of j)

Shapes: R items, T tokens, D width, F features of texts.

References
----------
Yuan et al., "Where to Go Next for Recommender Systems? ID- vs. Modality-based Recommender Models Revisited",
SIGIR 2023.
Wang, Tran and Feiszli, "What Makes Training Multi-Modal Classification Networks Hard?", CVPR 2020 (a loss each).
"""

import torch
from torch import Tensor, nn

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.fusion.side_by_side import Turned, direction
from swayline.models.sequence.settings import TransformerSettings


class Concatenate(nn.Module):
    """Ids as they are; texts beside them, in as many dimensions as they have features."""

    n_layers = 0

    def __init__(self, settings: TransformerSettings, n_told: int) -> None:
        super().__init__()
        self.beside = n_told
        self.query, self.texts = Turned(n_told), Turned(n_told)

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Likeness."""
        self.query.start()
        self.texts.start()

    def forward(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, D) as they are."""
        return own

    def answer(self, told: Tensor) -> Tensor:
        """(R, F) of length one; zero where there is no text."""
        return direction(self.texts(told))

    def state(self, x: Tensor, told: Tensor, batch: Packed) -> Tensor:
        """(T, F) of length one; zero where there is no text."""
        return direction(self.query(told))
