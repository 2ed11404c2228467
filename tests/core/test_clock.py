"""How fine a log's times are, whatever zone they are read in."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.clock import Clock, clock_of


def column(moments):
    return pa.chunked_array([pa.array(moments, pa.timestamp("us", tz="UTC"))])


def random_moments(seed, n=500, step=timedelta(seconds=1)):
    rng = np.random.default_rng(seed)
    return [datetime(2026, 1, 1, tzinfo=UTC) + int(k) * step for k in rng.integers(0, 10_000, n)]


def test_dates_written_as_midnights_of_utc_stay_dates_in_any_zone():
    dates = random_moments(0, step=timedelta(days=1))
    assert clock_of(column(dates), "America/New_York") == Clock("day", "UTC")


def test_midnights_of_the_logs_own_zone_are_its_dates_through_both_summers_and_winters():
    zone = ZoneInfo("America/New_York")
    dates = [(datetime(2026, 1, 1) + timedelta(days=k)).replace(tzinfo=zone).astimezone(UTC) for k in range(365)]
    assert clock_of(column(dates), "America/New_York") == Clock("day", "America/New_York")


def test_firsts_of_months_with_some_other_days_tell_months_only():
    dates = [datetime(2020 + k // 12, k % 12 + 1, 1, tzinfo=UTC) for k in range(60)] * 20
    strays = [datetime(2021, 3, 5, tzinfo=UTC)] * 20
    assert clock_of(column(dates + strays), "UTC") == Clock("month", "UTC")


@pytest.mark.parametrize(("step", "resolution"), [(1, "second"), (60, "minute"), (3600, "hour")])
def test_finer_times_say_how_fine(step, resolution):
    assert clock_of(column(random_moments(1, step=timedelta(seconds=step))), "UTC").resolution == resolution


def test_a_few_exact_times_do_not_turn_dates_into_hours():
    dates = random_moments(0, n=1000, step=timedelta(days=1))
    exact = random_moments(1, n=5)
    assert clock_of(column(dates + exact), "UTC").resolution == "day"
    assert clock_of(column(dates + random_moments(1, n=500)), "UTC").resolution == "second"


def test_one_moment_says_nothing_of_the_clock():
    assert clock_of(column([datetime(2026, 1, 1, tzinfo=UTC)] * 50), "UTC").has_hours
