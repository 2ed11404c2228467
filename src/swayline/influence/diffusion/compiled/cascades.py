"""Compiled simulation of cascades; imported only after numba was found.

All release the lock, so threads share the work. ``arcs`` are ``(out_ptr,
out_to, weight)``: where each node's arcs begin, where they go, and their chances or branching.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
import numpy as np
from numba import njit

from swayline.influence.diffusion.compiled.random_numbers import next_uniform, seeded

INDEPENDENT_CASCADE, LINEAR_THRESHOLD = 0, 1


@njit(cache=True, nogil=True)
def cascades(arcs, model, seeds, blocked, seed, first, n_runs, reached):
    """Simulate cascades; returns their sizes (n_runs,) and counts in ``reached`` (n,) how often each was reached."""
    out_ptr, out_to, out_p = arcs
    n = len(out_ptr) - 1
    stamp = np.full(n, -1, np.int64)
    pressure, threshold = np.zeros(n, np.float32), np.zeros(n, np.float32)
    felt = np.full(n, -1, np.int64)
    queue = np.empty(n, np.int32)
    sizes = np.zeros(n_runs, np.int64)
    for index in range(n_runs):
        state = seeded(seed, first + index)
        filled = 0
        for s in seeds:
            if stamp[s] != index and not blocked[s]:
                stamp[s] = index
                queue[filled] = s
                filled += 1
        at = 0
        while at < filled:
            node = queue[at]
            at += 1
            for a in range(out_ptr[node], out_ptr[node + 1]):
                to = out_to[a]
                if stamp[to] == index or blocked[to]:
                    continue
                if model == INDEPENDENT_CASCADE:
                    state, u = next_uniform(state)
                    works = u < out_p[a]
                else:
                    if felt[to] != index:
                        felt[to] = index
                        state, u = next_uniform(state)
                        threshold[to] = u
                        pressure[to] = 0.0
                    pressure[to] += out_p[a]
                    works = pressure[to] > threshold[to]
                if works:
                    stamp[to] = index
                    queue[filled] = to
                    filled += 1
        sizes[index] = filled
        for b in range(filled):
            reached[queue[b]] += 1
    return sizes


@njit(cache=True, nogil=True)
def hawkes_cascades(arcs, mean_delay, deadline, seeds, most, seed, first, n_runs):
    """Cascades of acts: every act brings Poisson(branching) acts along each tie, each after an exponential delay.

    Returns acts caused (seeds' own first acts left out) and distinct people reached, per run; a run stops at ``most``.
    """
    out_ptr, out_to, out_branching = arcs
    n = len(out_ptr) - 1
    stamp = np.full(n, -1, np.int64)
    acts, people = np.zeros(n_runs, np.int64), np.zeros(n_runs, np.int64)
    who, when = np.empty(most, np.int32), np.empty(most)
    for index in range(n_runs):
        state = seeded(seed, first + index)
        filled = 0
        for s in seeds:
            who[filled], when[filled] = s, 0.0
            filled += 1
        at = 0
        while at < filled and filled < most:
            node, time = who[at], when[at]
            at += 1
            for a in range(out_ptr[node], out_ptr[node + 1]):
                left = np.exp(-np.float64(out_branching[a]))
                state, u = next_uniform(state)
                product = np.float64(u)
                while product > left and filled < most:
                    state, v = next_uniform(state)
                    then = time - mean_delay * np.log(1.0 - np.float64(v))
                    if then <= deadline:
                        who[filled], when[filled] = out_to[a], then
                        filled += 1
                    state, u = next_uniform(state)
                    product *= u
        acts[index] = filled - len(seeds)
        for b in range(filled):
            if stamp[who[b]] != index:
                stamp[who[b]] = index
                people[index] += 1
    return acts, people
