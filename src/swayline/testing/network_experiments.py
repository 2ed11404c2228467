"""Experiments on networks whose direct and spillover effects are known."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from swayline.causal.interference.exposure import read_mapping
from swayline.causal.interference.results import Design


@dataclass(frozen=True)
class NetworkExperiment:
    """A drawn experiment: a row a person, ties, what to ask, the effect of the own treatment."""

    table: pa.Table
    ties: pa.Table
    design: Design
    direct: float


def network_experiment(
    seed: int, mapping: str = "share", *, spillover: float = 0.2, direct: float = 0.3, people: int = 600,
    villages: int = 30, likeness: float = 0.5,
) -> NetworkExperiment:  # fmt: skip
    """Villages of people on ties; households are drawn within villages at rates that differ from village to village.

    People of many ties have higher outcomes whatever happens, and are more often exposed: what a comparison of the
    exposed with the others takes for spillover. ``likeness`` is how much outcomes of a village have in common.

    Examples
    --------
    >>> network_experiment(0, people=90, villages=3).table.num_rows
    90
    """
    rng = np.random.default_rng([seed, 33])
    village, household = np.arange(people) % villages, np.arange(people) // villages // 2
    home = village * (people // villages // 2 + 1) + household
    rate = rng.uniform(0.2, 0.6, villages)
    drawn = rng.random(int(home.max()) + 1)
    treated = (drawn[home] < rate[village]).astype(np.float64)
    wide = rng.poisson(rng.exponential(2.0, people)) + 1
    ends = [(person, _friends(rng, person, int(wide[person]), village)) for person in range(people)]
    target = np.concatenate([np.full(len(found), person) for person, found in ends])
    source = np.concatenate([found for _, found in ends])
    ties = np.bincount(target, minlength=people).astype(np.float64)
    reached = np.bincount(target, treated[source], people).astype(np.float64)
    exposed = read_mapping(mapping)(reached, np.maximum(ties, 1.0)) * (ties > 0)
    common = likeness * rng.normal(size=villages)[village] + 0.15 * ties + rng.normal(size=people)
    table = pa.table({
        "person": [f"p{one}" for one in range(people)], "village": [f"v{one}" for one in village],
        "household": [f"h{one}" for one in home], "treated": treated,
        "y": direct * treated + spillover * exposed + common, "before": common + rng.normal(size=people),
    })  # fmt: skip
    links = pa.table({"source": [f"p{one}" for one in source], "target": [f"p{one}" for one in target]})
    design = Design(
        "treated", "y", "person", ("village",), clusters="household", strata="village", assigned_by="household",
        randomised=True,
    )  # fmt: skip
    return NetworkExperiment(table, links, design, direct)


def _friends(rng: np.random.Generator, person: int, count: int, village: np.ndarray) -> np.ndarray:
    """Distinct others of the village."""
    others = np.flatnonzero((village == village[person]) & (np.arange(len(village)) != person))
    return rng.choice(others, min(count, len(others)), replace=False)
