"""All that a page shows of people, as plain lists: the network by channel and period, leagues, leaders, tie by tie."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.types import Floats
from swayline.influence.network.describe.channels import CHANNELS
from swayline.influence.network.describe.credit import category_leaders, credited, period_edges, period_of_acts
from swayline.influence.network.describe.figures import league_table, network_tables, tie_events
from swayline.influence.network.describe.measured import MeasuredPeople
from swayline.ledger.standing import LEAST_ACTS, standing_ties

_LEAGUES = ("given", "reach", "received")
_PERIODS, _TIES, _ACTS, _LEADERS = 3, 12, 60, 5
Picture = dict[str, Any]


def people_picture(measured: MeasuredPeople, top: int = 2000) -> Picture:
    """What the report's people section reads.

    Parameters
    ----------
    measured : MeasuredPeople
    top : int
        At most so many ties are drawn, surest first.

    Returns
    -------
    dict
        ``nodes`` and ``edges`` (columns of the network; an edge has the acts it brought in each period and its
        estimate by channel, zero where the tie has none), ``periods``, ``leagues``, ``leaders``, ``ties`` (the acts
        behind the surest; none on a coarse clock), ``ties_measured``, ``ties_sure`` (claimed when all are asked
        together), ``radius``, ``outcome``. People and ties of fewer than :data:`LEAST_ACTS` acts are not drawn and not
        ranked.
    """
    found = standing_ties(measured.ledger)
    often = measured.ledger.filter(pc.field("n") >= LEAST_ACTS)
    ranked = measured.people.filter(pc.field("acts") >= LEAST_ACTS)
    leaders = pa.table({})
    if measured.read.category is not None:
        leaders = category_leaders(measured.fit, measured.ties, measured.read, _LEADERS, 8)
    picture: Picture = {
        "outcome": measured.read.outcome,
        "radius": measured.radius,
        "ties_measured": len(found.rows),
        "ties_sure": int(found.stands.sum()),
        "leagues": {by: league_table(ranked, by, 10).to_pylist() for by in _LEAGUES},
        "leaders": leaders.to_pylist(),
    }
    of_ties = pc.equal(often["estimand"], "excitation")
    if not bool(pc.any(pc.and_(of_ties, pc.greater(often["estimate"], 0.0))).as_py()):
        return picture | {"nodes": {}, "edges": {}, "periods": [], "ties": []}
    network = network_tables(often, measured.people, top=top, seed=measured.seed)
    return picture | {
        "nodes": _columns(network.nodes, ("user", "x", "y", "acts", "given", "given_low", "given_high", "community")),
        "edges": _edges(measured, network.edges),
        "periods": _periods(measured),
        "ties": [_tie(measured, one) for one in network.edges.slice(0, _TIES).to_pylist()],
    }


def _columns(table: pa.Table, names: tuple[str, ...]) -> Picture:
    return {name: table[name].to_pylist() for name in names}


def _edges(measured: MeasuredPeople, edges: pa.Table) -> Picture:
    fit = measured.fit
    source, target = (
        np.asarray(pc.index_in(edges[end], value_set=measured.read.ids).to_numpy(), np.int64)
        for end in ("source", "target")
    )
    n = fit.acts.people
    place = np.searchsorted(fit.ties.target * n + fit.ties.source, target * n + source)
    brought = credited(fit, period_of_acts(fit, _PERIODS), _PERIODS)[place]
    columns = _columns(edges, ("source", "target", "estimate", "ci_low", "ci_high"))
    columns["brought"] = np.round(brought.T, 3).tolist()
    if measured.channels is not None:
        parts: Floats = np.nan_to_num(np.asarray(measured.channels.estimate[place], np.float64))
        columns["channels"] = {name: np.round(parts[:, k], 5).tolist() for k, name in enumerate(CHANNELS)}
    return columns


def _periods(measured: MeasuredPeople) -> list[str]:
    edges = [
        datetime.fromtimestamp(0, UTC) + timedelta(seconds=at) for at in period_edges(measured.fit, _PERIODS).tolist()
    ]
    return [f"{a.day} {a:%b %Y} to {b.day} {b:%b %Y}" for a, b in pairwise(edges)]


def _tie(measured: MeasuredPeople, edge: Picture) -> Picture:
    # On a coarse clock the moments are drawn within its ticks: which act came when is not known, so no pair is told.
    shown = 0 if measured.fit.acts.clock.is_coarse else _ACTS
    pairs = tie_events(measured.fit, measured.read, edge["source"], edge["target"]).slice(0, shown)
    row = {key: edge[key] for key in ("source", "target", "estimate", "ci_low", "ci_high", "n")}
    return row | {
        "acts": [
            {
                "source_time": one["source_time"].isoformat(),
                "target_time": one["target_time"].isoformat(),
                "lag_s": round(one["lag_s"], 1),
                "probability": round(one["probability"], 4),
            }
            for one in pairs.to_pylist()
        ]
    }
