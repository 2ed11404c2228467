"""Plain objects by the block: JSON lines read by Arrow where that can neither lose, join nor change a row.

A block is plain when it is UTF-8 without control characters, every line begins with ``{`` and ends with ``}``, there
are as many objects as lines, and every key holds values of one kind, none of them nested. Every other block is read
line by line (:mod:`swayline.events.sources.jsonl`), and says the same of its rows.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pajson

from swayline.core.names import (
    BEHAVIOR,
    CATEGORY,
    DEVICE,
    EVENT_ID,
    ITEM,
    PLATFORM,
    REST,
    ROW,
    SESSION,
    SOURCE,
    TARGET,
    TEXT,
    USER,
)
from swayline.events.sources.block import Block, Resolver, escaped, float_text
from swayline.events.sources.facts import has_nul
from swayline.events.sources.typed import NUMBERS

_ARROW_BYTES = 1 << 22
_NEWLINE, _RETURN, _BLANK, _OPEN, _CLOSE, _LIST = b"\n\r {}["
_SAMPLE, _SAMPLE_BYTES, _MOST_KEYS = 2000, 1 << 20, 1000
_DEEPEST = 32
"""Opening brackets in a line, beyond which it is not shown to Arrow."""
_EXACT = 2.0**53
"""Whole numbers below are exact in a double."""
WORDS = frozenset({USER, ITEM, BEHAVIOR, EVENT_ID, SESSION, TEXT, CATEGORY, PLATFORM, DEVICE, SOURCE, TARGET})
"""Columns of names: true and false are none, and a number that is one is whole or at least finite."""

_SIMPLE = (pa.types.is_string, pa.types.is_integer, pa.types.is_boolean)

Kinds = dict[str, pa.DataType]
"""Keys and how their values are read; learned from block to block."""


def read_plain(
    data: bytes, row: int, wanted: dict[str, str] | None, resolve: Resolver, kinds: Kinds
) -> tuple[Block, dict[str, str]] | None:
    """The rows of a block of plain objects, numbered from ``row``, and which key stands for which of our columns.

    None where the block must be read line by line.

    Parameters
    ----------
    wanted : dict, optional
        Which key stands for which of our columns; told from this block where it is the first.
    """
    n_lines = _plain_lines(data)
    table = _parsed(data, n_lines, kinds) if n_lines else None
    if table is None or len(table) != n_lines or table.num_columns == 0:
        return None
    if wanted is None:
        wanted = {ours: table.column_names[at] for ours, at in resolve(table.column_names).items()}
    columns: dict[str, pa.ChunkedArray | pa.Array] = {ROW: pa.array(np.arange(row, row + len(table)))}
    for ours, theirs in wanted.items():
        column = _cells(table, ours, theirs)
        if column is None:
            return None
        columns[ours] = column
    rest = _rest(table, set(wanted.values()))
    return None if rest is None else (Block(pa.table({**columns, REST: rest})), wanted)


def _plain_lines(data: bytes) -> int:
    """How many lines a block has, where each may be one object; else 0."""
    data = data.removesuffix(b"\n")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return 0
    held = np.frombuffer(data, np.uint8)
    ends = np.append(np.flatnonzero(held == _NEWLINE), len(held))
    starts = np.concatenate([[0], ends[:-1] + 1])
    if len(held) == 0 or (ends - starts < 2).any():
        return 0
    returns = held[ends - 1] == _RETURN
    n_controls = int(np.count_nonzero(held < _BLANK))
    if n_controls != len(ends) - 1 + int(returns.sum()):
        return 0
    closed = held[ends - 1 - returns] == _CLOSE
    # A minus before a zero is lost in a whole number.
    if not closed.all() or not (held[starts] == _OPEN).all() or re.search(rb"-0\s*[,}]", data):
        return 0
    opens = np.flatnonzero((held == _OPEN) | (held == _LIST))
    # Arrow goes as deep as it is led, and then through its stack's end.
    if np.bincount(np.searchsorted(ends, opens)).max() > _DEEPEST:
        return 0
    return len(ends)


def _parsed(data: bytes, n_lines: int, kinds: Kinds) -> pa.Table | None:
    """The objects as a table; None where they hold other keys than a sample of them, or values of other kinds."""
    for n_sampled in (0, _SAMPLE, 8 * _SAMPLE):
        if n_sampled and not _learned(data, n_lines, n_sampled, kinds):
            return None
        if not kinds:
            continue
        table = _read(data, pa.schema(list(kinds.items())))
        if table is not None:
            return table
    return None


def _learned(data: bytes, n_lines: int, n: int, kinds: Kinds) -> bool:
    """Add what about ``n`` lines, evenly drawn, say of the keys; False where these are nested or absurdly many.

    Keys are learned from a sample so that a block of ever new ones cannot make a table of as many columns.
    """
    lines = data.split(b"\n")[:: max(1, n_lines // n)]
    table = _read(b"\n".join(lines)[:_SAMPLE_BYTES].rpartition(b"\n")[0] or lines[0], None)
    if table is None or table.num_columns > _MOST_KEYS:
        return False
    for one in table.schema:
        kind = pa.string() if pa.types.is_timestamp(one.type) or pa.types.is_null(one.type) else one.type
        if pa.types.is_nested(kind):
            return False
        known = kinds.get(one.name, kind)
        both_numbers = {kind, known} == {pa.int64(), pa.float64()}
        kinds[one.name] = pa.float64() if both_numbers else kind if table[one.name].null_count < len(table) else known
    return True


def _read(data: bytes, schema: pa.Schema | None) -> pa.Table | None:
    """Objects as Arrow reads them, with these keys alone or with whatever keys there are."""
    try:
        return pajson.read_json(
            pa.BufferReader(data),
            pajson.ReadOptions(block_size=_ARROW_BYTES),
            pajson.ParseOptions(
                explicit_schema=schema,
                newlines_in_values=False,
                unexpected_field_behavior="infer" if schema is None else "error",
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None


def _cells(table: pa.Table, ours: str, theirs: str) -> pa.ChunkedArray | pa.Array | None:
    """A column as its lines' own words would be; None where that cannot be told from the values."""
    if theirs not in table.column_names or pa.types.is_null(table[theirs].type):
        return pa.nulls(len(table), pa.string())
    column = table[theirs]
    if pa.types.is_string(column.type):
        return None if has_nul(column) else column
    if pa.types.is_boolean(column.type) and ours not in WORDS:
        return column.cast(pa.string())
    if pa.types.is_integer(column.type):
        return column.cast(pa.string())
    if not pa.types.is_floating(column.type) or not _all(pc.less(pc.abs(column), _EXACT)):
        return None
    if ours in NUMBERS:
        return column
    return float_text(column) if _all(pc.equal(column, pc.trunc(column))) else None


def _rest(table: pa.Table, used: set[str]) -> pa.Array | pa.ChunkedArray | None:
    """The other keys with their values in one text, as :func:`rest_of` writes it of one object."""
    parts = []
    for key in sorted(set(table.column_names) - used):
        column = table[key]
        if pa.types.is_null(column.type):
            continue
        if pa.types.is_floating(column.type):
            if not _all(pc.less(pc.abs(column), _EXACT)):
                return None
            column = float_text(column)
        elif not any(is_kind(column.type) for is_kind in _SIMPLE):
            return None
        text = escaped(column.cast(pa.string()))
        parts.append(pc.binary_join_element_wise(pa.scalar(_escaped_word(key)), text, pa.scalar(""), "\x1e"))
    if not parts:
        return pa.repeat("", len(table))
    # Nulls are filled: skipping them makes Arrow drop their rows.
    return pc.binary_join_element_wise(*(pc.fill_null(part, "") for part in parts), "")


def rest_of(values: dict[str, str | None]) -> str:
    r"""Some keys with their values in one text: equal where all of them are, however the object was written.

    >>> rest_of({"b": "1", "a": None, "c": "x"})
    'b\x1e1\x1ec\x1ex\x1e'
    """
    return "".join(
        f"{_escaped_word(key)}\x1e{_escaped_word(value)}\x1e"
        for key, value in sorted(values.items())
        if value is not None
    )


def number_text(written: str) -> str:
    """A JSON number with a point or an exponent as text that is the same for the same number.

    >>> number_text("1.50"), number_text("2.0"), number_text("1E400")
    ('1.5', '2', '1E400')
    """
    number = float(written)
    if abs(number) < _EXACT:
        return str(int(number)) if number.is_integer() else str(pa.scalar(number).cast(pa.string()))
    return written


def _escaped_word(text: str) -> str:
    return re.sub("([\x1e\x1f])", r"\1\\", text)


def _all(test: pa.ChunkedArray) -> bool:
    """Whether a test holds for every cell that is not null; not a number passes none."""
    return bool(pc.all(test).as_py() is not False)
