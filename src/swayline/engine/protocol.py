"""What a table engine is: somewhere to put named tables and ask SQL of them."""

from pathlib import Path
from typing import Protocol

import pyarrow as pa


class Engine(Protocol):
    """Named tables in, Arrow tables out. The SQL comes from :mod:`swayline.engine.operators`."""

    name: str

    def register(self, name: str, table: pa.Table | Path) -> None:
        """Make an Arrow table, or a Parquet file, visible to SQL under a name; a later one takes its place."""
        ...

    def sql(self, query: str) -> pa.Table:
        """The rows a query returns, as an Arrow table."""
        ...

    def copy(self, query: str, path: Path) -> None:
        """Write the rows a query returns to a Parquet file, in its order, without holding them all in memory."""
        ...

    def close(self) -> None:
        """Give back memory and files."""
        ...
