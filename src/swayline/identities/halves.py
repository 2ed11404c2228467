"""Accounts cut in two by turns of their events: two accounts that are known to be one person's."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import USER
from swayline.core.types import Ints
from swayline.identities.platform import Platform

_LEAST = 10
"""Events an account needs, to be cut."""


def halves_of(platform: Platform) -> tuple[Platform, Platform, Ints]:
    """(first, second, (P, 2) pairs of account numbers): runs of five events go to either half by turns."""
    events = platform.events
    assert events is not None
    rows = platform.rows(events[USER].combine_chunks())
    order = np.argsort(rows, kind="stable")
    counts = np.bincount(rows, minlength=len(platform))
    place = np.empty(len(rows), np.int64)
    place[order] = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    enough = counts[rows] >= _LEAST
    turn = place // 5 % 2 == 1
    first, second = (
        Platform.of(name, events.filter(pa.array(enough & side)))
        for name, side in (("the first half", ~turn), ("the second half", turn))
    )
    both = pc.drop_null(pc.index_in(first.ids, value_set=second.ids))
    at = np.flatnonzero(np.asarray(pc.is_in(first.ids, value_set=second.ids)))
    return first, second, np.stack([at, np.asarray(both, np.int64)], axis=1)
