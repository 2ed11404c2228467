"""What is asked about: the next item, the next behaviour, or the next category.

A log of categories is a log too: with the category (or the behaviour) in the item's place, every model predicts it.
"""

import pyarrow as pa

from swayline.core.errors import SchemaError, UsageError, nearest, shown
from swayline.core.names import BEHAVIOR, CATEGORY, ITEM
from swayline.dataset import attribute_of_events
from swayline.events import EventLog

TARGETS = ("item", "behavior", "category", "value")


def about_target(log: EventLog, target: str) -> tuple[pa.Table, pa.Table | None]:
    """(events whose item is what is asked about, items table or None where it would describe other things).

    Raises
    ------
    UsageError
        The target is unknown, or a value, which nobody ranks.
    SchemaError
        Categories are asked about, and neither the log nor its items table has any.
    """
    if target not in TARGETS:
        raise UsageError(f"--target {shown(target)} is unknown: {nearest(target, TARGETS)}")
    if target == "value":
        raise UsageError("values are not ranked: give --target value models that predict them, as evaluate_values does")
    if target == "item":
        return log.events, log.items
    if target == "behavior":
        return _with_item(log.events, log.events[BEHAVIOR].cast(pa.string())), None
    return _with_item(log.events, _categories(log)), None


def _categories(log: EventLog) -> pa.ChunkedArray:
    """(E,) the category of each event as the catalogue resolves it; null where no table says one."""
    found = attribute_of_events(log.events, log.items, CATEGORY)
    if found is None:
        raise SchemaError("--target category needs a category in the log, or an items table that has one (--items)")
    return found


def _with_item(events: pa.Table, column: pa.ChunkedArray) -> pa.Table:
    table = events.drop_columns([CATEGORY]) if CATEGORY in events.column_names else events
    return table.set_column(table.column_names.index(ITEM), ITEM, column)
