"""Tables of databases: a DuckDB file, or a Postgres server (``postgresql://user@host/database``)."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import duckdb
import pyarrow as pa

from swayline.core.errors import SchemaError, SourceError, UsageError, nearest
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


def without_secrets(address: str) -> str:
    """An address as messages and tables may show it.

    >>> without_secrets("postgresql://me:secret@host:5432/shop?password=x")
    'postgresql://host:5432/shop'
    """
    parts = urlsplit(address)
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
    try:
        with duckdb.connect(str(path), read_only=True, config=dict(_SHUT)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            listed = "SELECT table_schema, table_name FROM information_schema.tables ORDER BY 1, 2"
            schema, name = _chosen(connection.execute(listed).fetchall(), options, str(path), "main")
            reader = connection.sql(f"SELECT * FROM {_quoted(schema)}.{_quoted(name)}").to_arrow_reader(_BATCH_ROWS)
            wanted = resolve(_checked_header(reader.schema.names, str(path)))
            for batch in reader:
                yield from_arrow(pa.Table.from_batches([batch]), wanted, row, str(path))
                row += len(batch)
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
    shown = without_secrets(address)
    with tempfile.TemporaryDirectory(prefix="swayline-") as folder:
        path = Path(folder) / "table.csv"
        with _postgres(address, shown) as connection:
            listed = (
                "SELECT table_schema, table_name FROM information_schema.tables"
                " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
            )
            schema, name = _chosen(connection.execute(listed).fetchall(), options, shown, "public")
            query = f"COPY (SELECT * FROM {_quoted(schema)}.{_quoted(name)}) TO STDOUT (FORMAT csv, HEADER)"
            with connection.cursor().copy(query) as copy, path.open("wb") as stream:
                for piece in copy:
                    stream.write(piece)
        yield from delimited.read(path, ReadOptions(ordered=options.ordered, delimiter=","), resolve)


@contextmanager
def _postgres(address: str, shown: str) -> Iterator[Any]:
    psycopg = require("psycopg", extra="sources")
    try:
        with psycopg.connect(address, connect_timeout=10, autocommit=False) as connection:
            connection.read_only = True
            connection.execute("SET TIME ZONE 'UTC'")
            connection.execute("SET DateStyle = 'ISO'")
            connection.execute("SET client_encoding = 'UTF8'")
            yield connection
    except psycopg.Error as error:
        raise SourceError(f"{shown}: {' '.join(str(error).split())}") from None


def _chosen(tables: list[tuple[str, str]], options: ReadOptions, where: str, usual: str) -> tuple[str, str]:
    """The (schema, table) that is meant: the one said, else the only one there is."""
    names = {f"{schema}.{name}": (schema, name) for schema, name in tables}
    if options.table is None:
        if len(tables) != 1:
            listed = ", ".join(list(names)[:30]) or "none"
            raise UsageError(f"{where} has {len(tables)} tables: say --table NAME, one of: {listed}")
        return tables[0]
    found = names.get(options.table) or names.get(f"{usual}.{options.table}")
    if found is None:
        raise SchemaError(f"{where} has no table {options.table!r}: {nearest(options.table, names)}")
    return found


def _quoted(name: str) -> str:
    """A name as SQL writes it: data, never a command."""
    return '"' + name.replace('"', '""') + '"'


def _checked_header(names: list[str], where: str) -> list[str]:
    if len(names) > MAX_COLUMNS:
        raise SchemaError(f"{where} has {len(names)} columns; at most {MAX_COLUMNS} are read")
    return names
