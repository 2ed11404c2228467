"""What fusions that compare titles with titles, beside the ids, have in common: directions that are learned slowly.

Shapes: R rows, F features of texts.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_LEAST = 1e-4
_SLOWLY = 0.1
_DROPPED = 0.2


class Turned(nn.Module):
    """text + .1 · A · text with A = 0 at first.

    Likeness is worth more than what a few hundred steps can teach a whole matrix; at the ids' learning rate it would be
    forgotten within one epoch.
    """

    def __init__(self, n_told: int) -> None:
        super().__init__()
        self.change = nn.Linear(n_told, n_told, bias=False)

    def start(self) -> None:
        """Likeness."""
        nn.init.zeros_(self.change.weight)

    def forward(self, told: Tensor) -> Tensor:
        """(R, F) of (R, F)."""
        told = F.dropout(told, _DROPPED, self.training)
        return torch.add(told, self.change(told), alpha=_SLOWLY)


def direction(texts: Tensor) -> Tensor:
    """(R, F) float32 of length one; zero where there is no text."""
    return F.normalize(texts.float(), dim=1, eps=_LEAST)
