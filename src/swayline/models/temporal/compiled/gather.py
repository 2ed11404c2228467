"""What points at an item for one question: the person's own events, what follows the last ones, walks over people."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return, untyped-decorator"
import numpy as np
from numba import njit

from swayline.models.temporal.compiled import shapes
from swayline.models.temporal.compiled.advance import bin_of

_DAILY, _WEEKLY = 8.0, 30.0
"""Concentrations: a standard deviation of 1.4 hours in a day, of 5 hours in a week."""
_SEEDS, _VISITORS, _OF_VISITOR = 3, 12, 6
_TURN = 2 * np.pi


@njit(cache=True, nogil=True)
def touch(scratch, question, item):
    """Make an item one that something points at."""
    if scratch.stamp[item] != question:
        scratch.stamp[item] = question
        scratch.own[item, :] = 0.0
        scratch.touched[scratch.n_touched[0]] = item
        scratch.n_touched[0] += 1


@njit(cache=True, nogil=True)
def own_events(known, items, times, question, now, scratch):
    """The person's own events, newest first, into counts, ages, rhythms; (last, one before, most often), -1 if none."""
    context, n, distinct = scratch.context, len(items), 0
    last = items[n - 1] if n else -1
    before, home, returned, late, late_total = -1, -1, 0.0, 0.0, 0.0
    for back in range(n):
        item, time = items[n - 1 - back], times[n - 1 - back]
        first = scratch.stamp[item] != question
        touch(scratch, question, item)
        own = scratch.own[item]
        if first or own[shapes.COUNT] == 0.0:
            distinct += 1
            own[shapes.RANK], own[shapes.PLACE], own[shapes.LAST] = distinct, back, time
            if item != last and before < 0:
                before = item
        own[shapes.COUNT] += 1.0
        own[shapes.FIRST] = time
        if home < 0 or own[shapes.COUNT] > scratch.own[home, shapes.COUNT]:
            home = item
        if back > 0 and item == last:
            after = items[n - back]
            scratch.own[after, shapes.OWN_NEXT] += 1.0
            context[10] += 1.0
            if back < n - 1 and n > 1 and items[n - 2 - back] == items[n - 2]:
                scratch.own[after, shapes.OWN_SECOND] += 1.0
                context[22] += 1.0
        rhythm = _weigh(known, own, context, now, time)
        category = known.category[item]
        if category >= 0:
            scratch.shares[0, category] += 1.0 / n
            scratch.shares[1, category] += rhythm
    _stays(items, context)
    for place in range(scratch.n_touched[0]):
        returned += scratch.own[scratch.touched[place], shapes.COUNT] - 1.0
    for back in range(n - 1, -1, -1):
        late_total = 0.9 * late_total + 0.1
        item = items[n - 1 - back]
        late = 0.9 * late + (0.1 if times[n - 1 - back] > scratch.own[item, shapes.FIRST] else 0.0)
    context[0], context[1] = n, now - times[n - 1] if n else -1.0
    context[2], context[3] = (returned + 1.0) / (n + 2.0), (late + 0.05) / (late_total + 0.1)
    return last, before, home


@njit(cache=True, nogil=True)
def _weigh(known, own, context, now, time):
    """One event's weight by age and by rhythm; the weight at this hour of the day."""
    for h in range(shapes.N_HALF_LIVES):
        weight = 2.0 ** (-(now - time) / known.half_lives[h])
        own[shapes.DECAY + h] += weight
        context[4 + h] += weight
    if known.timed:
        daily = np.exp(_DAILY * (np.cos(_TURN * (now - time) / shapes.DAY_S) - 1.0))
        weekly = np.exp(_WEEKLY * (np.cos(_TURN * (now - time) / shapes.WEEK_S) - 1.0))
        own[shapes.DAILY] += daily
        own[shapes.WEEKLY] += weekly
        context[8] += daily
        context[9] += weekly
        return daily
    return 0.0


@njit(cache=True, nogil=True)
def _stays(items, context):
    """How long the last item has run, and how often the person stays with an item, also lately."""
    n, run, stays, late, weight = len(items), 1.0, 0.0, 0.0, 0.0
    for at in range(1, n):
        same = 1.0 if items[at] == items[at - 1] else 0.0
        run = run + 1.0 if same else 1.0
        stays += same
        late, weight = 0.7 * late + 0.3 * same, 0.7 * weight + 0.3
    context[23], context[24], context[25] = np.log(run), (stays + 0.5) / (n + 1.0), (late + 0.25) / (weight + 0.5)


@njit(cache=True, nogil=True)
def followers(state, known, item, question, now, scratch):
    """What everybody took after the last item, the newest of it counted most."""
    size = state.next_item.shape[1]
    n = state.n_next[item]
    for back in range(1, min(n, size) + 1):
        at = (n - back) % size
        after = state.next_item[item, at]
        touch(scratch, question, after)
        own = scratch.own[after]
        weight = 0.2 + 2.0 ** (-(now - state.next_time[item, at]) / known.half_lives[2])
        own[shapes.NEXT] += weight
        scratch.context[11] += weight
        if own[shapes.NEXT_RANK] == 0.0:
            own[shapes.NEXT_RANK] = 1.0 / back


@njit(cache=True, nogil=True)
def skipping(state, items, question, scratch):
    """What everybody took after the items before the last one, the nearer ones counted more."""
    size, n = state.next_item.shape[1], len(items)
    for back in range(2, min(n, 5) + 1):
        item = items[n - back]
        met = min(state.n_next[item], size)
        for place in range(met):
            after = state.next_item[item, place]
            touch(scratch, question, after)
            weight = 0.6**back / met
            scratch.own[after, shapes.SKIP] += weight
            scratch.context[12] += weight


@njit(cache=True, nogil=True)
def walks(state, known, items, question, now, scratch):
    """From the person's last items to who met them, and on to what these met: temporal walks of length three."""
    n, met, last = len(items), 0, -1
    for back in range(1, n + 1):
        item = items[n - back]
        if item == last or state.n_met[item] == 0:
            continue
        last = item
        met += 1
        if met > _SEEDS:
            break
        size = state.visitor.shape[1]
        total = np.int64(state.n_met[item])
        for step in range(1, min(total, size, _VISITORS) + 1):
            at = (total - step) % size
            _onward(state, known, state.visitor[item, at], state.visit_time[item, at], question, now, scratch)


@njit(cache=True, nogil=True)
def _onward(state, known, user, visited, question, now, scratch):
    size = state.own_item.shape[1]
    n = state.n_own[user]
    for back in range(1, min(n, size, _OF_VISITOR) + 1):
        at = (n - back) % size
        item = state.own_item[user, at]
        touch(scratch, question, item)
        time = state.own_time[user, at]
        # A walk weighs more the nearer its two steps are to each other, and to now.
        weight = 2.0 ** (-abs(time - visited) / known.half_lives[1])
        scratch.own[item, shapes.WALK] += weight
        scratch.context[13] += weight
        late = 2.0 ** (-(now - time) / known.half_lives[1])
        scratch.own[item, shapes.WALK_LATE] += late
        scratch.context[14] += late


@njit(cache=True, nogil=True)
def hour_of(known, now, context):
    """The hour that is asked about, as a bin and on a circle."""
    if known.timed:
        hour = bin_of(now)
        context[18] = hour
        context[19], context[20] = np.cos(_TURN * now / shapes.DAY_S), np.sin(_TURN * now / shapes.DAY_S)
        context[21] = 1.0 if hour >= 24 else 0.0
    else:
        context[18] = -1.0
