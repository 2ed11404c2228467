"""Events by window of time: UTC windows, and the hours of a zone's clock."""

import re

from swayline.core.errors import UsageError, shown
from swayline.core.names import BEHAVIOR, TIME, USER
from swayline.engine.dialect import Dialect
from swayline.engine.registry import Source, operator

_ZONE = re.compile(r"[A-Za-z0-9_+\-/]{1,64}")


def checked_zone(timezone: str) -> str:
    """The name of a time zone, as SQL may hold it.

    Raises
    ------
    UsageError
        The zone's name cannot be one.
    """
    if not _ZONE.fullmatch(timezone):
        raise UsageError(f"--timezone {shown(timezone)} is no time zone: write one such as UTC or Europe/Paris")
    return timezone


@operator
def windowed_counts(d: Dialect, table: Source, window_s: int) -> str:
    """Events of each behaviour in each window of time; ``start_s`` is the window's first UTC second."""
    start = f"CAST(floor({d.epoch_us(TIME)} / {window_s * 1_000_000}.0) AS BIGINT) * {window_s}"
    return (
        f"SELECT {start} AS start_s, {BEHAVIOR}, count(*) AS n FROM {table} WHERE {TIME} IS NOT NULL"
        " GROUP BY 1, 2 ORDER BY 1, 2"
    )


@operator
def time_range(d: Dialect, table: Source, low: float, high: float) -> str:
    """One row of UTC microseconds: first, last and two quantiles of time, and how many events lie outside those two."""
    now = d.epoch_us(TIME)
    quantiles = ", ".join(
        f"percentile_disc({share!r}) WITHIN GROUP (ORDER BY {now}) AS {name}"
        for share, name in ((low, "low"), (high, "high"))
    )
    edges = f"SELECT min({now}) AS first, max({now}) AS last, {quantiles} FROM {table} WHERE {TIME} IS NOT NULL"
    return (
        f"SELECT first, last, low, high, (SELECT count(*) FROM {table}, ({edges}) inner_edges"
        f" WHERE {now} < low OR {now} > high) AS outside FROM ({edges}) edges"
    )


@operator
def local_hour_counts(d: Dialect, table: Source, timezone: str) -> str:
    """Events of each behaviour in each hour of a zone's clock; ``hour`` is that clock's reading, without a zone.

    Raises
    ------
    UsageError
        The zone's name cannot be one.
    """
    hour = d.start_of("hour", d.on_clock(TIME, checked_zone(timezone)))
    return (
        f"SELECT {hour} AS hour, {BEHAVIOR}, count(*) AS n FROM {table} WHERE {TIME} IS NOT NULL GROUP BY 1, 2 "
        "ORDER BY 1, 2"
    )


@operator
def people_by_clock(d: Dialect, table: Source, timezone: str, part: str) -> str:
    """Each person once an hour, day or month, by ``hour`` of the day, ``weekday`` (Monday 0) or ``month`` (from 0)."""
    unit, number = {
        "hour": ("hour", "extract(hour FROM moment)"),
        "weekday": ("day", d.weekday("moment")),
        "month": ("month", "extract(month FROM moment) - 1"),
    }[part]
    local = d.start_of(unit, d.on_clock(TIME, checked_zone(timezone)))
    moments = f"SELECT DISTINCT {USER}, {local} AS moment FROM {table} WHERE {TIME} IS NOT NULL"
    return f"SELECT CAST({number} AS BIGINT) AS part, count(*) AS n FROM ({moments}) GROUP BY 1 ORDER BY 1"


@operator
def days_back(d: Dialect, table: Source, timezone: str, within: int) -> str:
    """One row: ``people``, ``again``, ``early`` and ``back``.

    ``again``: active on two days or more. ``early``: first seen at least ``within`` days before the day by which 99.9%
    of the active days are past. ``back``: those of them who acted again within so many days of their first.
    """
    day = d.day_number(d.on_clock(TIME, checked_zone(timezone)))
    days = f"SELECT DISTINCT {USER}, {day} AS day FROM {table} WHERE {TIME} IS NOT NULL"
    each = (
        f"SELECT {USER}, count(*) AS n, min(day) AS first_day,"
        f" count(*) FILTER (WHERE day > first_seen AND day <= first_seen + {within}) AS soon"
        f" FROM (SELECT *, min(day) OVER (PARTITION BY {USER}) AS first_seen FROM ({days})) GROUP BY 1"
    )
    end = f"(SELECT percentile_disc(0.999) WITHIN GROUP (ORDER BY day) FROM ({days}))"
    return (
        f"SELECT count(*) AS people, count(*) FILTER (WHERE n > 1) AS again,"
        f" count(*) FILTER (WHERE first_day <= {end} - {within}) AS early,"
        f" count(*) FILTER (WHERE first_day <= {end} - {within} AND soon > 0) AS back FROM ({each})"
    )
