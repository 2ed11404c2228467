"""What is told of items, kept beside the item table, and the fusion that joins the two.

Shapes: I items, R of them asked for, T tokens, D width, C dimensions beside it, F features of texts, P pairs.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.fusion.strength import strength

_LOG_SCALE = 2.3
"""Cosines are told apart by a softmax when they are about ten times as long."""


class Fusion(Protocol):
    """What is asked of a fusion, which is a module."""

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Draw the first weights; ``own`` (I, D), the rows of all items, may be changed in place."""

    def __call__(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, D) of (R, D) and (R, F): what the network reads of an event and multiplies a state with."""


@runtime_checkable
class SeparateTexts(Protocol):
    """A fusion that compares texts in dimensions of their own, beside those of the ids."""

    beside: int
    """C."""
    n_layers: int
    """Layers of attention it has."""

    def answer(self, told: Tensor) -> Tensor:
        """(R, C) of (R, F), of length one."""

    def state(self, x: Tensor, told: Tensor, batch: Packed) -> Tensor:
        """(T, C) of the (T, D) states and the (T, F) texts of each token's item, of length one."""


@dataclass(frozen=True)
class Texts:
    """What is told of items."""

    features: Tensor
    """(I, F) of length one; zero where there is no text."""
    pairs: Tensor
    """(P, 2) items that people took one after the other."""


class TextFusion(nn.Module):
    """The features of all items' texts and their fusion.

    Texts beside ids learn apart from these, at a scale of their own; ``strength`` says how much they count beside them.
    """

    features: Tensor
    strength: Tensor
    """(1,) as measured before training (see :mod:`~swayline.models.sequence.fusion.strength`)."""
    share: Tensor
    """(1,) of the strength that validation leaves."""

    def __init__(self, how: Fusion, n_items: int, n_features: int) -> None:
        super().__init__()
        self.how = how
        self.register_buffer("features", torch.zeros(n_items + 1, n_features))  # the last row: where no item is
        self.beside, self.n_layers = (how.beside, how.n_layers) if isinstance(how, SeparateTexts) else (0, 0)
        if self.beside:
            self.register_buffer("strength", torch.zeros(1))
            self.register_buffer("share", torch.ones(1))
            self.log_scale = nn.Parameter(torch.zeros(1))

    def start(self, own: Tensor, texts: Texts, generator: torch.Generator) -> None:
        """Take in the texts; the (I, D) rows of all items may be changed in place."""
        with torch.no_grad():
            self.features[:-1] = texts.features
            self.how.start(own, texts.features, generator)
            if self.beside:
                self.strength.fill_(strength(texts.features, texts.pairs, generator))
                self.share.fill_(1.0)
                self.log_scale.fill_(_LOG_SCALE)

    def forward(self, own: Tensor, items: Tensor | None) -> Tensor:
        """(R, D) of the (R, D) rows of items, or of all."""
        return self.how(own, self._of(items))

    def answers(self, answers: Tensor, items: Tensor | None) -> Tensor:
        """(R, D + C) of the (R, D) answers of items, or of all."""
        if not isinstance(self.how, SeparateTexts):
            return answers
        told = self.how.answer(self._of(items)) * self.share
        return torch.cat([answers, told.to(answers.dtype)], 1)

    def states(self, x: Tensor, batch: Packed, only: Tensor | None = None) -> Tensor:
        """(T, D + C) of the (T, D) states of all tokens, or of the tokens ``only`` (Q,) where there is no attention."""
        if not isinstance(self.how, SeparateTexts):
            return x
        told = self.features[batch.items if only is None else batch.items[only]]
        drawn = self.how.state(x.detach(), told, batch) * self.strength
        return torch.cat([x, drawn.to(x.dtype)], 1)

    def sharpened(self, states: Tensor) -> Tensor:
        """(T, C) of the (T, C) states beside the ids: as long as suits their own loss."""
        return states * (self.log_scale.exp() / self.strength)

    def _of(self, items: Tensor | None) -> Tensor:
        return self.features[:-1] if items is None else self.features[items]
