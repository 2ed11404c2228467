"""The temporal behaviour graph: people, items, categories and places; every behaviour a timed, typed, weighted edge.

::

    edges, in time order                       a node's entries, oldest first
    source  target  time  kind                 node 0 (user)   2 at 10, 3 at 11, 2 at 30
    0       2       10    view                 node 2 (item)   0 at 10, 0 at 30
    0       3       11    cart
    0       2       30    view                 repeats stay: (0, 2) is there twice

Nodes are numbered kind after kind: users, then items, then categories, then places. Edges of equal times stand in the
order of the log. Every question is about what came **strictly** before a moment.

Shapes: N nodes, E edges, A = 2E entries.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.extras import require
from swayline.core.types import Floats, Ints


@dataclass(frozen=True)
class NodeKind:
    """One kind of node and the numbers it has: ``start`` to ``stop`` - 1."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class TemporalGraph:
    """Timed edges with both ends' entries sorted by node and time.

    Parameters
    ----------
    sources, targets : (E,) int32
        Node numbers.
    times : (E,) int64
        UTC microseconds (or places in an ordered log), never falling.
    kinds : (E,) int16
        Type of each edge: the row of its behaviour.
    weights : (E,) float32, optional
        Value of each behaviour (stars, seconds, prices), NaN where it has none; None where no edge has one.
    nodes : tuple of NodeKind
        What the node numbers mean.
    offsets : (N + 1,) int64
        Node ``n`` owns the entries ``offsets[n]:offsets[n + 1]``.
    neighbours, moments, edges : (A,) int32, int64, int32
        The other end of each entry, its time and its edge.
    """

    sources: np.ndarray
    targets: np.ndarray
    times: Ints
    kinds: np.ndarray
    weights: Floats | None
    nodes: tuple[NodeKind, ...]
    offsets: Ints
    neighbours: np.ndarray
    moments: Ints
    edges: np.ndarray

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def n_nodes(self) -> int:
        """N."""
        return len(self.offsets) - 1

    @cached_property
    def bytes_per_edge(self) -> float:
        """Memory of all arrays, over the edges."""
        arrays = [one for one in vars(self).values() if isinstance(one, np.ndarray)]
        return sum(one.nbytes for one in arrays) / max(1, len(self))

    def kind(self, name: str) -> NodeKind:
        """The numbers of one kind of node.

        Raises
        ------
        UsageError
            The graph has no such nodes.
        """
        for one in self.nodes:
            if one.name == name:
                return one
        raise UsageError(f"the graph has no nodes of kind {shown(name)}: {nearest(name, [n.name for n in self.nodes])}")

    def between(self, since: int, before: int) -> "TemporalGraph":
        """The graph of the edges in [since, before) alone, over the same nodes."""
        low, high = np.searchsorted(self.times, [since, before], side="left")
        part = slice(int(low), int(high))
        weights = None if self.weights is None else self.weights[part]
        return from_edges(
            self.sources[part], self.targets[part], self.times[part], self.nodes, self.kinds[part], weights
        )


def from_edges(
    sources: np.ndarray,
    targets: np.ndarray,
    times: np.ndarray,
    nodes: tuple[NodeKind, ...],
    kinds: np.ndarray | None = None,
    weights: Floats | None = None,
) -> TemporalGraph:
    """A graph of edges in any order; those of equal times keep the order they come in.

    Raises
    ------
    UsageError
        The columns differ in length, or a node's number is none of ``nodes``.
    MissingExtraError
        The library ``numba`` is not installed.

    >>> two = (NodeKind("user", 0, 1), NodeKind("item", 1, 3))
    >>> graph = from_edges(np.array([0, 0]), np.array([2, 1]), np.array([7, 5]), two)
    >>> graph.neighbours[graph.offsets[0] : graph.offsets[1]].tolist()
    [1, 2]
    """
    require("numba", extra="people")
    from swayline.dataset.adjacency.compiled import fill

    n_nodes = _checked(sources, targets, times, nodes)
    kinds = np.zeros(len(times), np.int16) if kinds is None else kinds
    if len(kinds) != len(times) or (weights is not None and len(weights) != len(times)):
        raise UsageError("the columns of the edges differ in length")
    # A log in time order is taken as it is: sorting would hold a second copy of everything.
    if len(times) > 1 and bool((times[1:] < times[:-1]).any()):
        order = np.argsort(times, kind="stable")
        sources, targets, times, kinds = sources[order], targets[order], times[order], kinds[order]
        weights = None if weights is None else weights[order]
    heads, tails = sources.astype(np.int32, copy=False), targets.astype(np.int32, copy=False)
    clock = times.astype(np.int64, copy=False)
    counts = np.bincount(heads, minlength=n_nodes) + np.bincount(tails, minlength=n_nodes)
    counts -= np.bincount(heads[heads == tails], minlength=n_nodes)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    size = int(offsets[-1])
    neighbours, moments, edges = np.empty(size, np.int32), np.empty(size, np.int64), np.empty(size, np.int32)
    fill(heads, tails, clock, offsets[:-1].copy(), neighbours, moments, edges)
    typed = kinds.astype(np.int16, copy=False)
    worth = None if weights is None else weights.astype(np.float32, copy=False)
    return TemporalGraph(heads, tails, clock, typed, worth, nodes, offsets, neighbours, moments, edges)


def _checked(sources: np.ndarray, targets: np.ndarray, times: np.ndarray, nodes: tuple[NodeKind, ...]) -> int:
    """How many nodes there are; refuses edges that do not fit them."""
    if not len(sources) == len(targets) == len(times):
        raise UsageError(
            f"edges need as many sources, targets and times, not {len(sources)}, {len(targets)}, {len(times)}"
        )
    n_nodes = max((one.stop for one in nodes), default=0)
    for name, ends in (("source", sources), ("target", targets)):
        if len(ends) and not (int(ends.min()) >= 0 and int(ends.max()) < n_nodes):
            wrong = int(ends.min()) if int(ends.min()) < 0 else int(ends.max())
            raise UsageError(f"a {name} has the number {wrong}, and the graph has nodes 0 to {n_nodes - 1}")
    return n_nodes
