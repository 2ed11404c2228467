"""Compiled features of the Hawkes model; imported only after :func:`swayline.core.extras.require` found numba.

Shapes: one target person has E acts and P coefficients, laid out as::

    x = [ baseline K | own past S | ties D ]        P = K + S + D
    X : (E, P)   what each coefficient adds to the intensity at each act
    c : (P,)     the same, integrated over the time the person is watched (the compensator)

so the log-likelihood of the person is  sum_e log(X_e . x) - c . x,  concave in x >= 0, and people do not share
coefficients: each is solved alone, in parallel. Features along a tie come from a recursion, linear in the acts.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
import numpy as np
from numba import njit

EXPONENTIAL, BOX = 0, 1
"""Kinds of delay kernel component: ``rate * exp(-rate * lag)``, or uniform on (low, high]."""


@njit(cache=True, nogil=True, fastmath=True)
def _exponential_sums(source, target, rate, weight, out):
    """Add ``weight * sum_{s < t} rate exp(-rate (t - s))`` to ``out`` for every t of ``target``, by recursion."""
    level, last, j = 0.0, 0.0, 0
    n = len(source)
    for e in range(len(target)):
        t = target[e]
        while j < n and source[j] < t:
            level = (level * np.exp(-rate * (source[j] - last)) if j > 0 else 0.0) + 1.0
            last = source[j]
            j += 1
        if j > 0:
            gap = rate * (t - last)
            if gap < 40.0:
                out[e] += weight * rate * level * np.exp(-gap)


@njit(cache=True, nogil=True, fastmath=True)
def _box_sums(source, target, low, high, weight, out):
    """Add ``weight / (high - low)`` times the number of sources with low < t - s <= high (and s < t)."""
    first, last = 0, 0
    n = len(source)
    scale = weight / (high - low)
    for e in range(len(target)):
        t = target[e]
        while first < n and t - source[first] > high:
            first += 1
        while last < n and t - source[last] > low and source[last] < t:
            last += 1
        if last > first:
            out[e] += scale * (last - first)


@njit(cache=True, nogil=True, fastmath=True)
def kernel_sums(source, target, kernel, out):
    kinds, lows, highs, weights = kernel[0], kernel[1], kernel[2], kernel[3]
    for r in range(len(kinds)):
        if weights[r] > 0.0:
            if kinds[r] == EXPONENTIAL:
                _exponential_sums(source, target, lows[r], weights[r], out)
            else:
                _box_sums(source, target, lows[r], highs[r], weights[r], out)


@njit(cache=True, nogil=True, fastmath=True)
def kernel_mass(lag, kernel):
    """How much of the kernel lies within ``lag``."""
    kinds, lows, highs, weights = kernel[0], kernel[1], kernel[2], kernel[3]
    total = 0.0
    if lag <= 0.0:
        return total
    for r in range(len(kinds)):
        if kinds[r] == EXPONENTIAL:
            total += weights[r] * (1.0 - np.exp(-lows[r] * lag)) if lows[r] * lag < 40.0 else weights[r]
        else:
            total += weights[r] * min(max((lag - lows[r]) / (highs[r] - lows[r]), 0.0), 1.0)
    return total


@njit(cache=True, nogil=True, fastmath=True)
def compensator(source, begin, end, kernel):
    """Expected effect of all source acts that falls inside (begin, end], per unit of branching."""
    total = 0.0
    for s in source:
        total += kernel_mass(end - s, kernel)
        if s < begin:
            total -= kernel_mass(begin - s, kernel)
    return total


_CELL = 20.0
_NEXT_CELL = np.exp(-_CELL)


@njit(cache=True, nogil=True)
def trails(people, act_ptr, acts, begin, end, kernel, out):
    """What each act leaves behind, once, so that a tie costs two multiplications an act and no exponential.

    Time is cut into cells of 20 mean delays. With ``lift`` the level just after an act, raised to its cell's start, and
    ``fall`` the decay since it, the effect of a source's acts up to s on a later act t is ``lift[s] fall[t]`` within a
    cell, e^-20 of that in the next and nothing beyond. All are (R, acts) of ``out``, for exponential components;
    ``mass`` (everybody,) is what a source brings about in all within (begin, end].
    """
    mass, lift, fall, cell = out.mass, out.lift, out.fall, out.cell
    for i in people:
        lo, hi = act_ptr[i], act_ptr[i + 1]
        mass[i] = compensator(acts[lo:hi], begin, end, kernel)
        for r in range(len(lift)):
            rate = kernel[1, r]
            level = 0.0
            for a in range(lo, hi):
                level = (level * np.exp(-rate * (acts[a] - acts[a - 1])) if a > lo else 0.0) + 1.0
                at = rate * acts[a]
                place = np.floor(at / _CELL)
                fall[r, a] = np.exp(place * _CELL - at)
                lift[r, a] = kernel[3, r] * rate * level / fall[r, a]
                cell[r, a] = place


@njit(cache=True, nogil=True)
def _merged(lo, hi, first, last, acts, before):
    """For every act ``lo .. hi`` the place of the last of ``first .. last`` before it, or first - 1.

    Both runs are walked together without a branch that depends on the data: processors guess those wrong half the time.
    """
    e, s = lo, first
    while e < hi and s < last:
        before[e - lo] = s - 1
        ahead = acts[s] < acts[e]
        s += np.int64(ahead)
        e += np.int64(not ahead)
    while e < hi:
        before[e - lo] = s - 1
        e += 1


@njit(cache=True, nogil=True, fastmath=True)
def _follow(lo, hi, first, last, acts, trails, before, out):
    """Add to ``out`` the effect on acts ``lo .. hi`` of the source whose acts are ``first .. last``."""
    lift, fall, cell = trails.lift, trails.fall, trails.cell
    _merged(lo, hi, first, last, acts, before)
    for r in range(len(lift)):
        for e in range(lo, hi):
            s = before[e - lo]
            if s >= first:
                gap = cell[r, e] - cell[r, s]
                share = 1.0 if gap == 0 else (_NEXT_CELL if gap == 1 else 0.0)
                out[e - lo] += lift[r, s] * fall[r, e] * share


@njit(cache=True, nogil=True)
def places_before(in_time, who, act_ptr, acts, tie_ptr, tie_source, block, places):
    """For every act and every source of who did it, the source's last act strictly before it (-1: none), in one walk.

    ``in_time`` (acts,): all acts in the order of time; ``block`` (people + 1,): where each person's (acts, ties) part
    of ``places`` begins.
    """
    last = np.full(len(act_ptr) - 1, -1, np.int32)
    waiting = 0
    for k in range(len(in_time)):
        e = in_time[k]
        while acts[in_time[waiting]] < acts[e]:
            last[who[in_time[waiting]]] = in_time[waiting]
            waiting += 1
        i = who[e]
        at = block[i] + (e - act_ptr[i]) * (tie_ptr[i + 1] - tie_ptr[i])
        for t in range(tie_ptr[i], tie_ptr[i + 1]):
            places[at] = last[tie_source[t]]
            at += 1


@njit(cache=True, nogil=True, fastmath=True)
def _follow_placed(lo, places, first, step, trails, out):
    """As ``_follow`` for acts from ``lo`` on; the source's last act before each stands at ``first``, ``step`` apart."""
    lift, fall, cell = trails.lift, trails.fall, trails.cell
    for r in range(len(lift)):
        for e in range(len(out)):
            s = places[first + e * step]
            if s >= 0:
                gap = cell[r, lo + e] - cell[r, s]
                share = 1.0 if gap == 0 else (_NEXT_CELL if gap == 1 else 0.0)
                out[e] += lift[r, s] * fall[r, lo + e] * share


@njit(cache=True, nogil=True)
def design(i, inputs):
    """``X`` transposed (P, E) and ``c`` of person i, over the acts that count (those after ``skip[i]``).

    ``inputs`` is a :class:`swayline.influence.network.fit.solver_inputs.SolverInputs`.
    """
    act_ptr, acts, tie_ptr, trails = inputs.act_ptr, inputs.acts, inputs.tie_ptr, inputs.trails
    past = acts[act_ptr[i] : act_ptr[i + 1]]
    lo, hi = act_ptr[i] + inputs.skip[i], act_ptr[i + 1]
    target = acts[lo:hi]
    n_base, n_own = inputs.rates.shape[1], inputs.own.shape[1]
    n_ties = tie_ptr[i + 1] - tie_ptr[i]
    size = n_base + n_own + n_ties
    columns = np.zeros((size, hi - lo))
    c = np.empty(size)
    for k in range(n_base):
        for e in range(hi - lo):
            columns[k, e] = inputs.rates[inputs.phase[lo + e], k] * inputs.level[lo + e]
        c[k] = inputs.base_mass[i, k]
    for s in range(n_own):
        one = inputs.own[:, s : s + 1]
        kernel_sums(past, target, one, columns[n_base + s])
        c[n_base + s] = compensator(past, inputs.begin, inputs.end, one)
    before = np.empty(hi - lo, np.int64)
    for d in range(n_ties):
        j = inputs.tie_source[tie_ptr[i] + d]
        column = columns[n_base + n_own + d]
        c[n_base + n_own + d] = trails.mass[j]
        if len(inputs.places):
            _follow_placed(lo, inputs.places, inputs.block[i] + inputs.skip[i] * n_ties + d, n_ties, trails, column)
        elif len(trails.lift):
            _follow(lo, hi, act_ptr[j], act_ptr[j + 1], acts, trails, before, column)
        else:
            kernel_sums(acts[act_ptr[j] : act_ptr[j + 1]], target, inputs.kernel, column)
    return columns, c
