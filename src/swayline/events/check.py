"""Every row is checked column by column: it is typed and kept, or refused with the column, the value and the reason.

Event keys (user, item, behaviour, time) are never filled. The checks are SQL, so that any engine runs them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import (
    BEHAVIOR,
    BEHAVIOR_SYNONYMS,
    CATEGORY,
    EXPOSED,
    INTERACT,
    ITEM,
    ITEMLESS,
    LAT,
    LON,
    OPTIONAL_COLUMNS,
    POSITION,
    PROPENSITY,
    RATE,
    REST,
    ROW,
    TEXT,
    TIME,
    USER,
    VALUE,
)  # fmt: skip
from swayline.engine import Engine
from swayline.events.sources.block import Block, Refusal, plain_ids

MAX_ID_BYTES = 512
MAX_TEXT_BYTES = 65_536
CLOCK_SKEW = timedelta(days=1)
_BROKEN, _ACT = "broken", "clean_behavior"
_BLANKS = " \t\r\n\v\f\u00a0\u3000\u200b\ufeff"
_NOT_IDS = "('', 'NaN', 'nan', 'NULL', 'null', 'None', '<NA>', 'NaT', '\\N')"
"""What other tools write where a value is missing."""
_UNITS_US = ((1e6, 1e11), (1e3, 1e14), (1.0, 1e17))
"""Microseconds in one unit of a number of time (s, ms, us), and the largest plausible value."""
_DATES = {8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}
"""Dates written as one whole number, by their digits."""
_LARGEST_US = 9e18

_NUMBERS = {
    VALUE: ("abs({0}) <= 1.7976931348623157e308", "is no finite number"),
    LAT: ("{0} BETWEEN -90 AND 90", "is no latitude from -90 to 90"),
    LON: ("{0} BETWEEN -180 AND 180", "is no longitude from -180 to 180"),
    POSITION: ("{0} BETWEEN 0 AND 9e15 AND {0} = floor({0})", "is no whole number from 0"),
    PROPENSITY: ("{0} > 0 AND {0} <= 1", "is no probability above 0 and up to 1"),
}
_TRUE, _FALSE = "('true', 't', 'yes', 'y', '1', '1.0')", "('false', 'f', 'no', 'n', '0', '0.0')"

_Rule = tuple[str, str, str]
"""Column, SQL test that is true where it is broken, reason."""


@dataclass(frozen=True)
class Reading:
    """How the cells of a log are read, decided once from its first rows so that one odd row changes nothing.

    Parameters
    ----------
    unit_us : float
        Microseconds in one unit of a numeric time; 0 where times are dates written as ``date_format``.
    date_format : str
        How whole numbers are dates, as ``strptime`` writes it.
    left_out : frozenset of str
        Columns that are ours by name only: what they hold is no such thing, so they stay features of the row.
    """

    unit_us: float = 1e6
    date_format: str = ""
    left_out: frozenset[str] = frozenset()


def reading_of(block: Block, said: Collection[str]) -> Reading:
    """How to read a log, from its first block; ``said`` are the columns the caller named, which are never left out."""
    table = block.table
    doubtful = [name for name in _NUMBERS if name in table.column_names and name not in said]
    left_out = frozenset(name for name in doubtful if not _mostly_numbers(table[name]))
    if block.time_unit_us is not None:
        return Reading(block.time_unit_us, left_out=left_out)
    unit_us, date_format = time_unit(table[TIME]) if TIME in table.column_names else (1e6, "")
    return Reading(unit_us, date_format, left_out)


def _mostly_numbers(column: pa.ChunkedArray) -> bool:
    filled = pc.drop_null(pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), None, column)).slice(0, 10_000)
    numbers = pc.match_substring_regex(filled, r"^\s*[-+]?(\d|\.\d|[nN]a[nN]|[iI]nf)")
    return len(filled) == 0 or 2 * pc.sum(numbers).as_py() >= len(filled)


def time_unit(times: pa.ChunkedArray) -> tuple[float, str]:
    """Microseconds in one unit of a column of numeric times, told from their median, and how whole numbers are dates.

    >>> time_unit(pa.chunked_array([["1511544070000", "1511544071000", "7"]]))
    (1000.0, '')
    >>> time_unit(pa.chunked_array([["20260131", "20260201"]]))
    (0.0, '%Y%m%d')
    """
    written = pc.filter(
        times, pc.fill_null(pc.match_substring_regex(times, r"^\s*-?\d+(\.\d*)?([eE]\+?\d{1,3})?\s*$"), False)
    )
    numbers = pc.cast(pc.utf8_trim_whitespace(written), pa.float64())
    if len(numbers) == 0:
        return 1e6, ""
    middle = pc.quantile(numbers, 0.5)[0].as_py()
    for digits, form in _DATES.items():
        if 1.9 * 10.0 ** (digits - 1) <= middle <= 2.11 * 10.0 ** (digits - 1) and _are_dates(written, form):
            return 0.0, form
    return next((us for us, largest in _UNITS_US if middle < largest), 1e-3), ""


def _are_dates(written: pa.ChunkedArray, form: str) -> bool:
    some = written.slice(0, 1000).to_pylist()
    return sum(_is_date(value.strip(), form) for value in some) > 0.9 * len(some)


def _is_date(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form)
    except ValueError:
        return False
    return True


def check(
    engine: Engine, block: Block, reading: Reading, now: datetime | None = None
) -> tuple[pa.Table, list[Refusal]]:
    """The good rows of a block, typed, and the refusals (the reader's own among them), in the source's order.

    Parameters
    ----------
    reading : Reading
        From :func:`reading_of`.
    now : datetime, optional
        The moment beyond which a time is in the future; by default the clock's, a day's skew allowed.
    """
    raw = block.table
    for name in [name for name in (USER, ITEM, CATEGORY) if name in raw.column_names]:
        plain = plain_ids(raw[name])
        raw = raw if plain is raw[name] else raw.set_column(raw.column_names.index(name), name, plain)
    rules = _rules(raw.column_names, reading, now or datetime.now(UTC))
    engine.register("raw", raw)
    typed = engine.sql(_typed_sql(raw, reading, rules))
    broken = pc.is_valid(typed[_BROKEN])
    good = typed.drop_columns([_BROKEN])
    if not pc.any(broken).as_py():
        return good, block.refused
    refused = [*block.refused, *_refusals(raw, typed.filter(broken), rules)]
    return good.filter(pc.invert(broken)), sorted(refused, key=lambda one: one.row)


def times_of(engine: Engine, table: pa.Table, unit_us: float | None) -> tuple[pa.Table, list[Refusal]]:
    """A table of ``row`` and raw ``time`` with its times typed (an empty one is null), and rows with a wrong one."""
    unit_us, date_format = (unit_us, "") if unit_us is not None else time_unit(table[TIME])
    rules = _time_rules({TIME}, datetime.now(UTC))
    first = " ".join(f"WHEN {test} THEN {number}" for number, (_, test, _) in enumerate(rules))
    engine.register("raw", table)
    empty = f"{TIME} IS NULL OR trim({TIME}) IN {_NOT_IDS}"
    typed = engine.sql(
        f"SELECT {ROW}, {TIME}, CASE WHEN empty THEN NULL {first} END AS {_BROKEN} FROM (SELECT {ROW},"
        f" {empty} AS empty, {_time_sql({TIME}, Reading(unit_us, date_format))} AS {TIME} FROM raw) ORDER BY {ROW}"
    )
    return typed.drop_columns([_BROKEN]), _refusals(table, typed.filter(pc.is_valid(typed[_BROKEN])), rules)


def _refusals(raw: pa.Table, bad: pa.Table, rules: list[_Rule]) -> list[Refusal]:
    places = pc.index_in(bad[ROW], value_set=raw[ROW].combine_chunks())
    held = raw.take(places)
    refused = []
    for at, (row, rule) in enumerate(zip(bad[ROW].to_pylist(), bad[_BROKEN].to_pylist(), strict=True)):
        column, _, reason = rules[rule]
        refused.append(
            Refusal(row, column, held[column if column in held.column_names else ITEM][at].as_py() or "", reason)
        )
    return refused


def _typed_sql(raw: pa.Table, reading: Reading, rules: list[_Rule]) -> str:
    """One query: clean columns, and the number of the first rule a row breaks."""
    columns = raw.column_names
    has = _present(columns, reading)
    clean = {ROW: ROW, USER: _trimmed(USER), ITEM: _item_sql(has), BEHAVIOR: _ACT, TIME: _time_sql(has, reading)}
    clean |= {name: _optional_sql(name) for name in OPTIONAL_COLUMNS if name in has}
    if BEHAVIOR in has:
        clean[TEXT] = _text_sql(has)
    rest = _rest_sql(columns, reading)
    if rest:
        clean[REST] = rest
    cleaned = ", ".join(f"{expression} AS {name}" for name, expression in clean.items())
    raws = ", ".join(f"{name} AS raw_{name}" for name in columns if name not in (ROW, REST))
    first = " ".join(f"WHEN {test} THEN {number}" for number, (_, test, _) in enumerate(rules))
    return (
        f"SELECT {', '.join(clean)}, CASE {first} END AS {_BROKEN} FROM (SELECT {cleaned}, {raws} FROM "
        f"(SELECT *, {_behavior_sql(raw, has)} AS {_ACT} FROM raw)) ORDER BY {ROW}"
    )


def _present(columns: list[str], reading: Reading) -> set[str]:
    return {name for name in columns if name not in reading.left_out}


def _rules(columns: list[str], reading: Reading, now: datetime) -> list[_Rule]:
    has = _present(columns, reading)
    missing = f"({USER} IS NULL OR {USER} IN {_NOT_IDS})"
    rules = [*_id_rules(USER, missing), *_item_rules(), *_behavior_rules(has), *_time_rules(has, now)]
    for name in OPTIONAL_COLUMNS:
        rules += _optional_rules(name) if name in has or (name == TEXT and BEHAVIOR in has) else []
    return rules


def _trimmed(name: str) -> str:
    return f"trim(BOTH '{_BLANKS}' FROM {name})"


def _id_rules(name: str, missing: str) -> list[_Rule]:
    return [
        (name, missing, "is missing"),
        (name, f"strlen({name}) > {MAX_ID_BYTES}", f"is longer than {MAX_ID_BYTES} bytes"),
    ]


_IS_ITEMLESS = f"IN ({', '.join(repr(name) for name in sorted(ITEMLESS))})"


def _item_sql(has: set[str]) -> str:
    """A search or filter names no item unless its words stand elsewhere."""
    words = f" AND ({TEXT} IS NULL OR trim({TEXT}) IN {_NOT_IDS})" if TEXT in has else ""
    return f"CASE WHEN {_ACT} {_IS_ITEMLESS}{words} THEN NULL ELSE nullif({_trimmed(ITEM)}, '') END"


def _text_sql(has: set[str]) -> str:
    """A search's words stand in ``text``, else in the item's column."""
    text = f"nullif(trim({TEXT}), '')" if TEXT in has else "CAST(NULL AS VARCHAR)"
    return f"CASE WHEN {_ACT} {_IS_ITEMLESS} THEN coalesce({text}, nullif({_trimmed(ITEM)}, '')) ELSE {text} END"


def _item_rules() -> list[_Rule]:
    return _id_rules(ITEM, f"(({ITEM} IS NULL OR {ITEM} IN {_NOT_IDS}) AND NOT {BEHAVIOR} {_IS_ITEMLESS})")


def _behavior_sql(raw: pa.Table, has: set[str]) -> str:
    if BEHAVIOR not in has:
        return f"'{RATE if VALUE in has else INTERACT}'"
    words = {word.strip(" ").lower() for word in pc.unique(raw[BEHAVIOR]).to_pylist() if word is not None}
    ours = {word: BEHAVIOR_SYNONYMS.get(word.replace(" ", "_").replace("-", "_")) for word in words}
    known = " ".join(f"WHEN '{word}' THEN '{ours[word]}'" for word in sorted(words) if ours[word] is not None)
    return (
        f"CASE lower(trim({BEHAVIOR})) {known} ELSE lower(trim({BEHAVIOR})) END"
        if known
        else f"lower(trim({BEHAVIOR}))"
    )


def _behavior_rules(has: set[str]) -> list[_Rule]:
    missing = f"({BEHAVIOR} IS NULL OR {BEHAVIOR} IN {_NOT_IDS.lower()})"
    return _id_rules(BEHAVIOR, missing) if BEHAVIOR in has else []


def _number(name: str) -> str:
    """A number, or null; an underscore inside one, which the engine would allow, makes it none."""
    return f"CASE WHEN contains({name}, '_') THEN NULL ELSE TRY_CAST({name} AS DOUBLE) END"


def _time_sql(has: set[str], reading: Reading) -> str:
    if TIME not in has:
        return "CAST(NULL AS TIMESTAMPTZ)"
    # Words such as 'epoch' and 'infinity' are times to DuckDB and none to us, hence the leading digits.
    is_written = f"regexp_matches(trim({TIME}), '^[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}([T ][0-9]|$)', 'i')"
    written = f"CASE WHEN {is_written} THEN TRY_CAST(upper(trim({TIME})) AS TIMESTAMPTZ) END"
    if reading.date_format:
        number = f"CAST(TRY_STRPTIME(trim({TIME}), '{reading.date_format}') AS TIMESTAMPTZ)"
        return f"coalesce({number}, {written})"
    moment = f"{_number(TIME)} * {reading.unit_us!r}"
    # Nanoseconds of today are beyond what a double can tell apart.
    exact = f"TRY_CAST({TIME} AS BIGINT)"
    floored = f"({exact} - ({exact} % 1000 + 1000) % 1000) / 1000"
    whole = f"coalesce({floored}, floor({moment}))" if reading.unit_us < 1.0 else f"round({moment})"
    return (
        f"CASE WHEN abs({moment}) < {_LARGEST_US!r} THEN make_timestamptz(CAST({whole} AS BIGINT))"
        f" WHEN {_number(TIME)} IS NULL THEN {written} END"
    )


def _time_rules(has: set[str], now: datetime) -> list[_Rule]:
    if TIME not in has:
        return []
    limit = (now + CLOCK_SKEW).strftime("%Y-%m-%d %H:%M:%S+00")
    return [
        (TIME, f"{TIME} IS NULL", "is no time: write UTC seconds, milliseconds, or 2026-01-31T12:00:00Z"),
        (TIME, f"{TIME} < TIMESTAMPTZ '1970-01-01 00:00:00+00'", "is before 1970"),
        (TIME, f"{TIME} > TIMESTAMPTZ '{limit}'", "is in the future (is it in another unit than the rows around it?)"),
    ]


def _optional_sql(name: str) -> str:
    """The clean value of an optional column; null where the cell is empty or wrong."""
    if name in _NUMBERS:
        test, _ = _NUMBERS[name]
        number = _number(name)
        return (
            f"CASE WHEN {test.format(number)} THEN CAST({number} AS {'BIGINT' if name == POSITION else 'DOUBLE'}) END"
        )
    if name == EXPOSED:
        word = f"lower(trim({name}))"
        return f"CASE WHEN {word} IN {_TRUE} THEN true WHEN {word} IN {_FALSE} THEN false END"
    return f"nullif(trim({name}), '')"


def _optional_rules(name: str) -> list[_Rule]:
    """An empty cell is null; a wrong one refuses the row."""
    wrong = f"{name} IS NULL AND raw_{name} IS NOT NULL AND trim(raw_{name}) NOT IN {_NOT_IDS}"
    if name in _NUMBERS:
        return [(name, wrong, _NUMBERS[name][1])]
    if name == EXPOSED:
        return [(name, wrong, "is neither true nor false")]
    limit = MAX_TEXT_BYTES if name == TEXT else MAX_ID_BYTES
    return [(name, f"strlen({name}) > {limit}", f"is longer than {limit} bytes")]


def _rest_sql(columns: list[str], reading: Reading) -> str:
    """A digest of what tells rows apart beyond our columns: the source's other columns, times below a microsecond."""
    parts = [REST, *sorted(reading.left_out)] if REST in columns else sorted(reading.left_out)
    if reading.unit_us < 1.0 and TIME in columns and not reading.date_format:
        parts.append(TIME)
    return "md5(" + " || ".join(f"coalesce(md5({name}), '-')" for name in parts) + ")" if parts else ""
