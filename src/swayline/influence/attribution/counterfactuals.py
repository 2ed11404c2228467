"""Histories as they would have been: without some events, with one replaced, with one moved in time.

::

    history                  v1 c2 v3 v1       kept or edited                      seen again by the model
    without a set {c2, v3}   v1 v1             positions close up, times stay
    without a group          any partition: each event, behaviour, category, item, session
    replaced v3 → v9         v1 c2 v9 v1       its place and moment stay
    moved v1 to the end      c2 v3 v1 v1       at its new moment

Shapes: H histories, E events, N edits, G groups.
"""

from dataclasses import dataclass, replace

import numpy as np

from swayline.core.errors import UsageError, nearest
from swayline.core.names import CATEGORY
from swayline.core.time import iso
from swayline.core.types import Bools, Ints
from swayline.dataset import NO_TIME, Dataset, Sequences

PARTITIONS = ("event", "behavior", "category", "item", "session")
SESSION_GAP_S = 1800
"""Seconds without an event after which a new session begins."""
_US = 1_000_000


@dataclass(frozen=True)
class Partition:
    """Events of histories in groups, each history's own.

    Parameters
    ----------
    by : str
        One of :data:`PARTITIONS`.
    group : (E,) int64
        The group of each event; -1 where it belongs to none (no category).
    """

    by: str
    group: Ints

    def pairs(self, histories: Sequences) -> tuple[Ints, Ints]:
        """(N,) the history and the group of everything that can be left out, each once."""
        known = self.group >= 0
        width = int(self.group.max(initial=0)) + 1
        owner, group = np.divmod(np.unique(histories.users[known] * width + self.group[known]), width)
        return owner, group

    def without(self, histories: Sequences, owner: Ints, group: Ints) -> Sequences:
        """(N,) the histories ``owner`` (N,) each without the events of one group."""
        taken = positions_of(histories, owner)
        row = np.repeat(np.arange(len(owner)), histories.lengths[owner])
        return histories.take(owner).keep(self.group[taken] != group[row])


def partition(dataset: Dataset, histories: Sequences, by: str) -> Partition:
    """The events of some histories in groups.

    Raises
    ------
    UsageError
        The word is unknown; the log has no categories, or no times to tell sessions by.
    """
    if by not in PARTITIONS:
        raise UsageError(f"{by!r} is nothing that can be left out: {nearest(by, PARTITIONS)}")
    if by == "event":
        return Partition(by, np.arange(len(histories.items)))
    if by == "behavior":
        return Partition(by, histories.behaviors.astype(np.int64))
    if by == "item":
        return Partition(by, histories.items.astype(np.int64))
    if by == "session":
        return Partition(by, sessions(histories))
    codes, _ = categories(dataset)
    return Partition(by, codes[histories.items])


def categories(dataset: Dataset) -> tuple[Ints, list[str]]:
    """(I,) the number of each item's category, -1 where it has none, and their names.

    Raises
    ------
    UsageError
        The log says no category of any item.
    """
    catalogue = dataset.sequences.catalogue
    codes, names = (np.zeros(0, np.int64), []) if catalogue is None else catalogue.codes(CATEGORY)
    if not names:
        raise UsageError("this log says no category of its items: leave out event, behavior, item or session instead")
    return codes, names


def sessions(histories: Sequences, gap_s: float = SESSION_GAP_S) -> Ints:
    """(E,) the session of each event, counted from 0 in each history.

    Raises
    ------
    UsageError
        The log has no times.

    >>> from swayline.dataset import from_lists
    >>> hour = 3_600_000_000
    >>> sessions(from_lists([[1, 2, 3]], 4, times=[[0, 1, 2 * hour]])).tolist()
    [0, 0, 1]
    """
    if len(histories.times) and (histories.times == NO_TIME).all():
        raise UsageError("an ordered log has no times to tell sessions by: leave out event, behavior or item instead")
    new = np.diff(histories.times, prepend=0) > gap_s * _US
    new[histories.offsets[:-1][histories.lengths > 0]] = False
    counted = np.cumsum(new)
    first = np.concatenate([counted, [0]])[histories.offsets[:-1]]
    found: Ints = counted - np.repeat(first, histories.lengths)
    return found


def positions_of(histories: Sequences, owner: Ints) -> Ints:
    """Flat positions of the events of histories ``owner`` (N,), one history after the other."""
    numbered = replace(histories, events=np.arange(len(histories.items)), values=None, profiles=None)
    return numbered.take(owner).events


def without_sets(histories: Sequences, owner: Ints, sets: list[Ints]) -> Sequences:
    """(N,) the histories ``owner`` (N,), each without a set of events given by flat positions."""
    return histories.take(owner).keep(~_in_sets(histories, owner, sets))


def only_sets(histories: Sequences, owner: Ints, sets: list[Ints]) -> Sequences:
    """(N,) the histories ``owner`` (N,), each with nothing but a set of events."""
    return histories.take(owner).keep(_in_sets(histories, owner, sets))


def _in_sets(histories: Sequences, owner: Ints, sets: list[Ints]) -> Bools:
    """Which events of the histories ``owner`` (N,), one after the other, are in the set of theirs."""
    taken = positions_of(histories, owner)
    row = np.repeat(np.arange(len(owner)), histories.lengths[owner])
    width = np.int64(max(1, len(histories.items)))
    named = np.repeat(np.arange(len(sets)), [len(one) for one in sets]) * width
    named = named + (np.concatenate(sets) if sets else np.zeros(0, np.int64)).astype(np.int64)
    return np.isin(row * width + taken, named)


def replaced(histories: Sequences, position: Ints, items: Ints, behaviors: Ints | None = None) -> Sequences:
    """(N,) histories each with the event at ``position`` (N,) about another item, or of another behaviour too.

    Its place and its moment stay; its value, which was about the other event, is not known.
    """
    edited = histories.take(histories.users[position])
    at = edited.offsets[:-1] + position - histories.offsets[histories.users[position]]
    said, acts = edited.items.copy(), edited.behaviors.copy()
    said[at] = items
    if behaviors is not None:
        acts[at] = behaviors
    values = None if edited.values is None else edited.values.copy()
    if values is not None:
        values[at] = np.nan
    return replace(edited, items=said, behaviors=acts, values=values)


def moved(histories: Sequences, position: Ints, times: Ints) -> Sequences:
    """(N,) histories each with the event at ``position`` (N,) at another moment (UTC microseconds), in order again.

    At the moment of another event it stands behind it.

    Raises
    ------
    UsageError
        The log has no times, or a moment lies after the one that the list is asked at.
    """
    if not histories.timed:
        raise UsageError("an ordered log has no times to move an event in: take events out or replace them instead")
    owner = histories.users[position]
    edited = histories.take(owner)
    if edited.asked_at is not None and (times > edited.asked_at).any():
        late = iso_of(int(times[times > edited.asked_at][0]))
        raise UsageError(f"{late} is after the list is asked: an event can only be moved within what was known then")
    at = edited.offsets[:-1] + position - histories.offsets[owner]
    when, second = edited.times.copy(), np.zeros(len(edited.times), np.int64)
    when[at], second[at] = times, 1
    order = np.lexsort((second, when, edited.users))
    values = None if edited.values is None else edited.values[order]
    return replace(
        edited, items=edited.items[order], behaviors=edited.behaviors[order], times=when[order],
        events=edited.events[order], values=values,
    )  # fmt: skip


def added(histories: Sequences, owner: Ints, items: Ints, behaviors: Ints) -> Sequences:
    """(N,) the histories ``owner`` (N,), each with one more event at its end, when its list is asked."""
    some = histories.take(owner)
    at = some.offsets[1:]
    last = some.times[np.maximum(at - 1, 0)] if len(some.times) else np.full(len(owner), NO_TIME)
    last = np.where(some.lengths > 0, last, NO_TIME)
    moment = last if some.asked_at is None or not some.timed else some.asked_at

    def longer(values: np.ndarray, new: object) -> np.ndarray:
        return np.insert(values, at, new)  # type: ignore[call-overload,no-any-return]

    return replace(
        some, offsets=some.offsets + np.arange(len(some) + 1), items=longer(some.items, items),
        behaviors=longer(some.behaviors, behaviors), times=longer(some.times, moment),
        events=longer(some.events, -1), values=None if some.values is None else longer(some.values, np.nan),
    )  # fmt: skip


def iso_of(time_us: int) -> str:
    """A moment as ids write it."""
    from datetime import UTC, datetime

    return iso(datetime.fromtimestamp(time_us / 1e6, UTC))
