"""Checks of raw rows: what each cell is, and the first rule that a row breaks.

The table of raw rows has our column names; a cell is text as the source wrote it, or already a number. A rule is a
column, a test that is true where the column is broken, and a reason. Event keys are never filled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from swayline.core.names import (
    BEHAVIOR,
    EXPOSED,
    ITEM,
    ITEMLESS,
    LAT,
    LON,
    OPTIONAL_COLUMNS,
    POSITION,
    PROPENSITY,
    REST,
    ROW,
    TEXT,
    TIME,
    USER,
    VALUE,
)  # fmt: skip
from swayline.engine.dialect import DUCKDB, Dialect
from swayline.engine.registry import Source, operator

MAX_ID_BYTES, MAX_TEXT_BYTES = 512, 65_536
CLOCK_SKEW = timedelta(days=1)
BROKEN = "broken"
"""The column that says which rule a row breaks, by its number; null where it breaks none."""
GAPS = ("", "NaN", "nan", "NULL", "null", "None", "<NA>", "NaT", "\\N")
"""What other tools write where a value is missing."""
_MOMENT = "moment"
_LARGEST_US = 9e18
_NO_OFFSET = r":[0-9.]+ *[+-](1[5-9]|[2-9][0-9])"
"""Offsets of 15 hours and more, which no clock has and the engine would subtract."""
_DATE = r"^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([T ][0-9]|$)"
"""A date, perhaps with a time: words such as 'epoch' and 'infinity' are times to DuckDB and none to us."""
NUMBERS = {
    VALUE: ("abs({0}) <= 1.7976931348623157e308", "is no finite number"),
    LAT: ("{0} BETWEEN -90 AND 90", "is no latitude from -90 to 90"),
    LON: ("{0} BETWEEN -180 AND 180", "is no longitude from -180 to 180"),
    POSITION: ("{0} BETWEEN 0 AND 9e15 AND {0} = floor({0})", "is no whole number from 0"),
    PROPENSITY: ("{0} > 0 AND {0} <= 1", "is no probability above 0 and up to 1"),
}
"""Optional columns of numbers: the test of a right one, and why another is refused."""
_TRUE, _FALSE = "('true', 't', 'yes', 'y', '1', '1.0')", "('false', 'f', 'no', 'n', '0', '0.0')"

Rule = tuple[str, str, str]
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
    behavior : str
        The only behaviour of a log that has no column of them; empty where nobody named it.
    synonyms : mapping
        Foreign word → behaviour, beside those that every log is read with.
    """

    unit_us: float = 1e6
    date_format: str = ""
    left_out: frozenset[str] = frozenset()
    is_epoch: bool = False
    behavior: str = ""
    synonyms: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Cells:
    """Which of our columns a block has, which of them are text, how they are read, and what is known of the text.

    Parameters
    ----------
    longest : mapping
        Bytes of the longest cell of a text column, at most; a column that is not named may hold anything.
    gapless : frozenset of str
        Text columns without a word for a missing value.
    """

    has: frozenset[str]
    texts: frozenset[str]
    reading: Reading
    longest: Mapping[str, int]
    gapless: frozenset[str]

    def missing(self, d: Dialect, name: str, lower: bool = False) -> str:
        """Test that is true where a cell holds nothing, or a word for it (in lower case, where cells are)."""
        if name in self.gapless:
            return f"{name} IS NULL"
        gaps = ", ".join(d.literal(gap.lower() if lower else gap) for gap in GAPS)
        return f"({name} IS NULL OR {name} IN ({gaps}))"

    def empty(self, d: Dialect, name: str) -> str:
        """Test that is true where a cell of any type holds nothing."""
        return self.missing(d, name) if name in self.texts else f"({name} IS NULL)"


@operator
def checked(d: Dialect, raw: Source, cells: Cells, made: Sequence[str], now: datetime) -> str:
    """The columns that the engine makes, and the number of the first rule a row breaks: ``row, …, broken``.

    Parameters
    ----------
    made : sequence of str
        Columns of numbers and flags that are text in the source, or must be whole; ``time``, and ``rest`` where there
        is one, are always made.
    now : datetime
        Times more than a day after it are in the future.
    """
    columns = {ROW: ROW, TIME: _MOMENT} | {name: _typed(d, name, cells) for name in made}
    rest = _rest(d, cells)
    if rest:
        columns[REST] = rest
    listed = ", ".join(f"{expression} AS {name}" for name, expression in columns.items())
    return (
        f"SELECT {listed}, {_first_broken(_rules(d, cells, now))} AS {BROKEN}"
        f" FROM (SELECT *, {_moment(d, cells)} AS {_MOMENT} FROM {raw})"
    )


@operator
def timed(d: Dialect, raw: Source, cells: Cells, now: datetime) -> str:
    """Times typed (an empty one is null), and the number of the first rule a time breaks: ``row, time, broken``."""
    rules = [(TIME, f"NOT {cells.empty(d, TIME)} AND {test}", reason) for _, test, reason in _time_rules(d, now)]
    return (
        f"SELECT {ROW}, {_MOMENT} AS {TIME}, {_first_broken(rules)} AS {BROKEN}"
        f" FROM (SELECT *, {_moment(d, cells)} AS {_MOMENT} FROM {raw}) ORDER BY {ROW}"
    )


def reasons(cells: Cells, now: datetime) -> list[tuple[str, str]]:
    """Column and reason of each rule of :func:`checked`, by its number."""
    return [(column, reason) for column, _, reason in _rules(DUCKDB, cells, now)]


def time_reasons(now: datetime) -> list[tuple[str, str]]:
    """Column and reason of each rule of :func:`timed`, by its number."""
    return [(column, reason) for column, _, reason in _time_rules(DUCKDB, now)]


def _first_broken(rules: list[Rule]) -> str:
    tests = " ".join(f"WHEN {test} THEN {number}" for number, (_, test, _) in enumerate(rules))
    return f"CASE {tests} END" if rules else "CAST(NULL AS INTEGER)"


# --- rules -------------------------------------------------------------------------------------


def _rules(d: Dialect, cells: Cells, now: datetime) -> list[Rule]:
    itemless = ", ".join(d.literal(name) for name in sorted(ITEMLESS))
    rules = [
        *_id_rules(d, USER, cells.missing(d, USER), cells),
        *_id_rules(d, ITEM, f"({cells.missing(d, ITEM)} AND NOT {BEHAVIOR} IN ({itemless}))", cells),
    ]
    if BEHAVIOR in cells.has:
        rules += _id_rules(d, BEHAVIOR, cells.missing(d, BEHAVIOR, lower=True), cells)
    if TIME in cells.has:
        rules += _time_rules(d, now)
        rules += _date_rules(d, cells)
    for name in OPTIONAL_COLUMNS:
        rules += _optional_rules(d, name, cells) if name in cells.has else []
    return rules


def _id_rules(d: Dialect, name: str, missing: str, cells: Cells) -> list[Rule]:
    rules = [(name, missing, "is missing"), *_length_rules(d, name, MAX_ID_BYTES, cells)]
    if name == BEHAVIOR or name not in cells.texts:
        return rules
    is_cut = f"(contains({name}, 'e+') OR contains({name}, 'E+')) AND {d.matches(name, _CUT_SHORT)}"
    return [
        *rules,
        (name, f"{is_cut}", "is a number cut short, as a spreadsheet or a float leaves it: write ids in full"),
    ]


def _length_rules(d: Dialect, name: str, limit: int, cells: Cells) -> list[Rule]:
    if cells.longest.get(name, MAX_TEXT_BYTES + 1) <= limit:
        return []
    return [(name, f"{d.byte_length(name)} > {limit}", f"is longer than {limit} bytes")]


def _time_rules(d: Dialect, now: datetime) -> list[Rule]:
    first, limit = (
        f"CAST({d.literal(moment)} AS {d.moment})"
        for moment in ("1970-01-01 00:00:00+00:00", (now + CLOCK_SKEW).strftime("%Y-%m-%d %H:%M:%S+00:00"))
    )
    return [
        (TIME, f"{_MOMENT} IS NULL", "is no time: write UTC seconds, milliseconds, or 2026-01-31T12:00:00Z"),
        (TIME, f"{_MOMENT} < {first}", "is before 1970"),
        (TIME, f"{_MOMENT} > {limit}", "is in the future (is it in another unit than the rows around it?)"),
    ]


_CUT_SHORT = r"^-?[0-9][.][0-9]+[eE][+](1[1-9]|[2-9][0-9]|[1-9][0-9][0-9])$"
"""An id such as 1.23457E+15: what others had the same first digits is not known."""
_JANUARY_1970_US = 31 * 86_400e6
"""A moment of ours, counted in seconds and read as milliseconds (or in any unit as the next finer), is below it."""


def _date_rules(d: Dialect, cells: Cells) -> list[Rule]:
    """Refuse numbers that are no count from 1970 where the others are: they would be moments of that year."""
    if not cells.reading.is_epoch or cells.reading.date_format:
        return []
    number = _number(TIME, cells)
    return [
        (
            TIME,
            f"{number} BETWEEN 19000000 AND 21999999",
            "looks like a date (YYYYMMDD) among numbers that count from 1970: write all rows in one way",
        ),
        (
            TIME,
            f"{number} * {cells.reading.unit_us!r} BETWEEN 0 AND {_JANUARY_1970_US!r}",
            "would be in January 1970, the other rows years later (is it missing, or in another unit?)",
        ),
    ]


def _optional_rules(d: Dialect, name: str, cells: Cells) -> list[Rule]:
    """An empty cell is null; a wrong one refuses the row."""
    if name in NUMBERS or name == EXPOSED:
        reason = NUMBERS[name][1] if name in NUMBERS else "is neither true nor false"
        return [(name, f"{_typed(d, name, cells)} IS NULL AND NOT {cells.empty(d, name)}", reason)]
    return _length_rules(d, name, MAX_TEXT_BYTES if name == TEXT else MAX_ID_BYTES, cells)


# --- columns that change -----------------------------------------------------------------------


def _number(name: str, cells: Cells) -> str:
    """A number, or null; an underscore inside one, which the engine would allow, makes it none."""
    if name not in cells.texts:
        return f"CAST({name} AS DOUBLE)"
    return f"CASE WHEN contains({name}, '_') THEN NULL ELSE TRY_CAST({name} AS DOUBLE) END"


def _typed(d: Dialect, name: str, cells: Cells) -> str:
    """The value of an optional column of numbers or flags; null where the cell is empty or wrong."""
    if name in NUMBERS:
        number = _number(name, cells)
        kind = "BIGINT" if name == POSITION else "DOUBLE"
        return f"CASE WHEN {NUMBERS[name][0].format(number)} THEN CAST({number} AS {kind}) END"
    if name not in cells.texts:
        return name
    return f"CASE WHEN lower({name}) IN {_TRUE} THEN true WHEN lower({name}) IN {_FALSE} THEN false END"


def _moment(d: Dialect, cells: Cells) -> str:
    if TIME not in cells.has:
        return f"CAST(NULL AS {d.moment})"
    is_written = f"{d.matches(TIME, _DATE, ignore_case=True)} AND NOT {d.matches(TIME, _NO_OFFSET)}"
    written = f"CASE WHEN {is_written} THEN TRY_CAST(upper({TIME}) AS {d.moment}) END"
    if cells.reading.date_format:
        return f"coalesce({d.parsed_moment(TIME, cells.reading.date_format)}, {written})"
    number, unit_us = _number(TIME, cells), cells.reading.unit_us
    moment = f"{number} * {unit_us!r}"
    # Nanoseconds of today are beyond what a double can tell apart.
    exact = f"TRY_CAST({TIME} AS BIGINT)"
    floored = f"({exact} - ({exact} % 1000 + 1000) % 1000) / 1000"
    whole = f"coalesce({floored}, floor({moment}))" if unit_us < 1.0 else f"round({moment})"
    otherwise = f" WHEN {number} IS NULL THEN {written}" if TIME in cells.texts else ""
    return f"CASE WHEN abs({moment}) < {_LARGEST_US!r} THEN {d.from_us(f'CAST({whole} AS BIGINT)')}{otherwise} END"


def _rest(d: Dialect, cells: Cells) -> str:
    """A digest of what tells rows apart beyond our columns: the source's other columns, times below a microsecond."""
    parts = [REST] if REST in cells.has else []
    parts += sorted(cells.reading.left_out)
    if cells.reading.unit_us < 1.0 and TIME in cells.has and not cells.reading.date_format:
        parts.append(TIME)
    cells_of = " || ".join(f"coalesce(md5(CAST({name} AS {d.text})), '-')" for name in parts)
    return f"md5({cells_of})" if parts else ""
