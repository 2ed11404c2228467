"""Whom to start with so that most people are reached: reverse-reachable sets, greedy, and a guarantee that is computed.

Draw a random person and ask who would have reached them: a reverse-reachable set. A group of seeds reaches, on average,
N times the share of such sets it meets, so the best seeds are those that meet most sets. One half of the sets chooses
greedily; the other, independent half says how good the choice surely is beside the best there can be.

References
----------
Tang, Tang, Xiao and Yuan, "Online Processing Algorithms for Influence Maximization" (OPIM-C), SIGMOD 2018.
Leskovec et al., "Cost-effective Outbreak Detection in Networks", KDD 2007; Khuller, Moss and Naor, "The budgeted
maximum coverage problem", 1999 (costs).
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from swayline.core.errors import UsageError, nearest
from swayline.core.extras import require
from swayline.core.types import Floats, Ints
from swayline.influence.diffusion.graph import Graph

_MOST_NODES = 150_000_000
"""Members of all sets of one half together, at most: 600 MB."""
MODELS = {"independent-cascade": 0, "linear-threshold": 1}


@dataclass(frozen=True)
class Seeds:
    """Chosen seeds.

    Parameters
    ----------
    nodes : (k,) int64
        In the order of choice.
    gain : (k,) float64
        Expected people each adds (or weight, where people are weighted), from the validating half of the sets.
    spread : (k,) float64
        Expected reach of the first 1 to k.
    low : float
        The reach of all k is at least this, with probability 1 - ``delta`` together with ``guarantee``.
    guarantee : float
        The reach is surely at least this share of the best possible.
    n_sets : int
        Reverse-reachable sets drawn, both halves together.
    delta : float
    """

    nodes: Ints
    gain: Floats
    spread: Floats
    low: float
    guarantee: float
    n_sets: int
    delta: float


@dataclass(frozen=True)
class ReverseSets:
    """Sets one behind the other: those of set s are ``nodes[pointer[s]:pointer[s + 1]]``."""

    pointer: Ints
    nodes: np.ndarray


def choose_seeds(
    graph: Graph,
    budget: float,
    *,
    model: str = "independent-cascade",
    costs: Floats | None = None,
    weights: Floats | None = None,
    candidates: Ints | None = None,
    mean_delay_s: float | None = None,
    deadline_s: float | None = None,
    target: float = 0.985,
    max_sets: int = 1_000_000,
    delta: float = 1e-3,
    seed: int = 0,
) -> Seeds:
    """Choose seeds of the greatest reach within a budget.

    Parameters
    ----------
    graph : Graph
    budget : float
        How many seeds, or what they may cost together.
    model : str
        ``independent-cascade`` or ``linear-threshold``.
    costs : (N,) float, optional
        Price of each person; one each where left out. With costs the better of greedy by gain per price and greedy by
        gain is taken.
    weights : (N,) float, optional
        What reaching each person is worth (a category's audience is a 0/1 weight); one each where left out.
    candidates : (C,) int, optional
        Who may be chosen; everybody where left out.
    mean_delay_s, deadline_s : float, optional
        Count only who is reached before the deadline, each arc taking an exponential time (independent cascade).
    target : float
        Stop as soon as the choice is surely this share of the best possible.
    max_sets : int
        Draw at most so many sets in each half.
    delta : float
        Chance that the guarantee fails.

    Raises
    ------
    UsageError
        An option is out of range, or nobody is affordable.
    MissingExtraError
        numba is not installed.

    Examples
    --------
    >>> from swayline.influence.diffusion.graph import make_graph
    >>> star = make_graph(np.zeros(9, int), np.arange(1, 10), np.full(9, 0.5), n=10)
    >>> choose_seeds(star, 1).nodes.tolist()
    [0]
    """
    require("numba", extra="people")

    _checked(graph, budget, model, deadline_s, mean_delay_s, target, delta)
    cost = np.ones(graph.n) if costs is None else np.asarray(costs, np.float64)
    allowed = np.zeros(graph.n, bool)
    allowed[np.arange(graph.n) if candidates is None else candidates] = True
    if cost.min() <= 0 or not (allowed & (cost <= budget)).any():
        raise UsageError(f"nobody can be chosen: costs run from {cost.min()} and the budget is {budget}")
    roots, worth = _roots(weights, graph.n)
    limits = _Limits(float(budget), cost, allowed, costs is not None, target, max_sets, delta)

    def draw(half: ReverseSets, wanted: int, stream: int) -> ReverseSets:
        return more_sets(graph, half, wanted, model, roots, mean_delay_s, deadline_s, 2 * seed + stream)

    return _search(draw, graph.n, worth, limits)


@dataclass(frozen=True)
class _Limits:
    """What may be chosen, and when the search stops."""

    budget: float
    cost: Floats
    allowed: np.ndarray
    priced: bool
    target: float
    max_sets: int
    delta: float


def _search(draw: Callable[[ReverseSets, int, int], ReverseSets], n: int, worth: float, limits: _Limits) -> Seeds:
    """Draw sets for both halves until the choice on one is surely good enough on the other (OPIM-C)."""
    from swayline.influence.diffusion.compiled import reverse_sets as _compiled

    n_sets, max_sets = min(limits.max_sets, 1 << 14), limits.max_sets
    halves = [ReverseSets(np.zeros(1, np.int64), np.zeros(0, np.int32)) for _ in range(2)]
    rounds = max(int(np.ceil(np.log2(max_sets / n_sets))), 0) + 1
    while True:
        halves = [draw(half, n_sets, k) for k, half in enumerate(halves)]
        start, sets = _compiled.inverted(halves[0].pointer, halves[0].nodes, n)
        chosen, upper = _greedy(halves[0], start, sets, limits.cost, limits.budget, limits.allowed, limits.priced)
        covered = _covered(halves[1], chosen, n)
        low, guarantee = _guarantee(covered[-1], upper, n_sets, rounds, limits.delta)
        crowded = halves[0].pointer[-1] * 2 > _MOST_NODES
        if guarantee >= limits.target or n_sets >= max_sets or crowded:
            spread = covered / n_sets * worth
            gains, surely = np.diff(spread, prepend=0.0), low / n_sets * worth
            return Seeds(chosen, gains, spread, surely, guarantee, 2 * n_sets, limits.delta)
        n_sets = min(2 * n_sets if guarantee > 0.9 * limits.target else 4 * n_sets, max_sets)


def _checked(
    graph: Graph,
    budget: float,
    model: str,
    deadline_s: float | None,
    delay_s: float | None,
    target: float,
    delta: float,
) -> None:
    if model not in MODELS:
        raise UsageError(f"model {model!r} is unknown: {nearest(model, MODELS)}")
    if not budget > 0:
        raise UsageError(f"budget must be positive, not {budget}")
    if deadline_s is not None and (model != "independent-cascade" or not delay_s):
        raise UsageError("a deadline needs the independent cascade and a mean delay")
    if not (0 < target <= 1 and 0 < delta < 1):
        raise UsageError(f"target {target} and delta {delta} must lie between 0 and 1")
    if model == "linear-threshold" and graph.arcs and float(graph.weights_in().max()) > 1.0 + 1e-6:
        raise UsageError(
            "the linear threshold model needs weights into a person that sum to at most 1: divide by their sum"
        )


def _roots(weights: Floats | None, n: int) -> tuple[np.ndarray, float]:
    """A table to draw roots from in proportion to their weights, and the weights' sum."""
    if weights is None:
        return np.zeros(0, np.int64), float(n)
    weights = np.asarray(weights, np.float64)
    if weights.min() < 0 or weights.sum() <= 0:
        raise UsageError("weights must not be negative and must not all be zero")
    if np.all((weights == 0) | (weights == 1)):
        return np.flatnonzero(weights).astype(np.int64), float(weights.sum())
    size = max(100 * n, 1_000_000)
    places = (np.arange(size) + 0.5) / size * weights.sum()
    return np.searchsorted(np.cumsum(weights), places).astype(np.int64), float(weights.sum())


def more_sets(
    graph: Graph,
    have: ReverseSets,
    wanted: int,
    model: str,
    roots: np.ndarray,
    delay_s: float | None,
    deadline_s: float | None,
    seed: int,
) -> ReverseSets:
    """Draw sets until there are as many as wanted, on all cores."""
    from swayline.influence.diffusion.compiled import reverse_sets as _compiled

    done = len(have.pointer) - 1
    cores = os.cpu_count() or 1
    edges = np.linspace(done, wanted, cores + 1).astype(np.int64)

    def draw(k: int) -> tuple[Ints, np.ndarray]:
        first, count = int(edges[k]), int(edges[k + 1] - edges[k])
        if deadline_s is not None:
            drawn: tuple[Ints, np.ndarray] = _compiled.timed_reverse_sets(
                graph.in_ptr,
                graph.in_from,
                graph.in_p,
                roots,
                float(delay_s or 0.0),
                float(deadline_s),
                seed,
                first,
                count,
            )
        else:
            drawn = _compiled.reverse_sets(
                graph.in_ptr, graph.in_from, graph.in_p, MODELS[model], roots, seed, first, count
            )
        return drawn

    with ThreadPoolExecutor(cores) as threads:
        parts = list(threads.map(draw, range(cores)))
    pointers, offset = [have.pointer], int(have.pointer[-1])
    for pointer, nodes in parts:
        pointers.append(pointer[1:] + offset)
        offset += len(nodes)
    return ReverseSets(np.concatenate(pointers), np.concatenate([have.nodes, *(nodes for _, nodes in parts)]))


def _greedy(
    half: ReverseSets, start: Ints, sets: np.ndarray, cost: Floats, budget: float, allowed: np.ndarray, priced: bool
) -> tuple[Ints, float]:
    """The greedy choice and an upper bound on the coverage of any choice."""
    from swayline.influence.diffusion.compiled import reverse_sets as _compiled

    chosen, gains, upper = _compiled.greedy_cover(half.pointer, half.nodes, start, sets, cost, budget, allowed, False)
    if priced:
        other, other_gains, other_upper = _compiled.greedy_cover(
            half.pointer, half.nodes, start, sets, cost, budget, allowed, True
        )
        upper = min(upper, other_upper)
        if other_gains.sum() > gains.sum():
            chosen = other
    return chosen, float(upper)


def _covered(half: ReverseSets, chosen: Ints, n: int) -> Floats:
    """(k,) sets of the validating half that the first 1 to k chosen meet."""
    from swayline.influence.diffusion.compiled import reverse_sets as _compiled

    return np.cumsum(_compiled.first_met(half.pointer, half.nodes, chosen, n)).astype(np.float64)


def _guarantee(covered: float, upper: float, n_sets: int, rounds: int, delta: float) -> tuple[float, float]:
    """A lower bound on the choice's coverage and on its share of the best (OPIM-C, equations 5 and 8)."""
    a = np.log(3.0 * rounds / delta)
    low = max((np.sqrt(covered + 2 * a / 9) - np.sqrt(a / 2)) ** 2 - a / 18, 0.0)
    high = min((np.sqrt(upper + a / 2) + np.sqrt(a / 2)) ** 2, float(n_sets))
    return float(low), float(low / high)
