"""Who came to which item when, and what strangers' reviews on top said then, and who wrote them.

::

    lamp   bob reviews 5 · dan reviews 2 · ann comes, sees (5, 2) · eve reviews 4 · cat comes, sees (5, 2, 4)

Nothing of the same tick of the clock counts as seen, nor do one's own reviews; people with a tie who reviewed the item
before are left out of the rows (their reviews stay visible to others).

Shapes: n rows, V reviews, both by item and then time.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.core.types import Bools, Ints
from swayline.influence.contagion.exposures import exposures, first_acts
from swayline.influence.contagion.reading import SocialLog

Floats = npt.NDArray[np.float64]
ON_TOP = 5
"""So many of the latest reviews stand on top."""
_SHRINK = 3.0
"""Ratings of everybody that a person's own are mixed with."""


@dataclass(frozen=True)
class Reviews:
    """First reviews of each person of each item, (V,): ``key`` rises with item and time.

    ``lenient`` is the reviewer's mean value on *other* items less those items' means, drawn to none.
    """

    item: Ints
    person: Ints
    time: Floats
    value: Floats
    lenient: Floats


@dataclass(frozen=True)
class Rows:
    """People who came to an item, (n,).

    Attributes
    ----------
    item, person, time : by item and time
    y : what is explained
    controls : (n, c) of the person, known whatever the item's reviews say
    seen, lenient : mean value of the reviews on top just before, and mean leniency of those who wrote them
    later_lenient : mean leniency of those who wrote the next ones, not yet visible
    count : reviews visible
    group : item and period
    """

    item: Ints
    person: Ints
    time: Floats
    y: Floats
    controls: Floats
    seen: Floats
    lenient: Floats
    later_lenient: Floats
    count: Floats
    group: Ints

    def take(self, kept: Bools) -> "Rows":
        """Some rows."""
        return Rows(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))


def reviews_of(log: SocialLog, judging: Ints) -> Reviews:
    """First reviews with a value of some behaviours, with their writers' leniency on other items."""
    rows = np.flatnonzero(np.isin(log.behavior, judging) & (log.item >= 0) & np.isfinite(log.value))
    pair = log.pair(log.person[rows], log.item[rows])
    rows = rows[np.sort(np.unique(pair, return_index=True)[1])]
    if not len(rows):
        return Reviews(rows, rows, np.zeros(0), np.zeros(0), np.zeros(0))
    rows = rows[np.lexsort((log.time[rows], log.item[rows]))]
    item, person, value = log.item[rows], log.person[rows], log.value[rows]
    count = np.bincount(item, minlength=len(log.items))
    total = np.bincount(item, value, len(log.items))
    # The item's mean without the review itself, mixed with everybody's.
    others = (total[item] - value + value.mean() * _SHRINK) / (count[item] - 1 + _SHRINK)
    above = value - others
    own, n = np.bincount(person, above, log.people), np.bincount(person, minlength=log.people)
    lenient = (own[person] - above) / (n[person] - 1 + _SHRINK)
    return Reviews(item, person, log.time[rows], value, lenient)


def rows_of(log: SocialLog, reviews: Reviews, visits: tuple[Ints, Ints, Floats, Floats], period_s: float) -> Rows:
    """Rows of people who came to an item, with the reviews that stood on top.

    Parameters
    ----------
    visits : item, person, time and y of each, in any order
    period_s : rows of one item and period are compared
    """
    item, person, time, y = visits
    order = np.lexsort((time, item))
    item, person, time, y = item[order], person[order], time[order], y[order]
    moments = np.unique(np.concatenate([reviews.time, time]))
    width = len(moments) + 1
    keys = reviews.item * width + np.searchsorted(moments, reviews.time)
    mine = item * width + np.searchsorted(moments, time)
    first, last = np.searchsorted(reviews.item, item), np.searchsorted(reviews.item, item, side="right")
    before, after = np.searchsorted(keys, mine), np.searchsorted(keys, mine, side="right")
    top = np.maximum(before - ON_TOP, first)
    own = _written_by(reviews, item, person, len(log.items))
    seen = _mean(reviews.value, top, before, own)
    lenient = _mean(reviews.lenient, top, before, own)
    later = _mean(reviews.lenient, after, np.minimum(after + ON_TOP, last), own)
    period = np.floor((time - log.start_s) / period_s).astype(np.int64)
    group = np.unique(item * (period.max(initial=0) + 1) + period, return_inverse=True)[1]
    controls = _controls(log, reviews, item, person, time)
    count = (before - first).astype(np.float64)
    return Rows(item, person, time, y, controls, seen, lenient, later, count, np.asarray(group, np.int64))


def untied(log: SocialLog, judging: Ints, item: Ints, person: Ints, time: Floats) -> Bools:
    """(n,) people none of whose ties had reviewed the item by the moment."""
    if not len(log.source):
        return np.ones(len(item), bool)
    pair, free = log.pair(person, item), np.ones(len(item), bool)
    for behavior in judging:
        found = exposures(log, first_acts(log, int(behavior)))
        free &= found.first_time(pair) > time
    return free


def _written_by(reviews: Reviews, item: Ints, person: Ints, n_items: int) -> Ints:
    """(n,) place of the row's person's own review of the item; -1 where there is none."""
    key = reviews.person * n_items + reviews.item
    order = np.argsort(key, kind="stable")
    wanted = person * n_items + item
    at = np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)
    return np.where(key[order][at] == wanted, order[at], -1)


def _mean(values: Floats, start: Ints, end: Ints, own: Ints) -> Floats:
    """(n,) mean over runs without one's own; NaN where nothing is left."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    inside = (own >= start) & (own < end)
    count = end - start - inside
    sums = total[end] - total[start] - np.where(inside, values[np.maximum(own, 0)], 0.0)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def _controls(log: SocialLog, reviews: Reviews, item: Ints, person: Ints, time: Floats) -> Floats:
    """Of the person: leniency on other items, how much done before; and where in the period the moment lies."""
    above = np.bincount(reviews.person, reviews.lenient, log.people)
    n = np.bincount(reviews.person, minlength=log.people)
    own = _written_by(reviews, item, person, len(log.items))
    of_person = np.where(n > 0, above / np.maximum(n, 1), 0.0)
    lenient = np.where(own >= 0, reviews.lenient[np.maximum(own, 0)], of_person[person])
    moments = np.unique(log.time)
    acts = np.sort(log.person * (len(moments) + 1) + np.searchsorted(moments, log.time))
    start = person * (len(moments) + 1)
    done = np.searchsorted(acts, start + np.searchsorted(moments, time)) - np.searchsorted(acts, start)
    return np.asarray(np.column_stack([lenient, n[person] > 0, np.log1p(done), time - log.start_s]), np.float64)
