"""From checked rows to the log: repeats dropped, sessions cut, rows in time order."""

import pyarrow as pa

from swayline.core.names import EVENT_ID, ROW, SESSION, TIME
from swayline.engine import Engine, operators

SESSION_GAP_S = 30 * 60.0
"""A pause longer than this begins a new session (the web analytics convention)."""


def deduplicate(engine: Engine, events: pa.Table, ordered: bool) -> tuple[pa.Table, int]:
    """The events without repeats, and how many were dropped.

    A repeat has the same ``event_id``, or without one is equal in every column; in ordered logs the position is part
    of the row, so that only repeats of an ``event_id`` go.
    """
    columns = [name for name in events.column_names if name != ROW]
    key = EVENT_ID if EVENT_ID in columns else None
    if ordered:
        if key is None:
            return events, 0
        columns = [ROW]
    engine.register("events", events)
    unique = engine.sql(operators.deduplicate("events", columns, key))
    return unique, len(events) - len(unique)


def sessionise(engine: Engine, events: pa.Table) -> pa.Table:
    """The events with a ``session``: the log's own where it has one, else cut at pauses of half an hour."""
    if SESSION in events.column_names and events[SESSION].null_count == 0:
        return events
    engine.register("events", events)
    return engine.sql(operators.sessionise("events", events.column_names, SESSION_GAP_S))


def in_order(events: pa.Table, ordered: bool) -> pa.Table:
    """The events in time order, ties in source order; ordered logs in source order."""
    keys = [(ROW, "ascending")] if ordered else [(TIME, "ascending"), (ROW, "ascending")]
    return events.sort_by(keys)


