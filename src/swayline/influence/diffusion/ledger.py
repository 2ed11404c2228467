"""From rows of influence to whom to start with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError, nearest
from swayline.core.names import SOURCE, TARGET
from swayline.core.types import Floats
from swayline.influence.diffusion.graph import Graph, make_graph
from swayline.influence.diffusion.launch import Launch, Launches
from swayline.influence.diffusion.seeds import Seeds, choose_seeds
from swayline.ledger.usable import usable_peer_effects


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


@dataclass(frozen=True)
class Fanout:
    """A launch by outside ids.

    Parameters
    ----------
    table : pa.Table
        ``rank`` (from 1), ``user``, ``item``, ``gain`` and ``spread`` (expected adopters, over all items, of the
        showings up to this one).
    plan, most_followed : Launch
        What was chosen, and the same budget given to the people whom most ties leave.
    """

    table: pa.Table
    plan: Launch
    most_followed: Launch


def graph_from_ledger(ledger: pa.Table, ties: pa.Table | None = None) -> tuple[Graph, pa.Array]:
    """The graph of a ledger's ties and the id of each node.

    Rows from user to user with ``estimand`` ``spread`` are probabilities; those with ``excitation`` (channel ``all``)
    are acts caused per act, so that at least one follows with probability 1 - exp(-excitation). Where a ledger holds
    both, ``spread`` wins. Rows without an estimate carry nothing. A ledger of ``influence contagion`` has effects of a
    tie's act (``peer_effect``) instead, by who acted or over everybody: they are the chances along the ties given.

    Parameters
    ----------
    ties : pa.Table, optional
        ``source``, ``target``; needed for rows of contagion alone.

    Raises
    ------
    DataError
        The ledger holds no such rows, or its rows of contagion say "no" or hold no effect.
    """
    people = ledger.filter((pc.field("cause_kind") == "user") & (pc.field("effect_kind") == "user"))
    for estimand in ("spread", "excitation"):
        rows = people.filter(pc.field("estimand") == estimand)
        if estimand == "excitation":
            rows = rows.filter(pc.field("channel") == "all")
        if len(rows):
            break
    if len(rows) == 0:
        if ties is not None:
            return _graph_of_contagion(ledger, ties)
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


def _graph_of_contagion(ledger: pa.Table, ties: pa.Table) -> tuple[Graph, pa.Array]:
    """Ties that carry the effect of a tie's act, of the one who acted where the ledger has it."""
    overall = usable_peer_effects(ledger)
    if not overall:
        raise DataError(
            "the influence table supports no influence along ties: it needs excitation or spread rows between users, "
            'or a peer_effect whose verdict is not "no" and whose interval lies above zero'
        )
    for name in (SOURCE, TARGET):
        if name not in ties.column_names:
            raise DataError(f"the table of ties has no column {name!r}: {nearest(name, ties.column_names)}")
    ends = [ties[name].cast(pa.string()) for name in (SOURCE, TARGET)]
    ids = pc.unique(pa.chunked_array([*ends[0].chunks, *ends[1].chunks], pa.string())).drop_null()
    ids = ids.take(pc.array_sort_indices(ids))
    source, target = (
        np.asarray(pc.fill_null(pc.index_in(one, value_set=ids), -1).to_numpy(), np.int64) for one in ends
    )
    known = (source >= 0) & (target >= 0)
    chance = np.full(len(ids), max(effect for effect, _ in overall.values()))
    rows = ledger.filter(
        (pc.field("estimand") == "peer_effect") & (pc.field("cause_kind") == "user")
        & (pc.field("identified") != "no") & pc.is_valid(pc.field("estimate"))
    )  # fmt: skip
    at = np.asarray(pc.fill_null(pc.index_in(rows["cause"], value_set=ids), -1).to_numpy(), np.int64)
    chance[at[at >= 0]] = np.asarray(rows["estimate"].to_numpy(), np.float64)[at >= 0]
    pairs = np.unique(source[known] * len(ids) + target[known])
    begin, end = np.divmod(pairs, len(ids))
    return make_graph(begin, end, np.clip(chance[begin], 0.0, 1.0), len(ids)), ids


def launch_from_ledger(
    ledger: pa.Table, items: Sequence[str], budget: int, *, ties: pa.Table | None = None,
    interest: Mapping[tuple[str, str], float] | None = None, per_person: int = 1, least_share: float = 0.0,
    seed: int = 0,
) -> Fanout:  # fmt: skip
    """Which item to show whom first, from measured influence.

    Parameters
    ----------
    ledger, ties : see :func:`graph_from_ledger`
    items : ids of the items that are launched
    budget : showings in all
    interest : (user, item) → chance that the person adopts the item when shown it, 0 where it is not in; 1 for
        everybody where none is given
    per_person, least_share : see :meth:`.Launches.plan`

    Raises
    ------
    DataError
        The ledger supports no influence along ties, or nobody of it has an interest in any of the items.
    UsageError
        An option is out of range.
    """
    graph, ids = graph_from_ledger(ledger, ties)
    chance = np.ones((len(items), graph.n))
    if interest is not None:
        chance[:] = 0.0
        users = {name: at for at, name in enumerate(ids.to_pylist())}
        things = {name: at for at, name in enumerate(items)}
        for (user, item), value in interest.items():
            if user in users and item in things:
                chance[things[item], users[user]] = value
        if not chance.any():
            raise DataError("no row of the interest table names a launched item and a person of the influence table")
    launches = Launches(graph, chance, seed=seed)
    found = launches.plan(budget, per_person=per_person, least_share=least_share)
    table = pa.table({
        "rank": pa.array(np.arange(1, len(found.person) + 1), pa.int64()), "user": ids.take(pa.array(found.person)),
        "item": pa.array([items[one] for one in found.item], pa.string()), "gain": found.gain, "spread": found.spread,
    })  # fmt: skip
    return Fanout(table, found, launches.most_followed(budget, per_person=per_person))


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
