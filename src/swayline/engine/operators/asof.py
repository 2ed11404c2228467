"""What was known strictly before a moment.

An as-of join is a union of moments and events and a running aggregate: at equal times a moment stands before the
events, so that nothing of its own moment is seen. Neither engine collapses on it, as both do on range joins::

    t      3        5        5        9
    kind   event    moment   event    moment
    n      1        1        2        2          the first moment sees one event, the second two

``events`` and ``moments`` have the keys and ``t`` (UTC microseconds); moments are numbered by ``k``.
"""

from collections.abc import Mapping

from swayline.engine.dialect import Dialect
from swayline.engine.registry import Name, Names, Source, operator
from swayline.engine.relation import Expression, written

DAY_US = 86_400_000_000


def where_is(column: str, value: str | int, then: str = "1", otherwise: str | None = "0") -> Expression:
    """What an event adds: ``then`` where a column holds a value, else ``otherwise`` (None: null)."""

    def write(d: Dialect) -> str:
        wanted = d.literal(value) if isinstance(value, str) else str(value)
        last = "" if otherwise is None else f" ELSE {otherwise}"
        return f"CASE WHEN {d.quote(column)} = {wanted} THEN {then}{last} END"

    return write


def where_known(column: str, then: str) -> Expression:
    """What an event adds where a column holds something, else null."""
    return lambda d: f"CASE WHEN {d.quote(column)} IS NOT NULL THEN {then} END"


@operator
def before(
    d: Dialect, events: Source, moments: Source, keys: Names, values: Mapping[str, tuple[str, Expression]]
) -> str:
    """Running aggregates over the events before each moment with the same keys, in the order of ``k``.

    Parameters
    ----------
    keys : sequence of str
        What a moment and its events share, such as user, or user and category. A moment with a null key sees none.
    values : mapping
        Column → (``sum``, ``max`` or ``min``, what an event adds). A sum over no event is 0, the others are null.
    """
    named = ", ".join(keys)
    of_event = ", ".join(f"{written(one, d)} AS {d.quote(name)}" for name, (_, one) in values.items())
    # A sum's first row makes it 0; the type of the others is that of a time or a row number.
    of_moment = ", ".join(
        f"{'CAST(0 AS BIGINT)' if how == 'sum' else 'CAST(NULL AS BIGINT)'} AS {d.quote(name)}"
        for name, (how, _) in values.items()
    )
    running = ", ".join(f"{how}({d.quote(name)}) OVER w AS {d.quote(name)}" for name, (how, _) in values.items())
    known = " AND ".join(f"{key} IS NOT NULL" for key in keys)
    return (
        f"SELECT k, {', '.join(d.quote(name) for name in values)} FROM (SELECT k, {running} FROM ("
        f"SELECT {named}, t, 1 AS kind, -1 AS k, {of_event} FROM {events} WHERE {known} "
        f"UNION ALL SELECT {named}, t, 0 AS kind, k, {of_moment} FROM {moments}) marks "
        f"WINDOW w AS (PARTITION BY {named} ORDER BY t, kind ROWS UNBOUNDED PRECEDING)) seen WHERE k >= 0 ORDER BY k"
    )


@operator
def recently(d: Dialect, events: Source, moments: Source, keys: Names, window_us: int) -> str:
    """Events in the ``window_us`` before each moment: ``k, n``; +1 when an event comes, -1 when it is too old."""
    named = ", ".join(keys)
    known = " AND ".join(f"{key} IS NOT NULL" for key in keys)
    return (
        f"SELECT k, CAST(n AS BIGINT) AS n FROM (SELECT k, sum(step) OVER w AS n FROM ("
        f"SELECT {named}, t, 2 AS kind, -1 AS k, 1 AS step FROM {events} WHERE {known} "
        # What is exactly as old as the window is still in it: it leaves after the moments of that time.
        f"UNION ALL SELECT {named}, t + {window_us} AS t, 1 AS kind, -1 AS k, -1 AS step FROM {events} WHERE {known} "
        f"UNION ALL SELECT {named}, t, 0 AS kind, k, 0 AS step FROM {moments}) marks "
        f"WINDOW w AS (PARTITION BY {named} ORDER BY t, kind ROWS UNBOUNDED PRECEDING)) seen WHERE k >= 0 ORDER BY k"
    )


@operator
def first_of_days(d: Dialect, events: Source, key: Name) -> str:
    """The first event of each key on each UTC day: ``key, t``."""
    return f"SELECT {key}, min(t) AS t FROM {events} GROUP BY {key}, floor(t / {DAY_US}.0)"
