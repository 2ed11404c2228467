"""Which columns stay: an allow-list, and what the caller names; everything else is dropped, and said to be."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from swayline.core.errors import DataError, UsageError, nearest, shown
from swayline.core.names import BEHAVIOR, ITEM, LAT, LON, ROW, SESSION, TIME, USER, VALUE
from swayline.events import EventLog

ALLOWED = {"events": (USER, ITEM, BEHAVIOR, TIME, VALUE), "users": (USER,), "items": (ITEM,)}
"""What is kept of each table without being asked for."""


@dataclass(frozen=True)
class TableColumns:
    """The columns of one table.

    Parameters
    ----------
    kept, dropped : tuple of str
        In the table's order.
    """

    kept: tuple[str, ...]
    dropped: tuple[str, ...]


def choose_columns(log: EventLog, keep: Iterable[str], with_places: bool = False) -> dict[str, TableColumns]:
    """What stays of each table that the log has: ``events``, ``users``, ``items``.

    Parameters
    ----------
    keep : iterable of str
        Names of further columns; ``users.age`` is the column of one table, ``age`` that of every table that has it.
    with_places : bool
        Keep ``lat`` and ``lon`` wherever they stand.

    Raises
    ------
    UsageError
        No table has a column of that name.
    DataError
        Places are wanted and no table has any.
    """
    tables = {name: table for name in ALLOWED if (table := getattr(log, name)) is not None}
    held = {name: [one for one in table.column_names if one != ROW] for name, table in tables.items()}
    asked: set[tuple[str, str]] = set()
    for word in keep:
        asked |= _places_of(word, held)
    if with_places:
        found = {(name, one) for name, columns in held.items() for one in (LAT, LON) if one in columns}
        if not found:
            raise DataError(f"no table has places (columns {LAT}, {LON}): leave --place-digits out")
        asked |= found
    if TIME in held["events"] and not has_times(log):
        held["events"].remove(TIME)
    if log.mapped and SESSION not in log.mapped and ("events", SESSION) not in asked:
        held["events"] = [one for one in held["events"] if one != SESSION]  # the reader's own, not the source's
    chosen = {}
    for name, columns in held.items():
        kept = tuple(one for one in columns if one in ALLOWED[name] or (name, one) in asked)
        chosen[name] = TableColumns(kept, tuple(one for one in columns if one not in kept))
    return chosen


def _places_of(word: str, held: dict[str, list[str]]) -> set[tuple[str, str]]:
    """(table, column) of everything a word names."""
    found = {(name, one) for name, columns in held.items() for one in columns if word in (one, f"{name}.{one}")}
    if not found:
        known = {one for name, columns in held.items() for one in columns if one not in ALLOWED[name]}
        raise UsageError(f"--keep names {shown(word)}, which no table has: {nearest(word, known)}")
    return found


def has_times(log: EventLog) -> bool:
    """Whether events have moments, not only an order."""
    column = log.events[TIME] if TIME in log.events.column_names else None
    return not log.ordered and column is not None and column.null_count < len(column)


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without a dictionary: a dictionary goes to the file whole, words of rows that were dropped included."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
