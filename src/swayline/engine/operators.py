"""Table operators, written once as SQL that DuckDB and Spark both say.

Each function returns a query over named tables; nothing here touches data. Where the two dialects differ, the words
come from :class:`Dialect`. Known trap kept out by construction: no RANGE windows (Spark collapses on skewed keys).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from swayline.core.names import BEHAVIOR, ITEM, LAT, LON, ROW, SESSION, TIME, USER, VALUE


@dataclass(frozen=True)
class Dialect:
    """The few words DuckDB and Spark spell differently."""

    epoch_us: str
    text: str
    pair: str
    digest: str


DUCKDB = Dialect(epoch_us="epoch_us({})", text="VARCHAR", pair="({}, {})", digest="hash({})")


def suspects(table: str, columns: Sequence[str], key: str | None = None, dialect: Dialect = DUCKDB) -> str:
    """Row numbers of rows that may have an equal one, by a short digest: a cheap look before :func:`deduplicate`.

    Rows with a ``key`` are equal when that is; the others when all ``columns`` are.
    """
    every = dialect.digest.format(", ".join(columns))
    digest = every if key is None else f"CASE WHEN {key} IS NULL THEN {every} ELSE {dialect.digest.format(key)} END"
    digests = f"SELECT {ROW}, {digest} AS digest FROM {table}"
    twice = f"SELECT digest FROM ({digests}) GROUP BY digest HAVING count(*) > 1"
    return f"SELECT {ROW} FROM ({digests}) WHERE digest IN ({twice}) ORDER BY {ROW}"


def deduplicate(table: str, columns: Sequence[str], key: str | None = None, dialect: Dialect = DUCKDB) -> str:
    """Row numbers that go because an equal row stays: of equal rows the first, and one row a ``key``.

    Of rows with the same key the one whose content comes first stands, the first of them where all are equal: the
    source's order decides nothing.
    """
    group = ", ".join(columns)
    first = f"SELECT min({ROW}) AS kept FROM {table}{f' WHERE {key} IS NULL' if key else ''} GROUP BY {group}"
    if key is not None:
        content = " || chr(31) || ".join(f"coalesce(CAST({column} AS {dialect.text}), chr(30))" for column in columns)
        content += f" || chr(31) || lpad(CAST({ROW} AS {dialect.text}), 20, '0')"
        one = f"SELECT min_by({ROW}, {content}) AS kept FROM {table} WHERE {key} IS NOT NULL GROUP BY {key}"
        first = f"{first} UNION ALL {one}"
    return f"SELECT {ROW} FROM {table} WHERE {ROW} NOT IN (SELECT kept FROM ({first})) ORDER BY {ROW}"


def sessionise(
    table: str,
    columns: Sequence[str],
    has_sessions: bool,
    gap_s: float,
    order: Sequence[str] = (TIME, ROW),
    dialect: Dialect = DUCKDB,
) -> str:
    """Some columns of all rows with a ``session``: a user's pause longer than ``gap_s`` begins the next one.

    Where the table has sessions, only rows without one are given one.

    Parameters
    ----------
    order : sequence of str
        What the rows are sorted by.
    """
    now = dialect.epoch_us.format(TIME)
    by_time = f"PARTITION BY {USER} ORDER BY {TIME}, {ROW}"
    count = f"{USER} || '#' || CAST(1 + sum(fresh) OVER ({by_time} ROWS UNBOUNDED PRECEDING) AS {dialect.text})"
    session = f"{f'coalesce({SESSION}, {count})' if has_sessions else count} AS {SESSION}"
    kept = ", ".join(session if name == SESSION else name for name in dict.fromkeys([*columns, SESSION]))
    return (
        f"SELECT {kept} FROM (SELECT *, CASE WHEN {now} - lag({now}) OVER ({by_time}) > {gap_s * 1e6:.0f}"
        f" THEN 1 ELSE 0 END AS fresh FROM {table}) ORDER BY {', '.join(order)}"
    )


def k_core_step(table: str, min_user: int, min_item: int) -> str:
    """One round of k-core: rows whose user and item both still have enough events. Repeat until nothing goes."""
    return (
        f"SELECT * FROM {table}"
        f" WHERE {USER} IN (SELECT {USER} FROM {table} GROUP BY {USER} HAVING count(*) >= {min_user})"
        f" AND {ITEM} IN (SELECT {ITEM} FROM {table} GROUP BY {ITEM} HAVING count(*) >= {min_item})"
    )


def distinct_by_count(table: str, column: str) -> str:
    """The values of a column with their counts, most frequent first, ties by value: the order of a vocabulary."""
    return (
        f"SELECT {column} AS id, count(*) AS n FROM {table} WHERE {column} IS NOT NULL"
        f" GROUP BY {column} ORDER BY n DESC, id"
    )


def most_frequent(table: str, key: str, column: str) -> str:
    """The value that most rows of each key name, the smallest where several do; keys without a value are left out."""
    counts = f"SELECT {key}, {column}, count(*) AS n FROM {table} WHERE {column} IS NOT NULL GROUP BY {key}, {column}"
    ranked = f"SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY n DESC, {column}) AS place FROM ({counts})"
    return f"SELECT {key}, {column} FROM ({ranked}) WHERE place = 1 ORDER BY {key}"


def median_place(table: str) -> str:
    """Where each item is: the medians of its events' degrees; items without a place are left out."""
    return (
        f"SELECT {ITEM}, median({LAT}) AS {LAT}, median({LON}) AS {LON} FROM {table}"
        f" WHERE {LAT} IS NOT NULL AND {LON} IS NOT NULL GROUP BY {ITEM} ORDER BY {ITEM}"
    )


def ordered_sequences(
    table: str, users: str, items: str, behaviors: str, with_values: bool = False, dialect: Dialect = DUCKDB
) -> str:
    """Events as row numbers of three vocabularies (tables ``id, code``), by user, then time, then source row."""
    value = f", e.{VALUE} AS {VALUE}" if with_values else ""
    return (
        f"SELECT u.code AS {USER}, i.code AS {ITEM}, b.code AS {BEHAVIOR},"
        f" coalesce({dialect.epoch_us.format('e.' + TIME)}, -1) AS {TIME}, e.{ROW} AS {ROW}{value}"
        f" FROM {table} e JOIN {users} u ON e.{USER} = u.id JOIN {items} i ON e.{ITEM} = i.id"
        f" JOIN {behaviors} b ON e.{BEHAVIOR} = b.id ORDER BY 1, 4, 5"
    )


def transition_counts(table: str, within: str = USER) -> str:
    """How often one behaviour of a user (or of one session of a user) is followed at once by another."""
    group = USER if within == USER else f"{USER}, {within}"
    order = f"PARTITION BY {group} ORDER BY {TIME}, {ROW}"
    return (
        f"SELECT source, target, count(*) AS n FROM (SELECT lag({BEHAVIOR}) OVER ({order}) AS source,"
        f" {BEHAVIOR} AS target FROM {table}) WHERE source IS NOT NULL"
        " GROUP BY source, target ORDER BY n DESC, source, target"
    )


def funnel_counts(table: str, dialect: Dialect = DUCKDB) -> str:
    """Events, users, items and (user, item) pairs of each behaviour."""
    pair = f"CASE WHEN {ITEM} IS NOT NULL THEN {dialect.pair.format(USER, ITEM)} END"
    return (
        f"SELECT {BEHAVIOR}, count(*) AS events, count(DISTINCT {USER}) AS users, count(DISTINCT {ITEM}) AS items,"
        f" count(DISTINCT {pair}) AS pairs FROM {table} GROUP BY {BEHAVIOR} ORDER BY events DESC, {BEHAVIOR}"
    )


def windowed_counts(table: str, window_s: int, dialect: Dialect = DUCKDB) -> str:
    """Events of each behaviour in each window of time; ``start_s`` is the window's first UTC second."""
    start = f"CAST(floor({dialect.epoch_us.format(TIME)} / {window_s * 1_000_000}.0) AS BIGINT) * {window_s}"
    return (
        f"SELECT {start} AS start_s, {BEHAVIOR}, count(*) AS n FROM {table} WHERE {TIME} IS NOT NULL"
        " GROUP BY 1, 2 ORDER BY 1, 2"
    )
