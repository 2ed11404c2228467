"""What is told of items, kept beside the item table, and the fusion that joins the two.

Shapes: I items, R of them asked for, T tokens, D width, C dimensions beside it, F features of texts, P pairs.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from swayline.models.sequence.batches import Packed
from swayline.models.sequence.fusion.strength import strength


class Fusion(Protocol):
    """What is asked of a fusion, which is a module."""

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Draw the first weights; ``own`` (I, D), the rows of all items, may be changed in place."""

    def __call__(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, D) of (R, D) and (R, F): what the network reads of an event and multiplies a state with."""


@runtime_checkable
class Beside(Protocol):
    """A fusion that compares texts in dimensions of their own, beside those of the ids."""

    beside: int
    """C."""
    n_layers: int
    """Layers of attention it has."""
    strength: Tensor
    """(1,) how much the texts' likeness counts."""

    def answer(self, told: Tensor) -> Tensor:
        """(R, C) of (R, F)."""

    def state(self, x: Tensor, told: Tensor, batch: Packed) -> Tensor:
        """(T, C) of the (T, D) states and the (T, F) texts of each token's item."""


@dataclass(frozen=True)
class Texts:
    """What is told of items."""

    features: Tensor
    """(I, F) of length one; zero where there is no text."""
    pairs: Tensor
    """(P, 2) items that people took one after the other."""


class Told(nn.Module):
    """The features of all items' texts and their fusion."""

    features: Tensor

    def __init__(self, how: Fusion, n_items: int, n_features: int) -> None:
        super().__init__()
        self.how = how
        self.register_buffer("features", torch.zeros(n_items + 1, n_features))  # the last row: where no item is
        self.beside, self.n_layers = (how.beside, how.n_layers) if isinstance(how, Beside) else (0, 0)

    def start(self, own: Tensor, texts: Texts, generator: torch.Generator) -> None:
        """Take in the texts; the (I, D) rows of all items may be changed in place."""
        with torch.no_grad():
            self.features[:-1] = texts.features
            self.how.start(own, texts.features, generator)
            if isinstance(self.how, Beside):
                self.how.strength.fill_(strength(texts.features, texts.pairs, generator))

    def forward(self, own: Tensor, items: Tensor | None) -> Tensor:
        """(R, D) of the (R, D) rows of items, or of all."""
        return self.how(own, self._of(items))

    def answers(self, answers: Tensor, items: Tensor | None) -> Tensor:
        """(R, D + C) of the (R, D) answers of items, or of all."""
        if not isinstance(self.how, Beside):
            return answers
        return torch.cat([answers, self.how.answer(self._of(items)).to(answers.dtype)], 1)

    def states(self, x: Tensor, batch: Packed, only: Tensor | None = None) -> Tensor:
        """(T, D + C) of the (T, D) states of all tokens, or of the tokens ``only`` (Q,) where there is no attention."""
        if not isinstance(self.how, Beside):
            return x
        told = self.features[batch.items if only is None else batch.items[only]]
        return torch.cat([x, self.how.state(x, told, batch).to(x.dtype)], 1)

    def _of(self, items: Tensor | None) -> Tensor:
        return self.features[:-1] if items is None else self.features[items]
