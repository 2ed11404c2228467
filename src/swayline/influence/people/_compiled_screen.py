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

from swayline.influence.people._compiled_features import compensator, kernel_sums


@njit(cache=True, nogil=True, fastmath=True)
def sums_by_level(sources, act_ptr, who, when, rates, weights, inverse, base, sums):
    """Add to ``sums`` (3, people, sources) the sums of f/lambda, (f/lambda)^2 and f b/lambda^2 over the target's acts.

    ``who``, ``when`` (acts,): all acts in the order of time
    (those at one moment never explain each other); ``inverse``, ``base`` (acts,): 1/lambda and baseline/lambda.
    """
    place = np.full(len(act_ptr) - 1, -1, np.int64)
    for k in range(len(sources)):
        place[sources[k]] = k
    levels = np.zeros((len(rates), len(sources)))
    total = np.zeros(len(sources))
    waiting = 0
    for e in range(len(who)):
        if e > 0 and when[e] > when[e - 1]:
            for b in range(waiting, e):
                if place[who[b]] >= 0:
                    for r in range(len(rates)):
                        levels[r, place[who[b]]] += weights[r] * rates[r] * np.exp(-rates[r] * (when[e - 1] - when[b]))
            waiting = e
            total[:] = 0.0
            for r in range(len(rates)):
                decay = np.exp(-rates[r] * (when[e] - when[e - 1]))
                level = levels[r]
                for k in range(len(total)):
                    level[k] *= decay
                    total[k] += level[k]
        i, scale, beside = who[e], inverse[e], base[e]
        first, second, third = sums[0, i], sums[1, i], sums[2, i]
        for k in range(len(total)):
            part = total[k] * scale
            first[k] += part
            second[k] += part * part
            third[k] += part * beside


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
                sums[2, i, k] += part * base[lo + e]


@njit(cache=True, nogil=True)
def masses(sources, act_ptr, acts, end, kernel, out):
    """What each source's acts would bring about before ``end``, per unit of branching."""
    for k in range(len(sources)):
        j = sources[k]
        out[k] = compensator(acts[act_ptr[j] : act_ptr[j + 1]], 0.0, end, kernel)
