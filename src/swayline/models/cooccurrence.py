"""How often one item comes after another, from the same people.

Shapes: E events, I items.
"""

import numpy as np
from scipy import sparse

from swayline.dataset import Sequences

REACH = 50
"""Pairs further apart than this many events of one user are not counted: that bounds the work."""


def pairs(train: Sequences, closeness: float) -> sparse.csr_array:
    """(I, I) weighted count of "i, and later j" over pairs at most 50 events apart."""
    items, ends = train.items, np.repeat(train.offsets[1:], train.lengths)
    place = np.arange(len(items))
    total = sparse.csr_array((train.n_items, train.n_items), dtype=np.float32)
    longest = int(train.lengths.max(initial=0))
    for distance in range(1, min(REACH, longest - 1) + 1):
        weight = closeness ** (distance - 1)
        if weight < 1e-3:
            break
        first = np.flatnonzero(place + distance < ends)
        data = np.full(len(first), weight, np.float32)
        total = total + sparse.csr_array((data, (items[first], items[first + distance])), shape=total.shape)
    return total
