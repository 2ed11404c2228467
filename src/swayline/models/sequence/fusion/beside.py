"""What fusions that compare titles with titles, beside the ids, have in common: directions.

Shapes: R rows, F features of texts.
"""

from torch import Tensor
from torch.nn import functional as F

_LEAST = 1e-4


def direction(texts: Tensor) -> Tensor:
    """(R, F) float32 of length one; zero where there is no text."""
    return F.normalize(texts.float(), dim=1, eps=_LEAST)
