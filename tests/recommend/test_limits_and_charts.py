"""Frequency caps, abstention, and personal charts."""

import numpy as np
import pyarrow as pa
import pytest

import swayline as sw
from swayline.core.errors import ConfigError, DataError
from swayline.recommend import Chain

DAY = 86_400_000_000
START = 1_700_000_000_000_000


def log_of(rows):
    users, items, behaviors, days = zip(*rows, strict=True)
    times = pa.array([START + int(day * DAY) for day in days], pa.timestamp("us", "UTC"))
    return sw.read_events(pa.table({"user": users, "item": items, "behavior": behaviors, "time": times}))


def shown(log, steps, users, k=9):
    lists = sw.Recommender("most-popular", chain=Chain.of(steps)).fit(log).recommend(users, k=k)
    return {user: [row["item"] for row in lists.table.to_pylist() if row["user"] == user] for user in users}


@pytest.fixture(scope="module")
def ads():
    rows = [("u1", "a", "impression", day) for day in (1, 8, 9, 10)] + [("u1", "b", "impression", 9)]
    rows += [("u1", "b", "click", 9.1), ("u1", "b", "click", 9.2)]
    rows += [("u2", item, "impression", 10) for item in "abc"]
    return log_of(rows)


@pytest.mark.parametrize(
    ("cap", "left"),
    [
        ({"most": 3, "days": 3}, {"c"}),
        ({"most": 4, "days": 3}, {"a", "b", "c"}),
        ({"most": 3, "days": 1.5}, {"a", "b", "c"} - {"b"}),
        ({"most": 4, "days": 30}, {"b", "c"}),
        ({"most": 3, "days": 3, "behaviors": ("impression",)}, {"b", "c"}),
        ({"most": 2, "days": 3, "behaviors": ("click",)}, {"a", "c"}),
    ],
)
def test_a_cap_takes_out_what_was_met_so_often_within_the_window(ads, cap, left):
    steps = ["model", {"step": "cap", **cap}, {"step": "seen", "policy": "keep"}, "rank"]
    assert set(shown(ads, steps, ["u1"])["u1"]) == left


def test_a_cap_of_an_unknown_behaviour_or_without_times_is_refused(ads):
    steps = ["model", {"step": "cap", "behaviors": ("impresion",)}, "rank"]
    with pytest.raises(ConfigError, match="did you mean 'impression'"):
        shown(ads, steps, ["u1"])
    table = pa.table({"user": ["u", "u", "v"], "item": ["a", "b", "a"]})
    log = sw.read_events(table, options=sw.ReadOptions(ordered=True))
    for step in ("cap", "trend"):
        order = ["model", "cap", "rank"] if step == "cap" else ["model", "rank", "trend"]
        with pytest.raises(DataError, match=f"step {step}: the log has no times"):
            shown(log, order, ["v"])


def test_people_of_whom_little_is_known_are_shown_nothing(ads):
    steps = ["model", {"step": "abstain", "least": 4}, {"step": "seen", "policy": "keep"}, "rank"]
    model = sw.Recommender("most-popular", chain=Chain.of(steps)).fit(ads)
    lists = model.recommend(["u1", "u2"], k=3)
    assert set(lists.table["user"].to_pylist()) == {"u1"}
    assert "fewer than 4 events are known" in lists.short[0]["why"]


def test_a_chart_is_taste_alone_trend_alone_or_between():
    rng = np.random.default_rng(0)
    rows = [(f"u{user}", f"old{item}", "view", float(rng.uniform(0, 5))) for user in range(40) for item in range(4)]
    rows += [(f"u{user}", f"new{item}", "view", float(rng.uniform(29, 30))) for user in range(15) for item in range(2)]
    rows += [("me", "other", "view", 30.0)]
    log = log_of(rows)

    def first(**settings):
        steps = ["model", "seen", "rank", {"step": "trend", **settings}]
        return shown(log, steps, ["me"], k=2)["me"]

    assert all(item.startswith("old") for item in first(strength=0.0))
    assert all(item.startswith("new") for item in first(strength=50.0, half_life_days=1.0))
    assert all(item.startswith("old") for item in first(strength=50.0, half_life_days=1000.0))
