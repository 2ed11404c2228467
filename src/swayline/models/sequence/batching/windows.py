"""Long histories cut into windows, so that all their events are learned from.

Shapes: U users, E events.
"""

import dataclasses

import numpy as np

from swayline.dataset import Sequences


def windows(histories: Sequences, max_length: int) -> Sequences:
    """The same events with histories longer than ``max_length`` + 1 cut, from their end, into windows of that many.

    What is left at the start of a history is a window of its own. Every event stands in one window and is predicted
    once.

    >>> from swayline.dataset import from_lists
    >>> windows(from_lists([[1, 2, 3, 4, 5, 6, 7], [8]], n_items=9), max_length=2).lengths.tolist()
    [1, 3, 3, 1]
    """
    size = max_length + 1
    lengths = histories.lengths
    parts = np.maximum(1, -(-lengths // size))
    user = np.repeat(np.arange(len(lengths)), parts)
    place = np.arange(len(user)) - np.repeat(np.cumsum(parts) - parts, parts)
    rest = lengths - (parts - 1) * size
    starts = histories.offsets[:-1][user] + np.where(place == 0, 0, rest[user] + (place - 1) * size)
    offsets = np.append(starts, histories.offsets[-1]).astype(np.int64)
    profiles = None if histories.profiles is None else histories.profiles[user]
    return dataclasses.replace(histories, offsets=offsets, profiles=profiles, asked_at=None, answered_at=None)
