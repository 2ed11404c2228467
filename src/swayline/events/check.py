"""Every row is checked column by column: it is typed and kept, or refused with the column, the value and the reason.

Event keys (user, item, behaviour, time) are never filled. The checks are SQL, so that any engine runs them; columns
that no rule changes do not pass through the engine.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import (
    BEHAVIOR,
    BEHAVIOR_SYNONYMS,
    CATEGORY,
    EXPOSED,
    IMPRESSIONS,
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
)
from swayline.engine import Engine
from swayline.events.options import DATE_PARTS
from swayline.events.sources.block import Block, Refusal, float_text, plain_ids
from swayline.events.sources.facts import Facts, facts, holds_only

MAX_ID_BYTES = 512
MAX_TEXT_BYTES = 65_536
CLOCK_SKEW = timedelta(days=1)
_BROKEN, _MOMENT = "broken", "moment"
_INVISIBLE = "\u200b\u2060\ufeff"
_GAPS = ("", "NaN", "nan", "NULL", "null", "None", "<NA>", "NaT", "\\N")
"""What other tools write where a value is missing."""
_NOT_IDS = f"({', '.join(repr(gap) for gap in _GAPS[:-1])}, '\\N')"
_UNITS_US = ((1e6, 1e11), (1e3, 1e14), (1.0, 1e17))
"""Microseconds in one unit of a number of time (s, ms, us), and the largest plausible value."""
_DATES = {8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}
"""Dates written as one whole number, by their digits."""
_LARGEST_US = 9e18
_LATER_US = 1e14
"""March 1973: a median beyond it says that numbers of time count from 1970 and not from a start of their own."""
_NO_OFFSET = r":[0-9.]+ *[+-](1[5-9]|[2-9][0-9])"
"""Offsets of 15 hours and more, which no clock has and the engine would subtract."""
_ROWS_A_SLICE = 200
_WHOLE_TIME = r"^\s*-?\d+(\.\d*)?([eE]\+?\d{1,3})?\s*$"

_NUMBERS = {
    VALUE: ("abs({0}) <= 1.7976931348623157e308", "is no finite number"),
    LAT: ("{0} BETWEEN -90 AND 90", "is no latitude from -90 to 90"),
    LON: ("{0} BETWEEN -180 AND 180", "is no longitude from -180 to 180"),
    POSITION: ("{0} BETWEEN 0 AND 9e15 AND {0} = floor({0})", "is no whole number from 0"),
    PROPENSITY: ("{0} > 0 AND {0} <= 1", "is no probability above 0 and up to 1"),
}
_TRUE, _FALSE = "('true', 't', 'yes', 'y', '1', '1.0')", "('false', 'f', 'no', 'n', '0', '0.0')"
_ORDER = (ROW, USER, ITEM, BEHAVIOR, TIME, *OPTIONAL_COLUMNS, IMPRESSIONS, REST)
_IS_ITEMLESS = f"IN ({', '.join(repr(name) for name in sorted(ITEMLESS))})"

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
    is_epoch : bool
        Numbers of time count from 1970 and most lie after 1973, so that one of 8 digits that begins like a date
        (20240201) is a date written in the wrong place, not a moment of 1970.
    """

    unit_us: float = 1e6
    date_format: str = ""
    left_out: frozenset[str] = frozenset()
    is_epoch: bool = False


def reading_of(block: Block, said: Collection[str]) -> Reading:
    """How to read a log, from its first block; ``said`` are the columns the caller named, which are never left out."""
    table = with_dates(block.table)
    doubtful = [name for name in _NUMBERS if name in table.column_names and name not in said]
    left_out = frozenset(name for name in doubtful if not _mostly_numbers(table[name]))
    if block.time_unit_us is not None:
        return Reading(block.time_unit_us, left_out=left_out)
    if TIME not in table.column_names:
        return Reading(left_out=left_out)
    unit_us, date_format = time_unit(table[TIME])
    return Reading(unit_us, date_format, left_out, _is_epoch(table[TIME], unit_us))


def _mostly_numbers(column: pa.ChunkedArray) -> bool:
    if not pa.types.is_string(column.type):
        return True
    filled = pc.drop_null(pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), None, column)).slice(0, 10_000)
    numbers = pc.match_substring_regex(filled, r"^\s*[-+]?(\d|\.\d|[nN]a[nN]|[iI]nf)")
    return len(filled) == 0 or 2 * pc.sum(numbers).as_py() >= len(filled)


def time_unit(times: pa.ChunkedArray) -> tuple[float, str]:
    """Microseconds in one unit of a column of numeric times, told from their median, and how whole numbers are dates.

    >>> time_unit(pa.chunked_array([["1511544070000", "1511544071000", "7"]]))
    (1000.0, '')
    >>> time_unit(pa.chunked_array([[20260131, 20260201]]))
    (0.0, '%Y%m%d')
    """
    written, numbers = _time_numbers(times)
    if len(numbers) == 0:
        return 1e6, ""
    middle = pc.quantile(numbers, 0.5)[0].as_py()
    for digits, form in _DATES.items():
        if 1.9 * 10.0 ** (digits - 1) <= middle <= 2.11 * 10.0 ** (digits - 1) and _are_dates(written, form):
            return 0.0, form
    return next((us for us, largest in _UNITS_US if middle < largest), 1e-3), ""


def _is_epoch(times: pa.ChunkedArray, unit_us: float) -> bool:
    """Whether most numbers of time are moments after 1973."""
    numbers = _time_numbers(times)[1]
    return len(numbers) > 0 and pc.quantile(numbers, 0.5)[0].as_py() * unit_us >= _LATER_US


def _time_numbers(times: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Those times that are written as one number, as text and as numbers."""
    if not pa.types.is_string(times.type):
        times = float_text(times)
    written = pc.filter(times, pc.fill_null(pc.match_substring_regex(times, _WHOLE_TIME), False))
    return written, pc.cast(pc.utf8_trim_whitespace(written), pa.float64())


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
    source = with_dates(block.table)
    trimmed, known = _trimmed(source, reading)
    raw = _as_numbers(_with_words(_with_behaviors(trimmed, reading)), reading)
    if TEXT in known:  # words of searches may stand in the item's place
        known[TEXT] |= known.get(ITEM, Facts())
    if BEHAVIOR in known and known[BEHAVIOR].longest > MAX_ID_BYTES // 3:
        del known[BEHAVIOR]  # lower case may be longer
    cells = _Cells(frozenset(raw.column_names) - reading.left_out, _text_columns(raw), reading, known)
    rules = _rules(cells, now or datetime.now(UTC))
    engine.register("raw", raw)
    answers = engine.sql(_question(cells, _changed(raw, cells), rules))
    if not answers[ROW].equals(raw[ROW]):
        answers = answers.sort_by(ROW)
    names = [name for name in _ORDER if name in cells.has or name in answers.column_names]
    typed = pa.table({name: answers[name] if name in answers.column_names else raw[name] for name in names})
    broken = answers[_BROKEN]
    if broken.null_count == len(broken):
        return typed, block.refused
    bad = pc.is_valid(broken)
    refused = [*block.refused, *_refusals(source.filter(bad), broken.filter(bad), rules)]
    return _without(typed, np.flatnonzero(np.asarray(bad))), sorted(refused, key=lambda one: one.row)


def _without(table: pa.Table, rows: np.ndarray) -> pa.Table:
    """A table without some rows; where they are few, in slices that are copied once, when all is put in order."""
    if len(rows) * _ROWS_A_SLICE > len(table):
        return table.filter(pa.array(np.isin(np.arange(len(table)), rows, invert=True)))
    starts, ends = np.concatenate([[0], rows + 1]), np.concatenate([rows, [len(table)]])
    pieces = [table.slice(start, end - start) for start, end in zip(starts, ends, strict=True) if end > start]
    return pa.concat_tables(pieces) if pieces else table.schema.empty_table()


def with_dates(table: pa.Table) -> pa.Table:
    """A table whose time is told by year, month and day, with that time; any other as it is.

    >>> with_dates(pa.table({"year": ["2009"], "month": ["4"], "day": ["1"]})).to_pylist()
    [{'time': '2009-4-1'}]
    """
    if DATE_PARTS[0] not in table.column_names:
        return table
    dates = pc.binary_join_element_wise(*(table[part] for part in DATE_PARTS), "-", null_handling="replace")
    return table.drop_columns(list(DATE_PARTS)).append_column(TIME, dates)


def times_of(engine: Engine, table: pa.Table, unit_us: float | None) -> tuple[pa.Table, list[Refusal]]:
    """A table of ``row`` and raw ``time`` with its times typed (an empty one is null), and rows with a wrong one."""
    reading = Reading(*((unit_us, "") if unit_us is not None else time_unit(table[TIME])))
    raw, known = _trimmed(table, reading)
    cells = _Cells(frozenset({TIME}), _text_columns(raw), reading, known)
    rules = [
        (TIME, f"NOT {_is_empty(TIME, cells)} AND {test}", reason) for _, test, reason in _time_rules(datetime.now(UTC))
    ]
    engine.register("raw", raw)
    typed = engine.sql(
        f"SELECT {ROW}, {_MOMENT} AS {TIME}, {_first_broken(rules)} AS {_BROKEN}"
        f" FROM (SELECT *, {_moment_sql(cells)} AS {_MOMENT} FROM raw) ORDER BY {ROW}"
    )
    bad = pc.is_valid(typed[_BROKEN])
    return typed.drop_columns([_BROKEN]), _refusals(table.filter(bad), typed[_BROKEN].filter(bad), rules)


def _refusals(raw: pa.Table, broken: pa.ChunkedArray, rules: list[_Rule]) -> list[Refusal]:
    held = {
        name: raw[name].to_pylist()
        for name in raw.column_names
        if name in {rules[rule][0] for rule in broken.to_pylist()} | {ITEM}
    }
    refused = []
    for at, (row, rule) in enumerate(zip(raw[ROW].to_pylist(), broken.to_pylist(), strict=True)):
        column, _, reason = rules[rule]
        value = held[column if column in held else ITEM][at]
        refused.append(Refusal(row, column, "" if value is None else str(value), reason))
    return refused


# --- cells before they are asked about ---------------------------------------------------------


@dataclass(frozen=True)
class _Cells:
    """Which of our columns a block has, which of them are text, how they are read, and what is known of the text."""

    has: frozenset[str]
    texts: frozenset[str]
    reading: Reading
    known: Mapping[str, Facts]

    def longest(self, name: str) -> int:
        """Bytes of the longest cell, at most; a column that is made of others may hold anything."""
        return self.known[name].longest if name in self.known else MAX_TEXT_BYTES + 1

    def missing(self, name: str, gaps: str = _NOT_IDS) -> str:
        """SQL that is true where a cell holds nothing, or a word for it."""
        if name in self.known and not self.known[name].may_gap:
            return f"{name} IS NULL"
        return f"({name} IS NULL OR {name} IN {gaps})"


def _text_columns(raw: pa.Table) -> frozenset[str]:
    return frozenset(name for name in raw.column_names if pa.types.is_string(raw[name].type))


def _trimmed(table: pa.Table, reading: Reading) -> tuple[pa.Table, dict[str, Facts]]:
    """Cells without blanks around them, none of them empty; ids as they are meant; times that are dates as text.

    What is known of the text columns comes with them.
    """
    known: dict[str, Facts] = {}
    for at, name in enumerate(table.column_names):
        column = table[name]
        if name == TIME and reading.date_format and not pa.types.is_string(column.type):
            column = float_text(column)
        elif not pa.types.is_string(column.type) or name == REST:
            continue
        told = facts(column)
        if told.may_trim:
            column = pc.utf8_trim_whitespace(column)
            if name in (USER, ITEM, BEHAVIOR) and not pc.all(pc.string_is_ascii(column)).as_py():
                column = pc.utf8_trim_whitespace(pc.utf8_trim(column, characters=_INVISIBLE))
            told = facts(column)
        if name in (USER, ITEM, CATEGORY):
            column = plain_ids(column)
        if told.has_empty:
            column = pc.if_else(pc.equal(column, ""), None, column)
        known[name] = told
        table = table.set_column(at, name, column)
    return table, known


def _as_numbers(raw: pa.Table, reading: Reading) -> pa.Table:
    """Text columns of numbers as numbers where every cell is a finite one: the engine would read each cell again.

    Times whose text tells rows apart (nanoseconds) or is a date stay text.
    """
    names = [name for name in _NUMBERS if name in raw.column_names and name not in reading.left_out]
    if TIME in raw.column_names and reading.unit_us >= 1.0 and not reading.date_format:
        names.append(TIME)
    for name in names:
        if pa.types.is_string(raw[name].type):
            number = _numbers(raw[name], pa.int64() if name == TIME else pa.float64())
            if number is not None:
                raw = raw.set_column(raw.column_names.index(name), name, number)
    return raw


def _numbers(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    # Arrow reads 0x1f as a number, the engine does not.
    if not holds_only(column, b"0123456789+-.eE"):
        return None
    try:
        numbers = pc.cast(column, kind)
    except pa.ArrowInvalid:
        return None
    if kind == pa.float64() and not pc.all(pc.is_finite(numbers)).as_py():
        return None
    return numbers


def _with_behaviors(raw: pa.Table, reading: Reading) -> pa.Table:
    """Behaviours by our words; a log without any is one behaviour."""
    if BEHAVIOR not in raw.column_names:
        only = RATE if VALUE in raw.column_names and VALUE not in reading.left_out else INTERACT
        return raw.append_column(BEHAVIOR, pa.repeat(only, len(raw)))
    coded = raw[BEHAVIOR].combine_chunks().dictionary_encode()
    words = [word.lower() for word in coded.dictionary.to_pylist()]
    ours = [BEHAVIOR_SYNONYMS.get(word.replace(" ", "_").replace("-", "_"), word) for word in words]
    column = pa.array(ours, pa.string()).take(coded.indices)
    return raw.set_column(raw.column_names.index(BEHAVIOR), BEHAVIOR, column)


def _with_words(raw: pa.Table) -> pa.Table:
    """Searches and filters with their words in ``text`` and, where the words had no column of their own, no item."""
    if TEXT not in raw.column_names:
        raw = raw.append_column(TEXT, pa.nulls(len(raw), pa.string()))
    text = raw[TEXT]
    itemless = pc.is_in(raw[BEHAVIOR], value_set=pa.array(sorted(ITEMLESS)))
    empty = pc.or_(pc.is_null(text), pc.is_in(text, value_set=pa.array(_GAPS)))
    moved = pc.and_(pc.and_(itemless, empty), pc.is_valid(raw[ITEM]))
    if not pc.any(moved).as_py():
        return raw
    raw = raw.set_column(raw.column_names.index(TEXT), TEXT, pc.if_else(moved, raw[ITEM], text))
    return raw.set_column(raw.column_names.index(ITEM), ITEM, pc.if_else(moved, None, raw[ITEM]))


# --- the question ------------------------------------------------------------------------------


def _question(cells: _Cells, changed: dict[str, str], rules: list[_Rule]) -> str:
    """One query: the columns that change, and the number of the first rule a row breaks (null: none)."""
    columns = ", ".join(f"{expression} AS {name}" for name, expression in ({ROW: ROW} | changed).items())
    return (
        f"SELECT {columns}, {_first_broken(rules)} AS {_BROKEN}"
        f" FROM (SELECT *, {_moment_sql(cells)} AS {_MOMENT} FROM raw)"
    )


def _changed(raw: pa.Table, cells: _Cells) -> dict[str, str]:
    """SQL of the columns that the engine makes; all others stay as they are."""
    wanted = {TIME: _MOMENT}
    for name in (*_NUMBERS, EXPOSED):
        if name in cells.has and not (raw[name].type == pa.float64() and name != POSITION):
            wanted[name] = _typed_sql(name, cells)
    rest = _rest_sql(cells)
    return wanted | ({REST: rest} if rest else {})


def _first_broken(rules: list[_Rule]) -> str:
    tests = " ".join(f"WHEN {test} THEN {number}" for number, (_, test, _) in enumerate(rules))
    return f"CASE {tests} END" if rules else "CAST(NULL AS INTEGER)"


def _rules(cells: _Cells, now: datetime) -> list[_Rule]:
    rules = [
        *_id_rules(USER, cells.missing(USER), cells),
        *_id_rules(ITEM, f"({cells.missing(ITEM)} AND NOT {BEHAVIOR} {_IS_ITEMLESS})", cells),
    ]
    if BEHAVIOR in cells.has:
        rules += _id_rules(BEHAVIOR, cells.missing(BEHAVIOR, _NOT_IDS.lower()), cells)
    if TIME in cells.has:
        rules += _time_rules(now)
        rules += _date_rules(cells)
    for name in OPTIONAL_COLUMNS:
        rules += _optional_rules(name, cells) if name in cells.has else []
    return rules


def _id_rules(name: str, missing: str, cells: _Cells) -> list[_Rule]:
    return [(name, missing, "is missing"), *_length_rules(name, MAX_ID_BYTES, cells)]


def _length_rules(name: str, limit: int, cells: _Cells) -> list[_Rule]:
    if cells.longest(name) <= limit:
        return []
    return [(name, f"strlen({name}) > {limit}", f"is longer than {limit} bytes")]


def _time_rules(now: datetime) -> list[_Rule]:
    limit = (now + CLOCK_SKEW).strftime("%Y-%m-%d %H:%M:%S+00")
    return [
        (TIME, f"{_MOMENT} IS NULL", "is no time: write UTC seconds, milliseconds, or 2026-01-31T12:00:00Z"),
        (TIME, f"{_MOMENT} < TIMESTAMPTZ '1970-01-01 00:00:00+00'", "is before 1970"),
        (
            TIME,
            f"{_MOMENT} > TIMESTAMPTZ '{limit}'",
            "is in the future (is it in another unit than the rows around it?)",
        ),
    ]


def _date_rules(cells: _Cells) -> list[_Rule]:
    """Refuse dates written as one number among numbers that count from 1970: they would be moments of 1970."""
    if not cells.reading.is_epoch or cells.reading.date_format:
        return []
    return [
        (
            TIME,
            f"{_number(TIME, cells)} BETWEEN 19000000 AND 21999999",
            "looks like a date (YYYYMMDD) among numbers that count from 1970: write all rows in one way",
        )
    ]


def _optional_rules(name: str, cells: _Cells) -> list[_Rule]:
    """An empty cell is null; a wrong one refuses the row."""
    if name in _NUMBERS or name == EXPOSED:
        reason = _NUMBERS[name][1] if name in _NUMBERS else "is neither true nor false"
        return [(name, f"{_typed_sql(name, cells)} IS NULL AND NOT {_is_empty(name, cells)}", reason)]
    return _length_rules(name, MAX_TEXT_BYTES if name == TEXT else MAX_ID_BYTES, cells)


def _is_empty(name: str, cells: _Cells) -> str:
    return cells.missing(name) if name in cells.texts else f"({name} IS NULL)"


# --- columns that change -----------------------------------------------------------------------


def _number(name: str, cells: _Cells) -> str:
    """A number, or null; an underscore inside one, which the engine would allow, makes it none."""
    if name not in cells.texts:
        return f"CAST({name} AS DOUBLE)"
    return f"CASE WHEN contains({name}, '_') THEN NULL ELSE TRY_CAST({name} AS DOUBLE) END"


def _typed_sql(name: str, cells: _Cells) -> str:
    """The value of an optional column of numbers or flags; null where the cell is empty or wrong."""
    if name in _NUMBERS:
        number = _number(name, cells)
        kind = "BIGINT" if name == POSITION else "DOUBLE"
        return f"CASE WHEN {_NUMBERS[name][0].format(number)} THEN CAST({number} AS {kind}) END"
    if name not in cells.texts:
        return name
    return f"CASE WHEN lower({name}) IN {_TRUE} THEN true WHEN lower({name}) IN {_FALSE} THEN false END"


def _moment_sql(cells: _Cells) -> str:
    if TIME not in cells.has:
        return "CAST(NULL AS TIMESTAMPTZ)"
    # Words such as 'epoch' and 'infinity' are times to DuckDB and none to us, hence the leading digits.
    is_written = f"regexp_matches({TIME}, '^[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}([T ][0-9]|$)', 'i')"
    is_written += f" AND NOT regexp_matches({TIME}, '{_NO_OFFSET}')"
    written = f"CASE WHEN {is_written} THEN TRY_CAST(upper({TIME}) AS TIMESTAMPTZ) END"
    if cells.reading.date_format:
        number = f"CAST(TRY_STRPTIME({TIME}, '{cells.reading.date_format}') AS TIMESTAMPTZ)"
        return f"coalesce({number}, {written})"
    number, unit_us = _number(TIME, cells), cells.reading.unit_us
    moment = f"{number} * {unit_us!r}"
    # Nanoseconds of today are beyond what a double can tell apart.
    exact = f"TRY_CAST({TIME} AS BIGINT)"
    floored = f"({exact} - ({exact} % 1000 + 1000) % 1000) / 1000"
    whole = f"coalesce({floored}, floor({moment}))" if unit_us < 1.0 else f"round({moment})"
    otherwise = f" WHEN {number} IS NULL THEN {written}" if TIME in cells.texts else ""
    return f"CASE WHEN abs({moment}) < {_LARGEST_US!r} THEN make_timestamptz(CAST({whole} AS BIGINT)){otherwise} END"


def _rest_sql(cells: _Cells) -> str:
    """A digest of what tells rows apart beyond our columns: the source's other columns, times below a microsecond."""
    parts = [REST] if REST in cells.has else []
    parts += sorted(cells.reading.left_out)
    if cells.reading.unit_us < 1.0 and TIME in cells.has and not cells.reading.date_format:
        parts.append(TIME)
    return "md5(" + " || ".join(f"coalesce(md5(CAST({name} AS VARCHAR)), '-')" for name in parts) + ")" if parts else ""
