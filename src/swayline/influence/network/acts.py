"""Acts and ties as arrays: who acted when, and who could have moved whom.

::

    acts      0.4  7.1  9.9 | 2.2  3.0 | 5.5        seconds since the start, one run of rising times a person
    act_ptr   0               3          5     6
    ties by target:  tie_ptr, tie_source            "source's acts may move target"
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from swayline.core.errors import EmptyLogError, UsageError
from swayline.core.types import Floats, Ints
from swayline.influence.network.clock import Clock, clock_of


@dataclass(frozen=True, eq=False)
class Acts:
    """Acts of N people, by person and then time.

    Parameters
    ----------
    times : (acts,) float64
        Seconds since ``start_s``; rising within a person.
    pointer : (people + 1,) int64
        Where each person's run begins.
    order : (acts,) int64
        The row each act had in the input.
    start_s, end_s : float
        The watched span, Unix seconds. Everybody is watched all through.
    clock : Clock
        How fine the log's times are; on a coarse clock ``times`` are drawn within its ticks.
    """

    times: Floats
    pointer: Ints
    order: Ints
    start_s: float
    end_s: float
    clock: Clock

    @property
    def people(self) -> int:
        """How many people there are."""
        return len(self.pointer) - 1

    @property
    def counts(self) -> Ints:
        """(people,) acts of each."""
        return np.diff(self.pointer)

    @cached_property
    def person(self) -> Ints:
        """(acts,) who did each act."""
        return np.repeat(np.arange(self.people), self.counts)

    @cached_property
    def in_time(self) -> Ints:
        """(acts,) all acts in the order of time."""
        return np.argsort(self.times, kind="stable")

    @property
    def span_s(self) -> float:
        """Length of the watched span."""
        return self.end_s - self.start_s

    def until(self, end_s: float) -> "Acts":
        """The acts before a moment, as a log that ends there."""
        kept = self.times < end_s - self.start_s
        counts = np.bincount(self.person[kept], minlength=self.people)
        pointer = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return replace(self, times=self.times[kept], pointer=pointer, order=self.order[kept], end_s=end_s)


def make_acts(
    person: Ints, times_s: Floats, people: int, start_s: float | None = None, end_s: float | None = None,
    clock: Clock | None = None,
) -> Acts:  # fmt: skip
    """Sort acts by person and time.

    Parameters
    ----------
    person : (acts,) int
        Row of the person, from 0.
    times_s : (acts,) float64
        Unix seconds.
    start_s, end_s : float, optional
        The watched span; the first and last act where left out.
    clock : Clock, optional
        The log's clock; told from the times where left out.

    Raises
    ------
    EmptyLogError
        There is no act, or all acts share one moment.
    UsageError
        An act lies outside the span.

    Examples
    --------
    >>> make_acts(np.array([1, 0, 1]), np.array([5.0, 7.0, 6.0]), people=2).times.tolist()
    [2.0, 0.0, 1.0]
    """
    times = np.asarray(times_s, np.float64)
    if len(times) == 0:
        raise EmptyLogError("no act of the outcome is left: nothing can be said about who sways whom")
    start = float(times.min()) if start_s is None else float(start_s)
    end = float(times.max()) if end_s is None else float(end_s)
    if times.min() < start or times.max() > end:
        raise UsageError(
            f"acts run from {times.min():.0f} to {times.max():.0f} s, outside the span {start:.0f} to {end:.0f}"
        )
    if end <= start:
        raise EmptyLogError("all acts share one moment: without order in time nothing can be said about who sways whom")
    person = np.asarray(person, np.int64)
    order = _by_person_and_time(person, times)
    pointer = np.concatenate([[0], np.cumsum(np.bincount(person, minlength=people))]).astype(np.int64)
    return Acts(times[order] - start, pointer, order, start, end, clock or clock_of(times))


def _by_person_and_time(person: Ints, times: Floats) -> Ints:
    """As ``np.lexsort((times, person))``; acts that come sorted are left as they are."""
    later = np.diff(person)
    if len(later) == 0 or bool(((later > 0) | ((later == 0) & (np.diff(times) >= 0))).all()):
        return np.arange(len(person))
    order: Ints = np.lexsort((times, person))
    return order


@dataclass(frozen=True, eq=False)
class Ties:
    """T distinct directed ties, by target and then source.

    Parameters
    ----------
    source, target : (T,) int64
        Rows of people; influence may run source → target.
    pointer : (people + 1,) int64
        Where each target's run begins.
    """

    source: Ints
    target: Ints
    pointer: Ints

    def __len__(self) -> int:
        return len(self.source)


def make_ties(source: Ints, target: Ints, people: int) -> Ties:
    """Distinct ties between different people, sorted by target.

    >>> make_ties(np.array([0, 0, 2, 1]), np.array([1, 1, 1, 1]), people=3).source.tolist()
    [0, 2]
    """
    source, target = np.asarray(source, np.int64), np.asarray(target, np.int64)
    kept = source != target
    keys = np.unique(target[kept] * people + source[kept])
    by_target = keys // max(people, 1)
    return Ties(keys % max(people, 1), by_target, np.searchsorted(by_target, np.arange(people + 1)).astype(np.int64))


Kernel = Floats
"""Delay kernel as compiled code takes it, (4, R): kinds (0 exponential, 1 box), lows (rates or lower ends), highs,
weights."""
