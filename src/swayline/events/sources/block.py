"""What every reader yields: a block of raw rows and the rows it had to refuse."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import COLUMN, FILE, REASON, ROW, VALUE

REJECTED = pa.schema(
    [(FILE, pa.string()), (ROW, pa.int64()), (COLUMN, pa.string()), (VALUE, pa.string()), (REASON, pa.string())]
)
MAX_SHOWN = 200
"""Characters of a refused value that are kept."""

Resolver = Callable[[list[str]], dict[str, int]]
"""Which column of a header stands for which of ours: ours → position."""

_MARK, _NULL = "\x1f", "\x1e"
_EXPONENT = r"^\s*\d(\.\d{4,})e[+-]\d{2,3}\s*$"


@dataclass(frozen=True)
class Refusal:
    """A row that cannot be used: where it stands, which column, what it held, why."""

    row: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class Block:
    """Raw rows under our column names, and the refusals.

    Parameters
    ----------
    table : pa.Table
        ``row`` and our columns: text, empty cells null, but for numbers and flags that the source itself typed.
        ``rest`` holds every other column's text, joined.
    refused : list of Refusal
        Rows that could not even be split into fields.
    time_unit_us : float, optional
        Microseconds in one unit of ``time``, where the source's own type says it.
    part : str, optional
        Which of several files it is from.
    first_row : int
        Rows of the parts before this one: ``row`` counts on, what is said of a row counts in its own file.
    """

    table: pa.Table
    refused: list[Refusal] = field(default_factory=list)
    time_unit_us: float | None = None
    part: str | None = None
    first_row: int = 0


def joined(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    r"""Several text columns as one, for telling repeats from rows that differ in a column nobody named.

    Different rows stay different: marks inside a value are escaped.

    >>> one, other = pa.chunked_array([["a"], ["a\x1fb"]]), pa.chunked_array([["b\x1fc"], ["c"]])
    >>> len(pc.unique(joined([one, other])))
    2
    """
    return pc.binary_join_element_wise(
        *(escaped(column) for column in columns), _MARK, null_handling="replace", null_replacement=_NULL
    )


def escaped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text in which the marks that join columns are escaped."""
    if not pc.any(pc.match_substring_regex(column, "[\x1e\x1f]")).as_py():
        return column
    return pc.replace_substring_regex(column, "([\x1e\x1f])", r"\1\\")


def plain_ids(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Ids written as ``1.0000000e+000`` (a matrix saved as text) become ``1``; all others stay as they are.

    >>> plain_ids(pa.chunked_array([["1.2000000e+001", "1e5"]])).to_pylist()
    ['12', '1e5']
    """
    if not any(value is not None and re.match(_EXPONENT, value) for value in column.slice(0, 100).to_pylist()):
        return column
    numbers = pc.if_else(pc.match_substring_regex(column, _EXPONENT), pc.utf8_trim_whitespace(column), None)
    return pc.coalesce(float_text(numbers.cast(pa.float64())), column)


def float_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers without their ``.0``: an id column with gaps becomes float on its way through pandas.

    >>> float_text(pa.chunked_array([[7.0, 2.5, None]])).to_pylist()
    ['7', '2.5', None]
    """
    column = column.cast(pa.float64(), safe=False)  # what a double cannot tell apart is no whole number to it
    whole = pc.fill_null(pc.and_(pc.equal(column, pc.trunc(column)), pc.less(pc.abs(column), 2.0**53)), False)
    as_int = pc.if_else(whole, column, None).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(as_int, column.cast(pa.string()))


def rejected_table(file: str, refused: list[Refusal]) -> pa.Table:
    """Refusals as the ``rejected.parquet`` table; values are cut and made printable."""
    return pa.table(
        [
            [printable(file)] * len(refused),
            [one.row for one in refused],
            [one.column for one in refused],
            [printable(one.value) for one in refused],
            [one.reason for one in refused],
        ],
        schema=REJECTED,
    )


def printable(value: str) -> str:
    r"""A value that any viewer can show: valid unicode, no NUL, cut at 200 characters.

    >>> printable("a\x00b")
    'a\\x00b'
    """
    cut = value[:MAX_SHOWN] + ("…" if len(value) > MAX_SHOWN else "")
    return cut.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")
