"""Histories of many users as one flat array with offsets.

Three users, the second without events, the third with two::

    offsets   0     2  2        4
    items     7  3        3  9        row numbers into the item vocabulary
    behaviors 0  1        0  0        row numbers into the behaviour vocabulary
    times    10 12       11 15        UTC microseconds, -1 in logs without times
    values    4 nan       2  5        stars, seconds, prices; NaN where an event has none

Shapes: U users, E events, I items, B behaviours.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from swayline.core.types import Floats, Ints, ItemRows
from swayline.dataset.catalogue import Catalogue
from swayline.dataset.knowledge import KnowledgeGraph

NO_TIME = -1
"""The time of an event in an ordered log, which has none."""


@dataclass(frozen=True)
class Sequences:
    """Histories in time order, one row a user.

    Parameters
    ----------
    offsets : (U + 1,) int64
        User ``u`` owns events ``offsets[u]:offsets[u + 1]``, oldest first.
    items : (E,) int32
        Item row numbers, 0 to ``n_items`` - 1.
    behaviors : (E,) int16
        Behaviour row numbers, 0 to ``n_behaviors`` - 1.
    times : (E,) int64
        UTC microseconds; -1 in ordered logs.
    events : (E,) int64
        Row number of each event in the log's table: its identity in splits and explanations.
    n_items, n_behaviors : int
        Sizes of the vocabularies.
    catalogue : Catalogue, optional
        What is known of the items (titles, descriptions, categories, features), for models that read it.
    profiles : (U, A) int64, optional
        What is known of the users, as numbers from 1, 0 unknown (see :mod:`~swayline.dataset.attributes`).
    asked_at : (U,) int64, optional
        When what comes next is asked, UTC microseconds, where that is known beforehand: a request, a cut in time.
    answered_at : (U,) int64, optional
        When it came. Nothing reads it but models of the target's own time (HSTU with ``target_time``).
    values : (E,) float64, optional
        The value of each event (stars, seconds, counts, prices), NaN where it has none; None where no event of the
        log has one.
    graph : KnowledgeGraph, optional
        What the items are tied to, for models that learn from it.
    """

    offsets: Ints
    items: ItemRows
    behaviors: np.ndarray
    times: Ints
    events: Ints
    n_items: int
    n_behaviors: int
    catalogue: Catalogue | None = None
    profiles: Ints | None = None
    asked_at: Ints | None = None
    answered_at: Ints | None = None
    values: Floats | None = None
    graph: KnowledgeGraph | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """(U,) events a user."""
        return np.diff(self.offsets)

    @property
    def timed(self) -> bool:
        """Whether events have times; an ordered log's have none."""
        return bool(len(self.times)) and int(self.times[0]) != NO_TIME

    @property
    def valued(self) -> bool:
        """Whether any of these events has a value."""
        return self.values is not None and not bool(np.isnan(self.values).all())

    @property
    def users(self) -> Ints:
        """(E,) the row of the user each event belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def of(self, user: int) -> slice:
        """The slice of the flat arrays that holds one user's events."""
        return slice(int(self.offsets[user]), int(self.offsets[user + 1]))

    def take(self, users: Ints) -> Self:
        """The histories of some users, in the order given (repeats allowed)."""
        lengths = self.lengths[users]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        index = np.repeat(self.offsets[users] - offsets[:-1], lengths) + np.arange(offsets[-1])
        own = {name: getattr(self, name) for name in ("profiles", "asked_at", "answered_at")}
        own = {name: None if values is None else values[users] for name, values in own.items()}
        return replace(self._pick(index, offsets), **own)

    def keep(self, mask: np.ndarray) -> Self:
        """The same users with only the events where ``mask`` (E,) is true; positions close up, times stay."""
        kept = np.concatenate([[0], np.cumsum(mask)])
        return self._pick(np.flatnonzero(mask), kept[self.offsets].astype(np.int64))

    def asked(self, moment_us: int) -> Self:
        """The same histories, all of them asked at one moment (UTC microseconds); as they are in ordered logs."""
        return replace(self, asked_at=np.full(len(self), moment_us, np.int64)) if self.timed else self

    def last(self, n: int) -> Self:
        """The last ``n`` events of every user."""
        position_from_end = np.repeat(self.offsets[1:], self.lengths) - np.arange(len(self.items))
        return self.keep(position_from_end <= n)

    def _pick(self, index: np.ndarray, offsets: Ints) -> Self:
        return replace(
            self, offsets=offsets, items=self.items[index], behaviors=self.behaviors[index],
            times=self.times[index], events=self.events[index],
            values=None if self.values is None else self.values[index],
        )  # fmt: skip


def from_lists(
    items: Iterable[Iterable[int]],
    n_items: int,
    behaviors: Iterable[Iterable[int]] | None = None,
    times: Iterable[Iterable[int]] | None = None,
    n_behaviors: int = 1,
    values: Iterable[Iterable[float]] | None = None,
) -> Sequences:
    """Sequences from plain lists, one list a user (tests, small examples); a value of NaN is none.

    >>> from_lists([[7, 3], [], [3, 9]], n_items=10).lengths.tolist()
    [2, 0, 2]
    """
    rows = [list(row) for row in items]
    flat = np.array([item for row in rows for item in row], dtype=np.int32)
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    acts = (
        np.zeros(len(flat), np.int16)
        if behaviors is None
        else np.array([b for row in behaviors for b in row], np.int16)
    )
    clock = (
        np.full(len(flat), NO_TIME, np.int64)
        if times is None
        else np.array([t for row in times for t in row], np.int64)
    )
    worth = None if values is None else np.array([v for row in values for v in row], np.float64)
    events = np.arange(len(flat), dtype=np.int64)
    return Sequences(offsets, flat, acts, clock, events, n_items, n_behaviors, values=worth)
