"""What follows what: at once, or at any later point of a user's order."""

from collections.abc import Sequence

from swayline.core.names import BEHAVIOR, ITEM, ROW, TIME, USER
from swayline.engine.dialect import Dialect
from swayline.engine.registry import Names, Source, operator

_ORDER = f"PARTITION BY {USER} ORDER BY {TIME} NULLS LAST, {ROW}"


@operator
def transition_counts(d: Dialect, table: Source, within: Names = (USER,)) -> str:
    """How often one behaviour of a user (or of one session of a user) is followed at once by another."""
    order = f"PARTITION BY {', '.join(within)} ORDER BY {TIME} NULLS LAST, {ROW}"
    return (
        f"SELECT source, target, count(*) AS n FROM (SELECT lag({BEHAVIOR}) OVER ({order}) AS source,"
        f" {BEHAVIOR} AS target FROM {table}) WHERE source IS NOT NULL"
        " GROUP BY source, target ORDER BY n DESC, source, target"
    )


@operator
def funnel_counts(d: Dialect, table: Source) -> str:
    """Events, users, items and (user, item) pairs of each behaviour."""
    pair = f"CASE WHEN {ITEM} IS NOT NULL THEN {d.pair(USER, ITEM)} END"
    return (
        f"SELECT {BEHAVIOR}, count(*) AS events, count(DISTINCT {USER}) AS users, count(DISTINCT {ITEM}) AS items,"
        f" count(DISTINCT {pair}) AS pairs FROM {table} GROUP BY {BEHAVIOR} ORDER BY events DESC, {BEHAVIOR}"
    )


def _spans(table: Source, keys: Sequence[str]) -> str:
    """Each behaviour's first and last place in its user's order, for each unit (such as a pair)."""
    named = ", ".join(keys)
    present = " AND ".join(f"{key} IS NOT NULL" for key in keys)
    return (
        f"SELECT {named}, {BEHAVIOR}, min(place) AS first_at, max(place) AS last_at FROM"
        f" (SELECT {named}, {BEHAVIOR}, row_number() OVER ({_ORDER}) AS place FROM {table} WHERE {present})"
        f" GROUP BY {named}, {BEHAVIOR}"
    )


@operator
def reached_counts(d: Dialect, table: Source, keys: Names) -> str:
    """How many units (keys, such as user and item) show each behaviour."""
    return (
        f"SELECT {BEHAVIOR}, count(*) AS n FROM ({_spans(table, keys)}) GROUP BY {BEHAVIOR} ORDER BY n DESC, {BEHAVIOR}"
    )


@operator
def followed_counts(d: Dialect, table: Source, keys: Names, behaviors: Sequence[str]) -> str:
    """In how many units one of some behaviours is followed, at any later point, by another (or by itself again)."""
    if not behaviors:  # no unit shows any
        behaviors = ("",)
    same = " AND ".join(f"a.{key} = b.{key}" for key in keys)
    some = ", ".join(d.literal(behavior) for behavior in behaviors)
    return (
        f"WITH spans AS (SELECT * FROM ({_spans(table, keys)}) s WHERE {BEHAVIOR} IN ({some}))"
        f" SELECT a.{BEHAVIOR} AS source, b.{BEHAVIOR} AS target, count(*) AS n"
        f" FROM spans a JOIN spans b ON {same} AND b.last_at > a.first_at GROUP BY 1, 2 ORDER BY 1, 2"
    )


@operator
def followed_moments(d: Dialect, table: Source, keys: Names, target: str) -> str:
    """Sums over users of how many units show each behaviour (n) and how many of them the target later (x).

    ``users, n, x, nn, xx, nx`` are what a ratio and its variance clustered by user need.
    """
    same = " AND ".join(f"a.{key} = b.{key}" for key in keys)
    return (
        f"WITH spans AS ({_spans(table, keys)}), a_user AS"
        f" (SELECT a.{BEHAVIOR} AS {BEHAVIOR}, a.{USER} AS {USER}, count(*) AS n,"
        f" count(b.last_at) AS x FROM spans a LEFT JOIN spans b ON {same} AND b.{BEHAVIOR} = {d.literal(target)}"
        f" AND b.last_at > a.first_at GROUP BY 1, 2)"
        f" SELECT {BEHAVIOR}, count(*) AS users, CAST(sum(n) AS BIGINT) AS n, CAST(sum(x) AS BIGINT) AS x,"
        f" CAST(sum(n * n) AS DOUBLE) AS nn, CAST(sum(x * x) AS DOUBLE) AS xx, CAST(sum(n * x) AS DOUBLE) AS nx"
        f" FROM a_user GROUP BY {BEHAVIOR} ORDER BY {BEHAVIOR}"
    )
