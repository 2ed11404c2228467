"""Which behaviour may drive which: a causal graph from data, time order as background knowledge, edges with confidence.

A graph found from observation is a set of hypotheses. Every edge carries the share of bootstrap samples that found it.
"""

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import stats

from swayline.causal.identify.dag_scores import GaussianScore, LevelScore, Score, as_levels, held_out, level_count
from swayline.causal.identify.dag_search import best_dag, settled
from swayline.causal.table.frame import as_table, numeric
from swayline.core.errors import IdentificationError, UsageError, nearest
from swayline.core.extras import require
from swayline.core.rng import generator

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
EDGES = pa.schema(
    [("source", pa.string()), ("target", pa.string()), ("lag", pa.int64()), ("confidence", pa.float64()),
     ("oriented", pa.float64())]
)  # fmt: skip
"""source → target; ``confidence``: share of samples that join the two; ``oriented``: share that point this way."""
METHODS = ("score", "both", "gaussian", "levels", "pc")


def normal_scores(values: Floats) -> Floats:
    """Each column as normal quantiles of its ranks, so that tests of linear dependence see any monotone one.

    References
    ----------
    Liu, Lafferty, Wasserman (2009), The nonparanormal.
    """
    ranks = np.apply_along_axis(stats.rankdata, 0, values)
    return np.asarray(stats.norm.ppf(ranks / (len(values) + 1)))


def discover_graph(
    frame: Any, columns: Sequence[str], *, tiers: Mapping[str, int] | None = None, interventions: str | None = None,
    method: str = "score", alpha: float = 0.01, samples: int = 50, threshold: float | None = None, seed: int = 0,
) -> pa.Table:  # fmt: skip
    """Edges of the graphs of many half samples, with the share of the graphs that have each.

    Parameters
    ----------
    tiers : column → its place in time; nothing later causes anything earlier. None where time says nothing.
    interventions : column whose words say which of the columns were set from outside in a row (an experiment, a switch;
        several with commas), empty or null where none was. Such rows say nothing of what moves a column that was set,
        and orient the edges from it to what it moves
    method : "gaussian" climbs to the graph of greatest BIC, "levels" to that of greatest BDeu on columns cut at their
        quantiles, which sees dependences of any shape; "score" takes whichever predicts held-out rows better;
        "both" learns a graph of each kind from every half sample and counts all alike: more of the true edges, and
        more false ones; "pc" is the PC algorithm, which needs causal-learn
    alpha : level of PC's independence tests
    samples : how many half samples are drawn (without replacement)
    threshold : edges in a smaller share of the graphs are left out; None is .5 with "both", else .85

    Returns
    -------
    A table of :data:`EDGES`, the surest first, lag 0; an edge without a direction stands once, ``oriented`` .5.

    Raises
    ------
    UsageError
        Fewer than two columns, a tier or an intervention of an unknown column, or an unknown method.
    IdentificationError
        Fewer rows than ten a column, or fewer in which one of them was left alone.

    References
    ----------
    Spirtes & Glymour (1991), the PC algorithm. Meinshausen & Bühlmann (2010), Stability selection. Friedman,
    Goldszmidt, Wyner (1999), Data analysis with Bayesian networks: a bootstrap approach. Cooper & Yoo (1999), Causal
    discovery from a mixture of experimental and observational data.
    """
    values, moved = _complete_rows(frame, columns, tiers, interventions, method)
    allowed, rng, scores = _allowed(columns, tiers), generator(seed, "discover"), normal_scores(values)
    if method == "score":
        method = _better_score(scores, moved, allowed, rng)
    kinds = tuple(_SCORES) if method == "both" else (method,)
    oriented = _oriented(moved)
    joined, pointed = np.zeros((len(columns), len(columns))), np.zeros((len(columns), len(columns)))
    for _ in range(samples):
        part = rng.permutation(len(scores))[: len(scores) // 2]
        for kind in kinds:
            if kind == "pc":
                found = _pc(scores[part], columns, tiers, alpha)
            else:
                best = best_dag(_SCORES[kind](scores[part], moved[part]), allowed, rng)
                found = settled(best, allowed, oriented)
            pointed += found
            joined += (found + found.T) > 0
    graphs = samples * len(kinds)
    least = threshold if threshold is not None else 0.5 if method == "both" else 0.85
    return _edges(columns, joined / graphs, pointed / graphs, least)


def _oriented(moved: Flags) -> Flags:
    """[i, j] whether interventions on one of two columns tell which way an edge between them points."""
    alone = (moved.T.astype(np.float64) @ ~moved) > 0
    return np.asarray(alone | alone.T)


def _complete_rows(
    frame: Any, columns: Sequence[str], tiers: Mapping[str, int] | None, interventions: str | None, method: str
) -> tuple[Floats, Flags]:
    """Rows without a gap, and which columns were set from outside, each (rows, columns), once there are enough."""
    if method not in METHODS:
        raise UsageError(f"method is {method!r}; it must be one of {', '.join(METHODS)}")
    if len(columns) < 2:
        raise UsageError("a graph needs at least two columns")
    unknown = set(tiers or {}) - set(columns)
    if unknown:
        raise UsageError(f"tier of {sorted(unknown)[0]!r}, which is not among the columns")
    table = as_table(frame)
    if interventions is not None and method == "pc":
        raise UsageError("PC's tests know no interventions: leave method out, or take 'gaussian' or 'levels'")
    values = np.column_stack([numeric(table, name) for name in columns])
    complete = np.isfinite(values).all(axis=1)
    values, moved = values[complete], _moved(table, interventions, columns)[complete]
    if len(values) < 10 * len(columns):
        raise IdentificationError(f"{len(values)} complete rows are too few for {len(columns)} columns")
    left = len(values) - moved.sum(axis=0)
    if left.min() < 10 * len(columns):
        raise IdentificationError(
            f"{columns[int(left.argmin())]!r} was set from outside in all but {left.min()} rows: "
            "too few to say what moves it"
        )
    return values, moved


def _moved(table: pa.Table, name: str | None, columns: Sequence[str]) -> Flags:
    """[row, column] whether a column was set from outside in a row."""
    found = np.zeros((table.num_rows, len(columns)), dtype=bool)
    if name is None:
        return found
    if name not in table.column_names or name in columns:
        raise UsageError(f"interventions names {name!r}: a column of the table that is none of the graph's is needed")
    words = [str(word or "") for word in table.column(name).to_pylist()]
    for word in set(words):
        rows = np.array([one == word for one in words])
        for part in filter(None, (part.strip() for part in word.split(","))):
            if part not in columns:
                raise UsageError(f"{name!r} says that {part!r} was set, which is no column of the graph; "
                                 f"{nearest(part, columns)}")  # fmt: skip
            found[rows, columns.index(part)] = True
    return found


def _by_level(values: Floats, moved: Flags) -> LevelScore:
    count = level_count(len(values))
    return LevelScore(as_levels(values, count), count, moved)


_SCORES: dict[str, Callable[[Floats, Flags], Score]] = {"gaussian": GaussianScore.of, "levels": _by_level}


def _better_score(values: Floats, moved: Flags, allowed: Flags, rng: np.random.Generator) -> str:
    """The kind of score whose graph, learned on one half of the rows, predicts the other half better."""
    teaches = rng.permutation(np.arange(len(values)) % 2).astype(bool)
    graphs = {kind: best_dag(score(values[teaches], moved[teaches]), allowed, rng) for kind, score in _SCORES.items()}
    found = held_out(values, graphs, teaches, moved)
    return max(found, key=lambda kind: found[kind])


def _allowed(columns: Sequence[str], tiers: Mapping[str, int] | None) -> Flags:
    """[i, j] whether i may cause j."""
    place = [(tiers or {}).get(name) for name in columns]
    return np.array(
        [[i != j and (a is None or b is None or a <= b) for j, b in enumerate(place)] for i, a in enumerate(place)]
    )


def _pc(values: Floats, columns: Sequence[str], tiers: Mapping[str, int] | None, alpha: float) -> Floats:
    """[i, j] 1 where i → j, ½ both ways where the direction is open."""
    search = require("causallearn.search.ConstraintBased.PC", extra="causal")
    knowledge = None
    if tiers:
        nodes = [
            require("causallearn.graph.GraphNode", extra="causal").GraphNode(f"X{k + 1}") for k in range(len(columns))
        ]
        knowledge = require("causallearn.utils.PCUtils.BackgroundKnowledge", extra="causal").BackgroundKnowledge()
        for node, name in zip(nodes, columns, strict=True):
            if name in tiers:
                knowledge.add_node_to_tier(node, tiers[name])
    with contextlib.redirect_stdout(io.StringIO()):
        graph = search.pc(values, alpha, "fisherz", background_knowledge=knowledge, show_progress=False).G.graph
    # graph[j, i] = 1 and graph[i, j] = -1 say i → j; -1 both ways says that the direction is open.
    forward = ((graph.T == 1) & (graph == -1)).astype(np.float64)
    return np.asarray(forward + 0.5 * ((graph == -1) & (graph.T == -1)) + 0.5 * ((graph == 1) & (graph.T == 1)))


def _edges(columns: Sequence[str], joined: Floats, pointed: Floats, threshold: float) -> pa.Table:
    rows = []
    for i in range(len(columns)):
        for j in range(i + 1, len(columns)):
            if joined[i, j] < threshold:
                continue
            a, b = (i, j) if pointed[i, j] >= pointed[j, i] else (j, i)
            share = pointed[a, b] / max(pointed[a, b] + pointed[b, a], 1e-12)
            rows.append(
                {"source": columns[a], "target": columns[b], "lag": 0, "confidence": joined[i, j], "oriented": share}
            )
    rows.sort(key=lambda row: (-row["confidence"], row["source"], row["target"]))
    return pa.Table.from_pylist(rows, schema=EDGES)


def discover_lags(
    series: Any, columns: Sequence[str], *, most_lag: int = 3, alpha: float = 0.01, samples: int = 20, block: int = 20,
    seed: int = 0,
) -> pa.Table:  # fmt: skip
    """Which series moves which, how many steps later: PCMCI over block-bootstrap samples.

    Parameters
    ----------
    series : one row a step of time (say, counts a day of each behaviour), in order
    most_lag : longest lag, in steps
    block : steps that a bootstrap block keeps together

    Returns
    -------
    A table of :data:`EDGES` with lag ≥ 1; time orients every edge (``oriented`` 1).

    References
    ----------
    Runge et al. (2019), Detecting and quantifying causal associations in large nonlinear time series datasets.
    """
    table = as_table(series)
    values = normal_scores(np.column_stack([numeric(table, name) for name in columns]))
    if len(values) < 10 * (most_lag + 1):
        raise IdentificationError(f"{len(values)} steps of time are too few for lags up to {most_lag}")
    pcmci = require("tigramite.pcmci", extra="causal").PCMCI
    frames = require("tigramite.data_processing", extra="causal").DataFrame
    test = require("tigramite.independence_tests.parcorr", extra="causal").ParCorr
    rng = generator(seed, "lags")
    hits = np.zeros((len(columns), len(columns), most_lag + 1))
    span = max(block, most_lag + 2)
    for _ in range(samples):
        starts = rng.integers(0, len(values) - span + 1, size=max(2, len(values) // span))
        pieces = {k: values[start : start + span] for k, start in enumerate(starts)}
        with contextlib.redirect_stdout(io.StringIO()):
            frame = frames(pieces, analysis_mode="multiple", var_names=list(columns))
            found = pcmci(dataframe=frame, cond_ind_test=test(), verbosity=0).run_pcmci(
                tau_min=1, tau_max=most_lag, pc_alpha=0.2, alpha_level=alpha
            )
        hits += found["p_matrix"] <= alpha
    rows = [
        {
            "source": columns[i],
            "target": columns[j],
            "lag": lag,
            "confidence": hits[i, j, lag] / samples,
            "oriented": 1.0,
        }
        for i in range(len(columns))
        for j in range(len(columns))
        for lag in range(1, most_lag + 1)
        if hits[i, j, lag] >= samples / 2
    ]
    rows.sort(key=lambda row: (-row["confidence"], row["source"], row["target"], row["lag"]))
    return pa.Table.from_pylist(rows, schema=EDGES)


def graph_distance(found: pa.Table, truth: Sequence[tuple[str, str]]) -> tuple[int, float]:
    """Structural Hamming distance (a missing, extra or reversed edge is one), and F1 of the directed edges.

    >>> table = pa.Table.from_pylist([{"source": "a", "target": "b", "lag": 0, "confidence": 1.0, "oriented": 1.0}])
    >>> graph_distance(table, [("a", "b"), ("b", "c")])
    (1, 0.6666666666666666)
    """
    edges = set(zip(found.column("source").to_pylist(), found.column("target").to_pylist(), strict=True))
    real = set(truth)
    joined, wanted = {frozenset(edge) for edge in edges}, {frozenset(edge) for edge in real}
    reversed_ = sum(1 for edge in edges if edge not in real and edge[::-1] in real)
    hits = len(edges & real)
    return len(joined ^ wanted) + reversed_, 2 * hits / max(1, len(edges) + len(real))
