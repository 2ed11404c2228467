"""Planted worlds of who sways whom: influence is found where it is, and none where people are merely alike.

The generator is exact: a cluster process. Everybody's own acts are Poisson with a weekly rhythm that their group
shares; every act then brings Poisson(branching) acts along each tie of influence, each after an exponential delay, and
so on. ``dial`` scales the influence: at zero there is none, and only the likeness of rhythms is left.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import rankdata

from swayline.influence.network.acts import make_acts, make_ties
from swayline.influence.network.fit.hawkes import fit_hawkes
from swayline.influence.network.fit.intervals import TieEstimates, tie_estimates
from swayline.influence.network.fit.model import HawkesFit

HOUR, WEEK = 3600.0, 604800.0
MONDAY = 1_599_436_800.0


@dataclass(frozen=True)
class World:
    person: np.ndarray
    time_s: np.ndarray
    source: np.ndarray
    target: np.ndarray
    branching: np.ndarray
    people: int
    end_s: float


def planted_world(
    seed: int, *, dial: float = 1.0, people: int = 120, ties: int = 4, weeks: int = 26, acts: float = 140.0,
    delay_h: float = 8.0, groups: int = 6,
) -> World:  # fmt: skip
    rng = np.random.default_rng(seed)
    group = np.arange(people) % groups
    source, target, branching = _ties(rng, people, ties, group, dial)
    matrix = np.zeros((people, people))
    matrix[target, source] = branching
    own = acts / np.linalg.solve(np.eye(people) - matrix, np.ones(people)).mean()
    rhythm = _rhythms(rng, groups)[group]
    count = rng.poisson(own, people)
    person = np.repeat(np.arange(people), count)
    hour = np.concatenate([rng.choice(168, n, p=rhythm[i]) for i, n in enumerate(count)])
    time = (rng.integers(0, weeks, len(person)) * 168 + hour + rng.random(len(person))) * HOUR
    everyone, times = [person], [time]
    along = [np.flatnonzero(source == j) for j in range(people)]
    while len(person):
        children, when = [], []
        for j in np.unique(person):
            parents = time[person == j]
            for tie in along[j]:
                born = rng.poisson(branching[tie], len(parents))
                when.append(np.repeat(parents, born) + rng.exponential(delay_h * HOUR, born.sum()))
                children.append(np.full(born.sum(), target[tie]))
        person, time = np.concatenate([*children, []]).astype(int), np.concatenate([*when, []])
        person, time = person[time < weeks * WEEK], time[time < weeks * WEEK]
        everyone.append(person)
        times.append(time)
    return World(
        np.concatenate(everyone),
        np.concatenate(times) + MONDAY,
        source,
        target,
        branching,
        people,
        MONDAY + weeks * WEEK,
    )


def _ties(rng, people, ties, group, dial):
    rows = []
    for i in range(people):
        alike = rng.choice([j for j in range(people) if j != i and group[j] == group[i]], ties // 2, replace=False)
        others = rng.choice([j for j in range(people) if j != i and j not in alike], ties - ties // 2, replace=False)
        rows += [(j, i, 0.0) for j in alike]
        rows += [(j, i, dial * rng.uniform(0.12, 0.30)) for j in others]
    source, target, branching = zip(*rows, strict=True)
    return np.array(source), np.array(target), np.array(branching)


def _rhythms(rng, groups):
    """(groups, 168): a favourite hour of the day, most of all around a favourite day of the week."""
    hour = np.arange(168) + 0.5
    centre = rng.uniform(0, 168, groups)[:, None]
    week_gap = np.minimum(np.abs(hour - centre), 168 - np.abs(hour - centre))
    day_gap = np.minimum((hour - centre) % 24, 24 - (hour - centre) % 24)
    rate = np.exp(-0.5 * (day_gap / 4) ** 2) * (0.35 + np.exp(-0.5 * (week_gap / 28) ** 2))
    rate += 0.1 * rate.mean(axis=1, keepdims=True)
    return rate / rate.sum(axis=1, keepdims=True)


def measure(world: World, **settings: object) -> tuple[HawkesFit, TieEstimates, np.ndarray]:
    acts = make_acts(world.person, world.time_s, world.people, MONDAY, world.end_s)
    ties = make_ties(world.source, world.target, world.people)
    matrix = np.zeros((world.people, world.people))
    matrix[world.target, world.source] = world.branching
    fit = fit_hawkes(acts, ties, **settings)
    return fit, tie_estimates(fit), matrix[ties.target, ties.source]


def scores(ties: TieEstimates, truth: np.ndarray, sways: np.ndarray) -> dict[str, float]:
    rank = rankdata(ties.estimate)
    n, m = sways.sum(), (~sways).sum()
    return {
        "auc": float((rank[sways].sum() - n * (n + 1) / 2) / (n * m)) if n and m else float("nan"),
        "frobenius": float(np.sqrt(((ties.estimate - truth) ** 2).sum() / max((truth**2).sum(), 1e-12))),
        "false": float((ties.low > 0)[~sways].mean()),
        "covered": float(((ties.low <= truth) & (truth <= ties.high))[sways].mean()) if n else float("nan"),
    }


@pytest.mark.truth
def test_planted_influence_is_found_and_likeness_is_not_called_influence():
    found = [scores(ties, truth, truth > 0) for _, ties, truth in (measure(planted_world(seed)) for seed in range(8))]
    mean = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    assert mean["auc"] >= 0.97
    assert mean["frobenius"] <= 0.40
    assert mean["false"] <= 0.05
    assert 0.92 <= mean["covered"] <= 0.98


@pytest.mark.truth
def test_none_is_found_where_people_are_only_alike():
    called = [
        float((ties.low > 0).mean()) for _, ties, _ in (measure(planted_world(seed, dial=0.0)) for seed in range(4))
    ]
    assert np.mean(called) <= 0.05


@pytest.mark.truth
def test_a_constant_baseline_takes_likeness_for_influence_in_the_same_world():
    _fit, ties, truth = measure(planted_world(0), rhythm=False, own_past=False, rounds=1)
    assert (ties.low > 0)[truth == 0].mean() > 0.05


@pytest.mark.truth
@pytest.mark.parametrize("kernel", ["sum-of-exponentials", "histogram"])
def test_flexible_delays_find_the_same_influence(kernel):
    fit, ties, truth = measure(planted_world(1), kernel=kernel)
    assert scores(ties, truth, truth > 0)["auc"] >= 0.95
    assert fit.kernel.quantile(0.5) == pytest.approx(8 * HOUR * np.log(2), rel=0.5)


def weak_world(seed, dial=1.0, people=300, inward=10, acts=70, delay_h=6.0, days=182):
    """Many weak ties: ten a person, half of them branching .02 to .10, a day rhythm that everybody shares."""
    rng = np.random.default_rng(seed)
    ties = make_ties(rng.integers(0, people, inward * people), np.repeat(np.arange(people), inward), people)
    branching = np.where(rng.random(len(ties)) < 0.5, dial * rng.uniform(0.02, 0.10, len(ties)), 0.0)
    hours = np.exp(-0.5 * ((np.arange(24) - 19) / 4.0) ** 2) + 0.2
    person = np.repeat(np.arange(people), rng.poisson(acts, people))
    when = (rng.integers(0, days, len(person)) * 24 + rng.choice(24, len(person), p=hours / hours.sum())) * HOUR
    when += rng.uniform(0, HOUR, len(person))
    everybody, times = [person], [when]
    while len(person):
        children, later = [], []
        for j in range(people):
            mine = when[person == j]
            for tie in np.flatnonzero((ties.source == j) & (branching > 0)):
                born = rng.poisson(branching[tie], len(mine))
                later.append(np.repeat(mine, born) + rng.exponential(delay_h * HOUR, born.sum()))
                children.append(np.full(born.sum(), ties.target[tie]))
        person, when = np.concatenate([*children, []]).astype(int), np.concatenate([*later, []])
        person, when = person[when < days * 24 * HOUR], when[when < days * 24 * HOUR]
        everybody.append(person)
        times.append(when)
    end = MONDAY + days * 24 * HOUR
    return make_acts(np.concatenate(everybody), np.concatenate(times) + MONDAY, people, MONDAY, end), ties, branching


@pytest.mark.truth
def test_many_weak_ties_are_measured_without_bias_and_their_delay_is_found():
    acts, ties, truth = weak_world(0)
    fit = fit_hawkes(acts, ties)
    found = tie_estimates(fit, "information")
    assert (found.estimate - truth)[truth > 0].mean() == pytest.approx(0.0, abs=0.01)
    assert 0.92 <= ((found.low <= truth) & (truth <= found.high))[truth > 0].mean() <= 0.99
    assert 3 * HOUR <= fit.kernel.mean_s() <= 12 * HOUR


@pytest.mark.truth
def test_many_ties_that_carry_nothing_are_called_nothing():
    acts, ties, _ = weak_world(1, dial=0.0)
    found = tie_estimates(fit_hawkes(acts, ties), "information")
    assert (found.low > 0).mean() <= 0.03
    assert found.estimate.mean() <= 0.5 * found.error.mean()  # estimates cut at zero leave .4 standard errors
