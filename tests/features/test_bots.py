"""Flags of people who act as no person does: planted ones are found, people are left alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import ConfigError
from swayline.engine import DuckEngine
from swayline.features.bots import BotFlags, BotRules, flag_bots
from swayline.testing import small_shop

START = datetime(2026, 1, 5, tzinfo=UTC)


def acts(user: str, seconds: list[float], **more: Any) -> list[dict[str, Any]]:
    return [{"user": user, "behavior": "view", "time": START + timedelta(seconds=float(at)), **more} for at in seconds]


def log(*people: list[dict[str, Any]]) -> pa.Table:
    rows = sorted((one for person in people for one in person), key=lambda one: one["time"])
    return pa.Table.from_pylist([{"row": n + 1, **one} for n, one in enumerate(rows)])


def crowd(seed: int = 0, n: int = 60, days: int = 10) -> list[dict[str, Any]]:
    """People who act in the evening, some more than others."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(n):
        for day in range(days):
            clicks = np.cumsum(rng.exponential(40, rng.integers(0, 30)))
            rows += acts(f"p{user}", list(day * 86_400 + 68_400 + rng.integers(0, 7_200) + clicks))
    return rows


def flags(events: pa.Table, **rules: Any) -> BotFlags:
    with DuckEngine() as engine:
        return flag_bots(engine, events, BotRules(**rules))


def reasons(found: BotFlags) -> set[tuple[str, str]]:
    return set(zip(found.table["user"].to_pylist(), found.table["reason"].to_pylist(), strict=True))


def test_nobody_in_a_crowd_of_people_is_flagged():
    found = flags(log(crowd()))
    assert found.table.num_rows == 0
    assert found.n_flagged == 0
    assert found.n_users == 60


def test_simulated_shoppers_are_not_flagged():
    events = small_shop(seed=3).events
    numbered = events.append_column("row", pa.array(range(1, len(events) + 1), pa.int64()))
    # Its shoppers draw a city a session, home or away, so that some travel faster than anybody can.
    assert flags(numbered.drop_columns(["lat", "lon"])).table.num_rows == 0


def test_a_burst_is_an_impossible_rate_wherever_its_minute_begins():
    burst = [30 + at * 0.5 for at in range(91)]  # 91 acts over 45 s, across the turn of a minute
    found = flags(log(crowd(), acts("fast", burst)))
    assert reasons(found) == {("fast", "impossible rate")}
    assert found.table.to_pylist()[0]["value"] == 91
    assert reasons(flags(log(crowd(), acts("quick", burst[:90])))) == set()


def test_the_window_is_shorter_than_a_minute_by_a_moment():
    once_a_second = list(range(300))
    assert reasons(flags(log(acts("steady", once_a_second)), per_minute=60)) == set()
    assert ("steady", "impossible rate") in reasons(flags(log(acts("steady", once_a_second)), per_minute=59))


def test_even_pauses_are_flagged_and_uneven_ones_are_not():
    rng = np.random.default_rng(1)
    even = np.cumsum(np.full(80, 900.0) + rng.normal(0, 5, 80))
    uneven = np.cumsum(rng.exponential(900, 80))
    found = flags(log(acts("clockwork", list(even)), acts("person", list(uneven))))
    assert ("clockwork", "even pauses") in reasons(found)
    assert ("person", "even pauses") not in reasons(found)


def test_who_never_sleeps_is_flagged():
    rng = np.random.default_rng(2)
    awake = np.cumsum(rng.uniform(600, 12_000, 60))  # pauses under 3.4 hours, for days
    found = flags(log(crowd(), acts("sleepless", list(awake))))
    assert reasons(found) == {("sleepless", "no sleep")}


def test_a_mass_of_acts_on_a_day_is_flagged():
    rng = np.random.default_rng(3)
    mass = np.sort(rng.uniform(28_800, 64_800, 4_000))
    assert ("mass", "volume") in reasons(flags(log(crowd(), acts("mass", list(mass)))))


def test_impossible_moves_are_flagged_and_flights_are_not():
    def trips(user: str, hours: float, n: int) -> list[dict[str, Any]]:
        places = [(48.86, 2.35), (40.71, -74.01)]
        return [
            one
            for at in range(n + 1)
            for one in acts(user, [0.5 + at * hours * 3_600], lat=places[at % 2][0], lon=places[at % 2][1])
        ]

    found = flags(log(trips("teleport", 1, 3), trips("vpn", 1, 2), trips("pilot", 8, 3)))
    assert reasons(found) == {("teleport", "impossible travel")}
    assert found.table.to_pylist()[0]["explanation"].startswith("3 moves faster than 1,200 km an hour, the fastest 5,8")


def test_what_was_only_shown_is_no_act():
    shown = acts("scroller", [at * 0.1 for at in range(500)], exposed=True)
    listed = [one | {"behavior": "impression", "exposed": None} for one in shown]
    assert reasons(flags(log(crowd(), shown, listed))) == set()


def test_a_coarse_clock_asks_no_rate_and_says_so():
    days = [one | {"time": one["time"].replace(hour=0, minute=0, second=0, microsecond=0)} for one in crowd()]
    found = flags(log(days, acts("batch", [0.0] * 400)))
    assert reasons(found) == set()
    assert found.left_out == ("Its times are whole days or coarser: rates and pauses cannot be told.",)


def test_a_log_without_times_says_that_nothing_can_be_told():
    events = log(crowd())
    ordered = events.set_column(
        events.column_names.index("time"), "time", pa.nulls(len(events), pa.timestamp("us", "UTC"))
    )
    found = flags(ordered)
    assert found.table.num_rows == 0
    assert "no times" in found.left_out[0]


def test_nothing_of_the_log_is_dropped():
    events = log(crowd(), acts("fast", [at * 0.1 for at in range(300)]))
    before = events.to_pylist()
    flags(events)
    assert events.to_pylist() == before


def test_a_rule_that_is_no_number_above_zero_is_refused():
    with pytest.raises(ConfigError, match="per_minute of the bot rules is '0'"):
        BotRules(per_minute=0)
