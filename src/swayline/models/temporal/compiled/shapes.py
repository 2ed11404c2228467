"""What the compiled passes read and write, as named tuples of arrays, and the columns of the features.

Shapes: I items, U users, C categories, E events, Q questions, H half-lives (4), R places of a ring.
"""

from typing import NamedTuple

import numpy as np

N_HALF_LIVES = 4
BINS = 48
"""Hours of a working day, then of a day at the weekend."""
DAY_S, WEEK_S, WEEKEND_S = 86_400.0, 604_800.0, 2 * 86_400.0

FEATURES = (
    "item: log events", "item: log time since the last", "item: log events, half-life 1",
    "item: log events, half-life 2", "item: log events, half-life 3", "item: log events, half-life 4",
    "item: share of returns",
    "item: log time since the last over its usual gap", "item: this hour against its others",
    "category: this hour against its others", "category: after the last category", "category: share of the history",
    "pair: met", "pair: log time since", "pair: one over the rank by recency", "pair: log events since",
    "pair: log events", "pair: share of the history", "pair: share, half-life 1", "pair: share, half-life 2",
    "pair: share, half-life 3", "pair: share, half-life 4", "pair: share at this hour of the day",
    "pair: share at this hour of the week", "pair: log time since over its usual gap", "pair: others since",
    "pair: share after the last item", "item: last visited by nobody else since",
    "next: share after the last item", "next: share after the items before it", "next: one over the rank by recency",
    "walk: over people who met the same", "walk: to those met lately",
    "place: log km from the last", "place: log km from the one before", "place: log km from where most happens",
    "user: log events", "user: log time since the last", "user: share of returns", "user: share of returns lately",
    "hour: cosine", "hour: sine", "hour: weekend",
    "pair: share after the last two items", "category: share at this hour of the day",
    "user: log run of the last item", "user: share of stays", "user: share of stays lately",
)  # fmt: skip
N_FEATURES = len(FEATURES)
(
    COUNT, LAST, RANK, PLACE, DECAY, _D2, _D3, _D4, DAILY, WEEKLY, FIRST, OWN_NEXT, NEXT, SKIP, NEXT_RANK,
    WALK, WALK_LATE, OWN_SECOND,
) = range(18)  # fmt: skip
N_OWN = 18
"""Columns of what is gathered for an item that something points at."""


class State(NamedTuple):
    """What everybody did so far. Times in seconds."""

    n_met: np.ndarray
    """(I,) events."""
    last: np.ndarray
    """(I,) time of the last one; nothing where there is none."""
    decayed: np.ndarray
    """(I, H) events, each halved by every half-life of its age, as of ``last``."""
    returns: np.ndarray
    """(I,) events of people in whose ring the item stood."""
    gap: np.ndarray
    """(I,) moving average of the time between events."""
    hours: np.ndarray
    """(I, BINS) events by hour."""
    next_item: np.ndarray
    """(I, R) what people took after it, the newest written over the oldest."""
    next_time: np.ndarray
    n_next: np.ndarray
    """(I,) how many ever."""
    visitor: np.ndarray
    """(I, R) who took it."""
    visit_time: np.ndarray
    own_item: np.ndarray
    """(U, R) what each person took."""
    own_time: np.ndarray
    n_own: np.ndarray
    """(U,) how many ever."""
    category_hours: np.ndarray
    """(C, BINS)."""
    category_next: np.ndarray
    """(C, C) categories by the category before."""
    category_count: np.ndarray
    """(C,)."""
    recent: np.ndarray
    """(R,) items of everybody's last events."""
    n_events: np.ndarray
    """(1,) how many ever."""


class Known(NamedTuple):
    """What does not change."""

    half_lives: np.ndarray
    """(H,) seconds."""
    category: np.ndarray
    """(I,) -1 where it is not known."""
    place: np.ndarray
    """(I, 3) unit vector of where it is, zeros where that is not known."""
    timed: bool


class Events(NamedTuple):
    """Everybody's events in the order of time."""

    users: np.ndarray
    items: np.ndarray
    times: np.ndarray


class Questions(NamedTuple):
    """What is asked, in the order of ``until``."""

    start: np.ndarray
    """(Q,) the person's events ``start:stop`` of the histories are known."""
    stop: np.ndarray
    own_now: np.ndarray
    """(Q,) the moment that ages of the person's own events are counted from."""
    now: np.ndarray
    """(Q,) the moment that everybody's are counted from."""
    until: np.ndarray
    """(Q,) everybody's events before this place are known."""
    answer: np.ndarray
    """(Q,) the item that came; -1 where nobody says."""


class Scratch(NamedTuple):
    """Room to work in."""

    stamp: np.ndarray
    """(I,) the question that last pointed at an item."""
    own: np.ndarray
    """(I, N_OWN)."""
    touched: np.ndarray
    """(I,) the items that this question points at."""
    n_touched: np.ndarray
    """(1,)."""
    shares: np.ndarray
    """(2, C) the history's share of each category, and its share at this hour of the day."""
    context: np.ndarray
    """(N_CONTEXT,) what is the same for every item."""


N_CONTEXT = 28
"""Events, time since, returns, returns lately, total decayed (H), daily, weekly, own next, next, skip, walk, walk late,
last item, one before, home, hour bin, cosine, sine, weekend, after two items, run, stays, stays lately."""
