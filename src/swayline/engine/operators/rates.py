"""How fast, how evenly and how long people act, from each user's own events.

Each operator asks one event table with ``user`` and a time in UTC microseconds, ``t``.
"""

from swayline.core.names import LAT, LON, ROW, USER
from swayline.engine.dialect import Dialect
from swayline.engine.registry import Source, operator

_ORDER = f"PARTITION BY {USER} ORDER BY t NULLS LAST, {ROW}"


@operator
def clock_grain(d: Dialect, table: Source) -> str:
    """One row: events, and how many of them stand on a whole second, minute, hour and day."""
    grains = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
    whole = ", ".join(
        f"sum(CASE WHEN t % {seconds * 1_000_000} = 0 THEN 1 ELSE 0 END) AS {name}" for name, seconds in grains.items()
    )
    return f"SELECT count(*) AS events, {whole} FROM {table}"


@operator
def busiest_window(d: Dialect, table: Source, window_s: float) -> str:
    """Each user's most events in any window of that length: ``user, most, events, peak`` (its end).

    The window slides: it ends at an event, and holds those less than ``window_s`` before it. Counted as +1 at t and
    -1 at t + window in one running sum; a RANGE window would say the same, and collapse on a skewed key.
    """
    window_us = round(window_s * 1e6)
    marks = (
        f"SELECT {USER}, t, 1 AS step, 1 AS arrives FROM {table} "
        f"UNION ALL SELECT {USER}, t + {window_us} AS t, -1 AS step, 0 AS arrives FROM {table}"
    )
    # At equal times what leaves goes first: the window is shorter than its length by a moment.
    running = (
        f"SELECT {USER}, t, arrives, sum(step) OVER (PARTITION BY {USER} ORDER BY t, arrives "
        f"ROWS UNBOUNDED PRECEDING) AS inside FROM ({marks})"
    )
    return (
        f"SELECT {USER}, CAST(max(inside) AS BIGINT) AS most, sum(arrives) AS events, max_by(t, inside) AS peak"
        f" FROM ({running}) GROUP BY {USER}"
    )


@operator
def even_gaps(d: Dialect, table: Source, min_events: int) -> str:
    """How even the pauses of users with enough events are: ``user, events, low, middle, high`` in microseconds."""
    quantiles = ", ".join(
        f"percentile_disc({share}) WITHIN GROUP (ORDER BY gap) AS {name}"
        for share, name in ((0.1, "low"), (0.5, "middle"), (0.9, "high"))
    )
    return (
        f"SELECT {USER}, count(*) + 1 AS events, {quantiles} FROM (SELECT {USER}, t - lag(t) OVER ({_ORDER}) AS gap"
        f" FROM {table}) WHERE gap IS NOT NULL GROUP BY {USER} HAVING count(*) + 1 >= {min_events}"
    )


@operator
def longest_wake(d: Dialect, table: Source, pause_s: float) -> str:
    """Each user's longest time without a pause of that length: ``user, wake`` (microseconds), ``n`` events in it."""
    fresh = (
        f"SELECT {USER}, t, {ROW}, CASE WHEN t - lag(t) OVER ({_ORDER}) > {round(pause_s * 1e6)} THEN 1 ELSE 0 END"
        f" AS fresh FROM {table}"
    )
    chains = f"SELECT {USER}, t, sum(fresh) OVER ({_ORDER} ROWS UNBOUNDED PRECEDING) AS chain FROM ({fresh})"
    spans = f"SELECT {USER}, chain, max(t) - min(t) AS wake, count(*) AS n FROM ({chains}) GROUP BY {USER}, chain"
    return f"SELECT {USER}, max(wake) AS wake, max_by(n, wake) AS n FROM ({spans}) GROUP BY {USER}"


@operator
def busiest_day(d: Dialect, table: Source) -> str:
    """Each user's most events on one UTC day: ``user, most``."""
    days = f"SELECT {USER}, floor(t / 86400000000.0) AS day, count(*) AS n FROM {table} GROUP BY 1, 2"
    return f"SELECT {USER}, max(n) AS most FROM ({days}) GROUP BY {USER}"


@operator
def impossible_moves(d: Dialect, table: Source, min_km: float, kmh: float, least: int) -> str:
    """Users who moved too fast from one event's place to the next one's, often enough: ``user, n, kmh, km``.

    Great-circle distance; a move in no time counts as one of a second; moves under ``min_km`` are no moves. ``kmh``
    and ``km`` are those of the fastest one.
    """
    here, before = f"radians({LAT})", f"radians(lag({LAT}) OVER ({_ORDER}))"
    east = f"radians({LON} - lag({LON}) OVER ({_ORDER}))"
    steps = (
        f"SELECT {USER}, {here} AS here, {before} AS before, {east} AS east,"
        f" t - lag(t) OVER ({_ORDER}) AS gap FROM {table} WHERE {LAT} IS NOT NULL AND {LON} IS NOT NULL"
    )
    # The haversine, kept inside [0, 1] against rounding at the antipodes.
    half = "power(sin((here - before) / 2), 2) + cos(here) * cos(before) * power(sin(east / 2), 2)"
    km = f"2 * 6371.0 * asin(sqrt(least(1.0, {half})))"
    moves = f"SELECT {USER}, {km} AS km, gap FROM ({steps}) WHERE gap IS NOT NULL"
    speed = f"SELECT {USER}, km, km / (greatest(gap, 1000000) / 3.6e9) AS kmh FROM ({moves}) WHERE km >= {min_km}"
    return (
        f"SELECT {USER}, count(*) AS n, max(kmh) AS kmh, max_by(km, kmh) AS km FROM ({speed}) WHERE kmh > {kmh}"
        f" GROUP BY {USER} HAVING count(*) >= {least}"
    )


@operator
def events_of(d: Dialect, table: Source, users: Source) -> str:
    """How many events some users (a table of ``user``) have: ``user, n``."""
    return f"SELECT {USER}, count(*) AS n FROM {table} JOIN {users} USING ({USER}) GROUP BY {USER}"
