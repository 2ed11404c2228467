"""How the learning rate rises and falls.

References
----------
Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017 (cosine, without restarts).
"""

import math

from swayline.models.sequence.settings import TransformerSettings

_LEAST = 0.02


def learning_rate(settings: TransformerSettings, step: int, steps: int) -> float:
    """The rate at ``step`` (from 1) of at most ``steps``.

    >>> chosen = TransformerSettings(learning_rate=1.0, warmup_steps=10, schedule="cosine")
    >>> [round(learning_rate(chosen, step, 110), 2) for step in (1, 10, 60, 110)]
    [0.1, 1.0, 0.51, 0.02]
    """
    warm = min(1.0, step / max(1, settings.warmup_steps))
    if settings.schedule == "constant" or step <= settings.warmup_steps:
        return settings.learning_rate * warm
    done = min(1.0, (step - settings.warmup_steps) / max(1, steps - settings.warmup_steps))
    return settings.learning_rate * (_LEAST + (1.0 - _LEAST) * 0.5 * (1.0 + math.cos(math.pi * done)))
