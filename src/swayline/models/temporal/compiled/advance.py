"""Everybody's events into the state, one after the other."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return, untyped-decorator"
import numpy as np
from numba import njit

from swayline.models.temporal.compiled.shapes import DAY_S, N_HALF_LIVES, WEEK_S, WEEKEND_S


@njit(cache=True, nogil=True)
def bin_of(time):
    """The hour of a working day (0 to 23) or of a day at the weekend (24 to 47), in UTC; 1970 began on a Thursday."""
    hour = np.int64((time % DAY_S) / 3600.0)
    # The week from Monday: Saturday and Sunday are its last two days.
    weekend = (time + 3 * DAY_S) % WEEK_S >= WEEK_S - WEEKEND_S
    return hour + 24 if weekend else hour


@njit(cache=True, nogil=True)
def advance(state, known, events, start, stop):
    """Take in the events ``start:stop``."""
    for e in range(start, stop):
        item, time = events.items[e], events.times[e]
        _item_event(state, known, item, time)
        _user_event(state, known, events.users[e], item, time)
        state.recent[state.n_events[0] % len(state.recent)] = item
        state.n_events[0] += 1


@njit(cache=True, nogil=True)
def _item_event(state, known, item, time):
    met = state.n_met[item] > 0
    gap = time - state.last[item] if met else 0.0
    for h in range(N_HALF_LIVES):
        kept = state.decayed[item, h] * 2.0 ** (-gap / known.half_lives[h]) if met else 0.0
        state.decayed[item, h] = kept + 1.0
    if met:
        state.gap[item] = gap if state.gap[item] < 0 else 0.8 * state.gap[item] + 0.2 * gap
    state.n_met[item] += 1
    state.last[item] = time
    category = known.category[item]
    if category >= 0:
        state.category_count[category] += 1
    if known.timed:
        hour = bin_of(time)
        state.hours[item, hour] += 1
        if category >= 0:
            state.category_hours[category, hour] += 1


@njit(cache=True, nogil=True)
def _user_event(state, known, user, item, time):
    size = state.own_item.shape[1]
    n = state.n_own[user]
    for place in range(min(n, size)):
        if state.own_item[user, place] == item:
            state.returns[item] += 1
            break
    if n > 0:
        before = state.own_item[user, (n - 1) % size]
        at = state.n_next[before] % state.next_item.shape[1]
        state.next_item[before, at], state.next_time[before, at] = item, time
        state.n_next[before] += 1
        a, b = known.category[before], known.category[item]
        if a >= 0 and b >= 0:
            state.category_next[a, b] += 1
    state.own_item[user, n % size], state.own_time[user, n % size] = item, time
    state.n_own[user] += 1
    at = (np.int64(state.n_met[item]) - 1) % state.visitor.shape[1]
    state.visitor[item, at], state.visit_time[item, at] = user, time
