import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import swayline as sw
from swayline.core.errors import DataError, UsageError
from swayline.evolution.acts import DAY_US, read_acts
from swayline.evolution.forecast import CHURN, RETURN, backtest, forecast_acts
from swayline.testing.attacks import command
from swayline.testing.drift_worlds import DriftWorld, drift_log

WORLD = DriftWorld(people=240, days=60, a_day=0.25, stickiness=0.0)


@pytest.fixture(scope="module")
def log():
    return drift_log(WORLD)[0]


@pytest.fixture(scope="module")
def acts(log):
    return read_acts(log)


@pytest.fixture(scope="module")
def told(acts):
    return forecast_acts(acts, int(acts.time_us[-1]) + 1 - 7 * DAY_US, (7,))


def test_chances_are_those_that_come_true(acts):
    for one in backtest(acts, (7,)):
        assert one.level_p > 0.001, one
        assert one.brier < one.base_brier * 1.02, one
    returned = next(one for one in backtest(acts, (7,)) if one.behavior == RETURN)
    assert returned.auc > 0.6


def test_intervals_hold_the_true_chance_of_most_people(told, acts):
    """In this world a person's visits are Poisson at a rate of their own, known from the seed."""
    rng = np.random.default_rng([WORLD.seed, 77])
    rng.dirichlet(np.ones(WORLD.categories), WORLD.people)
    busy = rng.gamma(2.0, 0.5, WORLD.people)
    rows = told.table.filter(pc.equal(told.table["behavior"], RETURN)).to_pylist()
    truth = {f"u{k}": 1 - np.exp(-7 * WORLD.a_day * one) for k, one in enumerate(busy)}
    gap = np.array([one["probability"] - truth[one["user"]] for one in rows])
    assert abs(gap.mean()) < 0.06
    assert np.abs(gap).mean() < 0.15  # a person's own rate is known from some ten visits alone
    assert all(one["ci_low"] <= one["probability"] <= one["ci_high"] for one in rows)


def test_churn_is_the_contrary_of_return(told):
    rows = {(one["user"], one["behavior"]): one for one in told.table.to_pylist()}
    for user in {user for user, _ in rows}:
        stay, leave = rows[user, RETURN], rows[user, CHURN]
        assert stay["probability"] + leave["probability"] == pytest.approx(1)
        assert stay["ci_low"] + leave["ci_high"] == pytest.approx(1)


def test_what_comes_later_changes_nothing(log, told):
    cut = told.as_of_us
    early = log.events.filter(pc.less(log.events["time"].cast(pa.int64()), cut))
    again = forecast_acts(read_acts(replace(log, events=early)), cut, (7,))
    assert again.table.equals(told.table)


def test_a_horizon_that_does_not_fit_twice_is_left_out_and_named(acts):
    found = forecast_acts(acts)
    assert set(found.table["horizon_s"].to_pylist()) == {7 * 86_400.0, 30 * 86_400.0} or "30 days" in " ".join(
        found.left_out
    )
    assert any("90 days ahead is not told" in one for one in found.left_out)


def test_the_verb_writes_a_row_a_person_behavior_and_horizon(log, tmp_path):
    pq.write_table(log.events.drop_columns(["row"]), tmp_path / "events.parquet")
    done = command(["forecast", "events.parquet", "--days", "7", "--out", "f.csv", "--json"], tmp_path)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["rows"] == 4 * len(set(log.events["user"].to_pylist()))
    assert {one["behavior"] for one in told["backtests"]} == {"view", "purchase", RETURN}
    assert (tmp_path / "f.csv").read_text().splitlines()[0].replace(
        '"', ""
    ) == "user,behavior,horizon_s,probability,ci_low,ci_high"


@pytest.mark.parametrize(
    ("days", "as_of", "error", "words"),
    [([0], None, UsageError, "whole days"), ([7], "1999-01-01", UsageError, "log begins later"),
     ([90], None, DataError, "horizon twice")],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_in_one_line(log, days, as_of, error, words):
    with pytest.raises(error, match=words):
        sw.forecast(log, days, as_of=as_of)


def test_an_ordered_log_is_refused(log_of):
    with pytest.raises(DataError, match="no times"):
        sw.forecast(log_of([("a", "x", "view", 0)] * 5, ordered=True))


def test_where_nearly_all_return_the_share_stands_for_everybody(log_of):
    rows = [(f"u{k}", "x", "view", 24 * day + k / 60) for k in range(50) for day in range(40)]
    found = forecast_acts(read_acts(log_of(rows)), None, (7,))
    chances = found.table.filter(pc.equal(found.table["behavior"], RETURN))["probability"].to_numpy()
    assert chances.min() == chances.max() > 0.95
    assert any("same for everybody" in one for one in found.left_out)
