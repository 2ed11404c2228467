"""Compiled passes of discovery in cascades; imported only after numba was found.

Past cascades as in ``adopters.py``: ``ptr``, ``who`` by cascade and order of joining, and by person ``own_ptr``,
``own_cascade``, ``own_place``. ``memory`` is the share by which a place further back counts less: the weight of a lag
of k joins is ``memory ** (k - 1)``. ``tilt`` (people,): how strongly a person tends to join late.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
import numpy as np
from numba import njit

_FAR = 1e-3


@njit(cache=True, nogil=True)
def _chances(size, tilt, out):
    """(size,) chance of each place for somebody who joins, were nobody swayed."""
    total = 0.0
    for k in range(size):
        out[k] = np.exp(tilt * k / max(size - 1, 1))
        total += out[k]
    for k in range(size):
        out[k] /= total


@njit(cache=True, nogil=True)
def tilts(past, out):
    """Each person's tendency to join late, by Newton steps on the likelihood of its places, drawn a little to none."""
    ptr, _who, own_ptr, own_cascade, own_place = past
    for v in range(len(own_ptr) - 1):
        tilt = 0.0
        for _ in range(12):
            slope, bend = -tilt, 1.0
            for x in range(own_ptr[v], own_ptr[v + 1]):
                c = own_cascade[x]
                size = ptr[c + 1] - ptr[c]
                if size < 2:
                    continue
                chance = np.empty(size)
                _chances(size, tilt, chance)
                mean, square = 0.0, 0.0
                for k in range(size):
                    at = k / (size - 1)
                    mean += chance[k] * at
                    square += chance[k] * at * at
                slope += own_place[x] / (size - 1) - mean
                bend += square - mean * mean
            step = slope / bend
            tilt += min(max(step, -2.0), 2.0)
            if abs(step) < 1e-6:
                break
        out[v] = tilt


@njit(cache=True, nogil=True)
def screen(people, past, tilt, memory, least, width, found, p_value, tested):
    """The likeliest sources of the given people: ``found``, ``p_value`` (everybody, width); -1 where there are fewer.

    Given that both join a cascade, v's place among those left free by u is drawn by v's tilt if u sways it not. The
    statistic sums, over the cascades both join, the weight of how soon v came after u; its p-value is Chernoff's bound
    from the exact distribution under that null. ``tested`` (everybody,): how many sources shared ``least`` cascades.
    """
    ptr, who, own_ptr, own_cascade, own_place = past
    n = len(own_ptr) - 1
    shared = np.zeros(n, np.int64)
    score, mean, spread = np.zeros(n), np.zeros(n), np.zeros(n)
    for v in people:
        shared[:] = 0
        score[:] = 0.0
        mean[:] = 0.0
        spread[:] = 0.0
        for x in range(own_ptr[v], own_ptr[v + 1]):
            c, at = own_cascade[x], own_place[x]
            size = ptr[c + 1] - ptr[c]
            chance = np.empty(size)
            _chances(size, tilt[v], chance)
            for place in range(size):
                if place == at:
                    continue
                u = who[ptr[c] + place]
                first, second = _expected(chance, place, memory)
                shared[u] += 1
                mean[u] += first
                spread[u] += second - first * first
                if at > place:
                    score[u] += memory ** (at - place - 1)
        count = 0
        for u in range(n):
            if shared[u] < least:
                continue
            tested[v] += 1
            if score[u] <= mean[u] + 2.0 * np.sqrt(max(spread[u], 1e-12)):
                continue
            p = _chernoff(v, u, past, tilt[v], memory, score[u])
            if count == width and p >= p_value[v, width - 1]:
                continue
            place = min(count, width - 1)
            while place > 0 and p_value[v, place - 1] > p:
                p_value[v, place], found[v, place] = p_value[v, place - 1], found[v, place - 1]
                place -= 1
            p_value[v, place], found[v, place] = p, u
            count = min(count + 1, width)


@njit(cache=True, nogil=True)
def _expected(chance, place, memory):
    """First and second moment of the weight behind ``place``, the place itself being taken."""
    first, second, weight = 0.0, 0.0, 1.0
    for k in range(place + 1, len(chance)):
        if weight < _FAR:
            break
        first += chance[k] * weight
        second += chance[k] * weight * weight
        weight *= memory
    free = 1.0 - chance[place]
    return first / free, second / free


@njit(cache=True, nogil=True)
def _behind(v, u, past, tilt, lags):
    """(cascades shared, lags) chance of v's place so many behind u's, u's own place being taken."""
    ptr, _who, own_ptr, own_cascade, own_place = past
    out = np.zeros((own_ptr[v + 1] - own_ptr[v], lags))
    count, y = 0, own_ptr[u]
    for x in range(own_ptr[v], own_ptr[v + 1]):
        c = own_cascade[x]
        while y < own_ptr[u + 1] and own_cascade[y] < c:
            y += 1
        if y == own_ptr[u + 1] or own_cascade[y] != c:
            continue
        place, size = own_place[y], ptr[c + 1] - ptr[c]
        chance = np.empty(size)
        _chances(size, tilt, chance)
        for k in range(min(lags, size - place - 1)):
            out[count, k] = chance[place + 1 + k] / (1.0 - chance[place])
        count += 1
    return out[:count]


@njit(cache=True, nogil=True)
def _log_moment(s, behind, memory):
    """Logarithm of the mean of exp(s score) under the null."""
    rise = np.empty(behind.shape[1])
    weight = 1.0
    for k in range(len(rise)):
        rise[k] = np.exp(s * weight) - 1.0
        weight *= memory
    total = 0.0
    for row in behind:
        lift = 1.0
        for k in range(len(rise)):
            lift += row[k] * rise[k]
        total += np.log(lift)
    return total


@njit(cache=True, nogil=True)
def _chernoff(v, u, past, tilt, memory, score):
    """exp(min over s of K(s) - s score): no chance of such a score under the null is larger."""
    behind = _behind(v, u, past, tilt, int(np.ceil(np.log(_FAR) / np.log(memory))))
    best, low, high = 0.0, 0.0, 12.0
    while high - low > 1e-2:
        left, right = low + (high - low) / 3, high - (high - low) / 3
        at_left = _log_moment(left, behind, memory) - left * score
        at_right = _log_moment(right, behind, memory) - right * score
        best = min(best, at_left, at_right)
        if at_left < at_right:
            high = right
        else:
            low = left
    return np.exp(best)


@njit(cache=True, nogil=True)
def joint(v, past, tilt, memory, sources, steps, weight):
    """Fit ``weight`` (sources,) of v's likely sources together; returns the conditional log-likelihood of its places.

    In every cascade v's place has chance proportional to ``size chance + sum of weight memory ** lag`` over the sources
    before it: EM on the numerator against the slope of the sum over all places.
    """
    ptr, who, own_ptr, own_cascade, own_place = past
    total = 0.0
    for step in range(steps + 1):
        gained, cost = np.zeros(len(sources)), np.zeros(len(sources))
        total = 0.0
        for x in range(own_ptr[v], own_ptr[v + 1]):
            c, at = own_cascade[x], own_place[x]
            size = ptr[c + 1] - ptr[c]
            chance = np.empty(size)
            _chances(size, tilt, chance)
            here, everywhere = chance[at] * size, float(size)
            near, mass = np.zeros(len(sources)), np.zeros(len(sources))
            for d in range(len(sources)):
                for place in range(size):
                    if who[ptr[c] + place] == sources[d]:
                        mass[d] = (1.0 - memory ** (size - place - 1)) / (1.0 - memory)
                        if at > place:
                            near[d] = memory ** (at - place - 1)
                        break
                here += weight[d] * near[d]
                everywhere += weight[d] * mass[d]
            total += np.log(here / everywhere)
            for d in range(len(sources)):
                gained[d] += weight[d] * near[d] / here
                cost[d] += mass[d] / everywhere
        if step < steps:
            for d in range(len(sources)):
                weight[d] = gained[d] / cost[d] if cost[d] > 0.0 else 0.0
    return total


@njit(cache=True, nogil=True)
def credit(v, past, tilt, memory, sources, weight, brought, chances, squared):
    """Expected joins of v that each source brought, and how often it could have: v free when the source joined.

    Where a source that joined earlier brought v, whether this one would have is not seen: it is no chance of this one.
    ``squared``: the sum of squared shares, by which what is known falls short of what sharing out for certain would.
    """
    ptr, who, own_ptr, own_cascade, own_place = past
    for d in range(len(sources)):
        u = sources[d]
        chances[d] = own_ptr[u + 1] - own_ptr[u]
    for x in range(own_ptr[v], own_ptr[v + 1]):
        c, at = own_cascade[x], own_place[x]
        size = ptr[c + 1] - ptr[c]
        chance = np.empty(size)
        _chances(size, tilt, chance)
        here, drawn = chance[at] * size, 0.0
        near, joined = np.zeros(len(sources)), np.full(len(sources), size)
        for d in range(len(sources)):
            for place in range(size):
                if who[ptr[c] + place] == sources[d]:
                    joined[d] = place
                    if place < at:
                        near[d] = weight[d] * memory ** (at - place - 1)
                    else:
                        chances[d] -= 1
                    break
            drawn += near[d]
        here += drawn
        for d in range(len(sources)):
            share = near[d] / here
            brought[d] += share
            squared[d] += share * share
            for other in range(len(sources)):
                if joined[other] < joined[d] < at:
                    chances[d] -= near[other] / here
