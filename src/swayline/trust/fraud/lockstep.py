"""Groups whose members meet the same items at the same time, again and again: click farms and scripts.

::

    Δ            the clock's step, and up to an hour where the log is long (span / 500)
    usual(j)     share of the pairs of people who met item j that did so within Δ of each other, without the busiest Δ
                 where that holds less than 60% of them
    c(u, v)      items that both met within Δ
    in step      c(u, v) >= 4, most of what both have in common, with a chance of less than 1e-5 that so many usual(j)
                 fall together
    group        people each of whom is in step with at least seven others of the group

An item that everybody meets at once (a broadcast, a sale, a bulk import) has usual(j) near 1 and says nothing. Events
that cannot have happened when they say (three of one person in the same second, a moment that holds a fiftieth of the
log) have no time here. Fewer than eight may be a household or friends, and are no
group here.

References
----------
Beutel et al., "CopyCatch: Stopping Group Attacks by Spotting Lockstep Behavior in Social Networks", WWW 2013.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats
from scipy.sparse.csgraph import connected_components

from swayline.core.types import Bools, Ints
from swayline.trust.acts import Acts, Floats
from swayline.trust.fraud.overlap import overlap

LEAST_GROUP = 8
_LEAST_TOGETHER = 4
_MOST_CHANCE = 1e-5
_BROADCAST = 0.6
"""From this share of an item's events on, the busiest window is the item's own doing and not a group's."""
_MOST_OF_COMMON = 0.6
_BULK_SHARE = 0.02
_HOUR_US, _SECOND_US = 3_600_000_000, 1_000_000


@dataclass(frozen=True)
class Lockstep:
    """Who acts in step with others.

    Parameters
    ----------
    group : (U,) int64
        Number of the group, -1 of nobody's.
    size : (U,) int64
        Members of the group, 0 without one.
    together : (U,) int64
        Items met in step with the member closest to them.
    window_s : float
        Seconds within which two acts count as together; 0 where nothing could be asked.
    bulk : (U,) bool
        People most of whose events cannot have happened when they say.
    why_not : str
        Why the log could not be asked; empty where it could.
    """

    group: Ints
    size: Ints
    together: Ints
    window_s: float
    bulk: Bools
    why_not: str = ""


def find_lockstep(acts: Acts) -> Lockstep:
    """Look for groups in lockstep."""
    n = len(acts.users)
    nobody = np.full(n, -1, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    if acts.time is None:
        return Lockstep(*nobody, 0.0, np.zeros(n, bool), "The log has no times, so nobody can be seen acting in step.")
    bulk = bulk_events(acts)
    timed = ~bulk & (acts.time >= 0)
    share = np.bincount(acts.user, bulk, minlength=n) / np.maximum(np.bincount(acts.user, minlength=n), 1)
    if timed.sum() < 2:
        why = "Nearly all times are those of imports, so nobody can be seen acting in step."
        return Lockstep(*nobody, 0.0, share > 0.5, why)
    user, item, time = acts.user[timed], acts.item[timed], acts.time[timed]
    window = _window_us(acts, time)
    left, right, count = _pairs_in_step(user, item, time, window, n, len(acts.items))
    kept = _not_by_chance(acts, user, item, time, window, left, right, count)
    group, size = groups_in_step(left[kept], right[kept], n)
    together = np.zeros(n, np.int64)
    np.maximum.at(together, left[kept], count[kept])
    return Lockstep(group, size, together, window / 1e6, share > 0.5)


def bulk_events(acts: Acts) -> Bools:
    """(E,) events that cannot have happened when they say: what imports and batches write.

    Three of one person in the same second, where the clock knows seconds; a moment that holds a fiftieth of the log.
    """
    assert acts.time is not None
    stamps, at, counts = np.unique(acts.time, return_inverse=True, return_counts=True)
    crowded = (counts > max(50, _BULK_SHARE * len(acts)))[at]
    if acts.grain_us > _SECOND_US:
        coarse: Bools = crowded & (len(stamps) > 1)
        return coarse
    own = acts.user * np.int64(len(stamps)) + at
    _, place, of_one = np.unique(own, return_inverse=True, return_counts=True)
    found: Bools = crowded | (of_one[place] >= 3)
    return found


def _window_us(acts: Acts, time: Ints) -> int:
    span = int(time.max() - time.min())
    return max(acts.grain_us, min(_HOUR_US, span // 500))


def _pairs_in_step(
    user: Ints, item: Ints, time: Ints, window: int, n_users: int, n_items: int
) -> tuple[Ints, Ints, Ints]:
    """Pairs of people, both ways, and how many items they met in the same window (of two staggered rows of windows)."""
    best: sparse.csr_array | None = None
    for shift in (0, window // 2):
        slot = (time + shift) // window
        _, cell = np.unique(item * (slot.max() - slot.min() + 1) + (slot - slot.min()), return_inverse=True)
        met = sparse.csr_array((np.ones(len(user)), (user, cell)), shape=(n_users, int(cell.max()) + 1))
        met.sum_duplicates()
        met.data[:] = 1.0
        shared = overlap(met).matrix
        best = shared if best is None else best.maximum(shared)
    assert best is not None
    best.data[best.data < _LEAST_TOGETHER] = 0.0
    best.eliminate_zeros()
    found = best.tocoo()
    return found.row.astype(np.int64), found.col.astype(np.int64), found.data.astype(np.int64)


def _not_by_chance(
    acts: Acts, user: Ints, item: Ints, time: Ints, window: int, left: Ints, right: Ints, count: Ints
) -> Bools:
    """(N,) pairs that are in step on most of what they share, where others who share it are not."""
    if not len(left):
        return np.zeros(0, bool)
    usual = _usual(user, item, time, window, len(acts.items))
    common = acts.matrix[left].multiply(acts.matrix[right]).tocsr()
    n_common = np.diff(common.indptr)
    row = np.repeat(np.arange(len(left)), n_common)
    expected = np.bincount(row, usual[common.indices], minlength=len(left))
    chance = stats.poisson.sf(count - 1, np.maximum(expected, 1e-9))
    kept: Bools = (chance < _MOST_CHANCE) & (count >= _MOST_OF_COMMON * n_common)
    return kept


def _usual(user: Ints, item: Ints, time: Ints, window: int, n_items: int) -> Floats:
    """(I,) share of an item's pairs of events that fall into one window; items of few events lean to everybody's."""
    slot = time // window
    _, cell, size = np.unique(
        item * (slot.max() - slot.min() + 1) + (slot - slot.min()), return_index=True, return_counts=True
    )
    of_item = item[cell]
    n = np.bincount(item, minlength=n_items).astype(np.float64)
    busiest = np.zeros(n_items)
    np.maximum.at(busiest, of_item, size)
    left_out = np.where(busiest < _BROADCAST * n, busiest, 0.0)
    close = np.bincount(of_item, size * (size - 1.0), minlength=n_items) - left_out * (left_out - 1.0).clip(0.0)
    n -= left_out
    every = n * (n - 1.0)
    overall = close.sum() / max(every.sum(), 1.0)
    lean = 20.0
    found: Floats = (close + lean * overall) / (every + lean)
    return found


def groups_in_step(left: Ints, right: Ints, n: int) -> tuple[Ints, Ints]:
    """(U,) number and size of each person's group; -1 and 0 of who is in step with fewer than seven others of one."""
    inside = np.ones(n, bool)
    while True:
        kept = inside[left] & inside[right]
        partners = np.bincount(left[kept], minlength=n)
        fewer = inside & (partners >= LEAST_GROUP - 1)
        if (fewer == inside).all():
            break
        inside = fewer
    if not inside.any():
        return np.full(n, -1, np.int64), np.zeros(n, np.int64)
    graph = sparse.csr_array((np.ones(int(kept.sum())), (left[kept], right[kept])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    size = np.bincount(label)[label].astype(np.int64)
    return np.where(inside, label, -1).astype(np.int64), np.where(inside, size, 0)
