"""From raw rows to a log: repeats and rows that are too few to tell anything."""

from swayline.core.names import ITEM, ROW, USER
from swayline.engine.dialect import Dialect
from swayline.engine.registry import Name, Names, Source, operator


@operator
def suspects(d: Dialect, table: Source, columns: Names, key: Name | None = None) -> str:
    """Row numbers of rows that may have an equal one, by a short digest: a cheap look before :func:`deduplicate`.

    Rows with a ``key`` are equal when that is; the others when all ``columns`` are.
    """
    every = d.digest(columns)
    digest = every if key is None else f"CASE WHEN {key} IS NULL THEN {every} ELSE {d.digest([key])} END"
    digests = f"SELECT {ROW}, {digest} AS digest FROM {table}"
    twice = f"SELECT digest FROM ({digests}) GROUP BY digest HAVING count(*) > 1"
    return f"SELECT {ROW} FROM ({digests}) WHERE digest IN ({twice}) ORDER BY {ROW}"


@operator
def deduplicate(d: Dialect, table: Source, columns: Names, key: Name | None = None) -> str:
    """Row numbers that go because an equal row stays: of equal rows the first, and one row a ``key``.

    Of rows with the same key the one whose content comes first stands, the first of them where all are equal: the
    source's order decides nothing.
    """
    group = ", ".join(columns)
    first = f"SELECT min({ROW}) AS kept FROM {table}{f' WHERE {key} IS NULL' if key else ''} GROUP BY {group}"
    if key is not None:
        content = " || chr(31) || ".join(f"coalesce(CAST({column} AS {d.text}), chr(30))" for column in columns)
        content += f" || chr(31) || lpad(CAST({ROW} AS {d.text}), 20, '0')"
        one = f"SELECT min_by({ROW}, {content}) AS kept FROM {table} WHERE {key} IS NOT NULL GROUP BY {key}"
        first = f"{first} UNION ALL {one}"
    return f"SELECT {ROW} FROM {table} WHERE {ROW} NOT IN (SELECT kept FROM ({first})) ORDER BY {ROW}"


@operator
def rows_in(d: Dialect, table: Source, rows: Source) -> str:
    """The rows whose number stands in another table."""
    return f"SELECT * FROM {table} WHERE {ROW} IN (SELECT {ROW} FROM {rows})"


@operator
def rows_not_in(d: Dialect, table: Source, rows: Source) -> str:
    """The rows whose number does not stand in another table."""
    return f"SELECT * FROM {table} WHERE {ROW} NOT IN (SELECT {ROW} FROM {rows})"


@operator
def filled_counts(d: Dialect, table: Source, columns: Names) -> str:
    """One row: ``n`` rows, and for each column those in which it holds something."""
    return f"SELECT count(*) AS n, {', '.join(f'count({name}) AS {name}' for name in columns)} FROM {table}"


@operator
def sorted_rows(d: Dialect, table: Source, columns: Names, order: Names, shorter_first: Name | None = None) -> str:
    """Some columns of all rows in an order: by ``order``, shorter values of ``shorter_first`` before longer."""
    by = ", ".join(f"length({name}), {name}" if name == shorter_first else name for name in order)
    return f"SELECT {', '.join(columns)} FROM {table} ORDER BY {by}"


@operator
def k_core_step(d: Dialect, table: Source, min_user: int, min_item: int) -> str:
    """One round of k-core: rows whose user and item both still have enough events. Repeat until nothing goes."""
    return (
        f"SELECT * FROM {table}"
        f" WHERE {USER} IN (SELECT {USER} FROM {table} GROUP BY {USER} HAVING count(*) >= {min_user})"
        f" AND {ITEM} IN (SELECT {ITEM} FROM {table} GROUP BY {ITEM} HAVING count(*) >= {min_item})"
    )
