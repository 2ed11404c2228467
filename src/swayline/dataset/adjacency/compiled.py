"""Compiled passes over a temporal adjacency; imported only after :func:`swayline.core.extras.require` found numba.

A node's entries lie side by side, oldest first. Shapes: N nodes, E edges, A = 2E entries, Q questions, k neighbours.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return, untyped-decorator"
from typing import NamedTuple

import numpy as np
from numba import njit

_LN2 = 0.6931471805599453
_HIGHEST_KEY = 37.5
"""Above what a Gumbel draw of 53 bits can be."""


class Entries(NamedTuple):
    """The entries of all nodes: (N + 1,), (A,), (A,), and the type of each edge (E,)."""

    offsets: np.ndarray
    moments: np.ndarray
    edges: np.ndarray
    kinds: np.ndarray


class Asked(NamedTuple):
    """(Q,) about which nodes, from when on and before when; one type of edge, or -1 for every type."""

    nodes: np.ndarray
    since: np.ndarray
    before: np.ndarray
    kind: int


@njit(cache=True, nogil=True)
def fill(sources, targets, times, places, neighbours, moments, edges):
    """Write each edge to both of its ends; ``places`` (N,) is where a node's next entry goes and is moved on."""
    for e in range(len(sources)):
        a, b = sources[e], targets[e]
        at = places[a]
        neighbours[at], moments[at], edges[at] = b, times[e], e
        places[a] = at + 1
        if b != a:
            at = places[b]
            neighbours[at], moments[at], edges[at] = a, times[e], e
            places[b] = at + 1


@njit(cache=True, nogil=True)
def _first_from(moments, low, high, time):
    """The first entry in [low, high) that is not before ``time``."""
    while low < high:
        middle = (low + high) >> 1
        if moments[middle] < time:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def _stretch(entries, asked, q):
    """Where the entries of a question's node begin and end that lie in [since, before)."""
    node, moments = asked.nodes[q], entries.moments
    start, stop = entries.offsets[node], entries.offsets[node + 1]
    high = _first_from(moments, start, stop, asked.before[q])
    return _first_from(moments, start, high, asked.since[q]), high


@njit(cache=True, nogil=True)
def _mixed(x):
    """Splitmix64: the same draw for the same seed, question and place, whatever runs beside it."""
    x = (x + np.uint64(0x9E3779B97F4A7C15)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def latest(entries, asked, found):
    """The newest entries of each node in [since, before), newest first, into ``found`` (Q, k), -1 where none is left.

    ``kind`` -1 takes every type of edge.
    """
    offsets, moments, edges, kinds = entries.offsets, entries.moments, entries.edges, entries.kinds
    nodes, since, before, kind = asked.nodes, asked.since, asked.before, asked.kind
    k = found.shape[1]
    for q in range(len(nodes)):
        low = offsets[nodes[q]]
        at = _first_from(moments, low, offsets[nodes[q] + 1], before[q]) - 1
        n = 0
        while n < k and at >= low and moments[at] >= since[q]:
            if kind < 0 or kinds[edges[at]] == kind:
                found[q, n] = at
                n += 1
            at -= 1
        found[q, n:] = -1


@njit(cache=True, nogil=True)
def uniform(entries, asked, seed, first, found):
    """Entries drawn without repeats, each as likely as any other; all of them where they are no more than k."""
    edges, kinds, kind = entries.edges, entries.kinds, asked.kind
    k = found.shape[1]
    base = _mixed(np.uint64(seed))
    for q in range(len(asked.nodes)):
        low, high = _stretch(entries, asked, q)
        key = _mixed(base ^ np.uint64(first + q))
        n = 0
        if kind < 0 and high - low > k:
            # Floyd's draw: k entries of high - low, none twice.
            for j in range(high - low - k, high - low):
                key = _mixed(key)
                drawn = low + np.int64(key % np.uint64(j + 1))
                for m in range(n):
                    if found[q, m] == drawn:
                        drawn = low + j
                        break
                found[q, n] = drawn
                n += 1
        else:
            # Reservoir: what is met after the first k replaces one of them.
            met = 0
            for at in range(low, high):
                if kind >= 0 and kinds[edges[at]] != kind:
                    continue
                if n < k:
                    found[q, n] = at
                    n += 1
                else:
                    key = _mixed(key)
                    place = np.int64(key % np.uint64(met + 1))
                    if place < k:
                        found[q, place] = at
                met += 1
        found[q, n:] = -1


@njit(cache=True, nogil=True)
def by_recency(entries, asked, half_life, seed, first, found):
    """Entries drawn without repeats, the chance of each halved by every ``half_life`` of its age (Gumbel keys)."""
    moments, edges, kinds = entries.moments, entries.edges, entries.kinds
    before, kind = asked.before, asked.kind
    k = found.shape[1]
    keys = np.empty(k)
    base = _mixed(np.uint64(seed))
    for q in range(len(asked.nodes)):
        low, high = _stretch(entries, asked, q)
        key = _mixed(base ^ np.uint64(first + q))
        n = 0
        for at in range(high - 1, low - 1, -1):
            if kind >= 0 and kinds[edges[at]] != kind:
                continue
            bonus = -_LN2 * (before[q] - moments[at]) / half_life
            if n == k and bonus + _HIGHEST_KEY <= keys[k - 1]:
                break  # no older entry can be drawn any more
            key = _mixed(key)
            share = (np.float64(key >> np.uint64(11)) + 0.5) / 9007199254740992.0
            value = bonus - np.log(-np.log(share))
            if n == k and value <= keys[k - 1]:
                continue
            place = n if n < k else k - 1
            while place > 0 and keys[place - 1] < value:
                keys[place], found[q, place] = keys[place - 1], found[q, place - 1]
                place -= 1
            keys[place], found[q, place] = value, at
            n = min(n + 1, k)
        found[q, n:] = -1


@njit(cache=True, nogil=True)
def gather(found, neighbours, moments, edges, ends, times, rows):
    """The entries at places ``found`` (Q, k) into ``ends``, ``times`` and ``rows``; -1 where there is none."""
    for q in range(len(found)):
        for n in range(found.shape[1]):
            at = found[q, n]
            if at < 0:
                ends[q, n], times[q, n], rows[q, n] = -1, -1, -1
            else:
                ends[q, n], times[q, n], rows[q, n] = neighbours[at], moments[at], edges[at]


@njit(cache=True, nogil=True)
def push(sources, targets, times, first, ring_nodes, ring_times, ring_edges, counts):
    """Write edges into the rings of both ends; ``counts`` (N,) says how many a node has ever had."""
    size = ring_nodes.shape[1]
    for e in range(len(sources)):
        a, b = sources[e], targets[e]
        at = counts[a] % size
        ring_nodes[a, at], ring_times[a, at], ring_edges[a, at] = b, times[e], first + e
        counts[a] += 1
        if b != a:
            at = counts[b] % size
            ring_nodes[b, at], ring_times[b, at], ring_edges[b, at] = a, times[e], first + e
            counts[b] += 1


@njit(cache=True, nogil=True)
def newest(ring_times, counts, nodes, before, found):
    """Places in each node's ring of what came before a moment, newest first, -1 where the ring holds no more."""
    size, k = ring_times.shape[1], found.shape[1]
    for q in range(len(nodes)):
        node, n = nodes[q], 0
        for back in range(1, min(counts[node], size) + 1):
            at = (counts[node] - back) % size
            if ring_times[node, at] < before[q]:
                found[q, n] = at
                n += 1
                if n == k:
                    break
        found[q, n:] = -1
