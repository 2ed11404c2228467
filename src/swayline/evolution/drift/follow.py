"""Which behaviours follow when somebody meets an item: counted where the whole time to follow lies inside the log.

::

    log      |<- H ->|............................|<- H ->|
    meeting  an event on an item that the person did not touch for H before; H: a week, or an eighth of a short log
    follows  the behaviours of that person on that item within H from the meeting, the first one included

So neither the start of a log, where what answers to earlier events is still rare, nor its end looks like a change. What
people do with an item may rest on all that they did before, which a log that just began does not hold: its first
quarter is passed over.

Shapes: N events, E meetings, G bins.
"""

import numpy as np

from swayline.core.types import Floats, Ints
from swayline.evolution.acts import DAY_US, Acts
from swayline.evolution.drift.calendar import Calendar
from swayline.evolution.drift.groups import LEAST_BINS, Marks

_WEEK_DAYS = 7


def followed(acts: Acts, cal: Calendar) -> tuple[int, Marks, Floats] | None:
    """The first bin, marks of behaviours by the bin of the meeting, and (U, G) meetings; None where one is all."""
    if len(acts.behaviors) < 2 or not (acts.item >= 0).any():
        return None
    horizon = _horizon(acts)
    edge = -(-horizon // cal.width)
    begun = max(edge, len(cal) // 4)
    if len(cal) - begun - edge < LEAST_BINS:
        return None
    user, behavior, day, meeting = _meetings(acts, horizon * DAY_US)
    bins = cal.bins(day) - begun
    inside = (bins >= 0) & (bins < len(cal) - begun - edge)
    season, n_behaviors = cal.season[begun : len(cal) - edge], len(acts.behaviors)
    _, once = np.unique(meeting * n_behaviors + behavior, return_index=True)
    once = once[inside[once]]
    marks = Marks.of(behavior[once], user[once], bins[once], season)
    first = np.unique(meeting, return_index=True)[1]
    first = first[inside[first]]
    met = Marks.of(np.zeros(len(first), np.int64), user[first], bins[first], season).volume()
    return begun, marks, met


def met(acts: Acts, cal: Calendar) -> tuple[int, Marks]:
    """The first bin, and marks of how much is begun: meetings, and events without an item; all of one behaviour."""
    if len(acts.behaviors) < 2:
        return 0, Marks.of(np.zeros(len(acts), np.int64), acts.user, cal.bins(acts.day), cal.season, is_all=True)
    horizon = _horizon(acts)
    edge = min(-(-horizon // cal.width), len(cal) // 5)
    user, _, day, meeting = _meetings(acts, horizon * DAY_US)
    first = np.unique(meeting, return_index=True)[1]
    bare = np.flatnonzero(acts.item < 0)
    user, day = np.concatenate([user[first], acts.user[bare]]), np.concatenate([day[first], acts.day[bare]])
    bins = cal.bins(day) - edge
    kept = bins >= 0
    return edge, Marks.of(np.zeros(int(kept.sum()), np.int64), user[kept], bins[kept], cal.season[edge:], is_all=True)


def _horizon(acts: Acts) -> int:
    """Days in which a behaviour may follow."""
    return min(_WEEK_DAYS, max(1, acts.n_days // 8))


def _meetings(acts: Acts, horizon_us: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Person, behaviour, day of the meeting, and its number, of every event within the horizon of a meeting."""
    rows = np.flatnonzero(acts.item >= 0)
    pair = acts.user[rows] * len(acts.items) + acts.item[rows]
    rows = rows[np.argsort(pair, kind="stable")]
    pair, time = acts.user[rows] * len(acts.items) + acts.item[rows], acts.time_us[rows]
    opens = np.ones(len(rows), bool)
    opens[1:] = (pair[1:] != pair[:-1]) | (time[1:] - time[:-1] > horizon_us)
    number = np.cumsum(opens) - 1
    first = np.flatnonzero(opens)
    within = time - time[first[number]] <= horizon_us
    kept = rows[within]
    return acts.user[kept], acts.behavior[kept], acts.day[rows[first[number]]][within], number[within]
