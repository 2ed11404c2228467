"""The engine for tables larger than one machine: Spark, in a session of the caller's or on cores of this machine.

The same operators are written in Spark's dialect and answered there; Arrow tables go in and come out. Nothing is sent
anywhere but to the session's own cluster.

References
----------
Armbrust et al., "Spark SQL: Relational Data Processing in Spark", SIGMOD 2015.
"""

import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from swayline.core.errors import DataError, MissingExtraError, SourceError
from swayline.engine.dialect import SPARK, Dialect
from swayline.engine.relation import Relation

_SETTINGS: dict[str, bool | float | int | str | None] = {
    "spark.sql.session.timeZone": "UTC", "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1", "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.ansi.enabled": "false", "spark.sql.shuffle.partitions": "4",
}  # fmt: skip
"""Of a session on this machine: UTC, no page, no port beyond it, casts that fail are null as DuckDB's TRY_CAST."""


class SparkEngine:
    """Spark as a table engine.

    Parameters
    ----------
    session : pyspark.sql.SparkSession, optional
        The caller's own, which stays open; by default one on this machine is started and stopped.
    master : str
        Where a session of ours runs: ``local[2]``, ``spark://host:7077``.

    Raises
    ------
    MissingExtraError
        pyspark, or the Java that it needs, is not installed.
    SourceError
        The cluster refuses.
    """

    name = "spark"
    dialect: Dialect = SPARK

    def __init__(self, session: Any = None, master: str = "local[2]") -> None:
        self._owned = session is None
        self._session = session if session is not None else _started(master)
        self._session.conf.set("spark.sql.session.timeZone", "UTC")
        self._folder = Path(tempfile.gettempdir()) / f"swayline-spark-{uuid.uuid4().hex}"

    def register(self, name: str, table: pa.Table | Path) -> None:
        """Make an Arrow table, a Parquet file or a folder of Parquet files visible under a name."""
        if isinstance(table, Path):
            frame = self._session.read.parquet(str(table))
        else:
            self._folder.mkdir(exist_ok=True)
            path = self._folder / f"{uuid.uuid4().hex}.parquet"
            pq.write_table(table, path)
            frame = self._session.read.parquet(str(path))
        frame.createOrReplaceTempView(self.dialect.quote(name) if not name.isidentifier() else name)

    def relation(self, name: str) -> Relation:
        """A registered table with its columns.

        Raises
        ------
        DataError
            There is no such table.
        """
        try:
            return Relation.of(name, self._session.table(self.dialect.quote(name)).columns)
        except Exception as error:
            raise _stopped(error) from error

    def collect(self, relation: Relation) -> pa.Table:
        """The rows of a relation.

        Raises
        ------
        DataError
            The query does not fit the tables, or the cluster stopped; the message is Spark's.
        """
        try:
            return _in_utc(self._session.sql(relation.sql(self.dialect)).toArrow())
        except Exception as error:
            raise _stopped(error) from error

    def copy(self, relation: Relation, path: Path) -> None:
        """Write the rows of a relation to one Parquet file, in its order; rows pass through this process in parts.

        Raises
        ------
        DataError
            As for :meth:`collect`.
        """
        try:
            frame = self._session.sql(relation.sql(self.dialect))
            schema = _in_utc(frame.limit(0).toArrow()).schema
            parts = self._folder / uuid.uuid4().hex
            frame.coalesce(1).write.parquet(str(parts))
            with pq.ParquetWriter(path, schema) as writer:
                for part in sorted(parts.glob("*.parquet")):
                    for batch in pq.ParquetFile(part).iter_batches():
                        writer.write_table(_in_utc(pa.Table.from_batches([batch])).cast(schema))
        except Exception as error:
            raise _stopped(error) from error

    def close(self) -> None:
        """Stop the session where it is ours, and remove what was written beside it."""
        if self._owned:
            self._session.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _started(master: str) -> Any:
    """A session on this machine."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise MissingExtraError("the Spark engine needs pyspark: pip install 'swayline[spark]'") from None
    if shutil.which("java") is None:
        raise MissingExtraError("the Spark engine needs Java 17: apt-get install openjdk-17-jre-headless")
    try:
        return SparkSession.builder.master(master).appName("swayline").config(map=_SETTINGS).getOrCreate()
    except Exception as error:
        raise SourceError(f"Spark does not start on {master}: {_first_line(error)}: check the address") from error


def _in_utc(table: pa.Table) -> pa.Table:
    """Moments as every engine gives them: microseconds in UTC."""
    schema = pa.schema([
        field.with_type(pa.timestamp("us", "UTC")) if pa.types.is_timestamp(field.type) and field.type.tz else field
        for field in table.schema
    ])  # fmt: skip
    return table.cast(schema)


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _stopped(error: Exception) -> DataError:
    return DataError(f"the table engine stopped: {_first_line(error)}")
