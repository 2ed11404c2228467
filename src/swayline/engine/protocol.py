"""What a table engine is: somewhere to put named tables and collect relations of them."""

from pathlib import Path
from typing import Protocol

import pyarrow as pa

from swayline.engine.dialect import Dialect
from swayline.engine.relation import Relation


class Engine(Protocol):
    """Named tables in, Arrow tables out. What is asked comes from :mod:`swayline.engine.operators`."""

    name: str
    dialect: Dialect

    def register(self, name: str, table: pa.Table | Path) -> None:
        """Make an Arrow table, or a Parquet file, visible under a name; a later one takes its place."""
        ...

    def relation(self, name: str) -> Relation:
        """A registered table with its columns."""
        ...

    def collect(self, relation: Relation) -> pa.Table:
        """The rows of a relation, as an Arrow table."""
        ...

    def copy(self, relation: Relation, path: Path) -> None:
        """Write the rows of a relation to a Parquet file, in its order, without holding them all in memory."""
        ...

    def close(self) -> None:
        """Give back memory and files."""
        ...
