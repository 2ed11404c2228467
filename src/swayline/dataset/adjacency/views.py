"""Views of the temporal graph: snapshots, growth, and events as nodes.

Shapes: E edges, N nodes, S snapshots.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.core.types import Ints
from swayline.dataset.adjacency.graph import TemporalGraph


def snapshots(graph: TemporalGraph, width: int) -> Iterator[tuple[int, TemporalGraph]]:
    """(start, the graph of the edges in [start, start + width)), one after the other; empty stretches are left out.

    Raises
    ------
    UsageError
        The width is below 1.
    """
    _check(width)
    if not len(graph):
        return
    first = int(graph.times[0])
    for step in np.unique((graph.times - first) // width).tolist():
        start = first + int(step) * width
        yield start, graph.between(start, start + width)


def growth(graph: TemporalGraph, width: int) -> pa.Table:
    """How the graph grew, a row a stretch of time.

    Returns
    -------
    pa.Table
        ``time`` (start), ``edges`` (in it), ``new_nodes``, ``new_pairs`` (edges between two that never met before),
        ``returns`` (the share of edges between two that had), ``nodes`` and ``pairs`` (so far). Stretches in which
        nothing happened are left out.

    Raises
    ------
    UsageError
        The width is below 1.
    """
    _check(width)
    if not len(graph):
        steps, counts, first_us = np.zeros(0, np.int64), np.zeros(0, np.int64), 0
    else:
        first_us = int(graph.times[0])
        steps, counts = np.unique((graph.times - first_us) // width, return_counts=True)
    ends = np.cumsum(counts)
    pairs = graph.sources.astype(np.int64) * graph.n_nodes + graph.targets
    new_pairs = _firsts(pairs, ends)
    met = np.stack([graph.sources, graph.targets], axis=1).ravel()
    new_nodes = _firsts(met, 2 * ends)
    return pa.table({
        "time": first_us + steps * width, "edges": counts, "new_nodes": new_nodes, "new_pairs": new_pairs,
        "returns": 1 - new_pairs / np.maximum(counts, 1), "nodes": np.cumsum(new_nodes), "pairs": np.cumsum(new_pairs),
    })  # fmt: skip


def event_chain(graph: TemporalGraph) -> tuple[Ints, Ints]:
    """Events as nodes: (previous, next) edges that follow each other at a node they share, an arc for each such node.

    An event has at most two arcs in: from the last event of its source, and from the last of its target.
    """
    order = graph.edges
    whose = np.repeat(np.arange(graph.n_nodes), np.diff(graph.offsets))
    level = whose[1:] == whose[:-1]
    return order[:-1][level].astype(np.int64), order[1:][level].astype(np.int64)


def _firsts(values: np.ndarray, ends: Ints) -> Ints:
    """(S,) how many values stand for the first time in each part, which ``ends`` (S,) closes."""
    _, first = np.unique(values, return_index=True)
    return np.bincount(np.searchsorted(ends, first, side="right"), minlength=len(ends))[: len(ends)]


def _check(width: int) -> None:
    if width < 1:
        raise UsageError(f"the width of a stretch must be at least 1, not {width}")
