"""What the description of a log says of its values."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.events import EventLog
from swayline.events.summary.worth import describe_values


def _log(seed=0, behavior="rate", n=4000):
    """Forty items whose true means run from 2 to 4; the last one has a single rating, the highest of all."""
    rng = np.random.default_rng(seed)
    item = rng.integers(0, 40, n)
    value = np.round(np.clip(2 + item / 20 + rng.normal(0, 1, n), 1, 5))
    item[-1], value[-1] = 99, 5.0
    return EventLog(
        pa.table({
            "user": [f"u{row}" for row in rng.integers(0, 100, n)], "item": [f"i{row}" for row in item],
            "behavior": [behavior] * n, "value": value,
            "time": pa.array(np.arange(n) * 3_600_000_000, pa.timestamp("us", tz="UTC")),
        })
    )  # fmt: skip


def test_a_log_without_values_has_nothing_to_say_of_them():
    log = _log()
    assert describe_values(EventLog(log.events.drop_columns(["value"]))) == []
    empty = log.events.set_column(3, "value", pa.nulls(len(log), pa.float64()))
    assert describe_values(EventLog(empty)) == []


def test_counts_every_value_and_every_person():
    found = describe_values(_log())[0]
    assert sum(one["n"] for one in found["distribution"]) == 4000
    assert [one["low"] for one in found["distribution"]] == [1, 2, 3, 4, 5]
    assert sum(one["n"] for one in found["by_person"]) == found["people"] == 100


def test_the_best_items_are_the_truly_best_and_no_single_lucky_rating_leads():
    items = describe_values(_log())[0]["items"]
    best, worst = ([int(one["item"][1:]) for one in items[side]] for side in ("best", "worst"))
    assert np.mean(best) > 32
    assert np.mean(worst) < 8
    assert 99 not in best


def test_intervals_of_shrunken_means_hold_the_truth():
    held = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        truth = rng.normal(3, 0.4, 60)
        item = rng.integers(0, 60, 3000)
        value = truth[item] + rng.normal(0, 1, 3000)
        rows = {"user": ["u"] * 3000, "item": [f"i{one}" for one in item], "behavior": ["rate"] * 3000, "value": value}
        rows["time"] = pa.nulls(3000, pa.timestamp("us", tz="UTC"))
        found = describe_values(EventLog(pa.table(rows)))[0]["items"]
        for one in (*found["best"], *found["worst"]):
            held.append(one["ci_low"] < truth[int(one["item"][1:])] < one["ci_high"])
    assert 0.9 < np.mean(held) <= 1


def test_halves_of_a_split_behaviour_are_described_as_one():
    split, _ = _log().split_by_outcome("rate>=4")
    assert describe_values(split) == describe_values(_log())


def test_an_amount_with_many_values_is_counted_in_steps():
    log = _log(behavior="purchase")
    prices = np.random.default_rng(0).lognormal(3, 1, len(log))
    found = describe_values(EventLog(log.events.set_column(3, "value", pa.array(prices))))[0]
    assert len(found["distribution"]) == 20
    assert sum(one["n"] for one in found["distribution"]) == len(log)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_move_over_time_is_seen_only_where_there_is_one(seed):
    rng = np.random.default_rng(seed)
    log = _log(seed)
    for slope in (0.0, 1.0):
        values = 3 + slope * np.linspace(0, 1, len(log)) + rng.normal(0, 0.5, len(log))
        points = describe_values(EventLog(log.events.set_column(3, "value", pa.array(values))))[0]["over_time"][
            "points"
        ]
        assert (points[0]["ci_high"] < points[-1]["ci_low"]) == (slope > 0)
