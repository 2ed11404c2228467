"""The default engine: DuckDB, embedded, larger than memory, never online."""

from pathlib import Path
from typing import Self

import duckdb
import pyarrow as pa

from swayline.core.errors import DataError

_OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


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
    ...     engine.sql("SELECT sum(x) AS s FROM t")["s"].to_pylist()
    [3]
    """

    name = "duckdb"

    def __init__(self, memory_limit: str | None = None) -> None:
        self._connection = duckdb.connect(":memory:", config=dict(_OFFLINE))
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET enable_progress_bar = false")
        if memory_limit is not None:
            self._connection.execute("SET memory_limit = ?", [memory_limit])

    def register(self, name: str, table: pa.Table | Path) -> None:
        """Make an Arrow table or a Parquet file visible to SQL."""
        if isinstance(table, Path):
            table = self._connection.read_parquet(str(table))
            table.create_view(name, replace=True)
        else:
            self._connection.register(name, table)

    def sql(self, query: str) -> pa.Table:
        """The rows of a query.

        Raises
        ------
        DataError
            DuckDB ran out of memory or disk, or the query does not fit the tables; the message is DuckDB's.
        """
        try:
            return self._connection.sql(query).to_arrow_table()
        except duckdb.Error as error:
            raise DataError(f"the table engine stopped: {str(error).splitlines()[0]}") from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
