"""How often one item comes after another, from the same people.

Shapes: E events, I items.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from swayline.core.types import Ints
from swayline.dataset import Sequences

REACH = 50
"""Pairs further apart than this many events of one user are not counted: that bounds the work."""


def pairs(
    train: Sequences,
    distance_decay: float,
    events: Ints | None = None,
    n_events: int | None = None,
    of_event: npt.NDArray[np.float32] | None = None,
) -> sparse.csr_array:
    """(I, I) weighted count of "i, and later j" over pairs at most 50 events apart.

    Parameters
    ----------
    distance_decay : float
        A pair counts distance_decay^(events in between).
    events : (E,) int64, optional
        What the earlier event of a pair is counted as, from 0 to ``n_events`` - 1, where that is not its item.
    of_event : (E,) float32, optional
        The weight of each event; a pair counts the product of its two.
    """
    ends = np.repeat(train.offsets[1:], train.lengths)
    earlier = train.items if events is None else events
    place = np.arange(len(train.items))
    total = sparse.csr_array((n_events or train.n_items, train.n_items), dtype=np.float32)
    longest = int(train.lengths.max(initial=0))
    for distance in range(1, min(REACH, longest - 1) + 1):
        weight = distance_decay ** (distance - 1)
        if weight < 1e-3:
            break
        first = np.flatnonzero(place + distance < ends)
        data = np.full(len(first), weight, np.float32)
        if of_event is not None:
            data *= of_event[first] * of_event[first + distance]
        total = total + sparse.csr_array((data, (earlier[first], train.items[first + distance])), shape=total.shape)
    return total
