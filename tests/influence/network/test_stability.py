import json

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import UsageError
from swayline.events.log import EventLog
from swayline.influence.network import PeopleInfluence
from swayline.influence.network.acts import make_acts, make_ties
from swayline.influence.network.fit.goodness import branching, spectral_radius
from swayline.influence.network.fit.hawkes import fit_hawkes
from swayline.influence.network.fit.kernels import exponential
from swayline.influence.network.fit.stability import held_stable

DAY = 86400.0
START = 1_599_436_800.0


def outbreak(seed: int = 0, sway: float = 1.5, people: int = 6):
    """0 and 1 move each other without end until the log ends; 2 moves 3 a little; 4 and 5 are alone."""
    rng = np.random.default_rng(seed)
    times = [list(rng.uniform(0, 30 * DAY, 60)) for _ in range(people)]
    living = [(k % 2, (29.0 + k / 50) * DAY) for k in range(10)]
    while living:
        i, at = living.pop()
        if at < 30 * DAY:
            times[i].append(at)
            living += [(1 - i, at + rng.exponential(3 * 3600)) for _ in range(rng.poisson(sway))]
    born = [at + rng.exponential(3 * 3600) for at in times[2] if rng.random() < 0.3]
    times[3] += [at for at in born if at < 30 * DAY]
    person = np.repeat(np.arange(people), [len(one) for one in times])
    return person, np.concatenate(times)


@pytest.fixture(scope="module")
def wild():
    person, times = outbreak()
    acts = make_acts(person, times, 6, 0.0, 30 * DAY)
    ties = make_ties(np.array([0, 1, 2, 4]), np.array([1, 0, 3, 5]), 6)
    return fit_hawkes(acts, ties, kernel=exponential(3 * 3600.0), rhythm=False, own_past=False)


def loss(fit) -> float:
    return float(fit.losses.sum())


def test_an_outbreak_is_not_stable_until_it_is_held(wild):
    assert spectral_radius(branching(wild)) > 1.1
    held = held_stable(wild, 0.95)
    assert 0.945 <= spectral_radius(branching(held)) <= 0.9501


def test_only_people_in_the_outbreak_pay(wild):
    held = held_stable(wild, 0.95)
    pairs = list(zip(wild.ties.source.tolist(), wild.ties.target.tolist(), strict=True))
    before, after = (dict(zip(pairs, fit.x_tie.tolist(), strict=True)) for fit in (wild, held))
    assert after[2, 3] == before[2, 3]
    assert after[0, 1] < before[0, 1]
    assert after[1, 0] < before[1, 0]


def test_everybody_in_it_takes_the_likeliest_branching_within_its_bound(wild):
    """0 and 1 receive from each other alone, so each has its bound's largest tie: less of it is less likely."""
    from dataclasses import replace

    from swayline.influence.network.fit.goodness import held_out_log_likelihood

    held = held_stable(wild, 0.95)
    at = {(s, t): k for k, (s, t) in enumerate(zip(held.ties.source, held.ties.target, strict=True))}
    base = replace(held, acts=held.acts.until(1e-6))
    best = held_out_log_likelihood(base, held.acts)[0]
    for tie in ((0, 1), (1, 0)):
        for level in (0.99, 1.0, 1.01):
            less = held.x_tie.copy()
            less[at[tie]] *= 0.97
            tried = replace(base, x_tie=less, x_base=held.x_base * level)
            assert held_out_log_likelihood(tried, held.acts)[0] < best


def test_a_stable_fit_is_left_as_it_is(wild):
    held = held_stable(wild, 0.95)
    assert held_stable(held, 0.96) is held


def test_the_estimator_reports_or_holds_and_says_which():
    person, times = outbreak()
    when = pa.array(np.rint((times + START) * 1e6).astype(np.int64), pa.timestamp("us", tz="UTC"))
    names = pa.array([f"p{k}" for k in person])
    table = pa.table({"user": names, "item": names, "behavior": pa.array(["buy"] * len(times)), "time": when})
    log = EventLog(table, ties=pa.table({"source": ["p0", "p1", "p2"], "target": ["p1", "p0", "p3"]}))
    free = PeopleInfluence("buy", channels=False, interval="information").fit(log)
    assert free.radius_ > 1
    assert "not stable" in free.stability()
    assert "max_radius" in free.stability()
    assert free.people_["reach"].null_count == len(free.people_)
    held = PeopleInfluence("buy", channels=False, interval="information", max_radius=0.9).fit(log)
    assert held.radius_ <= 0.9001
    assert held.free_radius_ == pytest.approx(free.radius_)
    assert "held stable" in held.stability()
    assert held.people_["reach"].null_count == 0
    row = held.ledger_.to_pylist()[0]
    assert "branching held at a radius of 0." in row["method"]
    assert json.loads(row["refutations"])["stable_branching"]["passed"] is False
    assert row["ci_low"] <= row["estimate"] <= row["ci_high"]


def test_refuses_a_limit_that_is_none(wild):
    with pytest.raises(UsageError, match="between 0 and 1"):
        held_stable(wild, 1.0)
