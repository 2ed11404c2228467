"""When the question is asked: what somebody does next depends on how long they have been away.

Within a visit the next event follows the last one; after a night it follows habits. Who makes a list knows when, so
that is read: how long ago the last event was moves the state that answers and what counts for a return. It is the time
of the request, which comes before the answer::

    event             asked at                           next event
      |---- away -------|-----------------------------------|        nothing of the target's own time is read

In training a moment is drawn for every second event between it and the next one, evenly in the logarithm of the
seconds away; for the other training questions, and for questions without ``asked_at``, the request time is unknown.

Shapes: S tokens.
"""

import numpy as np
import torch
from torch import Tensor

from swayline.core.types import Ints

_KNOWN = 0.5
"""Share of the events that are asked at a moment somebody knows."""
_US = 1_000_000
NOT_KNOWN = -1.0


def draw_moments(times: Ints, following: Ints, rng: np.random.Generator) -> Ints:
    """(S,) a moment between each event and the next one (UTC microseconds), 0 where nobody knows.

    >>> drawn = draw_moments(np.full(9, 10**6), np.full(9, 9 * 10**6), np.random.default_rng(0))
    >>> bool(((drawn == 0) | ((drawn >= 10**6) & (drawn <= 9 * 10**6))).all())
    True
    """
    gap = np.maximum(following - times, 0) / _US
    away = np.expm1(np.log1p(gap) * rng.random(len(times)))
    known = rng.random(len(times)) < _KNOWN
    return np.where(known, times + (away * _US).astype(np.int64), 0)


def seconds_away(asked_at: Tensor, times: Tensor) -> Tensor:
    """Seconds between events and when the question is asked, of equal shapes; -1 where one of them is not known."""
    away = (asked_at - times).clamp_min(0).double() / _US
    return torch.where((asked_at > 0) & (times > 0), away, NOT_KNOWN)
