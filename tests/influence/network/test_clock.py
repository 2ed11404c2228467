"""Times have a resolution: it is seen, respected, and where it hides who acted first nothing is claimed."""

import json

import numpy as np
import pyarrow as pa
import pytest

from swayline.events.log import EventLog
from swayline.influence.network import PeopleInfluence
from swayline.influence.network.clock import Clock, clock_of
from swayline.influence.network.fit.imputed import combined
from swayline.influence.network.fit.intervals import TieEstimates
from swayline.influence.network.reading import read_people

DAY = 86400.0
START = 1_599_436_800.0


def test_sees_how_fine_the_clock_is():
    rng = np.random.default_rng(0)
    for unit in (DAY, 3600.0, 60.0, 1.0):
        times = rng.integers(0, 1_000, 300) * unit
        assert clock_of(times) == Clock(unit)
        assert clock_of(times + unit / 4).phases_s == (unit / 4,)
    assert clock_of(np.arange(10) * 30.5 * DAY).unit_s == 30 * DAY
    assert clock_of(np.arange(10) * 7 * DAY).unit_s == 7 * DAY
    assert clock_of(np.array([0.25, 3.5])).unit_s == 1e-6


def test_midnight_elsewhere_in_winter_and_in_summer_is_a_day_clock():
    days = np.arange(300) * DAY + 6 * 3600.0
    days[100:220] -= 3600.0
    assert clock_of(days) == Clock(DAY, (5 * 3600.0, 6 * 3600.0))


def test_a_few_precise_times_among_dates_stay_as_they_are():
    rng = np.random.default_rng(1)
    times = np.concatenate([rng.integers(0, 500, 990) * DAY, rng.uniform(0, 500 * DAY, 10)])
    clock = clock_of(times)
    drawn = clock.drawn(times, rng)
    assert clock.unit_s == DAY
    np.testing.assert_array_equal(drawn[990:], times[990:])
    assert ((drawn[:990] >= times[:990]) & (drawn[:990] < times[:990] + DAY)).all()
    assert len(np.unique(drawn)) == len(times)


def world(seed, delay_s, sway=0.6):
    """ "lead" brings purchases of "fan"; "twin" brings none; every time is a date."""
    rng = np.random.default_rng(seed)
    rows = [(user, t) for user in ("lead", "fan", "twin") for t in rng.uniform(0, 300 * DAY, 150)]
    for _, t in [row for row in rows if row[0] == "lead"]:
        rows += [("fan", t + rng.exponential(delay_s)) for _ in range(rng.poisson(sway))]
    rows = sorted((np.floor(t / DAY) * DAY + START, user) for user, t in rows)
    events = pa.table({
        "row": range(1, len(rows) + 1), "user": [user for _, user in rows], "item": [f"i{k}" for k in range(len(rows))],
        "behavior": ["purchase"] * len(rows),
        "time": pa.array([int(t * 1e6) for t, _ in rows], pa.timestamp("us", tz="UTC")),
    })  # fmt: skip
    return EventLog(events, ties=pa.table({"source": ["lead", "twin"], "target": ["fan", "fan"]}))


def rows_of(people):
    return {row["cause"]: row for row in people.ledger_.to_pylist() if row["estimand"] == "excitation"}


def test_every_draw_holds_the_same_acts_on_the_same_days():
    events = world(0, 2 * DAY).events
    people = read_people(events, world(0, 2 * DAY).ties, "purchase")
    again = people.drawn(1)
    assert people.acts.clock.unit_s == DAY
    assert people.acts.counts.sum() == len(people.person)  # some days hold two acts, as chance has it
    assert people.acts.counts.tolist() == again.acts.counts.tolist()
    assert not np.array_equal(people.acts.times, again.acts.times)
    np.testing.assert_array_equal(np.floor(again.time_s / DAY) * DAY, people.logged_s)
    np.testing.assert_array_equal(people.drawn(1).time_s, again.time_s)


@pytest.mark.truth
def test_influence_of_days_is_found_on_a_day_clock():
    people = PeopleInfluence("purchase", channels=False).fit(world(0, 3 * DAY))
    assert "is stable" in people.stability()
    found = rows_of(people)
    assert "held" not in found["lead"]["method"]
    assert found["lead"]["ci_low"] > 0.1
    assert found["lead"]["ci_low"] < 0.6 < found["lead"]["ci_high"]
    assert found["twin"]["ci_low"] == 0.0
    assert "draws within the clock's ticks" in found["lead"]["method"]


def test_influence_of_minutes_is_not_claimed_on_a_day_clock():
    row = rows_of(PeopleInfluence("purchase", channels=False).fit(world(1, 1200.0)))["lead"]
    assert row["identified"] == "no"
    failed = {name for name, check in json.loads(row["refutations"]).items() if not check["passed"]}
    assert failed & {"clock", "anticipation", "anticipation_of_all"}


def test_a_basket_on_a_day_clock_stays_one_act():
    log = world(0, 2 * DAY)
    some = log.events.take(np.arange(0, len(log.events), 6))
    copies = [some.set_column(2, "item", pa.array([f"{k}{n}" for n in range(len(some))])) for k in "abc"]
    people = read_people(pa.concat_tables(copies), log.ties, "purchase")
    assert people.acts.counts.sum() < len(people.person) / 2.8
    for user in range(3):
        assert len(np.unique(people.time_s[people.person == user])) == people.acts.counts[user]


def estimates(value, error, p_value):
    one = np.array([value])
    width = 1.96 * error
    return TieEstimates(
        one, np.maximum(one - width, 0.0), one + width, np.array([error]), np.array([p_value]), np.zeros(1),
        np.array([error]), "profile likelihood",
    )  # fmt: skip


def test_draws_that_agree_change_nothing_and_draws_that_differ_widen():
    alike = combined([estimates(0.5, 0.1, 5.7e-7)] * 5)
    assert alike.estimate[0] == pytest.approx(0.5)
    assert alike.low[0] == pytest.approx(0.5 - 0.196, abs=1e-3)
    assert alike.high[0] == pytest.approx(0.5 + 0.196, abs=1e-3)
    assert alike.p_value[0] == pytest.approx(5.7e-7, rel=0.2)
    apart = combined([estimates(v, 0.1, p) for v, p in ((0.1, 0.32), (0.3, 2.7e-3), (0.5, 5.7e-7), (0.7, 2.6e-12))])
    assert apart.low[0] < 0.05 < 0.9 < apart.high[0]
    assert apart.p_value[0] > 1e-3
    assert (apart.low[0] > 0) == (apart.p_value[0] < 0.05)


def test_a_clock_of_seconds_needs_no_draw():
    fine = Clock(1.0)
    times = np.array([5.0, 6.0])
    assert fine.drawn(times, np.random.default_rng(0)) is times
