"""Compiled search for whom to block: what each node's removal would spare. Imported only after numba was found."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
import numpy as np
from numba import njit

from swayline.influence.diffusion.compiled.random_numbers import next_uniform, seeded


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
        state = seeded(seed, first + index)
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
                state, u = next_uniform(state)
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
def _reverse_postorder(size, out_start, to):
    """Rank of every node reached from node 0 in a reverse postorder, and the order."""
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
    return rank, order


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
    rank, order = _reverse_postorder(size, out_start, to)
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
