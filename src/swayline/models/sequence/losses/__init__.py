"""One file a loss; a new one is its file and its line here.

A loss maps what a batch knows to its weighted mean: states (T, D), the rows of the targets (T, D), the rows of the
candidates (K, D), how much each stands for, where each target is among them, and the weights of positions (T,).
"""

from collections.abc import Callable

from torch import Tensor

from swayline.models.sequence.losses.bpr import bpr
from swayline.models.sequence.losses.gbce import gbce
from swayline.models.sequence.losses.softmax import candidate_softmax

LOSSES: dict[str, Callable[..., Tensor]] = {
    "bpr": bpr, "full-softmax": candidate_softmax, "gbce": gbce, "sampled-softmax": candidate_softmax,
}  # fmt: skip
