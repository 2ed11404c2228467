"""The noisy step: who is in it, how far one person can move it, and the noise.

::

    people ─ Poisson ─ each one's summed gradient g ─ g · min(1, clip / |g|) ─ sum
                                              ─ + N(0, (multiplier · clip)²) ─ / expected people

With or without one person the sum before the noise differs by at most ``clip``: nothing that another person did enters
a person's gradient. Who is drawn and the noise come from the system's own random numbers and no seed of them is kept:
who knew it could take the noise off again.

Shapes: P parameters of any shape.

References
----------
Abadi et al., "Deep Learning with Differential Privacy", CCS 2016.
McMahan et al., "Learning Differentially Private Recurrent Language Models", ICLR 2018 (people, not examples).
"""

import secrets
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from swayline.core.types import Ints


class Secret:
    """Random numbers that nobody can repeat: of who is drawn, and of the noise."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(secrets.randbits(256))

    def poisson(self, n_people: int, rate: float) -> Ints:
        """Rows of the people of a step: each of n people by chance ``rate``, independently."""
        return np.flatnonzero(self.rng.random(n_people) < rate)

    def noise(self, like: Tensor, scale: float) -> Tensor:
        """Gaussian noise of standard deviation ``scale``, drawn in double precision."""
        drawn = self.rng.standard_normal(tuple(like.shape)) * scale
        return torch.from_numpy(drawn).to(like.dtype)


def clipped(gradient: Sequence[Tensor], clip: float) -> tuple[list[Tensor], float]:
    """A person's gradient (P tensors), shortened to at most ``clip`` in all, and its length before.

    A gradient that is no finite number counts as none: it is still within the clip.
    """
    length = float(
        torch.sqrt(sum((one.double().square().sum() for one in gradient), torch.zeros((), dtype=torch.float64)))
    )
    if not np.isfinite(length):
        return [torch.zeros_like(one) for one in gradient], length
    # A hair below 1, so that rounding to single precision never goes beyond the clip.
    factor = 1.0 if length <= clip else clip / length * (1.0 - 1e-6)
    return [one * factor for one in gradient], length


def gradient_of(loss: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """The gradient of one person's loss; zeros where a parameter takes no part."""
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    return [torch.zeros_like(one) if got is None else got for one, got in zip(parameters, found, strict=True)]
