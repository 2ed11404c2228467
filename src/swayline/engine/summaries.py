"""Summary operators: counts that describe a log, as SQL that DuckDB and Spark both say.

Each returns a query over one event table. Order is (time, row) within a user, so that ordered logs, whose times are
all null, keep the order of their rows.
"""

import re
from collections.abc import Sequence

from swayline.core.errors import UsageError, shown
from swayline.core.names import BEHAVIOR, FILE, ITEM, REASON, ROW, SESSION, TIME, USER
from swayline.engine.operators import DUCKDB, Dialect

REFUSED_COLUMN = "refused_column"
"""What ``column`` of the rejected rows is called in SQL, where that word is reserved."""

_ORDER = f"PARTITION BY {USER} ORDER BY {TIME}, {ROW}"
_ZONE = re.compile(r"[A-Za-z0-9_+\-/]{1,64}")


def literal(text: str) -> str:
    """A string as SQL writes it.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def log_size(table: str, columns: Sequence[str]) -> str:
    """One row: events, those without an item, and the distinct values of each column."""
    distinct = ", ".join(f"count(DISTINCT {column}) AS {column}" for column in columns)
    return f"SELECT count(*) AS events, count(*) - count({ITEM}) AS without_item, {distinct} FROM {table}"


def time_range(table: str, low: float, high: float, dialect: Dialect = DUCKDB) -> str:
    """One row of UTC microseconds: first, last and two quantiles of time, and how many events lie outside those two."""
    now = dialect.epoch_us.format(TIME)
    quantiles = ", ".join(
        f"percentile_disc({share!r}) WITHIN GROUP (ORDER BY {now}) AS {name}"
        for share, name in ((low, "low"), (high, "high"))
    )
    edges = f"SELECT min({now}) AS first, max({now}) AS last, {quantiles} FROM {table} WHERE {TIME} IS NOT NULL"
    return (
        f"SELECT first, last, low, high, (SELECT count(*) FROM {table}, ({edges}) inner_edges"
        f" WHERE {now} < low OR {now} > high) AS outside FROM ({edges}) edges"
    )


def local_hour_counts(table: str, timezone: str) -> str:
    """Events of each behaviour in each hour of a zone's clock; ``hour`` is that clock's reading, without a zone.

    Raises
    ------
    UsageError
        The zone's name cannot be one.
    """
    hour = f"date_trunc('hour', {TIME} AT TIME ZONE {literal(checked_zone(timezone))})"
    return (
        f"SELECT {hour} AS hour, {BEHAVIOR}, count(*) AS n FROM {table} WHERE {TIME} IS NOT NULL GROUP BY 1, 2 "
        "ORDER BY 1, 2"
    )


def count_histogram(table: str, column: str) -> str:
    """How many values of a column occur ``n`` times: the shape of a tail in a few rows."""
    return (
        f"SELECT n, count(*) AS ids FROM (SELECT count(*) AS n FROM {table} WHERE {column} IS NOT NULL GROUP BY "
        f"{column})"
        " GROUP BY n ORDER BY n"
    )


def top_values(table: str, column: str, limit: int) -> str:
    """The most frequent values of a column: events and users of each, and events of each behaviour (one row each)."""
    top = (
        f"SELECT {column} AS id, count(*) AS events, count(DISTINCT {USER}) AS users FROM {table}"
        f" WHERE {column} IS NOT NULL GROUP BY {column} ORDER BY events DESC, id LIMIT {limit}"
    )
    return (
        f"SELECT t.id, t.events, t.users, e.{BEHAVIOR}, count(*) AS n FROM {table} e JOIN ({top}) t ON e.{column} = "
        "t.id"
        f" GROUP BY 1, 2, 3, 4 ORDER BY 2 DESC, 1, 5 DESC, 4"
    )


def session_edges(table: str, within: str) -> str:
    """The behaviours that open and close a session: ``behavior, starts, ends``."""
    order = f"PARTITION BY {within} ORDER BY {TIME}"
    return (
        f"SELECT {BEHAVIOR}, count(*) FILTER (WHERE from_start = 1) AS starts, count(*) FILTER (WHERE from_end = 1) "
        "AS ends"
        f" FROM (SELECT {BEHAVIOR}, row_number() OVER ({order}, {ROW}) AS from_start,"
        f" row_number() OVER ({order} DESC, {ROW} DESC) AS from_end FROM {table}) GROUP BY {BEHAVIOR} ORDER BY "
        f"{BEHAVIOR}"
    )


def _spans(table: str, keys: Sequence[str]) -> str:
    """Each behaviour's first and last place in its user's order, for each unit (such as a pair)."""
    named = ", ".join(keys)
    present = " AND ".join(f"{key} IS NOT NULL" for key in keys)
    return (
        f"SELECT {named}, {BEHAVIOR}, min(place) AS first_at, max(place) AS last_at FROM"
        f" (SELECT {named}, {BEHAVIOR}, row_number() OVER ({_ORDER}) AS place FROM {table} WHERE {present})"
        f" GROUP BY {named}, {BEHAVIOR}"
    )


def reached_counts(table: str, keys: Sequence[str]) -> str:
    """How many units (keys, such as user and item) show each behaviour."""
    return (
        f"SELECT {BEHAVIOR}, count(*) AS n FROM ({_spans(table, keys)}) GROUP BY {BEHAVIOR} ORDER BY n DESC, {BEHAVIOR}"
    )


def followed_counts(table: str, keys: Sequence[str], behaviors: Sequence[str]) -> str:
    """In how many units one of some behaviours is followed, at any later point, by another (or by itself again)."""
    if not behaviors:  # no unit shows any
        behaviors = ("",)
    same = " AND ".join(f"a.{key} = b.{key}" for key in keys)
    spans = _spans(table, keys)
    some = ", ".join(literal(behavior) for behavior in behaviors)
    return (
        f"WITH spans AS (SELECT * FROM ({spans}) s WHERE {BEHAVIOR} IN ({some}))"
        f" SELECT a.{BEHAVIOR} AS source, b.{BEHAVIOR} AS target, count(*) AS n"
        f" FROM spans a JOIN spans b ON {same} AND b.last_at > a.first_at GROUP BY 1, 2 ORDER BY 1, 2"
    )


def followed_moments(table: str, keys: Sequence[str], target: str) -> str:
    """Sums over users of how many units show each behaviour (n) and how many of them the target later (x).

    ``users, n, x, nn, xx, nx`` are what a ratio and its variance clustered by user need.
    """
    same = " AND ".join(f"a.{key} = b.{key}" for key in keys)
    spans = _spans(table, keys)
    return (
        f"WITH spans AS ({spans}), a_user AS (SELECT a.{BEHAVIOR} AS {BEHAVIOR}, a.{USER} AS {USER}, count(*) AS n,"
        f" count(b.last_at) AS x FROM spans a LEFT JOIN spans b ON {same} AND b.{BEHAVIOR} = {literal(target)}"
        f" AND b.last_at > a.first_at GROUP BY 1, 2)"
        f" SELECT {BEHAVIOR}, count(*) AS users, CAST(sum(n) AS BIGINT) AS n, CAST(sum(x) AS BIGINT) AS x,"
        f" CAST(sum(n * n) AS DOUBLE) AS nn, CAST(sum(x * x) AS DOUBLE) AS xx, CAST(sum(n * x) AS DOUBLE) AS nx"
        f" FROM a_user GROUP BY {BEHAVIOR} ORDER BY {BEHAVIOR}"
    )


def rejected_reasons(table: str, examples: int) -> str:
    """Rejected rows by file, column and reason: how many, and the first few (``row``, ``value``)."""
    group = f"{FILE}, {REFUSED_COLUMN}, {REASON}"
    return (
        f"SELECT {group}, n, {ROW}, value FROM (SELECT *, count(*) OVER (PARTITION BY {group}) AS n,"
        f" row_number() OVER (PARTITION BY {group} ORDER BY {ROW}) AS place FROM {table})"
        f" WHERE place <= {examples} ORDER BY n DESC, {group}, {ROW}"
    )


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


def people_by_clock(table: str, timezone: str, part: str) -> str:
    """Each person once an hour, day or month, by ``hour`` of the day, ``weekday`` (Monday 0) or ``month`` (from 0)."""
    unit, number = {
        "hour": ("hour", "extract(hour FROM moment)"),
        "weekday": ("day", "extract(isodow FROM moment) - 1"),
        "month": ("month", "extract(month FROM moment) - 1"),
    }[part]
    local = f"date_trunc('{unit}', {TIME} AT TIME ZONE {literal(checked_zone(timezone))})"
    moments = f"SELECT DISTINCT {USER}, {local} AS moment FROM {table} WHERE {TIME} IS NOT NULL"
    return f"SELECT CAST({number} AS BIGINT) AS part, count(*) AS n FROM ({moments}) GROUP BY 1 ORDER BY 1"


def acts_and_returns(table: str, ordered: bool) -> str:
    """One row: ``acts`` on items, ``repeats`` (rows of the same act), ``returns`` (the item was acted on before)."""
    moment = ROW if ordered else TIME
    acts = (
        f"SELECT {USER}, {ITEM}, {BEHAVIOR}, {moment} AS moment, count(*) AS copies FROM {table}"
        f" WHERE {ITEM} IS NOT NULL GROUP BY 1, 2, 3, 4"
    )
    return (
        f"WITH acts AS ({acts}), seen AS (SELECT *, min(moment) OVER (PARTITION BY {USER}, {ITEM}) AS first_moment"
        f" FROM acts) SELECT count(*) AS acts, CAST(coalesce(sum(copies) - count(*), 0) AS BIGINT) AS repeats,"
        f" count(*) FILTER (WHERE moment > first_moment) AS returns FROM seen"
    )


def days_back(table: str, timezone: str, within: int) -> str:
    """One row: ``people``, ``again``, ``early`` and ``back``.

    ``again``: active on two days or more. ``early``: first seen at least ``within`` days before the day by which 99.9%
    of the active days are past. ``back``: those of them who acted again within so many days of their first.
    """
    day = f"CAST({TIME} AT TIME ZONE {literal(checked_zone(timezone))} AS DATE)"
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


def session_depth(table: str) -> str:
    """One row: how many ``sessions``, and the ``median`` and ``mean`` of their events."""
    each = f"SELECT {USER}, {SESSION}, count(*) AS n FROM {table} GROUP BY 1, 2"
    return (
        f"SELECT count(*) AS sessions, percentile_disc(0.5) WITHIN GROUP (ORDER BY n) AS median, avg(n) AS mean"
        f" FROM ({each})"
    )
