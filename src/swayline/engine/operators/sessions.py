"""Sessions: cut at pauses, what opens and closes them, how deep they are."""

from collections.abc import Sequence

from swayline.core.names import BEHAVIOR, ROW, SESSION, TIME, USER
from swayline.engine.dialect import Dialect
from swayline.engine.registry import Name, Names, Source, operator


@operator
def sessionise(
    d: Dialect,
    table: Source,
    columns: Sequence[str],
    has_sessions: bool,
    gap_s: float,
    order: Names = (TIME, ROW),
    shorter_first: Name | None = None,
) -> str:
    """Some columns of all rows with a ``session``: a user's pause longer than ``gap_s`` begins the next one.

    Where the table has sessions, only rows without one are given one.

    Parameters
    ----------
    order : sequence of str
        What the rows are sorted by.
    shorter_first : str, optional
        A column of ``order`` whose shorter values come before longer ones.
    """
    now = d.epoch_us(TIME)
    by_time = f"PARTITION BY {USER} ORDER BY {TIME} NULLS LAST, {ROW}"
    count = f"{USER} || '#' || CAST(1 + sum(fresh) OVER ({by_time} ROWS UNBOUNDED PRECEDING) AS {d.text})"
    session = f"{f'coalesce({SESSION}, {count})' if has_sessions else count} AS {SESSION}"
    kept = ", ".join(session if name == SESSION else d.quote(name) for name in dict.fromkeys([*columns, SESSION]))
    by = ", ".join(f"length({name}), {name}" if name == shorter_first else name for name in order)
    return (
        f"SELECT {kept} FROM (SELECT *, CASE WHEN {now} - lag({now}) OVER ({by_time}) > {gap_s * 1e6:.0f}"
        f" THEN 1 ELSE 0 END AS fresh FROM {table}) ORDER BY {by}"
    )


@operator
def session_edges(d: Dialect, table: Source, within: Names) -> str:
    """The behaviours that open and close a session: ``behavior, starts, ends``."""
    order = f"PARTITION BY {', '.join(within)} ORDER BY {TIME}"
    return (
        f"SELECT {BEHAVIOR}, count(*) FILTER (WHERE from_start = 1) AS starts, count(*) FILTER (WHERE from_end = 1) "
        "AS ends"
        f" FROM (SELECT {BEHAVIOR}, row_number() OVER ({order} NULLS LAST, {ROW}) AS from_start,"
        f" row_number() OVER ({order} DESC NULLS LAST, {ROW} DESC) AS from_end FROM {table})"
        f" GROUP BY {BEHAVIOR} ORDER BY {BEHAVIOR}"
    )


@operator
def session_depth(d: Dialect, table: Source) -> str:
    """One row: how many ``sessions``, and the ``median`` and ``mean`` of their events."""
    each = f"SELECT {USER}, {SESSION}, count(*) AS n FROM {table} GROUP BY 1, 2"
    return (
        f"SELECT count(*) AS sessions, percentile_disc(0.5) WITHIN GROUP (ORDER BY n) AS median, avg(n) AS mean"
        f" FROM ({each})"
    )
