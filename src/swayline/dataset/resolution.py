"""The value of an item's attribute at every event, resolved once: by the event, its item's past, the items table.

::

    event   item   category      most of the item's events before   items table   resolved
    1       i7     lamps         (none)                             light         lamps     its own word
    2       i7     (none)        lamps                              light         lamps     what was said of it before
    3       i3     (none)        (none)                             nails         nails     the items table

Nothing that an event at or after a moment says is used at it. An item's attributes as models see them, one value an
item, are the same rule over all the events that may be known: :class:`~swayline.dataset.Catalogue`.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import CATEGORY, ITEM, ROW, TIME
from swayline.dataset.catalogue import as_text
from swayline.engine import DuckEngine, Engine
from swayline.engine.operators import asof
from swayline.events import EventLog

_EVENTS, _MOMENTS = "stated_events", "stated_moments"


def attribute_of_events(
    events: pa.Table, items: pa.Table | None, name: str, engine: Engine | None = None
) -> pa.ChunkedArray | None:
    """(E,) an attribute's value at each event as text, null where nobody said it; None where no table has the column.

    Parameters
    ----------
    events : pa.Table
        ``item``; ``time`` or, in logs without times, ``row``; the column itself where events have it.
    items : pa.Table, optional
        ``item`` and the column, whatever its type: numbers of categories, words, lists of words.

    Examples
    --------
    >>> log = pa.table({"item": ["i7", "i7", "i3"], "row": [1, 2, 3], "category": ["lamps", None, None]})
    >>> goods = pa.table({"item": ["i7", "i3"], "category": ["light", "nails"]})
    >>> attribute_of_events(log, goods, "category").to_pylist()
    ['lamps', 'lamps', 'nails']
    """
    return attribute_at(events, events, items, name, engine)


def with_categories(log: EventLog) -> EventLog:
    """The log with the resolved category at every event; the log itself where no table says any."""
    found = attribute_of_events(log.events, log.items, CATEGORY)
    if found is None:
        return log
    if CATEGORY in log.events.column_names:
        return replace(log, events=log.events.set_column(log.events.column_names.index(CATEGORY), CATEGORY, found))
    return replace(log, events=log.events.append_column(CATEGORY, found))


def attribute_at(
    moments: pa.Table, events: pa.Table, items: pa.Table | None, name: str, engine: Engine | None = None
) -> pa.ChunkedArray | None:
    """(M,) an attribute's value at moments about items: as :func:`attribute_of_events`, for other rows than events."""
    known = [as_text(moments[name])] if name in moments.column_names else []
    if name in events.column_names and ITEM in moments.column_names and (not known or known[0].null_count):
        known.append(_most_before(moments, events, name, engine))
    if items is not None and name in items.column_names and ITEM in moments.column_names:
        place = pc.index_in(_text(moments[ITEM]), value_set=_text(items[ITEM]).combine_chunks())
        known.append(as_text(items[name]).take(place))
    return pc.coalesce(*known) if known else None


def _most_before(moments: pa.Table, events: pa.Table, name: str, engine: Engine | None) -> pa.ChunkedArray:
    """(M,) what most events strictly before each moment say of its item."""
    if engine is None:
        with DuckEngine() as own:
            return _most_before(moments, events, name, own)
    said = as_text(events[name])
    words = pa.array(sorted(pc.unique(said.drop_null()).to_pylist()), pa.string())
    if not len(words):
        return pa.chunked_array([pa.nulls(len(moments), pa.string())])
    ids = pc.unique(_text(events[ITEM]).drop_null())
    stated = pa.table({
        "i": pc.index_in(_text(events[ITEM]), value_set=ids), "t": _clock(events),
        "value": pc.index_in(said, value_set=words),
    })  # fmt: skip
    t = _clock(moments)
    # Of a row without a time nothing is known to come before it.
    item = pc.if_else(pc.is_valid(t), pc.index_in(_text(moments[ITEM]), value_set=ids), None)
    asked = pa.table({"k": np.arange(len(moments)), "i": item, "t": t})
    engine.register(_EVENTS, stated.filter(pc.is_valid(stated["t"])))
    engine.register(_MOMENTS, asked)
    found = engine.collect(asof.most_named(_EVENTS, _MOMENTS, "i", "value", len(words)))["value"]
    return pa.chunked_array([words]).take(found.cast(pa.int64()))


def _clock(rows: pa.Table) -> pa.ChunkedArray:
    """Microseconds, or the rows' own order in logs without times."""
    if TIME in rows.column_names and rows[TIME].null_count < len(rows):
        return rows[TIME].cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return rows[ROW].cast(pa.int64())


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string())
