"""Typed columns brought to the same raw cells as every other reader's, so that one check serves all."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import SchemaError
from swayline.core.names import EXPOSED, IMPRESSIONS, LAT, LON, POSITION, PROPENSITY, REST, ROW, TIME, VALUE
from swayline.events.sources.block import Block, Refusal, float_text, joined
from swayline.events.sources.facts import has_nul

_UNIT_US = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}
NUMBERS = frozenset({TIME, VALUE, LAT, LON, POSITION, PROPENSITY})
"""Our columns that hold numbers (``time``: a count of seconds or the like)."""
_BAD = "\0"
"""Stands for bytes that are no UTF-8 until their row is refused; no text of ours may hold it."""


def from_arrow(table: pa.Table, wanted: dict[str, int], row: int, where: str) -> Block:
    """A typed table as a raw block whose rows are numbered from ``row``.

    Raises
    ------
    SchemaError
        A column of ours is nested, or of a type that no text can stand for.
    """
    names = table.column_names
    columns: dict[str, pa.ChunkedArray] = {ROW: pa.chunked_array([pa.array(np.arange(row, row + len(table)))])}
    bad: dict[str, pa.ChunkedArray] = {}
    unit_us = None
    for ours, index in wanted.items():
        column = table.column(index)
        if ours == TIME:
            column, unit_us = _time(column)
        columns[ours], raw = _cells(column, ours, names[index], where)
        if raw is not None:
            bad[ours] = raw
    others = [table.column(index) for index in range(len(names)) if index not in wanted.values()]
    if others:
        columns[REST] = joined([_any_text(other) for other in others])
    return _without_bad(pa.table(columns), bad, unit_us)


def _time(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, float | None]:
    """A column of moments as whole numbers and their unit in microseconds; one of other values as it is, and None."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return column.cast(pa.int64()), _UNIT_US[kind.unit]
    if pa.types.is_date32(kind):
        return column.cast(pa.int32()), 86400e6
    if pa.types.is_date64(kind):
        return column.cast(pa.int64()), 1e3
    return column, None


def _cells(column: pa.ChunkedArray, ours: str, name: str, where: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray | None]:
    """A column as numbers or flags where ours is such, else as valid text.

    Where some bytes are no text, they become a NUL and the bytes are returned beside.
    """
    column = _decoded_dictionary(column)
    kind = column.type
    if ours in NUMBERS and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return (pc.if_else(pc.is_nan(column), None, column) if pa.types.is_floating(kind) else column), None
    if ours == EXPOSED and pa.types.is_boolean(kind):
        return column, None
    if ours == IMPRESSIONS and (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        return pc.binary_join(column.cast(pa.list_(pa.string())), "|"), None
    if pa.types.is_nested(kind):
        raise SchemaError(f"{where}: column {name!r} is {str(kind)[:60]}; one value a row is expected")
    if ours == TIME and (pa.types.is_duration(kind) or pa.types.is_time(kind)):
        raise SchemaError(
            f"{where}: column {name!r} is {kind}, which is no moment: add the date, or say --map time=NAME"
        )
    if pa.types.is_floating(kind):
        return float_text(pc.if_else(pc.is_nan(column), None, column)), None
    if _is_bytes(kind):
        return _valid(column)
    try:
        return column.cast(pa.string()), None
    except pa.ArrowException as error:
        raise SchemaError(f"{where}: column {name!r} ({kind}) cannot be read as text: {error}") from None


def _decoded_dictionary(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
        or pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )  # fmt: skip


def _valid(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray | None]:
    # Files may call any bytes a string, so that only a cast from bytes proves them.
    raw = column.cast(pa.binary())
    try:
        return raw.cast(pa.string()), None
    except pa.ArrowInvalid:
        texts = [None if value is None else _decode(value) for value in raw.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())]), raw


def _decode(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return _BAD


def _any_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text that differs where the values of a column differ, whatever its type."""
    column = _decoded_dictionary(column)
    try:
        return _valid(column)[0] if pa.types.is_string(column.type) else column.cast(pa.string())
    except pa.ArrowException:
        return pa.chunked_array(
            [pa.array([None if value is None else repr(value) for value in column.to_pylist()], pa.string())]
        )


def _without_bad(table: pa.Table, bad: dict[str, pa.ChunkedArray], unit_us: float | None) -> Block:
    refused: list[Refusal] = []
    good = None
    for name in [name for name in table.column_names if name not in (ROW, REST)]:
        if not pa.types.is_string(table[name].type):
            continue
        if not has_nul(table[name]):
            continue
        nul = pc.fill_null(pc.match_substring(table[name], _BAD), False)
        values = bad.get(name, table[name]).filter(nul).to_pylist()
        for row, value in zip(table[ROW].filter(nul).to_pylist(), values, strict=True):
            refused.append(_refused(row, name, value))
        good = pc.invert(nul) if good is None else pc.and_(good, pc.invert(nul))
    first = {one.row: one for one in reversed(refused)}
    return Block(table if good is None else table.filter(good), [first[row] for row in sorted(first)], unit_us)


def _refused(row: int, column: str, value: str | bytes) -> Refusal:
    if isinstance(value, str):
        return Refusal(row, column, value, "holds a NUL byte")
    text = _decode(value)
    shown = value.decode("utf-8", "backslashreplace")
    return Refusal(row, column, shown, "is not valid UTF-8" if text == _BAD and value != b"\0" else "holds a NUL byte")
