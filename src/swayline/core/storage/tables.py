"""Tables written in the format that their file's ending names, and never in another.

::

    recs.parquet   Parquet
    recs.csv       CSV: a header, UTC moments as 2026-01-31T12:00:00Z, nested values as JSON, null as an empty field;
                   text that begins with = + - @ tab or CR has an apostrophe before it, so that no spreadsheet runs it
    recs.jsonl     one JSON object a line, null where a number is NaN
"""

import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from swayline.core.errors import ArtifactError, UsageError, shown
from swayline.core.storage.files import whole
from swayline.core.storage.outputs import MADE_BY, note_output

TABLE_ENDINGS = (".parquet", ".csv", ".jsonl")


def table_ending(path: Path) -> str:
    """Which of the three formats a file's name asks for.

    >>> table_ending(Path("recs.CSV"))
    '.csv'
    >>> table_ending(Path("recs.xlsx"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    swayline.core.errors.UsageError: 'recs.xlsx' names no format of tables: end it in .parquet, .csv or .jsonl

    Raises
    ------
    UsageError
        It names none of them.
    """
    ending = path.suffix.lower()
    if ending not in TABLE_ENDINGS:
        raise UsageError(f"{shown(path.name)} names no format of tables: end it in .parquet, .csv or .jsonl")
    return ending


def write_table(path: Path, table: pa.Table, made_by: str | None = None) -> None:
    """Write a table whole or not at all, in the format of the file's ending.

    Parameters
    ----------
    made_by : str, optional
        The verb whose output it is: the same verb may replace it later (:mod:`swayline.core.storage.outputs`).

    Raises
    ------
    UsageError
        The ending names no format.
    """
    ending = table_ending(path)
    if made_by is not None:
        table = table.replace_schema_metadata((table.schema.metadata or {}) | {MADE_BY: made_by.encode()})
    with whole(path) as temporary, temporary.open("wb") as stream:
        if ending == ".parquet":
            pq.write_table(table, stream)
        elif ending == ".csv":
            pc_csv.write_csv(_flat(table), stream)
        else:
            _write_lines(table, stream)
    if made_by is not None and ending != ".parquet":
        note_output(path, made_by)


def read_typed(path: Path, schema: pa.Schema) -> pa.Table:
    """Read back a table that :func:`write_table` wrote, whichever format it is in, as far as the schema names columns.

    What begins as Parquet does is read as Parquet whatever its name: older versions wrote nothing else.

    Raises
    ------
    UsageError
        The ending names no format.
    ArtifactError
        The file is missing or not what its ending says.
    """
    try:
        with path.open("rb") as stream:
            ending = ".parquet" if stream.read(4) == b"PAR1" else table_ending(path)
        if ending == ".parquet":
            return pq.read_table(path)
        if ending == ".csv":
            options = pc_csv.ConvertOptions(
                column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False
            )
            return _as_meant(pc_csv.read_csv(path, convert_options=options, parse_options=_QUOTED))
        return _read_lines(path, schema)
    except UsageError:
        raise
    except (OSError, ValueError, TypeError, AttributeError, KeyError, pa.ArrowException) as error:
        raise ArtifactError(f"{path} cannot be read as a table: {error}") from None


_FORMULA = r"^('*[=+\-@\t\r])"
"""What a spreadsheet takes for a formula, apostrophes of our own before it included, so that it can be read back."""
_QUOTED = pc_csv.ParseOptions(newlines_in_values=True)


def _flat(table: pa.Table) -> pa.Table:
    """The table with what CSV has no words for, written as text."""
    columns = {_harmless_name(name): _harmless(_as_csv(table[name])) for name in table.column_names}
    return pa.table(columns) if columns else table


def _harmless(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text with an apostrophe before what a spreadsheet would run as a formula; :func:`_as_meant` takes it off."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    return pc.replace_substring_regex(column, _FORMULA, r"'\1")


def _harmless_name(name: str) -> str:
    return re.sub(_FORMULA, r"'\1", name)


def _as_meant(table: pa.Table) -> pa.Table:
    """A table read from CSV without the apostrophes that :func:`_harmless` put there."""
    for at, name in enumerate(table.column_names):
        if pa.types.is_string(table[name].type):
            table = table.set_column(at, name, pc.replace_substring_regex(table[name], f"^'{_FORMULA[1:]}", r"\1"))
    return table


def _as_csv(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.cast(kind.value_type)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        written = pc.strftime(column.cast(pa.timestamp("us", tz="UTC")), format="%Y-%m-%dT%H:%M:%SZ")
        return pc.replace_substring(written, ".000000Z", "Z")
    if pa.types.is_nested(kind):
        texts = [None if value is None else json.dumps(_plain(value)) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    return column


def _write_lines(table: pa.Table, stream: IO[bytes]) -> None:
    for batch in table.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            stream.write(json.dumps(_plain(row), ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return (value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z") if value.tzinfo else value.isoformat()
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _read_lines(path: Path, schema: pa.Schema) -> pa.Table:
    with path.open("r", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("a line is no JSON object")
    known = [field for field in schema if not rows or field.name in rows[0]]
    return pa.table({field.name: _typed([row[field.name] for row in rows], field.type) for field in known})


def _typed(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array([None if one is None else datetime.fromisoformat(one) for one in values], kind)
    return pa.array(values, kind)
