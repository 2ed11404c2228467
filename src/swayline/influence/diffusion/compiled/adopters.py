"""Compiled evidence of who joins a cascade next; imported only after numba was found.

Past cascades lie one after another: ``ptr`` (C + 1,), ``who`` and ``when`` by cascade and order of joining; and again
by person: ``own_ptr`` (people + 1,), ``own_cascade``, ``own_place``, in the order of time.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
import numpy as np
from numba import njit

_DAY = 86400.0
_SLOW, _FAST = 0.9, 0.5
_RARE = 5.0
"""Acts' worth of doubt about what people who acted seldom say."""


@njit(cache=True, nogil=True)
def evidence(past, ties_ptr, ties_to, members, now, skipped, out):
    """Fill ``out`` (people, 11) with what cascades before ``now`` and ties say about everybody as the next to join.

    Columns: follows (soon after members, the last counting most), follows at all, follows at once, joined before a
    member, overlap (cascades alike), ties (the last member's counting most), ties counted, tie to the root, acts, acts
    in the last month and in the last year, each by exponential decay. ``skipped``: a cascade to leave out, or -1.
    """
    ptr, who, when, own_ptr, own_cascade, own_place = past
    out[:] = 0.0
    size = len(members)
    shared = np.zeros(len(ptr) - 1)
    for m in range(size):
        u, back = members[m], size - 1 - m
        slow, fast = _SLOW**back, _FAST**back
        known = 0
        for x in range(own_ptr[u], own_ptr[u + 1]):
            c = own_cascade[x]
            if c != skipped and when[ptr[c] + own_place[x]] < now:
                known += 1
        trust = 1.0 / (_RARE + known)
        for x in range(own_ptr[u], own_ptr[u + 1]):
            c = own_cascade[x]
            at = ptr[c] + own_place[x]
            if c == skipped or when[at] >= now:
                continue
            shared[c] += 1.0
            near, nearest = slow * trust, fast * trust
            for q in range(at + 1, ptr[c + 1]):
                if when[q] >= now:
                    break
                out[who[q], 0] += near
                out[who[q], 1] += trust
                out[who[q], 2] += nearest
                near *= _SLOW
                nearest *= _FAST
            for q in range(ptr[c], at):
                out[who[q], 3] += slow * trust
        for x in range(ties_ptr[u], ties_ptr[u + 1]):
            out[ties_to[x], 5] += slow
            out[ties_to[x], 6] += 1.0
            if m == 0:
                out[ties_to[x], 7] += 1.0
    for c in range(len(shared)):
        if shared[c] > 0.0:
            alike = shared[c] * shared[c] / ((ptr[c + 1] - ptr[c] + _RARE) * (size + _RARE))
            for q in range(ptr[c], ptr[c + 1]):
                if when[q] >= now:
                    break
                out[who[q], 4] += alike
    _activity(past, now, skipped, out)


@njit(cache=True, nogil=True)
def _activity(past, now, skipped, out):
    ptr, _who, when, own_ptr, own_cascade, own_place = past
    for v in range(len(own_ptr) - 1):
        for x in range(own_ptr[v], own_ptr[v + 1]):
            c = own_cascade[x]
            t = when[ptr[c] + own_place[x]]
            if c == skipped or t >= now:
                continue
            out[v, 8] += 1.0
            days = (now - t) / _DAY
            out[v, 9] += np.exp(-days / 30.0)
            out[v, 10] += np.exp(-days / 365.0)
