"""Compiled reverse-reachable sets over a graph and the greedy choice that meets most of them.

Imported only after numba was found. All release the lock, so threads share the work.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
import heapq

import numpy as np
from numba import njit

from swayline.influence.diffusion.compiled.cascades import INDEPENDENT_CASCADE
from swayline.influence.diffusion.compiled.random_numbers import next_uniform, seeded


@njit(cache=True, nogil=True)
def _root(state, roots, n):
    """The next state and a root drawn from a table, or from all nodes where it is empty."""
    state, u = next_uniform(state)
    state, v = next_uniform(state)
    place = np.float64(u) + np.float64(v) * 5.9604645e-08
    return state, (roots[int(place * len(roots))] if len(roots) else int(place * n))


@njit(cache=True, nogil=True)
def _with_room(nodes, filled, n):
    """The nodes written so far in an array that holds n more."""
    if filled + n <= len(nodes):
        return nodes
    grown = np.empty(2 * len(nodes) + n, np.int32)
    grown[:filled] = nodes[:filled]
    return grown


@njit(cache=True, nogil=True)
def reverse_sets(in_ptr, in_from, in_p, model, roots, seed, first, n_sets):
    """Reverse-reachable sets ``first .. first + n_sets``: who would have reached a random person.

    Returns pointer (n_sets + 1,) and nodes. ``roots`` (L,) is a table to draw roots from; empty for all nodes alike.
    Borgs et al., "Maximizing Social Influence in Nearly Optimal Time", SODA 2014.
    """
    n = len(in_ptr) - 1
    stamp = np.full(n, -1, np.int64)
    pointer = np.zeros(n_sets + 1, np.int64)
    nodes = np.empty(max(16 * n_sets, 1024), np.int32)
    filled = 0
    for index in range(n_sets):
        state, root = _root(seeded(seed, first + index), roots, n)
        nodes = _with_room(nodes, filled, n)
        stamp[root] = index
        begin = filled
        nodes[filled] = root
        filled += 1
        if model == INDEPENDENT_CASCADE:
            at = begin
            while at < filled:
                node = nodes[at]
                at += 1
                for a in range(in_ptr[node], in_ptr[node + 1]):
                    state, u = next_uniform(state)
                    if u < in_p[a] and stamp[in_from[a]] != index:
                        stamp[in_from[a]] = index
                        nodes[filled] = in_from[a]
                        filled += 1
        else:
            node = root
            while True:
                state, u = next_uniform(state)
                chosen = -1
                for a in range(in_ptr[node], in_ptr[node + 1]):
                    u -= in_p[a]
                    if u < 0.0:
                        chosen = in_from[a]
                        break
                if chosen < 0 or stamp[chosen] == index:
                    break
                stamp[chosen] = index
                nodes[filled] = chosen
                filled += 1
                node = chosen
        pointer[index + 1] = filled
    return pointer, nodes[:filled].copy()


@njit(cache=True, nogil=True)
def timed_reverse_sets(in_ptr, in_from, in_p, roots, mean_delay, deadline, seed, first, n_sets):
    """Reverse-reachable sets of the independent cascade with exponential delays, within a deadline.

    Du et al., "Scalable Influence Estimation in Continuous-Time Diffusion Networks", NeurIPS 2013.
    """
    n = len(in_ptr) - 1
    done = np.full(n, -1, np.int64)
    pointer = np.zeros(n_sets + 1, np.int64)
    nodes = np.empty(max(16 * n_sets, 1024), np.int32)
    filled = 0
    for index in range(n_sets):
        state, root = _root(seeded(seed, first + index), roots, n)
        nodes = _with_room(nodes, filled, n)
        heap = [(0.0, np.int64(root))]
        while len(heap):
            time, node = heapq.heappop(heap)
            if done[node] == index:
                continue
            done[node] = index
            nodes[filled] = node
            filled += 1
            for a in range(in_ptr[node], in_ptr[node + 1]):
                state, u = next_uniform(state)
                if u < in_p[a] and done[in_from[a]] != index:
                    state, u = next_uniform(state)
                    arrival = time - mean_delay * np.log(1.0 - np.float64(u))
                    if arrival <= deadline:
                        heapq.heappush(heap, (arrival, np.int64(in_from[a])))
        pointer[index + 1] = filled
    return pointer, nodes[:filled].copy()


@njit(cache=True, nogil=True)
def inverted(pointer, nodes, n):
    """For every node the sets that hold it: pointer (n + 1,) and set numbers."""
    start = np.zeros(n + 1, np.int64)
    for node in nodes:
        start[node + 1] += 1
    for i in range(n):
        start[i + 1] += start[i]
    place = start[:-1].copy()
    sets = np.empty(len(nodes), np.int32)
    for s in range(len(pointer) - 1):
        for at in range(pointer[s], pointer[s + 1]):
            sets[place[nodes[at]]] = s
            place[nodes[at]] += 1
    return start, sets


@njit(cache=True, nogil=True)
def greedy_cover(pointer, nodes, start, sets, cost, budget, allowed, by_ratio):
    """Greedy maximum coverage within a budget.

    Returns chosen nodes, sets newly covered by each, and an upper bound on the coverage of any affordable choice: the
    smallest, over the steps, of what is covered plus what the budget could at most add (Tang et al., 2018).
    """
    n = len(start) - 1
    gain = np.empty(n, np.int64)
    cheapest = np.inf
    for v in range(n):
        gain[v] = start[v + 1] - start[v]
        if allowed[v] and cost[v] < cheapest:
            cheapest = cost[v]
    most = int(min(budget / cheapest + 1e-9, n)) if cheapest < np.inf else 0
    covered = np.zeros(len(pointer) - 1, np.bool_)
    chosen, gains = np.empty(most, np.int64), np.empty(most, np.int64)
    taken = np.zeros(n, np.bool_)
    total, spent, count, upper = 0, 0.0, 0, np.inf
    while count < most:
        upper = min(upper, total + _best_rest(gain, taken, allowed, cost, budget))
        best, value = -1, -1.0
        for v in range(n):
            if allowed[v] and not taken[v] and spent + cost[v] <= budget + 1e-9:
                worth = gain[v] / cost[v] if by_ratio else float(gain[v])
                if worth > value:
                    best, value = v, worth
        if best < 0:
            break
        chosen[count], gains[count] = best, gain[best]
        taken[best] = True
        total += gain[best]
        spent += cost[best]
        count += 1
        for at in range(start[best], start[best + 1]):
            s = sets[at]
            if not covered[s]:
                covered[s] = True
                for b in range(pointer[s], pointer[s + 1]):
                    gain[nodes[b]] -= 1
    upper = min(upper, total + _best_rest(gain, taken, allowed, cost, budget))
    return chosen[:count], gains[:count], upper


@njit(cache=True, nogil=True)
def _best_rest(gain, taken, allowed, cost, budget):
    """The most that the budget could add if gains did not overlap (fractional knapsack, an upper bound)."""
    n = len(gain)
    worth = np.zeros(n)
    for v in range(n):
        if allowed[v] and not taken[v]:
            worth[v] = gain[v] / cost[v]
    order = np.argsort(-worth)
    total, left = 0.0, budget
    for v in order:
        if left <= 0.0 or worth[v] <= 0.0:
            break
        part = min(cost[v], left)
        total += worth[v] * part
        left -= part
    return total


@njit(cache=True, nogil=True)
def first_met(pointer, nodes, chosen, n):
    """(k,) how many sets meet each of the chosen, and none chosen before it."""
    rank = np.full(n, len(chosen), np.int64)
    for k in range(len(chosen)):
        rank[chosen[k]] = k
    counts = np.zeros(len(chosen) + 1, np.int64)
    for s in range(len(pointer) - 1):
        best = len(chosen)
        for at in range(pointer[s], pointer[s + 1]):
            if rank[nodes[at]] < best:
                best = rank[nodes[at]]
        counts[best] += 1
    return counts[:-1]
