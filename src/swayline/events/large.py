"""A log larger than memory: checked block by block onto disk, then cleaned there by the engine.

::

    source → checked blocks → staged Parquet → repeats out, order, sessions (DuckDB, spilling) → the folder of a log
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from swayline.core.errors import UsageError
from swayline.core.names import EVENT_ID, EVENTS_FILE, REJECTED_FILE, REST, ROW, SESSION, TEXT, TIME
from swayline.core.storage.files import clear_folders, to_disk
from swayline.core.storage.locks import only_one
from swayline.engine import DuckEngine, Relation
from swayline.engine.operators import cleaning, sessions
from swayline.events.blocks import Account, account_of, checked_blocks
from swayline.events.clean import SESSION_GAP_S
from swayline.events.options import ReadOptions
from swayline.events.side import read_sides
from swayline.events.sources.block import REJECTED
from swayline.events.store import begin, finish, write_tables

_STAGE = ".stage-"
_GROUP_ROWS = 1 << 18


@dataclass(frozen=True)
class Cleaned:
    """What :func:`clean_log` did: rows of the log, rows read, repeats dropped, rows rejected."""

    n_events: int
    n_read: int
    n_duplicates: int
    n_rejected: int


def clean_log(
    path: Any,
    folder: str | Path,
    *,
    items: Any = None,
    users: Any = None,
    ties: Any = None,
    options: ReadOptions | None = None,
    memory_limit: str = "2GB",
) -> Cleaned:
    """Read, check and clean a log of any size into a folder, as :func:`read_events` and ``write_log`` would.

    Parameters
    ----------
    path : path, address or frame
        As for :func:`read_events`.
    folder : path
        Becomes what ``read_log`` reads; a log already there is replaced.
    items, users, ties : path, address or frame, optional
        As for :func:`read_events`.
    options : ReadOptions, optional
        As for :func:`read_events`.
    memory_limit : str
        What the engine may hold (``2GB``); beyond it, it spills to disk. Reading itself takes a few hundred MB.

    Returns
    -------
    Cleaned
        Rows of the log, rows read, repeats dropped, rows rejected.

    Raises
    ------
    SourceError, SchemaError, EmptyLogError
        The source cannot be read, its columns cannot be told, or no row is left.
    """
    folder, options = Path(folder), options or ReadOptions()
    if options.links is not None or options.graph is not None:
        raise UsageError("links and graphs are read with a log that is read whole: give them to read_events")
    with only_one(folder, "clean"):
        return _cleaned(path, folder, (items, users, ties), options, memory_limit)


def _cleaned(path: Any, folder: Path, others: tuple[Any, Any, Any], options: ReadOptions, memory_limit: str) -> Cleaned:
    account = account_of(path)
    begin(folder)
    clear_folders(folder, _STAGE)
    stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=folder))
    try:
        with DuckEngine(memory_limit=memory_limit) as engine:
            _stage(path, options, engine, account, stage)
            account.need_rows()
            sides, more = read_sides(*others, options, engine)
            with _writer(stage / REJECTED_FILE, REJECTED) as writer:
                for part in (pq.read_table(stage / "refused.parquet"), more):
                    writer.write_table(part)
            n_events = _clean(engine, stage, options, account)
        for name in (EVENTS_FILE, REJECTED_FILE):
            to_disk(stage / name)
            (stage / name).replace(folder / name)
        n_rejected = account.n_refused + len(more)
        rows = {"events": n_events, "rejected": n_rejected} | write_tables(folder, sides)
        n_duplicates = account.n_good - n_events
        finish(folder, rows, account.n_read, n_duplicates, options, account.notes())
        return Cleaned(n_events, account.n_read, n_duplicates, n_rejected)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def _writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        yield writer


def _stage(path: Any, options: ReadOptions, engine: DuckEngine, account: Account, stage: Path) -> None:
    """Write the good rows and the refusals of a source as they come."""
    writer: pq.ParquetWriter | None = None
    try:
        with _writer(stage / "refused.parquet", REJECTED) as refused:
            for good, rejected in checked_blocks(path, options, engine, account):
                if len(good):
                    writer = writer or pq.ParquetWriter(stage / "checked.parquet", good.schema, compression="snappy")
                    writer.write_table(good)
                if len(rejected):
                    refused.write_table(rejected)
    finally:
        if writer is not None:
            writer.close()


def _clean(engine: DuckEngine, stage: Path, options: ReadOptions, account: Account) -> int:
    """Write the log's events from the staged rows; how many there are."""
    columns = pq.read_schema(stage / "checked.parquet").names
    engine.register("checked", stage / "checked.parquet")
    rows = _without_repeats(engine, stage, columns, options.ordered)
    n = engine.collect(cleaning.filled_counts("checked", columns))
    filled = {name: n[name][0].as_py() for name in ("n", *columns)}
    kept = [name for name in columns if name != REST and (name != TEXT or account.has_text or filled[TEXT])]
    keyed = not options.ordered and filled.get(EVENT_ID) == filled["n"]
    order = [ROW] if options.ordered else [TIME, EVENT_ID] if keyed else [TIME, ROW]
    shorter_first = EVENT_ID if keyed else None
    if options.ordered or filled.get(SESSION) == filled["n"]:
        log = cleaning.sorted_rows(rows, kept, order, shorter_first)
    else:
        log = sessions.sessionise(rows, kept, SESSION in kept, SESSION_GAP_S, order, shorter_first)
    engine.copy(log, stage / "sorted.parquet")
    return _numbered(stage / "sorted.parquet", stage / EVENTS_FILE, keyed)


def _without_repeats(engine: DuckEngine, stage: Path, columns: list[str], ordered: bool) -> Relation:
    """The rows without repeats."""
    checked = engine.relation("checked")
    key = EVENT_ID if EVENT_ID in columns else None
    if ordered and key is None:
        return checked
    same = [ROW] if ordered else [name for name in columns if name != ROW]
    engine.copy(cleaning.suspects(checked, same, key), stage / "suspects.parquet")
    if pq.read_metadata(stage / "suspects.parquet").num_rows == 0:
        return checked
    engine.register("suspects", stage / "suspects.parquet")
    looked_at = cleaning.rows_in(checked, "suspects")
    engine.copy(cleaning.deduplicate(looked_at, same, key), stage / "gone.parquet")
    engine.register("gone", stage / "gone.parquet")
    return cleaning.rows_not_in(checked, "gone")


def _numbered(source: Path, target: Path, anew: bool) -> int:
    """Copy sorted rows in groups, counting them anew where their order is their content's."""
    row = 0
    schema = pa.schema([(one.name, one.type) for one in pq.read_schema(source)])
    with pq.ParquetFile(source, pre_buffer=False) as file, _writer(target, schema) as writer:
        for batch in file.iter_batches(_GROUP_ROWS):
            table = pa.Table.from_batches([batch]).cast(schema)
            if anew:
                numbers = pa.array(np.arange(row + 1, row + len(table) + 1))
                table = table.set_column(table.column_names.index(ROW), ROW, numbers)
            writer.write_table(table)
            row += len(table)
    return row
