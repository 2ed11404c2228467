"""Tables of databases: a DuckDB file, or a Postgres server (``postgresql://user@host/database``)."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

import duckdb
import pyarrow as pa

from swayline.core.errors import SchemaError, SourceError, UsageError, nearest, shown
from swayline.core.extras import require
from swayline.events.options import MAX_COLUMNS, ReadOptions
from swayline.events.sources import delimited
from swayline.events.sources.block import Block, Resolver
from swayline.events.sources.typed import from_arrow

_BATCH_ROWS = 1 << 18
_SHUT = {
    "enable_external_access": "false", "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
    "allow_persistent_secrets": "false", "python_enable_replacements": "false",
}  # fmt: skip
"""A view in a stranger's database may name files and addresses; none is opened."""


def is_duckdb(path: Path) -> bool:
    """Whether a file is a DuckDB database."""
    try:
        with path.open("rb") as stream:
            return stream.read(12)[8:] == b"DUCK"
    except OSError:
        return False


def is_postgres(source: object) -> bool:
    """Whether a source is the address of a Postgres database."""
    return isinstance(source, str) and source.startswith(("postgresql://", "postgres://"))


def parts_of(address: str) -> SplitResult:
    """An address in its parts.

    Raises
    ------
    UsageError
        It is no address.
    """
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"{shown(address.rpartition('@')[2])} is no address ({error}): check it") from None
    return parts


def without_secrets(address: str) -> str:
    """An address as messages and tables may show it.

    >>> without_secrets("postgresql://me:secret@host:5432/shop?password=x")
    'postgresql://host:5432/shop'
    """
    parts = parts_of(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def read_duckdb(path: Path, options: ReadOptions, resolve: Resolver) -> Iterator[Block]:
    """Blocks of raw rows of a table; ``row`` is the record number, from 1.

    Raises
    ------
    SourceError
        The file cannot be opened or read as a DuckDB database.
    UsageError, SchemaError
        The table is not said and there are several, or its columns cannot be told.
    """
    row = 1
    wanted: dict[str, int] | None = None
    for table in duckdb_tables(path, options.table):
        wanted = wanted or resolve(_checked_header(table.column_names, str(path)))
        yield from_arrow(table, wanted, row, str(path))
        row += len(table)


def duckdb_tables(path: Path, table: str | None, said: str = "table") -> Iterator[pa.Table]:
    """A table or view of a DuckDB file, some hundred thousand rows at a time; one empty piece where it has none.

    Parameters
    ----------
    table : str, optional
        Which; not needed where there is one.
    said : str
        The option that says it.
    """
    row = 1
    try:
        with duckdb.connect(str(path), read_only=True, config=dict(_SHUT)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            listed = "SELECT table_schema, table_name FROM information_schema.tables ORDER BY 1, 2"
            schema, name = _chosen(connection.execute(listed).fetchall(), table, said, str(path), "main")
            reader = connection.sql(f"SELECT * FROM {_quoted(schema)}.{_quoted(name)}").to_arrow_reader(_BATCH_ROWS)
            for batch in reader:
                yield pa.Table.from_batches([batch])
                row += len(batch)
            if row == 1:
                yield reader.schema.empty_table()
    except (duckdb.Error, pa.ArrowException) as error:
        raise SourceError(f"{path} cannot be read as a DuckDB database (record {row}): {error}") from None


def read_postgres(address: str, options: ReadOptions, resolve: Resolver) -> Iterator[Block]:
    """Blocks of raw rows of a table or view; ``row`` is the record number plus one, as in a CSV file with a header.

    The server writes the table as CSV into a temporary file, in one read-only transaction: rows are seen as of one
    moment, and memory stays bounded.

    Raises
    ------
    SourceError
        The server cannot be reached or refuses.
    UsageError, SchemaError
        The table is not said and there are several, or its columns cannot be told.
    """
    with postgres_csv(address, options.table) as path:
        yield from delimited.read(path, ReadOptions(ordered=options.ordered, delimiter=","), resolve)


@contextmanager
def postgres_csv(address: str, table: str | None, said: str = "table") -> Iterator[Path]:
    """A table or view of a Postgres server, as of one moment, as a CSV file that goes again afterwards."""
    place = without_secrets(address)
    with tempfile.TemporaryDirectory(prefix="swayline-") as folder:
        path = Path(folder) / "table.csv"
        with _postgres(address, place) as connection:
            listed = (
                "SELECT table_schema, table_name FROM information_schema.tables"
                " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
            )
            schema, name = _chosen(connection.execute(listed).fetchall(), table, said, place, "public")
            query = f"COPY (SELECT * FROM {_quoted(schema)}.{_quoted(name)}) TO STDOUT (FORMAT csv, HEADER)"
            with connection.cursor().copy(query) as copy, path.open("wb") as stream:
                for piece in copy:
                    stream.write(piece)
        yield path


@contextmanager
def _postgres(address: str, place: str) -> Iterator[Any]:
    psycopg = require("psycopg", extra="sources")
    try:
        with psycopg.connect(address, connect_timeout=10, autocommit=False) as connection:
            connection.read_only = True
            connection.execute("SET TIME ZONE 'UTC'")
            connection.execute("SET DateStyle = 'ISO'")
            connection.execute("SET client_encoding = 'UTF8'")
            yield connection
    except psycopg.Error as error:
        raise SourceError(f"{place}: {' '.join(str(error).split())}") from None


def _chosen(tables: list[tuple[str, str]], table: str | None, said: str, where: str, usual: str) -> tuple[str, str]:
    """The (schema, table) that is meant: the one said, else the only one there is."""
    names = {f"{schema}.{name}": (schema, name) for schema, name in tables}
    if table is None:
        if len(tables) != 1:
            listed = ", ".join(list(names)[:30]) or "none"
            raise UsageError(f"{where} has {len(tables)} tables: say --{said} NAME, one of: {listed}")
        return tables[0]
    found = names.get(table) or names.get(f"{usual}.{table}")
    if found is None:
        raise SchemaError(f"{where} has no table {table!r}: {nearest(table, names)}")
    return found


def _quoted(name: str) -> str:
    """A name as SQL writes it: data, never a command."""
    return '"' + name.replace('"', '""') + '"'


def _checked_header(names: list[str], where: str) -> list[str]:
    if len(names) > MAX_COLUMNS:
        raise SchemaError(f"{where} has {len(names)} columns; at most {MAX_COLUMNS} are read")
    return names
