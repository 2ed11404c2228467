"""Exposures and trials: a tie's act counts from its moment on, and both sides of a trial are of one item and moment."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import EmptyLogError, SchemaError
from swayline.influence.contagion.covariates import Covariates
from swayline.influence.contagion.exposures import exposures, first_acts
from swayline.influence.contagion.parts import common_neighbours
from swayline.influence.contagion.reading import read_social
from swayline.influence.contagion.trials import Risk, eligible, first_of_pairs, make_trials

DAY_US = 86_400_000_000


def log_of(rows, ties, **columns):
    users, items, behaviors, days = zip(*rows, strict=True)
    events = pa.table({
        "user": users, "item": items, "behavior": behaviors,
        "time": pa.array([int(day * DAY_US) for day in days]).cast(pa.timestamp("us", "UTC")),
    })  # fmt: skip
    source, target = zip(*ties, strict=True)
    return read_social(events, pa.table({"source": source, "target": target} | columns), "buy", None)


ROWS = [
    ("ann", "cup", "view", 0.5), ("cat", "cup", "view", 0.6), ("dan", "cup", "view", 0.7), ("eve", "cup", "view", 0.8),
    ("bob", "lamp", "buy", 2.0), ("dan", "lamp", "buy", 5.0), ("ann", "lamp", "buy", 6.0), ("bob", "lamp", "buy", 8.0),
    ("eve", "cup", "view", 20.0),
]  # fmt: skip
TIES = [("bob", "ann"), ("dan", "ann"), ("bob", "cat"), ("ann", "ann"), ("zoe", "ann")]


def named(social, found):
    person, item = np.divmod(found.pair, len(social.items))
    users, items = social.users.to_pylist(), social.items.to_pylist()
    return [(users[p], items[i], t / 86400, d) for p, i, t, d in zip(person, item, found.time, found.dose, strict=True)]


def test_each_first_act_reaches_whom_a_tie_joins_to_it():
    social = log_of(ROWS, TIES)
    seen = exposures(social, first_acts(social, social.outcome))
    assert named(social, seen) == [("ann", "lamp", 2.0, 1), ("ann", "lamp", 5.0, 2), ("cat", "lamp", 2.0, 1)]
    assert social.left_out == 2


def test_a_tie_counts_from_the_time_it_stands():
    days = pa.array([3 * DAY_US, 0, 0, 0, 0]).cast(pa.timestamp("us", "UTC"))
    social = log_of(ROWS, TIES, time=days)
    seen = exposures(social, first_acts(social, social.outcome))
    assert named(social, seen) == [("ann", "lamp", 5.0, 1), ("cat", "lamp", 2.0, 1)]


def test_ties_that_act_at_one_moment_are_one_exposure_of_a_higher_dose():
    rows = [row if row[0] != "dan" or row[1] != "lamp" else ("dan", "lamp", "buy", 2.0) for row in ROWS]
    social = log_of(rows, TIES)
    seen = exposures(social, first_acts(social, social.outcome))
    assert named(social, seen)[0] == ("ann", "lamp", 2.0, 2)


def test_trials_compare_people_without_a_tie_who_acted_at_the_same_item_and_moment():
    rng = np.random.default_rng(0)
    rows = [(f"u{rng.integers(30)}", f"i{rng.integers(12)}", "buy", float(day)) for day in rng.uniform(0, 50, 900)]
    ties = [(f"u{a}", f"u{b}") for a, b in rng.integers(0, 30, (60, 2))]
    social = log_of(sorted(rows, key=lambda row: row[3]), ties)
    acts = first_acts(social, social.outcome)
    seen = exposures(social, acts)
    risk = Risk(social, acts, seen, 7 * 86400.0)
    found = make_trials(risk, seen.only(first_of_pairs(seen) & eligible(risk, seen)), rng)
    pair = social.pair(found.person, found.item)
    assert found.treated.sum() > 10
    assert (~found.treated).sum() > 10
    assert (acts.time_of(pair) > found.time).all()
    assert (seen.first_time(pair)[found.treated] == found.time[found.treated]).all()
    assert (seen.first_time(pair)[~found.treated] > found.time[~found.treated]).all()
    for one in np.unique(found.set):
        same = found.set == one
        assert found.treated[same].sum() == 1
        assert len(set(zip(found.item[same], found.time[same], strict=True))) == 1


def test_controls_know_nothing_of_the_moment_or_later():
    social = log_of(ROWS, TIES)
    acts = first_acts(social, social.outcome)
    ann = social.users.to_pylist().index("ann")
    lamp = social.items.to_pylist().index("lamp")
    asked = (np.array([ann]), np.array([lamp]), np.array([2.0 * 86400]))
    whole = Covariates(social, acts, 7 * 86400.0, 0).table(*asked)
    own = {name: whole[name][0].as_py() for name in whole.column_names if name.startswith(("own: acts", "ties: acts"))}
    assert own["own: acts"] == pytest.approx(np.log1p(1))  # the cup at .5, not the lamp at 6
    assert own["ties: acts"] == pytest.approx(np.log1p(1))  # dan's cup; bob's lamp is the exposure itself


def test_common_neighbours_are_counted_whichever_way_ties_run():
    social = log_of(ROWS, [("ann", "bob"), ("ann", "cat"), ("bob", "cat"), ("eve", "dan")])
    names = social.users.to_pylist()
    found = {
        (names[s], names[t]): n for s, t, n in zip(social.source, social.target, common_neighbours(social), strict=True)
    }
    assert found == {("ann", "bob"): 1, ("ann", "cat"): 1, ("bob", "cat"): 1, ("eve", "dan"): 0}


def test_ties_to_strangers_and_logs_without_times_are_refused_in_one_line():
    with pytest.raises(EmptyLogError, match=r"no tie joins two people of the log: the first tie is 'x' → 'y'"):
        log_of(ROWS, [("x", "y")])
    events = pa.table({"user": ["a", "b"], "item": ["x", "x"], "behavior": ["buy", "buy"]})
    with pytest.raises(SchemaError, match="no times"):
        read_social(events, pa.table({"source": ["a"], "target": ["b"]}), "buy", None)
