"""What was known strictly before a moment.

An as-of join is a union of moments and events and a running aggregate: at equal times a moment stands before the
events, so that nothing of its own moment is seen. Neither engine collapses on it, as both do on range joins::

    t      3        5        5        9
    kind   event    moment   event    moment
    n      1        1        2        2          the first moment sees one event, the second two

``events`` and ``moments`` have the keys and ``t`` (UTC microseconds); moments are numbered by ``k``.
A null key is nobody's: an event with one is left out, a moment with one sees nothing.
"""

from collections.abc import Mapping, Sequence

from swayline.engine.dialect import Dialect
from swayline.engine.registry import Name, Names, Source, operator
from swayline.engine.relation import Expression, written


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
    return _running(
        events, moments, keys, {d.quote(name): (how, written(one, d)) for name, (how, one) in values.items()}
    )


@operator
def recently(
    d: Dialect, events: Source, moments: Source, keys: Names, window_us: int, counted: Expression | None = None
) -> str:
    """Events in the ``window_us`` before each moment: ``k, n``; +1 when an event comes, -1 when it is too old.

    Parameters
    ----------
    counted : optional
        1 on an event that counts, 0 on another (:func:`where_is`); by default all count.
    """
    named = ", ".join(keys)
    kept = _known(keys) + ("" if counted is None else f" AND {written(counted, d)} = 1")
    return (
        f"SELECT k, CAST(n AS BIGINT) AS n FROM (SELECT k, sum(step) OVER w AS n FROM ("
        f"SELECT {named}, t, 2 AS kind, -1 AS k, 1 AS step FROM {events} WHERE {kept} "
        # What is exactly as old as the window is still in it: it leaves after the moments of that time.
        f"UNION ALL SELECT {named}, t + {window_us} AS t, 1 AS kind, -1 AS k, -1 AS step FROM {events} WHERE {kept} "
        f"UNION ALL SELECT {named}, t, 0 AS kind, k, 0 AS step FROM {moments}) marks "
        f"WINDOW w AS (PARTITION BY {named} ORDER BY t, kind ROWS UNBOUNDED PRECEDING)) seen WHERE k >= 0 ORDER BY k"
    )


@operator
def distinct(d: Dialect, events: Source, moments: Source, keys: Names, of: Name) -> str:
    """Different values of a column among the events before each moment: ``k, n``. A value's first event counts."""
    named = ", ".join(keys)
    # A column may be a key too.
    values = f"SELECT {named}, {of} AS value, t FROM {events} WHERE {of} IS NOT NULL"
    firsts = f"(SELECT {named}, min(t) AS t FROM ({values}) valued GROUP BY {named}, value)"
    return _running(f"{firsts} firsts", moments, keys, {"n": ("sum", "1")})


@operator
def most_named(d: Dialect, events: Source, moments: Source, key: Name, value: Name, n_values: int) -> str:
    """The value that most events before each moment name: ``k, value``, null where none does, the least of equals.

    Parameters
    ----------
    value : str
        A column of whole numbers from 0 to ``n_values`` - 1, null where an event names none.

    Notes
    -----
    How often a value was named only grows, so that the greatest count so far, whichever event reached it, is that of
    the value most named by now: a running count and a running maximum.
    """
    count = f"count(*) OVER (PARTITION BY {key}, {value} ORDER BY t ROWS UNBOUNDED PRECEDING)"
    standing = f"{count} * {n_values} + ({n_values - 1} - {value})"
    counted = f"(SELECT {key}, t, {standing} AS standing FROM {events} WHERE {value} IS NOT NULL)"
    greatest = _running(f"{counted} counted", moments, (key,), {"standing": ("max", "standing")})
    return f"SELECT k, {n_values - 1} - standing % {n_values} AS {value} FROM ({greatest}) greatest ORDER BY k"


def _running(events: Source, moments: Source, keys: Sequence[str], values: Mapping[str, tuple[str, str]]) -> str:
    """Aggregates (column → how, of what) over the events before each moment, in the order of ``k``."""
    named = ", ".join(keys)
    of_event = ", ".join(f"{sql} AS {name}" for name, (_, sql) in values.items())
    # A sum's first row makes it 0; the type of the others is that of a time or a row number.
    of_moment = ", ".join(
        f"{'CAST(0 AS BIGINT)' if how == 'sum' else 'CAST(NULL AS BIGINT)'} AS {name}"
        for name, (how, _) in values.items()
    )
    running = ", ".join(f"{how}({name}) OVER w AS {name}" for name, (how, _) in values.items())
    return (
        f"SELECT k, {', '.join(values)} FROM (SELECT k, {running} FROM ("
        f"SELECT {named}, t, 1 AS kind, -1 AS k, {of_event} FROM {events} WHERE {_known(keys)} "
        f"UNION ALL SELECT {named}, t, 0 AS kind, k, {of_moment} FROM {moments}) marks "
        f"WINDOW w AS (PARTITION BY {named} ORDER BY t, kind ROWS UNBOUNDED PRECEDING)) seen WHERE k >= 0 ORDER BY k"
    )


def _known(keys: Sequence[str]) -> str:
    return " AND ".join(f"{key} IS NOT NULL" for key in keys)
