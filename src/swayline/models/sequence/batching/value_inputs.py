"""What is read of an event's value (stars, seconds, prices), scaled: the value and the person's usual one beside it.

A person's usual value at an event is the mean of those up to it, shrunk to 0 by :data:`ADDED` events::

    value        1.2   -     .3
    usual        .2    .2    .21          (ADDED = 5)
    read         value, value - usual, usual, known      zeros where an event has no value

Shapes: S tokens in use.
"""

import numpy as np
import numpy.typing as npt

from swayline.core.types import Floats, Ints

ADDED = 5.0
"""Events of the log's mean value that every person, and every item's bias, is given."""
N_READ, USUAL = 4, 2
"""Columns read, and which of them is the usual value."""


def features(values: Floats, row: Ints) -> npt.NDArray[np.float32]:
    """(S, 4) value, value - usual, usual, known of (S,) scaled values (NaN: none) in histories ``row`` (S,).

    >>> features(np.array([1.2, np.nan]), np.array([0, 0])).round(2).tolist()
    [[1.2000000476837158, 1.0, 0.20000000298023224, 1.0], [0.0, 0.0, 0.20000000298023224, 0.0]]
    """
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    first = np.flatnonzero(np.diff(row, prepend=-1))
    place = np.cumsum(np.diff(row, prepend=-1) != 0) - 1
    total, count = np.cumsum(filled), np.cumsum(known)
    total = total - (total[first] - filled[first])[place] if len(row) else total
    count = count - (count[first] - known[first])[place] if len(row) else count
    usual = total / (count + ADDED)
    return np.stack([filled, np.where(known, filled - usual, 0.0), usual, known], axis=1).astype(np.float32)
