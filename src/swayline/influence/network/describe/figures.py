"""Tables to draw from: the influence network laid out, league tables, and the events behind one tie."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import UsageError, shown
from swayline.core.extras import require
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.reading import People


@dataclass(frozen=True)
class Network:
    """A network to draw.

    Parameters
    ----------
    nodes : pa.Table
        ``user``, ``x``, ``y`` (layout), and every column of the people's scores.
    edges : pa.Table
        ``source``, ``target``, ``channel``, ``estimate``, ``ci_low``, ``ci_high``, ``n``, ``x0``, ``y0``,
        ``x1``, ``y1``.
    """

    nodes: pa.Table
    edges: pa.Table


def network_tables(ledger: pa.Table, people: pa.Table, top: int = 2000, channel: str = "all", seed: int = 0) -> Network:
    """The strongest ties of one channel and the people they join, laid out (DrL above 1,000 people).

    Parameters
    ----------
    ledger : pa.Table
        Rows of influence; those of ``estimand`` excitation (or excitation_part) in the channel are used.
    people : pa.Table
        Scores of people, with ``user``.
    top : int
        At most so many ties, strongest lower ends first: what is surely there is drawn before what may be.
    """
    igraph = require("igraph", extra="people")
    import random

    igraph.set_random_number_generator(random.Random(seed))
    rows = (
        ledger.filter(
            (pc.field("channel") == channel)
            & pc.field("estimand").isin(["excitation", "excitation_part"])
            & (pc.field("estimate") > 0)
        )
        .sort_by([("ci_low", "descending"), ("estimate", "descending")])
        .slice(0, top)
    )
    names = pc.unique(pa.chunked_array([*rows["cause"].chunks, *rows["effect"].chunks], pa.string()))
    source = np.asarray(pc.index_in(rows["cause"], value_set=names).to_numpy())
    target = np.asarray(pc.index_in(rows["effect"], value_set=names).to_numpy())
    graph = igraph.Graph(n=len(names), edges=np.stack([source, target], axis=1).astype(int))
    layout = np.array(graph.layout("drl" if len(names) > 1000 else "fr").coords).reshape(-1, 2)
    nodes = pa.table({"user": names, "x": layout[:, 0], "y": layout[:, 1]}).join(people, "user")
    edges = pa.table(
        {
            "source": rows["cause"],
            "target": rows["effect"],
            "channel": rows["channel"],
            "estimate": rows["estimate"],
            "ci_low": rows["ci_low"],
            "ci_high": rows["ci_high"],
            "n": rows["n"],
            "x0": layout[source, 0],
            "y0": layout[source, 1],
            "x1": layout[target, 0],
            "y1": layout[target, 1],
        }
    )
    return Network(nodes, edges)


def league_table(people: pa.Table, by: str = "given", k: int = 20) -> pa.Table:
    """The k people who lead by a score, with its interval: ``rank, user, acts, score, ci_low, ci_high``.

    Raises
    ------
    UsageError
        There is no such score.
    """
    if by not in people.column_names or f"{by}_low" not in people.column_names:
        scores = [name[:-4] for name in people.column_names if name.endswith("_low")]
        raise UsageError(f"people have no score {shown(by)} with an interval; they have {', '.join(scores)}")
    best = people.sort_by([(by, "descending"), ("user", "ascending")]).slice(0, k)
    return pa.table(
        {
            "rank": np.arange(1, len(best) + 1),
            "user": best["user"],
            "acts": best["acts"],
            "score": best[by],
            "ci_low": best[f"{by}_low"],
            "ci_high": best[f"{by}_high"],
        }
    )


def tie_events(fit: HawkesFit, people: People, source: str, target: str, least: float = 0.01) -> pa.Table:
    """The acts behind a tie.

    Returns
    -------
    pa.Table
        ``source_time``, ``target_time`` (UTC), ``lag_s`` and ``probability`` that the one brought the other, likeliest
        first, down to ``least``.

    Raises
    ------
    UsageError
        The two are not tied.
    """
    j, i = people.ids.index(pa.scalar(source)).as_py(), people.ids.index(pa.scalar(target)).as_py()
    inside = np.arange(fit.ties.pointer[i], fit.ties.pointer[i + 1]) if min(i, j) >= 0 else np.zeros(0, np.int64)
    tie = inside[fit.ties.source[inside] == j]
    if len(tie) == 0:
        raise UsageError(f"no tie runs from {shown(source)} to {shown(target)}")
    causes = fit.acts.times[fit.acts.pointer[j] : fit.acts.pointer[j + 1]]
    effects = fit.acts.times[fit.acts.pointer[i] : fit.acts.pointer[i + 1]]
    intensity = _intensity(fit, int(i))
    lags = effects[:, None] - causes[None, :]
    step = 1e-3 * fit.kernel.mean_s()
    density = (fit.kernel.mass((lags + step).ravel()) - fit.kernel.mass((lags).ravel())).reshape(lags.shape) / step
    probability = np.where(lags > 0, fit.x_tie[tie[0]] * density / intensity[:, None], 0.0)
    at = np.argwhere(probability >= least)
    order = np.argsort(-probability[at[:, 0], at[:, 1]], kind="stable")
    at = at[order]
    return pa.table(
        {
            "source_time": _times(causes[at[:, 1]] + fit.acts.start_s),
            "target_time": _times(effects[at[:, 0]] + fit.acts.start_s),
            "lag_s": lags[at[:, 0], at[:, 1]],
            "probability": np.minimum(probability[at[:, 0], at[:, 1]], 1.0),
        }
    )


def _intensity(fit: HawkesFit, person: int) -> np.ndarray:
    from swayline.influence.network.compiled import features as _compiled_features

    columns, _ = _compiled_features.design(person, fit.solver_inputs())
    weights = np.concatenate([fit.x_base[person], fit.x_tie[fit.ties.pointer[person] : fit.ties.pointer[person + 1]]])
    intensity: np.ndarray = np.maximum(weights @ columns, 1e-300)
    return intensity


def _times(seconds: np.ndarray) -> pa.Array:
    return pa.array(np.rint(seconds * 1e6).astype(np.int64), pa.timestamp("us", tz="UTC"))
