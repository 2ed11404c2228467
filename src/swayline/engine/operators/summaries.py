"""Summary operators: counts that describe a log.

Each asks one event table. Order is (time, row) within a user, so that ordered logs, whose times are all null, keep the
order of their rows.
"""

from swayline.core.names import BEHAVIOR, FILE, ITEM, REASON, ROW, TIME, USER
from swayline.engine.dialect import Dialect
from swayline.engine.registry import Name, Names, Source, operator

REFUSED_COLUMN = "refused_column"
"""What ``column`` of the rejected rows is called in SQL, where that word is reserved."""


@operator
def log_size(d: Dialect, table: Source, columns: Names) -> str:
    """One row: events, those without an item, and the distinct values of each column."""
    distinct = ", ".join(f"count(DISTINCT {column}) AS {column}" for column in columns)
    return f"SELECT count(*) AS events, count(*) - count({ITEM}) AS without_item, {distinct} FROM {table}"


@operator
def count_histogram(d: Dialect, table: Source, column: Name) -> str:
    """How many values of a column occur ``n`` times: the shape of a tail in a few rows."""
    return (
        f"SELECT n, count(*) AS ids FROM (SELECT count(*) AS n FROM {table} WHERE {column} IS NOT NULL GROUP BY "
        f"{column})"
        " GROUP BY n ORDER BY n"
    )


@operator
def pair_sizes(d: Dialect, table: Source) -> str:
    """How many (user, item) pairs have ``n`` events, as :func:`count_histogram` gives it."""
    pairs = f"SELECT {USER} || chr(31) || {ITEM} AS pair FROM {table}"
    return (
        f"SELECT n, count(*) AS ids FROM (SELECT count(*) AS n FROM ({pairs}) WHERE pair IS NOT NULL GROUP BY pair)"
        " GROUP BY n ORDER BY n"
    )


@operator
def top_values(d: Dialect, table: Source, column: Name, limit: int) -> str:
    """The most frequent values of a column: events and users of each, and events of each behaviour (one row each)."""
    top = (
        f"SELECT {column} AS id, count(*) AS events, count(DISTINCT {USER}) AS users FROM {table}"
        f" WHERE {column} IS NOT NULL GROUP BY {column} ORDER BY events DESC, id LIMIT {limit}"
    )
    return (
        f"SELECT t.id, t.events, t.users, e.{BEHAVIOR}, count(*) AS n FROM {table} e JOIN ({top}) t ON e.{column} = "
        "t.id"
        f" GROUP BY 1, 2, 3, 4 ORDER BY 2 DESC, 1, 5 DESC, 4"
    )


@operator
def rejected_reasons(d: Dialect, table: Source, examples: int) -> str:
    """Rejected rows by file, column and reason: how many, and the first few (``row``, ``value``)."""
    group = f"{FILE}, {REFUSED_COLUMN}, {REASON}"
    return (
        f"SELECT {group}, n, {ROW}, value FROM (SELECT *, count(*) OVER (PARTITION BY {group}) AS n,"
        f" row_number() OVER (PARTITION BY {group} ORDER BY {ROW}) AS place FROM {table})"
        f" WHERE place <= {examples} ORDER BY n DESC, {group}, {ROW}"
    )


@operator
def acts_and_returns(d: Dialect, table: Source, ordered: bool) -> str:
    """One row: ``acts`` on items, ``repeats`` (rows of the same act), ``returns`` (the item was acted on before)."""
    moment = ROW if ordered else TIME
    acts = (
        f"SELECT {USER}, {ITEM}, {BEHAVIOR}, {moment} AS moment, count(*) AS copies FROM {table}"
        f" WHERE {ITEM} IS NOT NULL GROUP BY 1, 2, 3, 4"
    )
    return (
        f"WITH acts AS ({acts}), seen AS (SELECT *, min(moment) OVER (PARTITION BY {USER}, {ITEM}) AS first_moment"
        f" FROM acts) SELECT count(*) AS acts, CAST(coalesce(sum(copies) - count(*), 0) AS BIGINT) AS repeats,"
        f" count(*) FILTER (WHERE moment > first_moment) AS returns FROM seen"
    )
