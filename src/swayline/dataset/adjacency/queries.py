"""Who and what a node met before a moment: the k latest, in a window, by type, drawn evenly or by recency.

Shapes: Q questions, k neighbours each.
"""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.types import Ints
from swayline.dataset.adjacency.graph import TemporalGraph

ORDERS = ("latest", "uniform", "recency")
_EARLIEST = np.iinfo(np.int64).min
_SMALL = 4096
"""Questions that one thread answers sooner than two."""


@dataclass(frozen=True)
class Neighbours:
    """What each question found, -1 where there is no more.

    Parameters
    ----------
    nodes : (Q, k) int32
        The other ends.
    times : (Q, k) int64
        When.
    edges : (Q, k) int32
        Which edge.
    """

    nodes: npt.NDArray[np.int32]
    times: Ints
    edges: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.nodes)


def neighbours_before(
    graph: TemporalGraph,
    nodes: np.ndarray,
    times: np.ndarray,
    k: int,
    *,
    order: str = "latest",
    window: int | None = None,
    kind: int | None = None,
    half_life: float | None = None,
    seed: int = 0,
) -> Neighbours:
    """Up to k of what each node met strictly before its moment.

    Parameters
    ----------
    nodes, times : (Q,)
        Who is asked about, and as of when.
    order : str
        ``latest`` (newest first), ``uniform`` (drawn without repeats, all alike), or ``recency`` (drawn without
        repeats, the chance of each halved by every ``half_life`` of its age).
    window : int, optional
        Only what is no older than this (in the unit of the times).
    kind : int, optional
        Only edges of this type.
    half_life : float, optional
        For ``recency``, in the unit of the times.
    seed : int
        For the draws; a question's draw depends on the seed and its row alone.

    Raises
    ------
    UsageError
        An option is out of range or belongs to another order.
    """
    from swayline.dataset.adjacency import compiled

    nodes, times = _questions(graph, nodes, times, k)
    if order not in ORDERS:
        raise UsageError(f"order {shown(order)} is unknown: {nearest(order, ORDERS)}")
    if (order == "recency") != (half_life is not None) or (half_life is not None and not half_life > 0):
        raise UsageError(f"half_life must be above 0 for order 'recency' and is for it alone, not {shown(half_life)}")
    if window is not None and window < 1:
        raise UsageError(f"window must be at least 1, not {window}")
    since = np.full(len(times), _EARLIEST) if window is None else times - window
    shape = (len(nodes), k)
    answers = Neighbours(np.empty(shape, np.int32), np.empty(shape, np.int64), np.empty(shape, np.int32))
    draw = _drawing(graph, kind, order, half_life, seed)

    def ask(start: int, stop: int) -> None:
        found = np.empty((stop - start, k), np.int64)
        draw(nodes[start:stop], since[start:stop], times[start:stop], start, found)
        whole = (answers.nodes[start:stop], answers.times[start:stop], answers.edges[start:stop])
        compiled.gather(found, graph.neighbours, graph.moments, graph.edges, *whole)

    _in_parts(ask, len(nodes))
    return answers


def _drawing(
    graph: TemporalGraph, kind: int | None, order: str, half_life: float | None, seed: int
) -> Callable[[np.ndarray, np.ndarray, np.ndarray, int, np.ndarray], None]:
    """The pass that answers some questions, told which is the first."""
    from swayline.dataset.adjacency import compiled

    entries = compiled.Entries(graph.offsets, graph.moments, graph.edges, graph.kinds)
    of_kind = -1 if kind is None else kind

    def draw(nodes: np.ndarray, since: np.ndarray, before: np.ndarray, first: int, found: np.ndarray) -> None:
        asked = compiled.Asked(nodes, since, before, of_kind)
        if order == "latest":
            compiled.latest(entries, asked, found)
        elif order == "uniform":
            compiled.uniform(entries, asked, seed, first, found)
        else:
            compiled.by_recency(entries, asked, float(half_life or 0.0), seed, first, found)

    return draw


def _questions(graph: TemporalGraph, nodes: np.ndarray, times: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    nodes, times = np.asarray(nodes, np.int64), np.asarray(times, np.int64)
    if k < 1:
        raise UsageError(f"k must be at least 1, not {k}")
    if nodes.shape != times.shape or nodes.ndim != 1:
        raise UsageError(f"questions need as many nodes as times, not shapes {nodes.shape} and {times.shape}")
    if len(nodes) and not (int(nodes.min()) >= 0 and int(nodes.max()) < graph.n_nodes):
        wrong = int(nodes.min()) if int(nodes.min()) < 0 else int(nodes.max())
        raise UsageError(f"node {wrong} is asked about, and the graph has nodes 0 to {graph.n_nodes - 1}")
    return nodes, times


def _in_parts(ask: Callable[[int, int], None], n: int) -> None:
    """All questions, in as many parts as there are cores; the compiled passes let go of Python's lock."""
    n_parts = 1 if n < _SMALL else min(len(os.sched_getaffinity(0)), 16)
    bounds = np.linspace(0, n, n_parts + 1).astype(int)
    if n_parts == 1:
        ask(0, n)
        return
    with ThreadPoolExecutor(n_parts) as pool:
        for done in [pool.submit(ask, int(a), int(b)) for a, b in itertools.pairwise(bounds)]:
            done.result()
