"""Compiled screening of every ordered pair for influence: how far a source's recent past runs high when a target acts.

For each target i and possible source j, against "nobody sways anybody", the score test of the branching::

    slope = sum_e f_j(t_e) / lambda_e - mass_j          f_j: the kernel summed over j's acts before t_e
    z     = slope / root(sum f^2 / lambda^2 - (sum f / lambda . b / lambda)^2 / sum b^2 / lambda^2)

Exponential kernels: all acts are walked once in the order of time with the decayed level of every source beside them,
so that a pair costs one multiplication an act and no exponential. Box kernels are summed pair by pair.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
import numpy as np
from numba import njit

from swayline.influence.network.compiled.features import compensator, kernel_sums


@njit(cache=True, nogil=True, fastmath=True)
def sums_by_level(sources, act_ptr, who, when, rates, weights, inverse, base, sums):
    """Add to ``sums`` (3, people, sources) the sums of f/lambda, (f/lambda)^2 and f b/lambda^2 over the target's acts.

    ``who``, ``when`` (acts,): all acts in the order of time (those at one moment never explain each other);
    ``inverse``, ``base`` (acts,): 1/lambda and b/lambda, the latter empty where it is one and ``sums`` (2, ...).
    """
    place = np.full(len(act_ptr) - 1, -1, np.int64)
    for k in range(len(sources)):
        place[sources[k]] = k
    levels, total = np.zeros((len(rates), len(sources))), np.empty(len(sources))
    # A level stands raised to the moment ``since``, so that time passing costs one exponential and not one a source.
    since, fallen = np.full(len(rates), when[0]), np.ones(len(rates))
    waiting = 0
    for e in range(len(who)):
        if e > 0 and when[e] > when[e - 1]:
            for b in range(waiting, e):
                if place[who[b]] >= 0:
                    for r in range(len(rates)):
                        levels[r, place[who[b]]] += weights[r] * rates[r] / fallen[r]
            waiting = e
            for r in range(len(rates)):
                fallen[r] = np.exp(-rates[r] * (when[e] - since[r]))
                if fallen[r] < 1e-9:
                    levels[r] *= fallen[r]
                    since[r], fallen[r] = when[e], 1.0
        i, scale = who[e], inverse[e]
        first, second = sums[0, i], sums[1, i]
        one, down = levels[0], fallen[0] * scale
        if len(rates) > 1:
            total[:] = 0.0
            for r in range(len(rates)):
                for k in range(len(total)):
                    total[k] += levels[r, k] * fallen[r]
            one, down = total, scale
        for k in range(len(one)):
            part = one[k] * down
            first[k] += part
            second[k] += part * part
        if len(base):
            third, beside = sums[2, i], base[e] * down
            for k in range(len(one)):
                third[k] += one[k] * beside


@njit(cache=True, nogil=True)
def sums_by_pair(people, sources, act_ptr, acts, kernel, inverse, base, sums):
    """The same sums for the given targets by walking every pair; any kernel."""
    for i in people:
        lo, hi = act_ptr[i], act_ptr[i + 1]
        column = np.empty(hi - lo)
        for k in range(len(sources)):
            j = sources[k]
            column[:] = 0.0
            kernel_sums(acts[act_ptr[j] : act_ptr[j + 1]], acts[lo:hi], kernel, column)
            for e in range(hi - lo):
                part = column[e] * inverse[lo + e]
                sums[0, i, k] += part
                sums[1, i, k] += part * part
                if len(base):
                    sums[2, i, k] += part * base[lo + e]


@njit(cache=True, nogil=True)
def masses(sources, act_ptr, acts, end, kernel, out):
    """What each source's acts would bring about before ``end``, per unit of branching."""
    for k in range(len(sources)):
        j = sources[k]
        out[k] = compensator(acts[act_ptr[j] : act_ptr[j + 1]], 0.0, end, kernel)
