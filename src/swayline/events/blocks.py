"""The stream of checked blocks that every way of reading a log begins with, and the account it keeps."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from swayline.core.errors import EmptyLogError, SourceError
from swayline.core.names import TEXT
from swayline.core.progress import task
from swayline.engine import Engine
from swayline.engine.operators.checks import Reading
from swayline.events.check import check, reading_of
from swayline.events.impressions import expand
from swayline.events.options import ReadOptions, resolve_columns
from swayline.events.prefetch import prefetched
from swayline.events.sources import name_of, read_blocks
from swayline.events.sources.block import Refusal, printable, rejected_table

_HOPELESS = 100_000
"""Rows refused before the first good one, beyond which the source is no log of events."""
_NAMED = 20
"""So many unread columns are named."""
_MANY, _MOST = 1_000_000, 0.99
"""So many refused rows, and such a share of all, end the reading: refusals must not fill the memory."""


@dataclass
class Account:
    """What has been read so far: every row is good or refused."""

    name: str
    n_good: int = 0
    n_refused: int = 0
    first: Refusal | None = None
    reading: Reading | None = None
    has_text: bool = False
    mapped: dict[str, str] = field(default_factory=dict)
    """Which column of the source became which of ours."""
    unread: dict[str, None] = field(default_factory=dict)
    """Names of the source's columns that stand for none of ours, in their order."""

    @property
    def n_read(self) -> int:
        """Rows seen in the source."""
        return self.n_good + self.n_refused

    def add(self, good: pa.Table, refused: list[Refusal]) -> None:
        """Count a block; a source that is no log of events is given up.

        Raises
        ------
        SourceError
            Nearly all of very many rows were refused.
        """
        self.n_good += len(good)
        self.n_refused += len(refused)
        self.first = self.first or (refused[0] if refused else None)
        if self.n_refused > (_MANY if self.n_good else _HOPELESS) and self.n_refused > _MOST * self.n_read:
            raise SourceError(f"{self.name} is no log of events as it is read: {self}")

    def need_rows(self) -> None:
        """Raise EmptyLogError where no row is good."""
        if self.n_good == 0:
            raise EmptyLogError(f"{self.name} has no usable event: {self}")

    def notes(self) -> tuple[str, ...]:
        """What a person should know of how the columns were told."""
        names = sorted(self.reading.left_out) if self.reading else []
        aside = [
            f"column {name!r} holds no such numbers and was left aside (say --map {name}=… to insist)" for name in names
        ]
        return (*aside, *([unread_words(list(self.unread))] if self.unread else []))

    def __str__(self) -> str:
        first = self.first
        where = f"; first: row {first.row}, {first.column or 'the row'} {first.reason}" if first else ""
        return f"{self.n_read} rows read, {self.n_refused} rejected{where}"


def checked_blocks(
    source: Any, options: ReadOptions, engine: Engine, account: Account
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """(good rows, rejected rows) of each block of a source, kept account of."""

    def resolve(header: list[str]) -> dict[str, int]:
        found = resolve_columns(header, options, account.name)
        used = set(found.values())
        account.mapped |= {ours: header[at] for ours, at in found.items() if at < len(header)}
        account.unread |= {name: None for at, name in enumerate(header) if at not in used and name.strip() not in "-"}
        return found

    said = {*options.mapping, *options.columns}
    with (
        task("read and check") as bar,
        closing(prefetched(read_blocks(source, options, resolve))) as blocks,
    ):
        for block in blocks:
            if account.reading is None and len(block.table):
                account.reading = replace(reading_of(block, said), behavior=options.behavior, synonyms=options.synonyms)
                account.has_text = TEXT in block.table.column_names
            good, refused = check(engine, block, account.reading or Reading())
            if options.format == "impressions":
                good, more = expand(good, account.n_good + 1)
                refused += more
            account.add(good, refused)
            told = [replace(one, row=one.row - block.first_row) for one in refused]
            yield good, rejected_table(block.part or account.name, told)
            bar.note(f"{account.n_read:,} rows, {account.n_refused:,} rejected")


def unread_words(names: list[str]) -> str:
    """Names the columns of a log that are not read.

    >>> unread_words(["colour", "shop"])
    "columns 'colour', 'shop' are not read: they tell repeats apart and nothing else (say --map OURS=… to use one)"
    """
    some = ", ".join(repr(printable(name)[:40]) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    are, they = ("are", "they tell") if len(names) > 1 else ("is", "it tells")
    return (
        f"column{'s' if len(names) > 1 else ''} {some}{more} {are} not read: {they} repeats apart and nothing else"
        " (say --map OURS=… to use one)"
    )


def account_of(source: Any) -> Account:
    """A fresh account of a source."""
    return Account(name_of(source))
