"""The one function that reads a log: blocks are checked as they come, then repeats go and rows are put in order."""

from dataclasses import replace
from typing import Any

import pyarrow as pa

from swayline.core.names import TEXT
from swayline.engine import DuckEngine, Engine
from swayline.events.blocks import account_of, checked_blocks
from swayline.events.clean import clean
from swayline.events.links import Links, link_events, link_sides, read_links, refusals_of
from swayline.events.log import EventLog
from swayline.events.options import ReadOptions
from swayline.events.side import read_sides, unmatched
from swayline.events.sources.block import REJECTED
from swayline.events.triples import read_graph


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
        CSV, TSV, JSON lines (each also compressed by gzip or zstd), Parquet or a DuckDB file; a folder of parts, a glob
        or a list of paths (parts have the same columns); ``-`` for standard input; ``s3://…``, ``gs://…`` or any other
        address of fsspec; ``postgresql://…``, ``http://…`` or ``https://…``; an Arrow, pandas or Polars frame or a
        DuckDB relation.
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
    links = None if options.links is None else read_links(options.links)
    checked, linked = link_events(pa.concat_tables(tables), links)
    events = clean(engine, checked, options.ordered)
    if TEXT in events.column_names and not account.has_text and events[TEXT].null_count == len(events):
        events = events.drop_columns([TEXT])
    events = events.combine_chunks()
    sides, more, told = _beside(items, users, ties, options, engine, events, links)
    rejected = pa.concat_tables([*refused, *refusals_of(links), more]).combine_chunks()
    return EventLog(
        events, rejected, account.n_read, account.n_good - len(events), options,
        notes=(*account.notes(), *linked, *told), mapped=account.mapped, **sides,
    )  # fmt: skip


def _beside(
    items: Any, users: Any, ties: Any, options: ReadOptions, engine: Engine, events: pa.Table, links: Links | None
) -> tuple[dict[str, pa.Table | None], pa.Table, tuple[str, ...]]:
    """The side tables by people, and the graph of the items; rejected rows; notes."""
    sides, rejected = read_sides(items, users, ties, options, engine)
    sides, told = link_sides(sides, links)
    graph, refused, about = read_graph(options, events)
    notes = (*told, *unmatched(sides, events), *about)
    return sides | {"graph": graph}, pa.concat_tables([rejected, refused]), notes


def as_log(source: Any, **sides: Any) -> EventLog:
    """A log, whatever it comes as: the log itself, or what :func:`read_events` reads.

    Parameters
    ----------
    source : EventLog, path, address or frame
    **sides
        ``items``, ``users``, ``ties``, ``options`` of :func:`read_events`; with a log they replace the log's own.

    Raises
    ------
    SourceError, SchemaError, EmptyLogError
        As :func:`read_events`.
    """
    given = {name: value for name, value in sides.items() if value is not None}
    if not isinstance(source, EventLog):
        return read_events(source, **given)
    if not given:
        return source
    with DuckEngine() as engine:
        tables, more = read_sides(given.get("items"), given.get("users"), given.get("ties"), source.options, engine)
    found = {name: table for name, table in tables.items() if table is not None}
    return replace(source, rejected=pa.concat_tables([source.rejected, more]), **found)
