"""Parquet: typed columns brought to the same raw text as every other reader's, so that one check serves all."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from swayline.core.errors import SchemaError, SourceError
from swayline.core.names import REST, ROW
from swayline.events.options import ReadOptions, resolve_columns
from swayline.events.sources.block import Block, Refusal, joined

_BATCH_ROWS = 1 << 20


def read(path: Path, options: ReadOptions) -> Iterator[Block]:
    """Blocks of raw rows under our column names; ``row`` is the record number, from 1.

    Raises
    ------
    SourceError
        The file is missing, truncated or no Parquet.
    SchemaError
        A needed column cannot be told, or is nested.
    """
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist: check the path") from None
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from None
    with file:
        header = file.schema_arrow.names
        wanted = {ours: header[index] for ours, index in resolve_columns(header, options, str(path)).items()}
        if len(set(wanted.values())) < len(wanted):
            raise SchemaError(f"{path}: one column is asked to stand for two of ours")
        row = 1
        try:
            for batch in file.iter_batches(_BATCH_ROWS):
                yield from_arrow(pa.Table.from_batches([batch]), wanted, row, str(path))
                row += len(batch)
        except (OSError, pa.ArrowException) as error:
            raise SourceError(f"{path} is damaged from record {row} on: {str(error).splitlines()[0]}") from None


def from_arrow(table: pa.Table, wanted: dict[str, str], row: int, where: str) -> Block:
    """A typed table as a raw block.

    Raises
    ------
    SchemaError
        A column is nested, or of a type that no text can stand for.
    """
    columns = {ours: _as_text(table[theirs], theirs, where) for ours, theirs in wanted.items()}
    others = [table[name] for name in table.column_names if name not in wanted.values() and _is_plain(table[name].type)]
    rows = pa.array(range(row, row + len(table)), pa.int64())
    if others:
        columns[REST] = joined([other.cast(pa.string()) for other in others])
    return _without_bad_bytes(pa.table({ROW: rows, **columns}))


def _is_plain(kind: pa.DataType) -> bool:
    """Whether any value of a column can be written as text."""
    return not (pa.types.is_nested(kind) or pa.types.is_dictionary(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _as_text(column: pa.ChunkedArray, name: str, where: str) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_nested(kind):
        raise SchemaError(f"{where}: column {name!r} is {kind}; one value a row is expected")
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        try:
            return column.cast(pa.timestamp("us", tz=getattr(kind, "tz", None)), safe=False).cast(pa.int64()).cast(pa.string())
        except pa.ArrowException as error:
            raise SchemaError(f"{where}: column {name!r} ({kind}) cannot be read as time: {error}") from None
    if pa.types.is_floating(kind):
        return _float_text(column)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return column.cast(pa.binary())
    try:
        return column.cast(pa.string())
    except pa.ArrowException as error:
        raise SchemaError(f"{where}: column {name!r} ({kind}) cannot be read as text: {error}") from None


def _float_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers without their ``.0``: an id column with gaps becomes float on its way through pandas."""
    whole = pc.and_(pc.equal(column, pc.trunc(column)), pc.less(pc.abs(column), 2.0**53))
    whole = pc.fill_null(whole, False)
    as_int = pc.if_else(whole, column, None).cast(pa.float64()).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(as_int, column.cast(pa.string()))


def _without_bad_bytes(table: pa.Table) -> Block:
    refused: list[Refusal] = []
    for name in [name for name in table.column_names if name not in (ROW, REST)]:
        if pa.types.is_binary(table[name].type):
            table, bad = _decoded(table, name)
            refused += bad
        nul = pc.fill_null(pc.match_substring(table[name], "\0"), False)
        if pc.any(nul).as_py():
            refused += [Refusal(r, name, v, "holds a NUL byte") for r, v in _pairs(table.filter(nul), name)]
            table = table.filter(pc.invert(nul))
    return Block(table, refused)


def _decoded(table: pa.Table, name: str) -> tuple[pa.Table, list[Refusal]]:
    at = table.column_names.index(name)
    try:
        return table.set_column(at, name, table[name].cast(pa.string())), []
    except pa.ArrowInvalid:
        pass
    texts: list[str | None] = []
    refused: list[Refusal] = []
    for row, value in zip(table[ROW].to_pylist(), table[name].to_pylist(), strict=True):
        try:
            texts.append(None if value is None else value.decode("utf-8"))
        except UnicodeDecodeError:
            texts.append("\0")
            refused.append(Refusal(row, name, value.decode("utf-8", "backslashreplace"), "is not valid UTF-8"))
    fresh = table.set_column(at, name, pa.array(texts, pa.string()))
    return fresh.filter(pc.fill_null(pc.not_equal(fresh[name], "\0"), True)), refused


def _pairs(table: pa.Table, name: str) -> list[tuple[int, str]]:
    return list(zip(table[ROW].to_pylist(), table[name].to_pylist(), strict=True))
