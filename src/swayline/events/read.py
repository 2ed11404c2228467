"""The one function that reads a log: blocks are checked as they come, then repeats go and rows are put in order."""

from typing import Any

import pyarrow as pa

from swayline.core.names import TEXT
from swayline.engine import DuckEngine, Engine
from swayline.events.blocks import account_of, checked_blocks
from swayline.events.clean import clean
from swayline.events.log import EventLog
from swayline.events.options import ReadOptions
from swayline.events.side import read_sides
from swayline.events.sources.block import REJECTED


def read_events(
    path: Any,
    *,
    items: Any = None,
    users: Any = None,
    ties: Any = None,
    options: ReadOptions | None = None,
    engine: Engine | None = None,
) -> EventLog:
    """Read, check and clean a log of behaviour.

    Parameters
    ----------
    path : path, address or frame
        CSV, TSV, JSON lines (each also compressed by gzip or zstd), Parquet or a DuckDB file; ``postgresql://…``,
        ``http://…`` or ``https://…``; an Arrow, pandas or Polars frame.
    items, users, ties : path, address or frame, optional
        Side tables, in any of these forms.
    options : ReadOptions, optional
        Columns, mapping, delimiter, format; detected where not said.
    engine : Engine, optional
        Where tables are computed; by default a DuckDB of its own.

    Returns
    -------
    EventLog
        Every row read is an event, a repeat that was counted, or a rejected row.

    Raises
    ------
    SourceError, SchemaError, EmptyLogError
        The source cannot be read, its columns cannot be told, or no row is left.
    """
    options = options or ReadOptions()
    if engine is None:
        with DuckEngine() as own:
            return read_events(path, items=items, users=users, ties=ties, options=options, engine=own)
    account = account_of(path)
    tables: list[pa.Table] = []
    refused = [REJECTED.empty_table()]
    for good, rejected in checked_blocks(path, options, engine, account):
        tables.append(good)
        refused.append(rejected)
    account.need_rows()
    events = clean(engine, pa.concat_tables(tables), options.ordered)
    if TEXT in events.column_names and not account.has_text and events[TEXT].null_count == len(events):
        events = events.drop_columns([TEXT])
    events = events.combine_chunks()
    sides, more = read_sides(items, users, ties, options, engine)
    rejected = pa.concat_tables([*refused, more]).combine_chunks()
    n_duplicates = account.n_good - len(events)
    return EventLog(events, rejected, account.n_read, n_duplicates, options, notes=account.notes(), **sides)
