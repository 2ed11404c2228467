"""From checked rows to the log: repeats dropped, rows in time order, sessions cut."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import EVENT_ID, REST, ROW, SESSION, TIME, USER
from swayline.core.types import Bools, Ints
from swayline.engine import Engine
from swayline.engine.operators import cleaning, sessions

_LOOK = 20_000
"""Rows that tell whether a column's words repeat."""
SESSION_GAP_S = 30 * 60.0
"""A pause longer than this begins a new session (the web analytics convention)."""


def clean(engine: Engine, checked: pa.Table, ordered: bool) -> pa.Table:
    """The log of checked rows: without repeats, in order, with sessions where there are times."""
    gone = repeats(engine, checked, ordered)
    checked = checked.drop_columns([REST]) if REST in checked.column_names else checked
    checked = checked.combine_chunks(memory_pool=pa.system_memory_pool())
    if ordered:
        return checked.filter(pa.array(~gone)) if gone.any() else checked
    return sessionise(engine, in_order(checked, gone))


def repeats(engine: Engine, events: pa.Table, ordered: bool) -> Bools:
    """(n,) whether each row goes because an equal one stays.

    A repeat has the same ``event_id`` (which of them stands depends on what they say, never on their order), or
    without one is equal in every column; in ordered logs the position is part of the row, so that only repeats of an
    ``event_id`` go.
    """
    gone = np.zeros(len(events), bool)
    columns = [name for name in events.column_names if name != ROW]
    key = EVENT_ID if EVENT_ID in columns else None
    if ordered:
        if key is None:
            return gone
        columns = [ROW]
    engine.register("events", events)
    looked_at = [key] if key is not None and events[key].null_count == 0 else columns
    rows = np.asarray(events[ROW])
    suspects = np.searchsorted(rows, np.asarray(engine.collect(cleaning.suspects("events", looked_at, key))[ROW]))
    if len(suspects):
        engine.register("suspects", events.take(pa.array(suspects)))
        repeated = engine.collect(cleaning.deduplicate("suspects", columns, key))[ROW]
        gone[np.searchsorted(rows, np.asarray(repeated))] = True
    return gone


def in_order(events: pa.Table, gone: Bools) -> pa.Table:
    """The events that are not gone in time order, ties in source order.

    Where every event has an ``event_id``, ties are in the order of the ids (shorter ones first, so that e9 comes
    before e10) and ``row`` is counted anew: then neither shuffling nor repeating the source changes anything.
    """
    keyed = EVENT_ID in events.column_names and events[EVENT_ID].null_count == 0
    times = np.asarray(events[TIME].cast(pa.int64()))
    order = np.argsort(times, kind="stable")
    order = order[~gone[order]]
    if keyed:
        order = _ties_by_id(order, times, events[EVENT_ID])
    if not np.array_equal(order, np.arange(len(events))):
        events = _gathered(events, pa.array(order))
    if keyed:
        fresh = pa.array(np.arange(1, len(events) + 1))
        events = events.set_column(events.column_names.index(ROW), ROW, fresh)
    return events


def _gathered(events: pa.Table, order: pa.Array) -> pa.Table:
    """The rows in another order, columns side by side: Arrow gathers a column on one core."""
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        columns = list(pool.map(lambda column: _take(column, order), events.columns))
    return pa.table(columns, schema=events.schema)


def _take(column: pa.ChunkedArray, order: pa.Array) -> pa.ChunkedArray | pa.Array:
    """A column in another order; words that repeat are moved as numbers, which costs half."""
    # Large arrays that live on are cheaper from the system's allocator: it faults fewer pages in.
    pool = pa.system_memory_pool()
    if not pa.types.is_string(column.type) or column.num_chunks != 1:
        return pc.take(column, order, memory_pool=pool)
    some = column.slice(0, _LOOK)
    if len(pc.unique(some)) * 4 > len(some):
        return pc.take(column, order, memory_pool=pool)
    coded = column.chunk(0).dictionary_encode()
    return pc.take(coded.dictionary, pc.take(coded.indices, order), memory_pool=pool)


def _ties_by_id(order: Ints, times: Ints, ids: pa.ChunkedArray) -> Ints:
    """The order with events of the same time by their ids: (length, id)."""
    sorted_times = times[order]
    same = sorted_times[1:] == sorted_times[:-1]
    tied = np.flatnonzero(np.concatenate([same, [False]]) | np.concatenate([[False], same]))
    if len(tied) == 0:
        return order
    some = ids.take(pa.array(order[tied]))
    table = pa.table({"time": sorted_times[tied], "length": pc.utf8_length(some), "id": some})
    by_id = pc.sort_indices(table, [(name, "ascending") for name in table.column_names])
    order = order.copy()
    order[tied] = order[tied][np.asarray(by_id)]
    return order


def sessionise(engine: Engine, events: pa.Table) -> pa.Table:
    """The events, which are in time order, with a session each: the log's own, else cut at pauses of half an hour."""
    has_sessions = SESSION in events.column_names
    if has_sessions and events[SESSION].null_count == 0:
        return events
    engine.register("events", events.select([ROW, USER, TIME, *([SESSION] if has_sessions else [])]))
    found = engine.collect(sessions.sessionise("events", [ROW], has_sessions, SESSION_GAP_S))[SESSION]
    if has_sessions:
        return events.set_column(events.column_names.index(SESSION), SESSION, found)
    return events.append_column(SESSION, found)
