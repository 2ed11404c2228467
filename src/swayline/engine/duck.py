"""The default engine: DuckDB, embedded, larger than memory, never online."""

import shutil
import tempfile
import uuid
import weakref
from pathlib import Path
from typing import Self

import duckdb
import pyarrow as pa

from swayline.core.errors import DataError
from swayline.engine.dialect import DUCKDB, Dialect
from swayline.engine.relation import Relation

_CLOSED = {
    "autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",
}  # fmt: skip
"""Nothing is fetched, no variable of a caller's is taken for a table."""


class DuckEngine:
    """DuckDB in this process, on UTC, with extensions off.

    Parameters
    ----------
    memory_limit : str, optional
        As DuckDB writes it (``4GB``); beyond it DuckDB spills to disk. Its own default is 80% of the machine.

    Examples
    --------
    >>> with DuckEngine() as engine:
    ...     engine.register("t", pa.table({"x": [1, 2]}))
    ...     engine.collect(engine.relation("t").group([], s="max(x)"))["s"].to_pylist()
    [2]
    """

    name = "duckdb"
    dialect: Dialect = DUCKDB

    def __init__(self, memory_limit: str | None = None) -> None:
        # DuckDB makes the folder when it first spills.
        spill = Path(tempfile.gettempdir()) / f"swayline-{uuid.uuid4().hex}"
        self._clean_up = weakref.finalize(self, shutil.rmtree, spill, ignore_errors=True)
        self._connection = duckdb.connect(":memory:", config={**_CLOSED, "temp_directory": str(spill)})
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET enable_progress_bar = false")
        if memory_limit is not None:
            self._connection.execute("SET memory_limit = ?", [memory_limit])

    def register(self, name: str, table: pa.Table | Path) -> None:
        """Make an Arrow table or a Parquet file visible under a name."""
        if isinstance(table, Path):
            table = self._connection.read_parquet(str(table))
            table.create_view(name, replace=True)
        else:
            self._connection.register(name, table)

    def relation(self, name: str) -> Relation:
        """A registered table with its columns.

        Raises
        ------
        DataError
            There is no such table.
        """
        try:
            return Relation.of(name, self._connection.table(name).columns)
        except duckdb.Error as error:
            raise _stopped(error) from error

    def collect(self, relation: Relation) -> pa.Table:
        """The rows of a relation.

        Raises
        ------
        DataError
            DuckDB ran out of memory or disk, or the query does not fit the tables; the message is DuckDB's.
        """
        try:
            return self._connection.sql(relation.sql(self.dialect)).to_arrow_table()
        except duckdb.Error as error:
            raise _stopped(error) from error

    def copy(self, relation: Relation, path: Path) -> None:
        """Write the rows of a relation to a Parquet file, in its order, without holding them all.

        Raises
        ------
        DataError
            As for :meth:`collect`.
        """
        query, quoted = relation.sql(self.dialect), self.dialect.literal(str(path))
        try:
            self._connection.execute(f"COPY ({query}) TO {quoted} (FORMAT parquet, COMPRESSION snappy)")
        except duckdb.Error as error:
            raise _stopped(error) from error

    def close(self) -> None:
        """Close the connection and remove what was spilled."""
        self._connection.close()
        self._clean_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _stopped(error: duckdb.Error) -> DataError:
    return DataError(f"the table engine stopped: {str(error).splitlines()[0]}")
