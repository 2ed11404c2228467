"""The one function that reads a log: blocks are checked as they come, then repeats go and rows are put in order."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pyarrow as pa

from swayline.core.errors import EmptyLogError, SourceError
from swayline.core.names import REST, TEXT
from swayline.core.progress import task
from swayline.engine import DuckEngine, Engine
from swayline.events.check import Reading, check, reading_of
from swayline.events.clean import deduplicate, in_order, sessionise
from swayline.events.log import EventLog
from swayline.events.options import ReadOptions, resolve_columns
from swayline.events.side import read_items, read_ties, read_users
from swayline.events.sources import read_blocks
from swayline.events.sources.block import REJECTED, Refusal, rejected_table

_HOPELESS = 100_000
"""Rows refused before the first good one, beyond which the file is no log of events."""
_MANY, _MOST = 1_000_000, 0.99
"""So many refused rows, and such a share of all, end the reading: refusals must not fill the memory."""


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
        CSV, TSV, JSON lines (each also compressed by gzip or zstd) or Parquet.
    items, users, ties : path, optional
        Side tables in the same formats.
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
        The file cannot be read, its columns cannot be told, or no row is left.
    """
    path, options = Path(path), options or ReadOptions()
    if engine is None:
        with DuckEngine() as own:
            return read_events(path, items=items, users=users, ties=ties, options=options, engine=own)
    checked = _checked(path, options, engine)
    events, n_duplicates = _cleaned(engine, checked.events(), options)
    parts = [checked.rejected()]
    side: dict[str, pa.Table | None] = {}
    for name, file, reader in (("items", items, read_items), ("users", users, read_users), ("ties", ties, read_ties)):
        side[name] = None
        if file is not None:
            side[name], rejected = reader(Path(file), options, engine)
            parts.append(rejected)
    rejected = pa.concat_tables(parts).combine_chunks()
    return EventLog(events, rejected, checked.n_read, n_duplicates, options, notes=checked.notes(), **side)


@dataclass
class _Checked:
    """What has been read so far."""

    path: Path
    tables: list[pa.Table] = field(default_factory=list)
    refused: list[pa.Table] = field(default_factory=list)
    first: Refusal | None = None
    reading: Reading | None = None
    has_text: bool = False
    n_good: int = 0
    n_refused: int = 0

    @property
    def n_read(self) -> int:
        return self.n_good + self.n_refused

    def add(self, good: pa.Table, refused: list[Refusal]) -> None:
        self.tables.append(good)
        self.n_good += len(good)
        if refused:
            self.first = self.first or refused[0]
            self.refused.append(rejected_table(str(self.path), refused))
            self.n_refused += len(refused)
        if self.n_refused > (_MANY if self.n_good else _HOPELESS) and self.n_refused > _MOST * self.n_read:
            raise SourceError(f"{self.path} is no log of events as it is read: {self._count()}")

    def events(self) -> pa.Table:
        if self.n_good == 0:
            raise EmptyLogError(f"{self.path} has no usable event: {self._count()}")
        events = pa.concat_tables(self.tables)
        if TEXT in events.column_names and not self.has_text and events[TEXT].null_count == len(events):
            events = events.drop_columns([TEXT])
        return events

    def rejected(self) -> pa.Table:
        return pa.concat_tables([REJECTED.empty_table(), *self.refused])

    def notes(self) -> tuple[str, ...]:
        names = sorted(self.reading.left_out) if self.reading else []
        return tuple(
            f"column {name!r} holds no such numbers and was left aside (say --map {name}=… to insist)" for name in names
        )

    def _count(self) -> str:
        first = self.first
        where = f"; first: row {first.row}, {first.column or 'the row'} {first.reason}" if first else ""
        return f"{self.n_read} rows read, {self.n_refused} rejected{where}"


def _checked(path: Path, options: ReadOptions, engine: Engine) -> _Checked:
    checked = _Checked(path)
    resolve = partial(resolve_columns, options=options, where=str(path))
    said = {*options.mapping, *options.columns}
    with task("read and check") as bar:
        for block in read_blocks(path, options, resolve):
            if checked.reading is None and len(block.table):
                checked.reading = reading_of(block, said)
                checked.has_text = TEXT in block.table.column_names
            checked.add(*check(engine, block, checked.reading or Reading()))
            bar.note(f"{checked.n_read:,} rows, {checked.n_refused:,} rejected")
    return checked


def _cleaned(engine: Engine, events: pa.Table, options: ReadOptions) -> tuple[pa.Table, int]:
    """The events without repeats, in order, with sessions; and how many repeats there were."""
    unique, n_duplicates = deduplicate(engine, events, options.ordered)
    if REST in unique.column_names:
        unique = unique.drop_columns([REST])
    if not options.ordered:
        unique = sessionise(engine, in_order(unique))
    return unique.combine_chunks(), n_duplicates
