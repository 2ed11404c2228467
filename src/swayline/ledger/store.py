"""The influence table as a table: made from rows, joined, written and read."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import ArtifactError
from swayline.core.storage.tables import read_typed, write_table
from swayline.ledger.rows import EventRows, PersonRows, Row, TieRows
from swayline.ledger.schema import COLUMNS, IDENTITY, NO_CLAIM, OLD_NAMES, SCHEMA

REASON_KEY = b"reason"
"""Where a table's metadata says why it holds no row."""


def ledger(rows: Iterable[Row | PersonRows | TieRows | EventRows]) -> pa.Table:
    """A ledger table from rows in their order."""
    tables = [SCHEMA.empty_table()]
    for single, some in groupby(rows, key=lambda one: isinstance(one, Row)):
        if single:
            columns = [row.columns() for row in some if isinstance(row, Row)]
            tables.append(pa.Table.from_pylist(columns, schema=SCHEMA))
        else:
            tables += [each.table() for each in some if not isinstance(each, Row)]
    return pa.concat_tables(tables)


def no_rows(reason: str) -> pa.Table:
    """An empty ledger that says why it is empty.

    >>> no_rows("the log is empty").schema.metadata[b"reason"]
    b'the log is empty'
    """
    return SCHEMA.with_metadata({REASON_KEY: reason.encode()}).empty_table()


def reason_of(table: pa.Table) -> str:
    """Why an influence table holds no row (of some kind), where it says so."""
    return ((table.schema.metadata or {}).get(REASON_KEY) or b"").decode("utf-8", "replace")


def concat(tables: Iterable[pa.Table]) -> pa.Table:
    """Several ledgers as one; why one of them is empty stays with it."""
    parts = list(tables)
    reasons = dict.fromkeys(reason for one in parts if (reason := reason_of(one)))
    metadata = {REASON_KEY: " ".join(reasons).encode()} if reasons else None
    return pa.concat_tables([SCHEMA.empty_table(), *parts]).replace_schema_metadata(metadata)


def write_ledger(table: pa.Table, path: Path, made_by: str | None = None) -> None:
    """Write a ledger whole or not at all, as Parquet, CSV or JSON lines by the file's ending."""
    write_table(path, table.cast(SCHEMA.with_metadata(table.schema.metadata)), made_by)


def read_ledger(path: Path) -> pa.Table:
    """Read a ledger; of an older one, ``recommended`` is read as ``primary``, and ``evidence`` is null.

    Raises
    ------
    ArtifactError
        The file is missing, not of the format its ending names, or has other columns.
    """
    older = [pa.field(old, SCHEMA.field(new).type) for old, new in OLD_NAMES.items()]
    table = _renamed(read_typed(path, pa.schema([*SCHEMA, *older])))
    missing = [column for column in COLUMNS if column not in table.column_names]
    if missing:
        raise ArtifactError(f"{path} is no influence table: it lacks {', '.join(missing)}")
    table = pa.table(
        {field.name: _cast(path, table[field.name], field) for field in SCHEMA},
        schema=SCHEMA.with_metadata(table.schema.metadata),
    )
    empty = [column for column in IDENTITY if table[column].null_count]
    if empty:
        raise ArtifactError(f"{path} is no influence table: column {empty[0]!r} has a null")
    return _without_claims(table)


def _renamed(table: pa.Table) -> pa.Table:
    """An older table with today's names, and a column for evidence that says nothing."""
    new = {old: new for old, new in OLD_NAMES.items() if new not in table.column_names}
    names = [new.get(name, name) for name in table.column_names]
    table = table.rename_columns(names).replace_schema_metadata(table.schema.metadata)
    if table.num_columns and "evidence" not in table.column_names:
        table = table.append_column("evidence", pa.nulls(table.num_rows, pa.string()))
    return table


def _cast(path: Path, values: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    try:
        return values.cast(field.type)
    except pa.ArrowException as error:
        why = str(error).splitlines()[0][:200]
        raise ArtifactError(f"{path} is no influence table: column {field.name!r}: {why}") from None


def _without_claims(table: pa.Table) -> pa.Table:
    """Older tables call answers of our own model identified."""
    no_claim = pc.or_(pc.equal(table["channel"], "model"), pc.is_in(table["evidence"], pa.array(NO_CLAIM)))
    claims = pc.if_else(no_claim, None, table["identified"])
    return table.set_column(COLUMNS.index("identified"), SCHEMA.field("identified"), claims)
