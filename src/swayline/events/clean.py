"""From checked rows to the log: repeats dropped, rows in time order, sessions cut."""

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import EVENT_ID, ROW, SESSION, TIME
from swayline.engine import Engine, operators

SESSION_GAP_S = 30 * 60.0
"""A pause longer than this begins a new session (the web analytics convention)."""


def deduplicate(engine: Engine, events: pa.Table, ordered: bool) -> tuple[pa.Table, int]:
    """The events without repeats, and how many were dropped.

    A repeat has the same ``event_id`` (which of them stands depends on what they say, never on their order), or
    without one is equal in every column; in ordered logs the position is part of the row, so that only repeats of an
    ``event_id`` go.
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


def in_order(events: pa.Table, ordered: bool) -> pa.Table:
    """The events in time order, ties in source order; ordered logs in source order.

    Where every event has an ``event_id``, ties are in the order of the ids (shorter ones first, so that e9 comes
    before e10) and ``row`` is counted anew: then neither shuffling nor repeating the source changes anything.
    """
    if ordered:
        return events.sort_by(ROW)
    if EVENT_ID not in events.column_names or events[EVENT_ID].null_count:
        return events.sort_by([(TIME, "ascending"), (ROW, "ascending")])
    keyed = events.append_column("id_length", pc.utf8_length(events[EVENT_ID]))
    keyed = keyed.sort_by([(TIME, "ascending"), ("id_length", "ascending"), (EVENT_ID, "ascending")])
    at = keyed.column_names.index(ROW)
    return keyed.drop_columns(["id_length"]).set_column(at, ROW, pa.array(range(1, len(keyed) + 1), pa.int64()))


def sessionise(engine: Engine, events: pa.Table) -> pa.Table:
    """The events with a ``session`` each: the log's own, and where it has none, cut at pauses of half an hour."""
    own = events[SESSION] if SESSION in events.column_names else None
    if own is not None and own.null_count == 0:
        return events
    engine.register("events", events)
    cut = engine.sql(operators.sessionise("events", events.column_names, SESSION_GAP_S))
    return cut
