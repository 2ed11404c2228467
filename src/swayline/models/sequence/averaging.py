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


class Average:
    """The average of a network's weights; with ``keep`` 0 it is the network itself."""

    def __init__(self, network: nn.Module, keep: float) -> None:
        self.keep = keep
        self.live = [parameter.detach() for parameter in network.parameters()]
        self.mean = [parameter.clone() for parameter in self.live] if keep else []
        self.held: list[Tensor] = []

    def follow(self, step: int) -> None:
        """Take the weights after a step in; early on the average is short, so that the first weights are forgotten."""
        if self.keep:
            keep = min(self.keep, step / (step + _WARMUP))
            torch._foreach_lerp_(self.mean, self.live, 1.0 - keep)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network with the average for its weights, while the block runs."""
        if not self.keep:
            yield
            return
        self.held = [parameter.clone() for parameter in self.live]
        torch._foreach_copy_(self.live, self.mean)
        try:
            yield
        finally:
            torch._foreach_copy_(self.live, self.held)
            self.held = []

    def live_weights(self) -> list[Tensor]:
        """The weights that training goes on from, inside the block and outside."""
        return self.held or self.live
