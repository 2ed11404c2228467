"""How a learning rate rises and falls with the steps.

References
----------
Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017 (cosine, without restarts).
"""

import math

_LEAST = 0.02
"""Share of the rate at which the cosine ends."""


def constant(rate: float, step: int, steps: int, warmup: int) -> float:
    """The rate after ``warmup`` steps of rising to it; ``step`` counts from 1.

    >>> [constant(1.0, step, 110, 10) for step in (1, 10, 60)]
    [0.1, 1.0, 1.0]
    """
    return rate * min(1.0, step / max(1, warmup))


def cosine(rate: float, step: int, steps: int, warmup: int) -> float:
    """The rate rises for ``warmup`` steps and then falls along a cosine to a fiftieth at ``steps``.

    >>> [round(cosine(1.0, step, 110, 10), 2) for step in (1, 10, 60, 110)]
    [0.1, 1.0, 0.51, 0.02]
    """
    if step <= warmup:
        return constant(rate, step, steps, warmup)
    done = min(1.0, (step - warmup) / max(1, steps - warmup))
    return rate * (_LEAST + (1.0 - _LEAST) * 0.5 * (1.0 + math.cos(math.pi * done)))


def linear(rate: float, step: int, steps: int, warmup: int) -> float:
    """The rate falls evenly to nothing behind ``steps``, and rises beside that for the first ``warmup`` of them.

    >>> [linear(1.0, step, 100, 10) for step in (1, 11, 51)]
    [0.1, 0.9, 0.5]
    """
    return rate * min(1.0, step / max(1, warmup)) * (1 - (step - 1) / steps)


SCHEDULES = {"constant": constant, "cosine": cosine, "linear": linear}
"""Name → ``(rate, step from 1, steps, warmup) → rate``."""
