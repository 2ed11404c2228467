"""Where a projection of texts starts: a rotation, so that titles that are alike score alike before anything is learned.

Shapes: D width, F features.
"""

import torch
from torch import Tensor, nn

_ROW = 0.02
"""Rows of the item table start about this long for each root of a dimension (see ``network.INITIAL_STD``)."""


def likeness_(weight: Tensor, share: float, generator: torch.Generator) -> None:
    """Turn (D, F) into a rotation times ``share`` of the length that rows of the item table start with."""
    with torch.no_grad():
        nn.init.orthogonal_(weight, gain=share * _ROW * weight.shape[0] ** 0.5, generator=generator)
