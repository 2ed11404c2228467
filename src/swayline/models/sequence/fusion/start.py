"""Where a projection of texts starts: titles that are alike score alike before anything is learned.

Shapes: D width, F features.
"""

import torch
from torch import Tensor, nn

ROW = 0.02
"""Rows of the item table start about this long for each root of a dimension (see ``network.INITIAL_STD``)."""


def likeness_(weight: Tensor, share: float, generator: torch.Generator) -> None:
    """Turn (D, F) into a rotation times ``share`` of the length that rows of the item table start with."""
    with torch.no_grad():
        nn.init.orthogonal_(weight, gain=share * ROW * weight.shape[0] ** 0.5, generator=generator)


def main_directions_(weight: Tensor, length: float) -> None:
    """Turn (D, F) into the first D features, which are the texts' main directions, times ``length``."""
    with torch.no_grad():
        nn.init.eye_(weight)
        weight *= length
