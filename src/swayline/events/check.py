"""Every row is checked column by column: it is typed and kept, or refused with the column, the value and the reason.

Event keys (user, item, behaviour, time) are never filled. The checks are SQL, so that any engine runs them.
"""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import (
    BEHAVIOR, BEHAVIOR_SYNONYMS, COLUMN, EXPOSED, INTERACT, ITEM, ITEMLESS, LAT, LON, OPTIONAL_COLUMNS,
    POSITION, PROPENSITY, RATE, REASON, REST, ROW, TEXT, TIME, USER, VALUE,
)  # fmt: skip
from swayline.engine import Engine
from swayline.events.sources.block import Block, Refusal

MAX_ID_BYTES = 512
MAX_TEXT_BYTES = 65_536
CLOCK_SKEW = timedelta(days=1)
_NOT_IDS = "('', 'NaN', 'nan', 'NULL', 'null', 'None', '<NA>', 'NaT', '\\N')"
"""What other tools write where a value is missing."""
_UNITS_US = (("s", 1e6, 1e11), ("ms", 1e3, 1e14), ("us", 1.0, 1e17))
"""Unit of a number of time, microseconds in one, and the largest plausible value."""

_NUMBERS = {
    VALUE: ("DOUBLE", "isfinite({0})", "is no finite number"),
    LAT: ("DOUBLE", "{0} BETWEEN -90 AND 90", "is no latitude from -90 to 90"),
    LON: ("DOUBLE", "{0} BETWEEN -180 AND 180", "is no longitude from -180 to 180"),
    POSITION: ("BIGINT", "{0} >= 0", "is no whole number from 0"),
    PROPENSITY: ("DOUBLE", "{0} > 0 AND {0} <= 1", "is no probability above 0 and up to 1"),
}


def time_unit_us(times: pa.ChunkedArray) -> float:
    """Microseconds in one unit of a column of numeric times, told from their median: s, ms, us or ns; 0 for dates 20260131.

    A median, so that one odd row does not change how all others are read.
    """
    numbers = pc.cast(pc.filter(times, pc.match_substring_regex(times, r"^\s*\d+(\.\d*)?\s*$")), pa.float64())
    if len(numbers) == 0:
        return 1e6
    middle = pc.quantile(numbers, 0.5)[0].as_py()
    if 19_000_101 <= middle <= 21_001_231 and pc.all(pc.equal(numbers, pc.floor(numbers))).as_py() and _are_dates(numbers):
        return 0.0
    return next((us for _, us, largest in _UNITS_US if middle < largest), 1e-3)


def _are_dates(numbers: pa.ChunkedArray) -> bool:
    months = [int(value) // 100 % 100 for value in numbers[:1000].to_pylist()]
    days = [int(value) % 100 for value in numbers[:1000].to_pylist()]
    return all(1 <= month <= 12 for month in months) and all(1 <= day <= 31 for day in days)


def check(engine: Engine, block: Block, unit_us: float, now: datetime | None = None) -> tuple[pa.Table, list[Refusal]]:
    """The good rows of a block, typed, and the refusals (the reader's own among them).

    Parameters
    ----------
    unit_us : float
        From :func:`time_unit_us`.
    now : datetime, optional
        The moment beyond which a time is in the future; by default the clock's, a day's skew allowed.
    """
    engine.register("raw", block.table)
    typed = engine.sql(_typed_sql(block.table.column_names, unit_us, now or datetime.now(UTC)))
    bad = typed.filter(pc.is_valid(typed[REASON]))
    refused = [
        Refusal(one[ROW], one[COLUMN], one["bad_value"] or "", one[REASON])
        for one in bad.select([ROW, COLUMN, "bad_value", REASON]).to_pylist()
    ]
    good = typed.filter(pc.is_null(typed[REASON])) if len(bad) else typed
    return good.drop_columns([COLUMN, "bad_value", REASON]), sorted([*block.refused, *refused], key=lambda one: one.row)


def _typed_sql(columns: list[str], unit_us: float, now: datetime) -> str:
    """One query: clean columns, then the first rule a row breaks as (column, value, reason)."""
    has = set(columns)
    clean = {ROW: ROW, USER: f"trim({USER})", ITEM: f"trim({ITEM})", BEHAVIOR: _behavior_sql(has), TIME: _time_sql(has, unit_us)}
    rules = [*_id_rules(USER, "{0} IS NULL"), *_item_rules(has), *_behavior_rules(has), *_time_rules(has, now)]
    for name in OPTIONAL_COLUMNS:
        if name not in has:
            continue
        expression, more = _optional(name)
        clean[name] = expression
        rules += more
    if REST in has:
        clean[REST] = f"md5({REST})"
    cleaned = ", ".join(f"{expression} AS {name}" for name, expression in clean.items())
    raws = ", ".join(f"{name} AS raw_{name}" for name in columns if name not in (ROW, REST))
    kept = ", ".join(clean)
    cases = {part: " ".join(f"WHEN {test} THEN {text}" for test, text in _parts(rules, part)) for part in (COLUMN, "bad_value", REASON)}
    chosen = ", ".join(f"CASE {case} ELSE NULL END AS {part}" for part, case in cases.items())
    return f"SELECT {kept}, {chosen} FROM (SELECT {cleaned}, {raws} FROM raw) ORDER BY {ROW}"


def _parts(rules: list[tuple[str, str, str]], part: str) -> list[tuple[str, str]]:
    """(test, SQL of the column's name, raw value or reason) of each rule."""
    if part == COLUMN:
        return [(test, f"'{column}'") for column, test, _ in rules]
    if part == REASON:
        return [(test, "'" + reason.replace("'", "''") + "'") for _, test, reason in rules]
    return [(test, f"raw_{column}") for column, test, _ in rules]


def _id_rules(name: str, missing: str) -> list[tuple[str, str, str]]:
    return [
        (name, f"({missing.format(name)} OR {name} IN {_NOT_IDS})", "is missing"),
        (name, f"octet_length(encode({name})) > {MAX_ID_BYTES}", f"is longer than {MAX_ID_BYTES} bytes"),
    ]


def _item_rules(has: set[str]) -> list[tuple[str, str, str]]:
    words = f"OR ({TEXT} IS NOT NULL AND {ITEM} IS NULL)" if TEXT in has else ""
    itemless = ", ".join(f"'{name}'" for name in sorted(ITEMLESS))
    needs_item = f"NOT ({BEHAVIOR} IN ({itemless}) {words})"
    return [
        (ITEM, f"(({ITEM} IS NULL OR {ITEM} IN {_NOT_IDS}) AND {needs_item})", "is missing"),
        (ITEM, f"octet_length(encode({ITEM})) > {MAX_ID_BYTES}", f"is longer than {MAX_ID_BYTES} bytes"),
    ]


def _behavior_sql(has: set[str]) -> str:
    if BEHAVIOR not in has:
        return f"'{RATE if VALUE in has else INTERACT}'"
    word = f"lower(trim({BEHAVIOR}))"
    known = " ".join(f"WHEN '{foreign}' THEN '{ours}'" for foreign, ours in BEHAVIOR_SYNONYMS.items())
    return f"CASE {word} {known} ELSE {word} END"


def _behavior_rules(has: set[str]) -> list[tuple[str, str, str]]:
    if BEHAVIOR not in has:
        return []
    return [
        (BEHAVIOR, f"({BEHAVIOR} IS NULL OR {BEHAVIOR} IN ('', 'nan', 'null', 'none', '<na>', '\\n'))", "is missing"),
        (BEHAVIOR, f"octet_length(encode({BEHAVIOR})) > {MAX_ID_BYTES}", f"is longer than {MAX_ID_BYTES} bytes"),
    ]


def _time_sql(has: set[str], unit_us: float) -> str:
    if TIME not in has:
        return "CAST(NULL AS TIMESTAMPTZ)"
    number = f"TRY_CAST({TIME} AS DOUBLE)"
    if unit_us == 0.0:
        return f"CAST(TRY_STRPTIME(trim({TIME}), '%Y%m%d') AS TIMESTAMPTZ)"
    moment = f"round({number} * {unit_us!r})"
    # Words such as 'epoch' and 'infinity' are times to DuckDB and none to us, hence the leading digit.
    written = f"CASE WHEN regexp_matches(trim({TIME}), '^[0-9]{{4}}-') THEN TRY_CAST(trim({TIME}) AS TIMESTAMP) END"
    return (
        f"CASE WHEN {number} IS NULL THEN CAST({written} AS TIMESTAMPTZ)"
        f" WHEN isfinite({number}) AND abs({number} * {unit_us!r}) < 2.5e17 THEN make_timestamptz(CAST({moment} AS BIGINT)) END"
    )


def _time_rules(has: set[str], now: datetime) -> list[tuple[str, str, str]]:
    if TIME not in has:
        return []
    limit = (now + CLOCK_SKEW).strftime("%Y-%m-%d %H:%M:%S+00")
    return [
        (TIME, f"{TIME} IS NULL", "is no time: write UTC seconds, milliseconds, or 2026-01-31T12:00:00Z"),
        (TIME, f"{TIME} < TIMESTAMPTZ '1970-01-01 00:00:00+00'", "is before 1970"),
        (TIME, f"{TIME} > TIMESTAMPTZ '{limit}'", "is in the future (is it in another unit than the rows around it?)"),
    ]


def _optional(name: str) -> tuple[str, list[tuple[str, str, str]]]:
    """The clean expression of an optional column and its rules; an empty cell is null, a wrong one refuses the row."""
    empty = f"(raw_{name} IS NULL OR trim(raw_{name}) IN {_NOT_IDS})"
    if name in _NUMBERS:
        kind, test, reason = _NUMBERS[name]
        return f"TRY_CAST({name} AS {kind})", [
            (name, f"NOT {empty} AND ({name} IS NULL OR NOT ({test.format(name)}))", reason),
        ]
    if name == EXPOSED:
        return f"TRY_CAST({name} AS BOOLEAN)", [(name, f"NOT {empty} AND {name} IS NULL", "is neither true nor false")]
    limit = MAX_TEXT_BYTES if name == TEXT else MAX_ID_BYTES
    return f"nullif(trim({name}), '')", [
        (name, f"octet_length(encode({name})) > {limit}", f"is longer than {limit} bytes"),
    ]
