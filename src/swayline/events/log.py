"""The event log in memory, and the one function that reads one."""

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import EmptyLogError, OutcomeError, nearest
from swayline.core.names import BEHAVIOR, FUNNEL, ITEM, REST, TIME, USER, funnel_depth
from swayline.core.progress import task
from swayline.engine import DuckEngine, Engine
from swayline.events.check import check, time_unit_us
from swayline.events.clean import deduplicate, in_order, sessionise
from swayline.events.options import ReadOptions
from swayline.events.side import read_items, read_ties, read_users
from swayline.events.sources import read_blocks
from swayline.events.sources.block import REJECTED, Refusal, rejected_table


@dataclass(frozen=True)
class EventLog:
    """What happened, checked, without repeats, in time order.

    Parameters
    ----------
    events : pa.Table
        ``row``, ``user``, ``item``, ``behavior``, ``time`` and the optional columns the source had.
    rejected : pa.Table
        ``file``, ``row``, ``column``, ``value``, ``reason`` of every row that was refused.
    n_read, n_duplicates : int
        Rows seen in the source, and repeats dropped.
    options : ReadOptions
        How the source was read.
    items, users, ties : pa.Table, optional
        Side tables.
    """

    events: pa.Table
    rejected: pa.Table = field(default_factory=REJECTED.empty_table)
    n_read: int = 0
    n_duplicates: int = 0
    options: ReadOptions = field(default_factory=ReadOptions)
    items: pa.Table | None = None
    users: pa.Table | None = None
    ties: pa.Table | None = None

    def __len__(self) -> int:
        return len(self.events)

    @property
    def ordered(self) -> bool:
        """Whether rows have an order and no times."""
        return self.options.ordered

    @property
    def behaviors(self) -> list[str]:
        """The behaviours present: the funnel's in its order, then the others by frequency."""
        counts = pc.value_counts(self.events[BEHAVIOR]).to_pylist()
        return [one["values"] for one in sorted(counts, key=lambda one: (_place(one["values"]), -one["counts"], one["values"]))]

    def outcome(self, wanted: str | None = None) -> str:
        """The behaviour that counts as success: the one wanted, else the deepest of the funnel present.

        Raises
        ------
        OutcomeError
            The wanted one does not occur, or none is wanted and the funnel knows none of several.
        """
        present = self.behaviors
        if wanted is not None:
            if wanted not in present:
                raise OutcomeError(f"outcome {wanted!r} does not occur in this log: {nearest(wanted, present)}")
            return wanted
        deepest = max(present, key=funnel_depth)
        if funnel_depth(deepest) < 0 and len(present) > 1:
            raise OutcomeError(f"which behaviour is the outcome? say --outcome NAME, one of: {', '.join(present)}")
        return deepest


def _place(behavior: str) -> int:
    depth = funnel_depth(behavior)
    return depth if depth >= 0 else len(FUNNEL)


def read_events(
    path: str | Path,
    *,
    items: str | Path | None = None,
    users: str | Path | None = None,
    ties: str | Path | None = None,
    options: ReadOptions | None = None,
    engine: Engine | None = None,
) -> EventLog:
    """Read, check and clean a log of behaviour.

    Parameters
    ----------
    path : path
        CSV, TSV, JSON lines (each also gzipped) or Parquet.
    items, users, ties : path, optional
        Side tables in the same formats.
    options : ReadOptions, optional
        Columns, mapping, delimiter, format; detected where not said.

    Raises
    ------
    SourceError, SchemaError, EmptyLogError
        The file cannot be read, its columns cannot be told, or no row is left.
    """
    path, options = Path(path), options or ReadOptions()
    if engine is None:
        with DuckEngine() as own:
            return read_events(path, items=items, users=users, ties=ties, options=options, engine=own)
    tables, refused, n_read = _checked(path, options, engine)
    if not any(len(table) for table in tables):
        first = f"; first: row {refused[0].row}, {refused[0].column or 'row'} {refused[0].reason}" if refused else ""
        raise EmptyLogError(f"{path} has no usable event: {n_read} rows read, {len(refused)} rejected{first}")
    events, n_duplicates = deduplicate(engine, pa.concat_tables(tables), options.ordered)
    if REST in events.column_names:
        events = events.drop_columns([REST])
    if not options.ordered:
        events = sessionise(engine, events)
    parts = [rejected_table(str(path), refused)]
    side: dict[str, pa.Table | None] = {}
    for name, file, reader in (("items", items, read_items), ("users", users, read_users), ("ties", ties, read_ties)):
        side[name] = None
        if file is not None:
            side[name], rejected = reader(Path(file))
            parts.append(rejected)
    return EventLog(
        in_order(events, options.ordered).combine_chunks(), pa.concat_tables(parts), n_read, n_duplicates, options, **side
    )


def _checked(path: Path, options: ReadOptions, engine: Engine) -> tuple[list[pa.Table], list[Refusal], int]:
    tables: list[pa.Table] = []
    refused: list[Refusal] = []
    unit_us: float | None = None
    n_read = 0
    with task("read and check") as bar:
        for block in read_blocks(path, options):
            if unit_us is None and TIME in block.table.column_names and len(block.table):
                unit_us = time_unit_us(block.table[TIME])
            good, bad = check(engine, block, unit_us if unit_us is not None else 1e6)
            tables.append(good)
            refused += bad
            n_read += len(block.table) + len(block.refused)
            bar.note(f"{n_read:,} rows, {len(refused):,} rejected")
    return tables, refused, n_read


def count_distinct(log: EventLog) -> tuple[int, int]:
    """How many users and items have an event."""
    return len(pc.unique(log.events[USER])), len(pc.unique(log.events[ITEM].drop_null()))
