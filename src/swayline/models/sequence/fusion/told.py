"""What is told of items, kept beside the item table, and the fusion that joins the two.

Shapes: I items, R of them asked for, T tokens, D width of learned rows, F features of texts, W width of the network.
"""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from swayline.models.sequence.batches import Packed


class Fusion(Protocol):
    """What is asked of a fusion, which is a module."""

    width: int
    """W."""

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Draw the first weights; ``own`` (I, D), the rows of all items, may be changed in place."""

    def __call__(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, W) of (R, D) and (R, F)."""


@runtime_checkable
class Reads(Protocol):
    """A fusion that looks at the texts of the history besides, by one layer of attention."""

    def read(self, x: Tensor, told: Tensor, batch: Packed) -> Tensor:
        """(T, W) of (T, W) and the (T, F) texts of each token's item."""


class Told(nn.Module):
    """The features of all items' texts and their fusion."""

    features: Tensor

    def __init__(self, how: Fusion, n_items: int, n_features: int) -> None:
        super().__init__()
        self.how = how
        self.register_buffer("features", torch.zeros(n_items + 1, n_features))  # the last row: where no item is

    @property
    def n_layers(self) -> int:
        """Layers of attention."""
        return int(isinstance(self.how, Reads))

    def start(self, own: Tensor, features: Tensor, generator: torch.Generator) -> None:
        """Take in the (I, F) features; the (I, D) rows of all items may be changed in place."""
        with torch.no_grad():
            self.features[:-1] = features
            self.how.start(own, self.features[:-1], generator)

    def forward(self, own: Tensor, items: Tensor | None) -> Tensor:
        """(R, W) of the (R, D) rows of items, or of all."""
        return self.how(own, self.features[:-1] if items is None else self.features[items])

    def read(self, x: Tensor, batch: Packed) -> Tensor:
        """(T, W) states with what the history's texts say."""
        return self.how.read(x, self.features[batch.items], batch) if isinstance(self.how, Reads) else x
