"""Parquet: typed columns, a batch at a time."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from swayline.core.errors import SchemaError, SourceError
from swayline.events.options import MAX_COLUMNS, ReadOptions
from swayline.events.sources.block import Block, Resolver
from swayline.events.sources.typed import from_arrow

_BATCH_ROWS = 1 << 19
_BATCH_BYTES = 64 << 20
_MAX_RATIO = 300
_RATIO_FROM_BYTES = 256 << 20
_MAX_ROWS_A_BYTE = 50


def read(path: Path, options: ReadOptions, resolve: Resolver) -> Iterator[Block]:
    """Blocks of raw rows under our column names; ``row`` is the record number, from 1.

    Raises
    ------
    SourceError
        The file is missing, truncated, no Parquet, or a bomb.
    SchemaError
        A needed column cannot be told, or is nested.
    """
    try:
        # Buffering ahead would hold the whole file by the time it has been read.
        file = pq.ParquetFile(path, pre_buffer=False)
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist: check the path") from None
    except IsADirectoryError:
        raise SourceError(f"{path} is a folder: give one file of events") from None
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as Parquet: {error}") from None
    with file:
        n_columns = file.metadata.num_columns
        if n_columns > MAX_COLUMNS:
            raise SchemaError(f"{path} has {n_columns} columns; at most {MAX_COLUMNS} are read")
        wanted = resolve(file.schema_arrow.names)
        batch_rows = _batch_rows(file, path)
        row = 1
        try:
            for batch in file.iter_batches(batch_rows):
                yield from_arrow(pa.Table.from_batches([batch]), wanted, row, str(path))
                row += len(batch)
        except (OSError, pa.ArrowException) as error:
            raise SourceError(f"{path} is damaged from record {row} on: {error}") from None


def _batch_rows(file: pq.ParquetFile, path: Path) -> int:
    """Rows that take about 64 MB; a file that says it would grow as no log of events does is refused."""
    about = file.metadata
    n_bytes: int = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
    size = path.stat().st_size
    if n_bytes > max(_RATIO_FROM_BYTES, _MAX_RATIO * size) or about.num_rows > max(10_000_000, _MAX_ROWS_A_BYTE * size):
        raise SourceError(
            f"{path} holds {about.num_rows} rows in {size} bytes, as no log of events does: write it anew to insist"
        )
    n_rows: int = max(about.num_rows, 1)
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES * n_rows // max(n_bytes, 1)))
