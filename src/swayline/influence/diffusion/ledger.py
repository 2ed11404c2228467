"""From rows of influence to whom to start with."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError
from swayline.core.types import Floats
from swayline.influence.diffusion.graph import Graph, make_graph
from swayline.influence.diffusion.seeds import Seeds, choose_seeds


@dataclass(frozen=True)
class Spread:
    """Seeds by outside id.

    Parameters
    ----------
    table : pa.Table
        ``rank`` (from 1), ``user``, ``gain`` and ``spread`` (expected people reached by the seeds up to this one).
    seeds : Seeds
        With the guarantee.
    """

    table: pa.Table
    seeds: Seeds


def graph_from_ledger(ledger: pa.Table) -> tuple[Graph, pa.Array]:
    """The graph of a ledger's ties and the id of each node.

    Rows from user to user with ``estimand`` ``spread`` are probabilities; those with ``excitation`` (channel ``all``)
    are acts caused per act, so that at least one follows with probability 1 - exp(-excitation). Where a ledger holds
    both, ``spread`` wins. Rows without an estimate carry nothing.

    Raises
    ------
    DataError
        The ledger holds no such rows.
    """
    people = ledger.filter((pc.field("cause_kind") == "user") & (pc.field("effect_kind") == "user"))
    for estimand in ("spread", "excitation"):
        rows = people.filter(pc.field("estimand") == estimand)
        if estimand == "excitation":
            rows = rows.filter(pc.field("channel") == "all")
        if len(rows):
            break
    if len(rows) == 0:
        raise DataError(
            "the influence table has no excitation or spread rows between users: make it with influence people"
        )
    ids = pc.unique(pa.chunked_array([*rows["cause"].chunks, *rows["effect"].chunks], pa.string()))
    ids = ids.take(pc.array_sort_indices(ids))
    source, target = (
        np.asarray(pc.index_in(rows[name], value_set=ids).to_numpy(), np.int64) for name in ("cause", "effect")
    )
    estimate: Floats = np.nan_to_num(np.asarray(rows["estimate"].to_numpy(), np.float64))
    probability = np.clip(estimate, 0.0, 1.0) if estimand == "spread" else -np.expm1(-np.maximum(estimate, 0.0))
    return make_graph(source, target, np.asarray(probability, np.float64), len(ids)), ids


def spread_from_ledger(
    ledger: pa.Table,
    budget: float = 50,
    *,
    model: str = "independent-cascade",
    costs: dict[str, float] | None = None,
    audience: list[str] | None = None,
    deadline_s: float | None = None,
    mean_delay_s: float | None = None,
    seed: int = 0,
) -> Spread:
    """Choose the people to start with, from measured influence.

    Parameters
    ----------
    ledger : pa.Table
        See :func:`graph_from_ledger`.
    budget : float
        How many people, or what they may cost.
    costs : dict, optional
        Price by user id; one for those left out.
    audience : list of str, optional
        Only reaching these counts (those who buy in a category, say).
    deadline_s, mean_delay_s : float, optional
        Count only who is reached in time; the delay is a third of the ledger's ``horizon_s`` where left out (the 95%
        quantile of an exponential is three times its mean).
    """
    graph, ids = graph_from_ledger(ledger)
    names = ids.to_pylist()
    prices = None if costs is None else np.array([costs.get(name, 1.0) for name in names])
    weights = None
    if audience is not None:
        weights = np.asarray(
            pc.is_in(ids, value_set=pa.array(audience, pa.string())).to_numpy(zero_copy_only=False), float
        )
    if deadline_s is not None and mean_delay_s is None:
        horizon = pc.mean(ledger["horizon_s"]).as_py()
        if horizon is None:
            raise DataError("the influence table says nothing about delays: give a mean delay beside the deadline")
        mean_delay_s = horizon / 3.0
    budget = min(budget, graph.n) if prices is None else budget
    seeds = choose_seeds(
        graph,
        budget,
        model=model,
        costs=prices,
        weights=weights,
        deadline_s=deadline_s,
        mean_delay_s=mean_delay_s,
        seed=seed,
    )
    table = pa.table(
        {
            "rank": pa.array(np.arange(1, len(seeds.nodes) + 1), pa.int64()),
            "user": ids.take(pa.array(seeds.nodes)),
            "gain": seeds.gain,
            "spread": seeds.spread,
        }
    )
    return Spread(table, seeds)
