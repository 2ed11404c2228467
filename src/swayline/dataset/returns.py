"""Whether what somebody already had may come again: one rule, for lists and for their evaluation alike.

::

    history    a b a c      one event of the three that could return did
"""

import numpy as np

from swayline.dataset.sequences import Sequences

RETURNS_MATTER = 0.05
"""From this share of events that return to an item the person already had, seen items stay in the lists."""


def returns_share(sequences: Sequences) -> float:
    """Share of events, everybody's first aside, that return to an item the same person already had.

    >>> from swayline.dataset import from_lists
    >>> returns_share(from_lists([[0, 1, 0], [1]], n_items=2))
    0.5
    """
    could = len(sequences.items) - int((sequences.lengths > 0).sum())
    pairs = sequences.users * np.int64(max(1, sequences.n_items)) + sequences.items
    return (len(pairs) - len(np.unique(pairs))) / max(1, could)


def seen_leave(sequences: Sequences) -> bool:
    """Whether seen items leave the lists: people of these histories rarely return to what they had.

    Asked of what a model learns from, never of what it is tested on.
    """
    return returns_share(sequences) < RETURNS_MATTER
