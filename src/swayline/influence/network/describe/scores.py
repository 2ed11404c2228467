"""What each person gives and takes, how far it reaches, and the network's own measures beside it."""

import random
import warnings
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from swayline.core.extras import require
from swayline.core.rng import generator
from swayline.core.types import Bools, Floats, Ints
from swayline.influence.network.describe.channels import CHANNELS, ChannelEstimates
from swayline.influence.network.fit.goodness import branching, spectral_radius
from swayline.influence.network.fit.intervals import TieEstimates, sum_interval
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.reading import People

_DRAWS = 100


def person_scores(
    fit: HawkesFit, ties: TieEstimates, channels: ChannelEstimates | None, people: People, seed: int = 0
) -> pa.Table:
    """One row a person.

    Returns
    -------
    pa.Table
        ``user``, ``acts``; ``given`` (acts of others caused directly by one act of the person), ``received`` (acts
        caused in the person by one act of each tied other), both with ``_low`` and ``_high``, and by channel;
        ``susceptibility`` (share of the person's own acts that others caused); ``reach`` (acts of others caused by
        one act directly and through others; null where branching is not stable) with its interval; ``pagerank``,
        ``hub``, ``authority``, ``community`` of the network weighted by excitation.
    """
    n = fit.acts.people
    alpha: Floats = np.nan_to_num(np.asarray(ties.estimate, np.float64))
    error: Floats = np.nan_to_num(np.asarray(ties.error, np.float64))
    given: Floats = np.bincount(fit.ties.source, alpha, n).astype(np.float64)
    received: Floats = np.bincount(fit.ties.target, alpha, n).astype(np.float64)
    columns: dict[str, Floats | pa.Array] = {"user": people.ids, "acts": fit.acts.counts}
    unknown = fit.acts.counts == 0
    _with_interval(columns, "given", given, _root_sum(fit.ties.source, error, n), unknown)
    _with_interval(columns, "received", received, ties.received_error, np.zeros(n, bool))
    if channels is not None:
        for k, channel in enumerate(CHANNELS):
            part: Floats = np.nan_to_num(np.asarray(channels.estimate[:, k], np.float64))
            spread: Floats = np.nan_to_num(np.asarray(channels.error[:, k], np.float64))
            silent = np.bincount(fit.ties.source, channels.n[:, k], n) == 0
            for name, end in (("given", fit.ties.source), ("received", fit.ties.target)):
                unsaid = silent if name == "given" else np.zeros(n, bool)
                total = np.bincount(end, part, n).astype(np.float64)
                _with_interval(columns, f"{name}_{channel}", total, _root_sum(end, spread, n), unsaid)
    caused = np.bincount(fit.ties.target, alpha * fit.acts.counts[fit.ties.source], n)
    columns["susceptibility"] = np.clip(caused / np.maximum(fit.acts.counts, 1), 0.0, 1.0)
    columns |= _reaches(fit, alpha, error, seed)
    columns |= network_measures(fit, alpha, seed)
    return pa.table(
        {
            name: pa.array(values, from_pandas=True) if not isinstance(values, pa.Array) else values
            for name, values in columns.items()
        }
    )


def _root_sum(index: Ints, error: Floats, n: int) -> Floats:
    """(n,) standard error of each sum of independent parts."""
    total: Floats = np.sqrt(np.bincount(index, error**2, n)).astype(np.float64)
    return total


def _with_interval(
    columns: dict[str, "Floats | pa.Array"], name: str, total: Floats, error: Floats, unknown: Bools
) -> None:
    low, high = sum_interval(total, error)
    for key, values in ((name, total), (f"{name}_low", low), (f"{name}_high", high)):
        columns[key] = np.where(unknown, np.nan, values)


def reach(matrix: csr_array, generations: int = 200) -> Floats:
    """(people,) acts caused by one act of each, directly and through others, the first act itself left out.

    >>> reach(csr_array(np.array([[0.0, 0.0], [0.5, 0.0]]))).tolist()
    [0.5, 0.0]
    """
    back = matrix.T.tocsr()
    total = np.zeros(matrix.shape[0])
    for _ in range(generations):
        new: Floats = np.asarray(back @ (1.0 + total), np.float64)
        if float(np.abs(new - total).max(initial=0.0)) < 1e-9:
            return new
        total = new
    return total


def _reaches(fit: HawkesFit, alpha: Floats, error: Floats, seed: int) -> dict[str, Floats | pa.Array]:
    n = fit.acts.people
    whole = branching(fit)
    if spectral_radius(whole) >= 0.999:
        nothing = np.full(n, np.nan)
        return {"reach": nothing, "reach_low": nothing, "reach_high": nothing}
    rng = generator(seed, "people", "reach")
    drawn = np.empty((_DRAWS, n))
    own = whole.diagonal()
    for draw in range(_DRAWS):
        weights = np.maximum(alpha + error * rng.standard_normal(len(alpha)) * (alpha > 0), 0.0)
        rows, ends = np.append(fit.ties.target, np.arange(n)), np.append(fit.ties.source, np.arange(n))
        drawn[draw] = reach(csr_array((np.append(weights, own), (rows, ends)), shape=(n, n)), 60)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    middle = reach(whole)
    return {"reach": middle, "reach_low": np.minimum(low, middle), "reach_high": np.maximum(high, middle)}


def network_measures(fit: HawkesFit, alpha: Floats, seed: int) -> dict[str, Floats | pa.Array]:
    """PageRank (towards those who sway), hubs, authorities and Leiden communities of the weighted network."""
    igraph = require("igraph", extra="people")
    igraph.set_random_number_generator(random.Random(seed))
    n, used = fit.acts.people, alpha > 0
    edges = np.stack([fit.ties.source[used], fit.ties.target[used]], axis=1)
    graph = igraph.Graph(n=n, edges=edges, directed=True)
    weights = alpha[used].tolist()
    turned = igraph.Graph(n=n, edges=edges[:, ::-1], directed=True)
    if not weights:
        even = np.full(n, 1.0 / n)
        return {"pagerank": even, "hub": np.zeros(n), "authority": np.zeros(n), "community": np.arange(n)}
    undirected = igraph.Graph(n=n, edges=edges, directed=False)
    hub, authority = _hits(graph, weights)
    found = undirected.community_leiden(objective_function="modularity", weights=weights, n_iterations=10)
    return {
        "pagerank": np.array(turned.pagerank(weights=weights)),
        "hub": hub,
        "authority": authority,
        "community": np.array(found.membership, np.int64),
    }


def _hits(graph: Any, weights: list[float]) -> tuple[Floats, Floats]:
    """Kleinberg's hubs and authorities; igraph warns where many are zero, which people without ties always are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.array(graph.hub_score(weights=weights)), np.array(graph.authority_score(weights=weights))
