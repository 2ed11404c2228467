"""The features of each candidate of each question; the order of columns is that of ``FEATURES``."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return, untyped-decorator"
import numpy as np
from numba import njit

from swayline.models.temporal.compiled import shapes
from swayline.models.temporal.compiled.advance import advance
from swayline.models.temporal.compiled.gather import followers, hour_of, own_events, skipping, touch, walks

_EARTH_KM = 6371.0
_NEVER = 30.0
"""In place of the logarithm of a time that never was."""
_SHARES = (11, 17, 18, 19, 20, 21, 22, 23, 26, 28, 29, 31, 32, 43, 44)
"""Columns that are shares: their square roots, since .001 and .01 differ as much as .1 and 1."""


@njit(cache=True, nogil=True)
def _log_age(age):
    return np.log(1.0 + max(age, 0.0))


@njit(cache=True, nogil=True)
def _item(state, known, item, now, context, out):
    count = state.n_met[item]
    out[0] = np.log(1.0 + count)
    age = now - state.last[item]
    out[1] = _log_age(age) if count > 0 else _NEVER
    for h in range(shapes.N_HALF_LIVES):
        value = state.decayed[item, h] * 2.0 ** (-max(age, 0.0) / known.half_lives[h]) if count > 0 else 0.0
        out[2 + h] = np.log(value + 1e-3)
    out[6] = (state.returns[item] + 1.0) / (count + 2.0)
    out[7] = out[1] - np.log(1.0 + state.gap[item]) if state.gap[item] >= 0 else 0.0
    hour, category = np.int64(context[18]), known.category[item]
    if hour >= 0:
        out[8] = np.log((state.hours[item, hour] + 1.0) / (count / 48.0 + 1.0))
    if category >= 0:
        n = state.category_count[category]
        if hour >= 0:
            out[9] = np.log((state.category_hours[category, hour] + 1.0) / (n / 48.0 + 1.0))
        last = np.int64(context[15])
        if last >= 0 and known.category[last] >= 0:
            row = known.category[last]
            out[10] = np.log((state.category_next[row, category] + 0.1) / (state.category_count[row] + 1.0))


@njit(cache=True, nogil=True)
def _pair(state, own, item, now, context, out):
    count = own[shapes.COUNT]
    if count > 0:
        since = _log_age(now - own[shapes.LAST])
        out[12], out[13], out[14] = 1.0, since, 1.0 / own[shapes.RANK]
        out[15], out[16], out[17] = np.log(1.0 + own[shapes.PLACE]), np.log(1.0 + count), count / context[0]
        for h in range(shapes.N_HALF_LIVES):
            out[18 + h] = own[shapes.DECAY + h] / max(context[4 + h], 1e-30)
        out[22], out[23] = own[shapes.DAILY] / max(context[8], 1e-30), own[shapes.WEEKLY] / max(context[9], 1e-30)
        if count > 1:
            out[24] = since - np.log(1.0 + (own[shapes.LAST] - own[shapes.FIRST]) / (count - 1.0))
        size, others, total = state.visitor.shape[1], 0, np.int64(state.n_met[item])
        for back in range(1, min(total, size) + 1):
            if state.visit_time[item, (total - back) % size] <= own[shapes.LAST]:
                break
            others += 1
        out[25] = np.log(1.0 + others)
        out[27] = 1.0 if others == 0 else 0.0
    else:
        out[13] = _NEVER
    out[26] = own[shapes.OWN_NEXT] / max(context[10], 1.0)
    out[43] = own[shapes.OWN_SECOND] / max(context[22], 1.0)
    out[28] = own[shapes.NEXT] / max(context[11], 1e-30)
    out[29] = own[shapes.SKIP] / max(context[12], 1e-30)
    out[30] = own[shapes.NEXT_RANK]
    out[31], out[32] = own[shapes.WALK] / max(context[13], 1e-30), own[shapes.WALK_LATE] / max(context[14], 1e-30)


@njit(cache=True, nogil=True)
def _is_place(vector):
    return vector[0] != 0.0 or vector[1] != 0.0 or vector[2] != 0.0


@njit(cache=True, nogil=True)
def _distances(known, item, context, out):
    if not _is_place(known.place[item]):
        return
    for at in range(3):
        other = np.int64(context[15 + at])
        if other >= 0 and _is_place(known.place[other]):
            square = 0.0
            for axis in range(3):
                gap = known.place[item, axis] - known.place[other, axis]
                square += gap * gap
            out[33 + at] = np.log(0.05 + _EARTH_KM * np.sqrt(square))


@njit(cache=True, nogil=True)
def _context(context, out):
    out[36] = np.log(1.0 + context[0])
    out[37] = _log_age(context[1]) if context[1] >= 0 else _NEVER
    out[38], out[39] = context[2], context[3]
    out[40], out[41], out[42] = context[19], context[20], context[21]
    out[45], out[46], out[47] = context[23], context[24], context[25]


@njit(cache=True, nogil=True)
def _prepare(state, known, histories, asked, q, scratch):
    """Gather what points at items for one question."""
    scratch.n_touched[0] = 0
    scratch.shares[:, :] = 0.0
    scratch.context[:] = 0.0
    items = histories.items[asked.start[q] : asked.stop[q]]
    times = histories.times[asked.start[q] : asked.stop[q]]
    question = q + 1
    last, before, home = own_events(known, items, times, question, asked.own_now[q], scratch)
    scratch.context[15], scratch.context[16], scratch.context[17] = last, before, home
    hour_of(known, asked.own_now[q], scratch.context)
    if last >= 0:
        followers(state, known, last, question, asked.now[q], scratch)
        skipping(state, items, question, scratch)
        walks(state, known, items, question, asked.now[q], scratch)


@njit(cache=True, nogil=True)
def _fill(state, known, asked, q, candidates, scratch, out):
    nothing = np.zeros(scratch.own.shape[1])
    for place in range(len(candidates)):
        item, row = candidates[place], out[place]
        row[:] = 0.0
        _item(state, known, item, asked.now[q], scratch.context, row)
        if known.category[item] >= 0:
            row[11] = scratch.shares[0, known.category[item]]
            row[44] = scratch.shares[1, known.category[item]] / max(scratch.context[8], 1e-30)
        own = scratch.own[item] if scratch.stamp[item] == q + 1 else nothing
        _pair(state, own, item, asked.own_now[q], scratch.context, row)
        for column in _SHARES:
            if row[column] > 0.0:
                row[column] = np.sqrt(row[column])
        _distances(known, item, scratch.context, row)
        _context(scratch.context, row)


@njit(cache=True, nogil=True)
def all_items(state, known, events, done, histories, asked, scratch, out):
    """Features of every item for each question, the state moved on as far as each may know; where it stands after."""
    items = np.arange(len(state.n_met))
    scratch.stamp[:] = 0
    for q in range(len(asked.start)):
        advance(state, known, events, done, asked.until[q])
        done = max(done, asked.until[q])
        _prepare(state, known, histories, asked, q, scratch)
        _fill(state, known, asked, q, items, scratch, out[q])
    return done


@njit(cache=True, nogil=True)
def sampled_items(state, known, events, done, histories, asked, scratch, drawn):
    """As :func:`all_items` for the answer, what something points at, what was met lately, and items drawn evenly.

    ``drawn`` holds ``items`` (Q, C), the answer first, ``features`` (Q, C, F), ``offset`` (Q, C): the logarithm of how
    many items a candidate stands for.
    """
    n_items, width = len(state.n_met), drawn.items.shape[1]
    scratch.stamp[:] = 0
    for q in range(len(asked.start)):
        advance(state, known, events, done, asked.until[q])
        done = max(done, asked.until[q])
        _prepare(state, known, histories, asked, q, scratch)
        for back in range(min(len(state.recent), state.n_events[0])):
            touch(scratch, q + 1, state.recent[(state.n_events[0] - 1 - back) % len(state.recent)])
        answer, n = asked.answer[q], 1
        drawn.items[q, 0], drawn.offset[q, 0] = answer, 0.0
        for place in range(scratch.n_touched[0]):
            if n == 3 * width // 4:
                break
            if scratch.touched[place] != answer:
                drawn.items[q, n], drawn.offset[q, n] = scratch.touched[place], 0.0
                n += 1
        rest = max(1, n_items - n) / (width - n)
        for place in range(n, width):
            drawn.items[q, place] = np.int64(drawn.uniform[q, place] * n_items)
            drawn.offset[q, place] = np.log(rest)
        _fill(state, known, asked, q, drawn.items[q], scratch, drawn.features[q])
    return done
