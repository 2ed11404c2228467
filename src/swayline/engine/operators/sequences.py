"""From a log to sequences: the values of a column by count, events as numbers in order."""

from swayline.core.names import BEHAVIOR, ITEM, ROW, TIME, USER, VALUE
from swayline.engine.dialect import Dialect
from swayline.engine.registry import Name, Source, operator


@operator
def distinct_by_count(d: Dialect, table: Source, column: Name) -> str:
    """The values of a column with their counts, most frequent first, ties by value: the order of a vocabulary."""
    return (
        f"SELECT {column} AS id, count(*) AS n FROM {table} WHERE {column} IS NOT NULL"
        f" GROUP BY {column} ORDER BY n DESC, id"
    )


@operator
def ordered_sequences(
    d: Dialect, table: Source, users: Source, items: Source, behaviors: Source, with_values: bool = False
) -> str:
    """Events as row numbers of three vocabularies (tables ``id, code``), by user, then time, then source row."""
    value = f", e.{VALUE} AS {VALUE}" if with_values else ""
    return (
        f"SELECT u.code AS {USER}, i.code AS {ITEM}, b.code AS {BEHAVIOR},"
        f" coalesce({d.epoch_us(f'e.{TIME}')}, -1) AS {TIME}, e.{ROW} AS {ROW}{value}"
        f" FROM {table} e JOIN {users} u ON e.{USER} = u.id JOIN {items} i ON e.{ITEM} = i.id"
        f" JOIN {behaviors} b ON e.{BEHAVIOR} = b.id ORDER BY 1, 4, 5"
    )
