"""Cascades simulated: how far given seeds reach, and what blocking people stops."""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from swayline.core.errors import UsageError, nearest
from swayline.core.extras import require
from swayline.core.types import Floats, Ints
from swayline.influence.diffusion.graph import Graph
from swayline.influence.diffusion.seeds import MODELS


@dataclass(frozen=True)
class Reach:
    """Sizes of simulated cascades.

    Parameters
    ----------
    sizes : (runs,) int64
        People reached in each, seeds included.
    probability : (N,) float64
        How often each person was reached: who is reached next.
    """

    sizes: Ints
    probability: Floats

    @property
    def mean(self) -> float:
        """Expected reach."""
        return float(self.sizes.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the expected reach."""
        half = 1.96 * float(self.sizes.std(ddof=1)) / np.sqrt(len(self.sizes))
        return self.mean - half, self.mean + half


def _parts(runs: int) -> list[tuple[int, int]]:
    edges = np.linspace(0, runs, (os.cpu_count() or 1) + 1).astype(int)
    return [(int(a), int(b - a)) for a, b in itertools.pairwise(edges) if b > a]


def simulate(
    graph: Graph,
    seeds: Ints,
    *,
    model: str = "independent-cascade",
    runs: int = 10_000,
    blocked: Ints | None = None,
    seed: int = 0,
) -> Reach:
    """Simulate cascades from seeds.

    Parameters
    ----------
    graph : Graph
    seeds : (k,) int
    model : str
        ``independent-cascade``: each arc works once, with its probability. ``linear-threshold``: a person follows when
        the weights of those who did pass a threshold drawn anew in each run.
    runs : int
    blocked : (b,) int, optional
        People who cannot be reached.

    Raises
    ------
    UsageError
        An unknown model, no runs, or a seed that is no node.

    Examples
    --------
    >>> from swayline.influence.diffusion.graph import make_graph
    >>> simulate(make_graph(np.array([0, 1]), np.array([1, 2]), np.ones(2), n=3), np.array([0]), runs=10).mean
    3.0
    """
    require("numba", extra="people")
    from swayline.influence.diffusion.compiled import cascades as _compiled

    if model not in MODELS:
        raise UsageError(f"model {model!r} is unknown: {nearest(model, MODELS)}")
    seeds = np.asarray(seeds, np.int64)
    if runs < 2 or (len(seeds) and (seeds.min() < 0 or seeds.max() >= graph.n)):
        raise UsageError(f"runs must be at least 2 (got {runs}) and seeds lie in 0 to {graph.n - 1}")
    stopped = np.zeros(graph.n, bool)
    stopped[np.zeros(0, np.int64) if blocked is None else blocked] = True
    parts = _parts(runs)
    reached = np.zeros((len(parts), graph.n), np.int64)
    arcs = graph.out_ptr, graph.out_to, graph.out_p

    def run(k: int) -> Ints:
        first, n_runs = parts[k]
        sizes: Ints = _compiled.cascades(arcs, MODELS[model], seeds, stopped, seed, first, n_runs, reached[k])
        return sizes

    with ThreadPoolExecutor(len(parts)) as threads:
        sizes = np.concatenate(list(threads.map(run, range(len(parts)))))
    return Reach(sizes, reached.sum(axis=0) / runs)


def simulate_acts(
    graph: Graph,
    branching: Floats,
    seeds: Ints,
    *,
    mean_delay_s: float,
    deadline_s: float = np.inf,
    runs: int = 10_000,
    most: int = 1_000_000,
    seed: int = 0,
) -> tuple[Ints, Ints]:
    """Hawkes cascades: acts caused by one act of each seed, and distinct people, per run.

    Parameters
    ----------
    branching : (arcs,) float
        Acts caused per act, by arc in the order of ``graph.out_to``.
    deadline_s : float
        Acts after it do not count.
    most : int
        A run stops here; branching of one or more never would.

    Returns
    -------
    acts, people : (runs,) int64
    """
    require("numba", extra="people")
    from swayline.influence.diffusion.compiled import cascades as _compiled

    if len(branching) != graph.arcs:
        raise UsageError(f"branching has {len(branching)} values for {graph.arcs} arcs")
    parts = _parts(runs)
    seeds = np.asarray(seeds, np.int64)
    arcs = graph.out_ptr, graph.out_to, np.asarray(branching, np.float32)

    def run(part: tuple[int, int]) -> tuple[Ints, Ints]:
        drawn: tuple[Ints, Ints] = _compiled.hawkes_cascades(
            arcs, float(mean_delay_s), float(deadline_s), seeds, max(most, len(seeds) + 1), seed, *part
        )
        return drawn

    with ThreadPoolExecutor(len(parts)) as threads:
        drawn = list(threads.map(run, parts))
    return np.concatenate([acts for acts, _ in drawn]), np.concatenate([people for _, people in drawn])


def choose_blocks(graph: Graph, seeds: Ints, k: int, *, runs: int = 2000, seed: int = 0) -> tuple[Ints, Floats]:
    """Whom to block (not the seeds) so that a cascade from the seeds stops soonest; independent cascade.

    Returns
    -------
    blocked : (k,) int64
        In the order of choice.
    spared : (k,) float64
        Expected people each further block spares.

    Examples
    --------
    >>> from swayline.influence.diffusion.graph import make_graph
    >>> path = make_graph(np.array([0, 1, 2]), np.array([1, 2, 3]), np.ones(3), n=4)
    >>> [part.tolist() for part in choose_blocks(path, np.array([0]), 1, runs=10)]
    [[1], [3.0]]
    """
    require("numba", extra="people")
    from swayline.influence.diffusion.compiled import blocks as _compiled

    seeds = np.asarray(seeds, np.int64)
    stopped = np.zeros(graph.n, bool)
    chosen, spared = [], []
    parts = _parts(runs)
    for _ in range(k):
        saved = np.zeros((len(parts), graph.n), np.int64)

        def run(at: int, saved: np.ndarray = saved) -> None:
            _compiled.cut_off(
                graph.out_ptr, graph.out_to, graph.out_p, seeds, stopped, seed, parts[at][0], parts[at][1], saved[at]
            )

        with ThreadPoolExecutor(len(parts)) as threads:
            list(threads.map(run, range(len(parts))))
        total = saved.sum(axis=0) / runs
        total[seeds] = -1.0
        total[stopped] = -1.0
        best = int(np.argmax(total))
        if total[best] <= 0.0:
            break
        chosen.append(best)
        spared.append(float(total[best]))
        stopped[best] = True
    return np.array(chosen, np.int64), np.array(spared, np.float64)
