"""Every row is checked column by column: it is typed and kept, or refused with the column, the value and the reason.

Event keys (user, item, behaviour, time) are never filled. The rules are
:mod:`swayline.engine.operators.checks`, so that any engine runs them; columns that no rule changes do not pass through
the engine.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

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
    OPTIONAL_COLUMNS,
    POSITION,
    RATE,
    REST,
    ROW,
    TEXT,
    TIME,
    USER,
    VALUE,
)
from swayline.engine import Engine
from swayline.engine.operators import checks
from swayline.engine.operators.checks import BROKEN, GAPS, MAX_ID_BYTES, NUMBERS, Cells, Reading
from swayline.events.options import DATE_PARTS
from swayline.events.sources.block import Block, Refusal, float_text, plain_ids
from swayline.events.sources.facts import Facts, facts, holds_only

_INVISIBLE = "\u200b\u2060\ufeff"
_UNITS_US = ((1e6, 1e11), (1e3, 1e14), (1.0, 1e17))
"""Microseconds in one unit of a number of time (s, ms, us), and the largest plausible value."""
_DATES = {8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}
"""Dates written as one whole number, by their digits."""
_LATER_US = 1e14
"""March 1973: a median beyond it says that numbers of time count from 1970 and not from a start of their own."""
_ROWS_A_SLICE = 200
_WHOLE_TIME = r"^\s*-?\d+(\.\d*)?([eE]\+?\d{1,3})?\s*$"

_ORDER = (ROW, USER, ITEM, BEHAVIOR, TIME, *OPTIONAL_COLUMNS, IMPRESSIONS, REST)


def reading_of(block: Block, said: Collection[str]) -> Reading:
    """How to read a log, from its first block; ``said`` are the columns the caller named, which are never left out."""
    table = with_dates(block.table)
    doubtful = [name for name in NUMBERS if name in table.column_names and name not in said]
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
    numbers = pc.cast(pc.utf8_trim_whitespace(written), pa.float64())
    return written, pc.filter(numbers, pc.is_finite(numbers))


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
    cells = _cells(raw, frozenset(raw.column_names) - reading.left_out, reading, known)
    now = now or datetime.now(UTC)
    engine.register("raw", raw)
    answers = engine.collect(checks.checked("raw", cells, _made(raw, cells), now))
    if not answers[ROW].equals(raw[ROW]):
        answers = answers.sort_by(ROW)
    names = [name for name in _ORDER if name in cells.has or name in answers.column_names]
    typed = pa.table({name: answers[name] if name in answers.column_names else raw[name] for name in names})
    broken = answers[BROKEN]
    if broken.null_count == len(broken):
        return typed, block.refused
    bad = pc.is_valid(broken)
    refused = [*block.refused, *_refusals(source.filter(bad), broken.filter(bad), checks.reasons(cells, now))]
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
    now = datetime.now(UTC)
    engine.register("raw", raw)
    typed = engine.collect(checks.timed("raw", _cells(raw, frozenset({TIME}), reading, known), now))
    bad = pc.is_valid(typed[BROKEN])
    return typed.drop_columns([BROKEN]), _refusals(
        table.filter(bad), typed[BROKEN].filter(bad), checks.time_reasons(now)
    )


def _refusals(raw: pa.Table, broken: pa.ChunkedArray, rules: list[tuple[str, str]]) -> list[Refusal]:
    held = {
        name: raw[name].to_pylist()
        for name in raw.column_names
        if name in {rules[rule][0] for rule in broken.to_pylist()} | {ITEM}
    }
    refused = []
    for at, (row, rule) in enumerate(zip(raw[ROW].to_pylist(), broken.to_pylist(), strict=True)):
        column, reason = rules[rule]
        value = held[column if column in held else ITEM][at]
        refused.append(Refusal(row, column, "" if value is None else str(value), reason))
    return refused


# --- cells before they are asked about ---------------------------------------------------------


def _cells(raw: pa.Table, has: frozenset[str], reading: Reading, known: Mapping[str, Facts]) -> Cells:
    gapless = frozenset(name for name, told in known.items() if not told.may_gap)
    return Cells(has, _text_columns(raw), reading, {name: told.longest for name, told in known.items()}, gapless)


def _made(raw: pa.Table, cells: Cells) -> list[str]:
    """Columns of numbers and flags that the engine makes; all others stay as they are."""
    return [
        name
        for name in (*NUMBERS, EXPOSED)
        if name in cells.has and not (raw[name].type == pa.float64() and name != POSITION)
    ]


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
    names = [name for name in NUMBERS if name in raw.column_names and name not in reading.left_out]
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
        only = reading.behavior or (RATE if VALUE in raw.column_names and VALUE not in reading.left_out else INTERACT)
        return raw.append_column(BEHAVIOR, pa.repeat(only, len(raw)))
    coded = raw[BEHAVIOR].combine_chunks().dictionary_encode()
    words = [word.lower() for word in coded.dictionary.to_pylist()]
    plain = [word.replace(" ", "_").replace("-", "_") for word in words]
    known = BEHAVIOR_SYNONYMS | dict(reading.synonyms)
    ours = [known.get(one, word) for one, word in zip(plain, words, strict=True)]
    column = pa.array(ours, pa.string()).take(coded.indices)
    return raw.set_column(raw.column_names.index(BEHAVIOR), BEHAVIOR, column)


def _with_words(raw: pa.Table) -> pa.Table:
    """Searches and filters with their words in ``text`` and, where the words had no column of their own, no item."""
    if TEXT not in raw.column_names:
        raw = raw.append_column(TEXT, pa.nulls(len(raw), pa.string()))
    text = raw[TEXT]
    itemless = pc.is_in(raw[BEHAVIOR], value_set=pa.array(sorted(ITEMLESS)))
    empty = pc.or_(pc.is_null(text), pc.is_in(text, value_set=pa.array(GAPS)))
    moved = pc.and_(pc.and_(itemless, empty), pc.is_valid(raw[ITEM]))
    if not pc.any(moved).as_py():
        return raw
    raw = raw.set_column(raw.column_names.index(TEXT), TEXT, pc.if_else(moved, raw[ITEM], text))
    return raw.set_column(raw.column_names.index(ITEM), ITEM, pc.if_else(moved, None, raw[ITEM]))
