"""The directed graph of greatest score that small changes reach, and which of its directions are settled.

Shapes: p columns; graph (p, p), [i, j] 1 where i → j.
"""

import numpy as np
import numpy.typing as npt

from swayline.causal.identify.dag_scores import Score

Floats = npt.NDArray[np.float64]
Graph = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]
MOST_PARENTS = 6
RESTARTS = 2
"""Times that the climb starts again from its best graph with as many random changes as there are columns."""


def best_dag(score: Score, allowed: Flags, rng: np.random.Generator) -> Graph:
    """The acyclic graph of greatest score that adding, dropping and turning edges reaches.

    Parameters
    ----------
    allowed : [i, j] whether i may cause j, shape (p, p)

    References
    ----------
    Heckerman, Geiger, Chickering (1995), Learning Bayesian networks. Koller & Friedman (2009), chapter 18.
    """
    graph = _climb(np.zeros(allowed.shape, dtype=np.int8), allowed, score)
    best, height = graph, _height(graph, score)
    for _ in range(RESTARTS):
        tried = _climb(_shaken(best, allowed, rng), allowed, score)
        reached = _height(tried, score)
        if reached > height + 1e-9:
            best, height = tried, reached
    return best


def _height(graph: Graph, score: Score) -> float:
    return sum(score(j, _parents(graph, j)) for j in range(len(graph)))


def _parents(graph: Graph, j: int) -> frozenset[int]:
    return frozenset(int(i) for i in np.flatnonzero(graph[:, j]))


def reaches(graph: npt.NDArray[np.generic], start: int, end: int) -> bool:
    """Whether a directed path leads from one column to another (a column reaches itself)."""
    seen, front = {start}, [start]
    while front:
        at = front.pop()
        if at == end:
            return True
        fresh = [int(v) for v in np.flatnonzero(graph[at]) if int(v) not in seen]
        seen.update(fresh)
        front += fresh
    return False


def _shaken(graph: Graph, allowed: Flags, rng: np.random.Generator) -> Graph:
    moved = graph.copy()
    for _ in range(len(graph)):
        i, j = (int(k) for k in rng.integers(len(graph), size=2))
        if moved[i, j]:
            moved[i, j] = 0
        elif i != j and allowed[i, j] and not reaches(moved, j, i):
            moved[i, j] = 1
    return moved


def _climb(graph: Graph, allowed: Flags, score: Score) -> Graph:
    """Take the best single change until none is left that gains."""
    while True:
        gain, change = max(_changes(graph, allowed, score), key=lambda one: one[0], default=(0.0, ()))
        if gain <= 1e-9:
            return graph
        graph = graph.copy()
        for i, j, there in change:
            graph[i, j] = there


def _changes(graph: Graph, allowed: Flags, score: Score) -> list[tuple[float, tuple[tuple[int, int, int], ...]]]:
    """(gain, entries to set) of every legal change."""
    p = len(graph)
    parents = [_parents(graph, j) for j in range(p)]
    now = [score(j, parents[j]) for j in range(p)]
    found: list[tuple[float, tuple[tuple[int, int, int], ...]]] = []
    for i, j in zip(*np.nonzero(allowed), strict=True):
        if graph[i, j]:
            without = score(j, parents[j] - {i}) - now[j]
            found.append((without, ((i, j, 0),)))
            if allowed[j, i] and len(parents[i]) < MOST_PARENTS:
                turned = without + score(i, parents[i] | {j}) - now[i]
                if turned > 1e-9 and not _reaches_otherwise(graph, i, j):
                    found.append((turned, ((i, j, 0), (j, i, 1))))
        elif not graph[j, i] and len(parents[j]) < MOST_PARENTS:
            gain = score(j, parents[j] | {i}) - now[j]
            if gain > 1e-9 and not reaches(graph, j, i):
                found.append((gain, ((i, j, 1),)))
    return found


def _reaches_otherwise(graph: Graph, i: int, j: int) -> bool:
    without = graph.copy()
    without[i, j] = 0
    return reaches(without, i, j)


def settled(graph: Graph, allowed: Flags, told: Flags | None = None) -> Floats:
    """Directions that every graph of the same independences shares: 1 where i → j is settled, ½ both ways where open.

    Colliders, what is not allowed and experiments settle edges; Meek's rules carry them on.

    Parameters
    ----------
    told : [i, j] whether rows exist in which one of i and j was set from outside and the other was not, shape (p, p)

    References
    ----------
    Hauser & Bühlmann (2012), Characterization and greedy learning of interventional Markov equivalence classes. Meek
    (1995), Causal inference and causal explanation with background knowledge.
    """
    joined = (graph + graph.T) > 0
    fixed = np.zeros(graph.shape, dtype=bool)
    for j in range(len(graph)):
        over = np.flatnonzero(graph[:, j])
        for a in over:
            if any(a != b and not joined[a, b] for b in over):
                fixed[a, j] = True
    fixed |= (graph > 0) & ~allowed.T
    if told is not None:
        fixed |= (graph > 0) & told
    while True:
        more = (graph > 0) & ~fixed & _meek(fixed, joined)
        if not more.any():
            break
        fixed |= more
    free = joined & ~fixed & ~fixed.T
    return fixed.astype(np.float64) + 0.5 * free


def _meek(fixed: Flags, joined: Flags) -> Flags:
    """Edges that the settled ones settle: no new collider, no cycle."""
    p = len(fixed)
    found = np.zeros((p, p), dtype=bool)
    free = joined & ~fixed & ~fixed.T
    for a, b in zip(*np.nonzero(free), strict=True):
        chain = any(fixed[c, a] and not joined[c, b] for c in range(p))
        cycle = any(fixed[a, c] and fixed[c, b] for c in range(p))
        forks = [c for c in range(p) if free[a, c] and fixed[c, b]]
        kite = any(not joined[c, d] for c in forks for d in forks if c != d)
        found[a, b] = chain or cycle or kite
    return found
