"""Compiled walks over a graph; imported only after numba was found. All release the lock, so threads share the work.

Random numbers: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) seeded by run and sample, so that results do not depend
on how samples are divided over threads.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
import heapq

import numpy as np
from numba import njit

INDEPENDENT_CASCADE, LINEAR_THRESHOLD = 0, 1
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_A, _B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S40 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(40)


@njit(cache=True, nogil=True, inline="always")
def _next(state):
    """The next state and a uniform number in [0, 1) with 24 bits."""
    state = state + _GOLDEN
    z = state
    z = (z ^ (z >> _S30)) * _A
    z = (z ^ (z >> _S27)) * _B
    z = z ^ (z >> _S31)
    return state, np.float32(z >> _S40) * np.float32(5.9604645e-08)


@njit(cache=True, nogil=True)
def _seeded(seed, sample):
    state = np.uint64(seed) * _A + np.uint64(sample) * _GOLDEN
    state, _ = _next(state)
    return state ^ (np.uint64(sample) << _S31)


@njit(cache=True, nogil=True)
def _root(state, roots, n):
    """The next state and a root drawn from a table, or from all nodes where it is empty."""
    state, u = _next(state)
    state, v = _next(state)
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
        state, root = _root(_seeded(seed, first + index), roots, n)
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
                    state, u = _next(state)
                    if u < in_p[a] and stamp[in_from[a]] != index:
                        stamp[in_from[a]] = index
                        nodes[filled] = in_from[a]
                        filled += 1
        else:
            node = root
            while True:
                state, u = _next(state)
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
        state, root = _root(_seeded(seed, first + index), roots, n)
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
                state, u = _next(state)
                if u < in_p[a] and done[in_from[a]] != index:
                    state, u = _next(state)
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


@njit(cache=True, nogil=True)
def cascades(out_ptr, out_to, out_p, weight_in, model, seeds, blocked, seed, first, n_runs, reached):
    """Simulate cascades; returns their sizes (n_runs,) and counts in ``reached`` (n,) how often each was reached."""
    n = len(out_ptr) - 1
    stamp = np.full(n, -1, np.int64)
    pressure, threshold = np.zeros(n, np.float32), np.zeros(n, np.float32)
    felt = np.full(n, -1, np.int64)
    queue = np.empty(n, np.int32)
    sizes = np.zeros(n_runs, np.int64)
    for index in range(n_runs):
        state = _seeded(seed, first + index)
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
                    state, u = _next(state)
                    works = u < out_p[a]
                else:
                    if felt[to] != index:
                        felt[to] = index
                        state, u = _next(state)
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
def hawkes_cascades(out_ptr, out_to, out_branching, mean_delay, deadline, seeds, most, seed, first, n_runs):
    """Cascades of acts: every act brings Poisson(branching) acts along each tie, each after an exponential delay.

    Returns acts caused (seeds' own first acts left out) and distinct people reached, per run; a run stops at ``most``.
    """
    n = len(out_ptr) - 1
    stamp = np.full(n, -1, np.int64)
    acts, people = np.zeros(n_runs, np.int64), np.zeros(n_runs, np.int64)
    who, when = np.empty(most, np.int32), np.empty(most)
    for index in range(n_runs):
        state = _seeded(seed, first + index)
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
                state, u = _next(state)
                product = np.float64(u)
                while product > left and filled < most:
                    state, v = _next(state)
                    then = time - mean_delay * np.log(1.0 - np.float64(v))
                    if then <= deadline:
                        who[filled], when[filled] = out_to[a], then
                        filled += 1
                    state, u = _next(state)
                    product *= u
        acts[index] = filled - len(seeds)
        for b in range(filled):
            if stamp[who[b]] != index:
                stamp[who[b]] = index
                people[index] += 1
    return acts, people


@njit(cache=True, nogil=True)
def cut_off(out_ptr, out_to, out_p, seeds, blocked, seed, first, n_runs, saved):
    """Add to ``saved`` (n,) how many people each node's removal would spare, over live-arc samples.

    In each sample the nodes that every path from the seeds must pass form a dominator tree; removing a node spares its
    subtree. Xie et al., "Minimizing the Influence of Misinformation via Vertex Blocking", ICDE 2023; Cooper, Harvey and
    Kennedy, "A Simple, Fast Dominance Algorithm", 2001.
    """
    n = len(out_ptr) - 1
    number = np.full(n, -1, np.int64)
    stamp = np.full(n, -1, np.int64)
    for index in range(n_runs):
        state = _seeded(seed, first + index)
        # Live arcs among the nodes reached, node 0 of the tree being a root above all seeds.
        nodes = [np.int64(-1)]
        arc_from, arc_to = [np.int64(0)], [np.int64(0)]
        for s in seeds:
            if stamp[s] != index and not blocked[s]:
                stamp[s] = index
                number[s] = len(nodes)
                nodes.append(np.int64(s))
                arc_from.append(np.int64(0))
                arc_to.append(number[s])
        at = 1
        while at < len(nodes):
            node = nodes[at]
            for a in range(out_ptr[node], out_ptr[node + 1]):
                to = out_to[a]
                if blocked[to]:
                    continue
                state, u = _next(state)
                if u < out_p[a]:
                    if stamp[to] != index:
                        stamp[to] = index
                        number[to] = len(nodes)
                        nodes.append(np.int64(to))
                    arc_from.append(np.int64(at))
                    arc_to.append(number[to])
            at += 1
        size = len(nodes)
        parent, order = _dominators(size, np.array(arc_from[1:]), np.array(arc_to[1:]))
        weight = np.ones(size, np.int64)
        for k in range(size - 1, 0, -1):
            v = order[k]
            weight[parent[v]] += weight[v]
        for k in range(1, size):
            saved[nodes[k]] += weight[k]


@njit(cache=True, nogil=True)
def _dominators(size, arc_from, arc_to):
    """Immediate dominators of every node reached from node 0, and a reverse postorder."""
    out_start, in_start = np.zeros(size + 1, np.int64), np.zeros(size + 1, np.int64)
    for a in range(len(arc_from)):
        out_start[arc_from[a] + 1] += 1
        in_start[arc_to[a] + 1] += 1
    for v in range(size):
        out_start[v + 1] += out_start[v]
        in_start[v + 1] += in_start[v]
    out_place, in_place = out_start[:-1].copy(), in_start[:-1].copy()
    to, source = np.empty(len(arc_to), np.int64), np.empty(len(arc_to), np.int64)
    for a in range(len(arc_from)):
        to[out_place[arc_from[a]]] = arc_to[a]
        out_place[arc_from[a]] += 1
        source[in_place[arc_to[a]]] = arc_from[a]
        in_place[arc_to[a]] += 1
    seen = np.zeros(size, np.bool_)
    rank, order = np.zeros(size, np.int64), np.empty(size, np.int64)
    stack, at = np.empty(size, np.int64), out_start[:-1].copy()
    depth, last = 1, size
    stack[0], seen[0] = 0, True
    while depth:
        v = stack[depth - 1]
        if at[v] < out_start[v + 1]:
            w = to[at[v]]
            at[v] += 1
            if not seen[w]:
                seen[w] = True
                stack[depth] = w
                depth += 1
        else:
            depth -= 1
            last -= 1
            order[last] = v
            rank[v] = last
    parent = np.full(size, -1, np.int64)
    parent[0] = 0
    changed = True
    while changed:
        changed = False
        for k in range(1, size):
            v = order[k]
            best = -1
            for b in range(in_start[v], in_start[v + 1]):
                u = source[b]
                if parent[u] < 0:
                    continue
                if best < 0:
                    best = u
                    continue
                left, right = u, best
                while left != right:
                    while rank[left] > rank[right]:
                        left = parent[left]
                    while rank[right] > rank[left]:
                        right = parent[right]
                best = left
            if parent[v] != best:
                parent[v] = best
                changed = True
    return parent, order
