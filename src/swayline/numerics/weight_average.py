"""A moving average of the weights: it forgets the noise of the last few batches, and ranks better than any of them.

References
----------
Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM J. Control Optim. 1992.
Morales-Brotons et al., "Exponential Moving Average of Weights in Deep Learning", TMLR 2024.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

_WARMUP = 10
_AT_ONCE = 1 << 24
"""Numbers that change places at a time, so that no third copy of a large table is held."""


class Average:
    """The average of a network's weights; with ``keep`` 0 it is the network itself."""

    def __init__(self, network: nn.Module, keep: float) -> None:
        self.keep = keep
        self._network = [parameter.detach() for parameter in network.parameters()]
        self._beside = [parameter.clone() for parameter in self._network] if keep else []
        self._inside = False

    def follow(self, step: int) -> None:
        """Take the weights after a step in; early on the average is short, so that the first weights are forgotten."""
        if self.keep:
            keep = min(self.keep, step / (step + _WARMUP))
            torch._foreach_lerp_(self._beside, self._network, 1.0 - keep)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network with the average for its weights, while the block runs: the two change places."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def settle(self) -> None:
        """The network with the average for its weights from now on; there is no going on."""
        if self.keep:
            torch._foreach_copy_(self._network, self._beside)

    def _swap(self) -> None:
        for pair in zip(self._network, self._beside, strict=False):
            for mine, other in zip(*(torch.split(weights.view(-1), _AT_ONCE) for weights in pair), strict=True):
                held = mine.clone()
                mine.copy_(other)
                other.copy_(held)
        self._inside = not self._inside

    @property
    def live(self) -> list[Tensor]:
        """The weights that training goes on from, inside the block and outside."""
        return self._beside if self._inside and self.keep else self._network

    @property
    def mean(self) -> list[Tensor]:
        """Their average; none with ``keep`` 0."""
        return (self._network if self._inside else self._beside) if self.keep else []
