"""The latest neighbours of every node of a stream, in a ring each: memory does not grow with the stream.

Shapes: N nodes, R places a ring, Q questions, k neighbours.
"""

from typing import Self

import numpy as np

from swayline.core.errors import UsageError
from swayline.core.extras import require
from swayline.dataset.adjacency.queries import Neighbours


class NeighbourStream:
    """What each node met last, kept up as edges come in.

    Parameters
    ----------
    n_nodes : int
        N; nodes are numbers from 0.
    size : int
        R, the neighbours kept for each node. Answers equal those of the whole graph as long as no more than R edges of
        a node are newer than, or as new as, what is asked for.

    Raises
    ------
    UsageError
        A size is below 1.
    MissingExtraError
        The library ``numba`` is not installed.
    """

    def __init__(self, n_nodes: int, size: int) -> None:
        require("numba", extra="people")
        if n_nodes < 1 or size < 1:
            raise UsageError(f"a stream needs at least 1 node and 1 place a node, not {n_nodes} and {size}")
        self.n_nodes, self.size = n_nodes, size
        self.n_edges = 0
        self._newest = np.iinfo(np.int64).min
        self._counts = np.zeros(n_nodes, np.int64)
        self._nodes = np.full((n_nodes, size), -1, np.int32)
        self._times = np.zeros((n_nodes, size), np.int64)
        self._edges = np.full((n_nodes, size), -1, np.int32)

    def append(self, sources: np.ndarray, targets: np.ndarray, times: np.ndarray) -> Self:
        """Take in edges in time order; their numbers go on from those before.

        Raises
        ------
        UsageError
            They go back in time, or name a node that is none.
        """
        from swayline.dataset.adjacency.compiled import push

        heads, tails, clock = (np.asarray(one, np.int64) for one in (sources, targets, times))
        if not len(heads) == len(tails) == len(clock):
            raise UsageError(
                f"edges need as many sources, targets and times, not {len(heads)}, {len(tails)}, {len(clock)}"
            )
        if not len(clock):
            return self
        if (np.diff(clock) < 0).any() or clock[0] < self._newest:
            raise UsageError("a stream goes forward in time: sort these edges, or build the graph from all of them")
        ends = np.concatenate([heads, tails])
        if ends.min() < 0 or ends.max() >= self.n_nodes:
            wrong = ends.min() if ends.min() < 0 else ends.max()
            raise UsageError(f"an edge names node {wrong}, and the stream has nodes 0 to {self.n_nodes - 1}")
        push(heads, tails, clock, self.n_edges, self._nodes, self._times, self._edges, self._counts)
        self.n_edges += len(heads)
        self._newest = int(clock[-1])
        return self

    def before(self, nodes: np.ndarray, times: np.ndarray, k: int) -> Neighbours:
        """The k latest of what each node met strictly before its moment, newest first.

        Raises
        ------
        UsageError
            k is not from 1 to the size of a ring, or a node is none.
        """
        from swayline.dataset.adjacency.compiled import newest

        asked, clock = np.asarray(nodes, np.int64), np.asarray(times, np.int64)
        if not 1 <= k <= self.size:
            raise UsageError(f"k must be from 1 to the size of a ring ({self.size}), not {k}")
        if asked.shape != clock.shape or asked.ndim != 1:
            raise UsageError(f"questions need as many nodes as times, not shapes {asked.shape} and {clock.shape}")
        if len(asked) and (asked.min() < 0 or asked.max() >= self.n_nodes):
            raise UsageError(f"a node asked about is none of 0 to {self.n_nodes - 1}")
        found = np.empty((len(asked), k), np.int64)
        newest(self._times, self._counts, asked, clock, found)
        rows, places = asked[:, None], np.maximum(found, 0)
        ends, moments, edges = self._nodes[rows, places], self._times[rows, places], self._edges[rows, places]
        for one in (ends, moments, edges):
            one[found < 0] = -1
        return Neighbours(ends, moments, edges)
