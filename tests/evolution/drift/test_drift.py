from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pytest

from swayline.evolution.acts import read_acts
from swayline.evolution.drift import find_drift
from swayline.evolution.drift.cusum import chance_of_maximum
from swayline.evolution.drift.table import QUICK
from swayline.testing.drift_worlds import START, DriftWorld, drift_log

SMALL = DriftWorld(people=90, days=70, a_day=0.8)


def _rows(world, **wanted):
    log, moved = drift_log(world)
    rows = find_drift(read_acts(log), QUICK, world.seed).table.to_pylist()
    return [one for one in rows if one["changed"] and all(one[k] == v for k, v in wanted.items())], moved


def _day(row):
    return (row["time"] - START).days


@pytest.mark.parametrize("weekly", [0.0, 0.6])
def test_nothing_is_claimed_of_a_world_that_stands_still(weekly):
    claims = sum(bool(_rows(replace(SMALL, weekly=weekly, seed=seed))[0]) for seed in range(2))
    assert claims == 0


def test_the_day_at_which_everybodys_interests_moved_is_found():
    rows, _ = _rows(replace(SMALL, people=130, tastes=(35,), weekly=0.4), kind="population")
    assert [abs(_day(one) - 35) <= 7 for one in rows if one["id"] == "categories"] == [True]
    assert not [one for one in rows if one["id"] == "activity"]


def test_a_rise_of_activity_is_found_and_interests_stay():
    rows, _ = _rows(replace(SMALL, activity={40: 1.8}, weekly=0.4), kind="population")
    assert [one["id"] for one in rows] == ["activity"]
    assert abs(_day(rows[0]) - 40) <= 7
    assert rows[0]["before"] < 1 < rows[0]["after"]


def test_a_category_that_rises_does_not_make_the_others_fade():
    rows, _ = _rows(replace(SMALL, rising={2: 30}), kind="category")
    assert [one["id"] for one in rows] == ["c2"]
    assert abs(_day(rows[0]) - 30) <= 7
    assert rows[0]["score"] > 0


def test_people_who_change_are_found_and_others_are_not():
    rows, moved = _rows(replace(SMALL, people=40, a_day=2.0, movers=20, stickiness=0.0), kind="user")
    found = {one["id"] for one in rows}
    assert len(found) >= 5
    assert len(found - set(moved)) <= 1
    near = [abs(_day(one) - moved[one["id"]]) <= 7 for one in rows if one["id"] in moved]
    assert np.mean(near) > 0.8


def test_the_chance_of_a_maximum_is_that_of_simulated_bridges():
    rng = np.random.default_rng(0)
    walks = np.cumsum(rng.normal(size=(4_000, 500)), axis=1)
    t = np.arange(1, 501) / 500
    bridge = (walks - t * walks[:, -1:])[:, :-1] / np.sqrt(500 * t * (1 - t))[:-1]
    highest = np.abs(bridge[:, 50:450]).max(axis=1)
    for score in (2.8, 3.2):
        told, seen = float(chance_of_maximum(score, 0.1, 0.9)), float((highest >= score).mean())
        assert seen * 0.75 <= told <= seen * 1.6  # the formula is of a path without steps, so it leans high


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("a", "x", "view", 24 * k) for k in range(9)], "spans 9 days"),
        ([("a", "x", "view", 0)], "spans 1 days"),
        ([("a", "x", "view", 24 * k) for k in range(60)], "fewer than 10 people"),
    ],
)
def test_a_log_too_small_is_not_asked_and_says_why(log_of, rows, words):
    found = find_drift(read_acts(log_of(rows)))
    assert len(found.table) == 0
    assert words in found.left_out[0]


def test_an_ordered_log_has_no_time_to_change_over(log_of):
    found = find_drift(read_acts(log_of([("a", "x", "view", 0)] * 30, ordered=True)))
    assert "no times" in found.left_out[0]


def test_a_gap_of_years_is_no_change_of_activity(log_of):
    rows = [
        (f"u{k % 30}", f"i{k % 7}", "view", 24 * (k // 15) + k % 24 + (24 * 900 if k > 450 else 0)) for k in range(900)
    ]
    found = find_drift(read_acts(log_of(rows)))
    assert any("are empty" in one for one in found.left_out)
    assert "activity" not in found.table["id"].to_pylist()


def test_stray_events_do_not_stretch_the_log(log_of):
    rows = [(f"u{k % 30}", f"i{k % 7}", "view", 24 * (k % 30)) for k in range(3_000)] + [
        ("u1", "i1", "view", -24 * 300)
    ]
    acts = read_acts(log_of(rows))
    assert (acts.stray, acts.n_days) == (1, 30)


def test_order_of_rows_and_names_of_people_change_nothing():
    log, _ = drift_log(SMALL)
    order = np.random.default_rng(1).permutation(len(log))
    mixed = replace(log, events=log.events.take(order))
    one, other = (find_drift(read_acts(each), QUICK).table for each in (log, mixed))
    assert one.filter(pc.not_equal(one["kind"], "user")).equals(other.filter(pc.not_equal(other["kind"], "user")))
