"""One reader a format; each yields blocks of raw rows under our names and refuses what it cannot read."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import SourceError, UsageError
from swayline.core.names import ROW
from swayline.events.options import MAX_COLUMNS, Paging, ReadOptions
from swayline.events.sources import (
    cascades,
    database,
    delimited,
    frames,
    jsonl,
    lines,
    pages,
    parquet,
    parts,
    sequences,
)
from swayline.events.sources.block import Block, Resolver
from swayline.events.sources.typed import from_arrow

Reader = Callable[[Path, ReadOptions, Resolver], Iterator[Block]]
_READERS: dict[str, Reader] = {
    "csv": delimited.read,
    "jsonl": jsonl.read,
    "parquet": parquet.read,
    "duckdb": database.read_duckdb,
    "sequences": sequences.read,
    "cascades": cascades.read,
}
_ALIASES = {"recbole": "csv", "impressions": "auto"}
_SUFFIXES = {".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
_COMPRESSED = (".gz", ".zst")
_FRAME_ROWS = 1 << 18


def is_address(source: Any) -> bool:
    """Whether a source is looked up at an address, so that its content can change and no file's bytes stand for it."""
    return database.is_postgres(source) or pages.is_address(source) or parts.is_store(source) or source == parts.STDIN


def name_of(source: Any) -> str:
    """What messages and rejected rows call a source; an address without its secrets."""
    if parts.is_parts(source):
        return parts.name_of_parts(source)
    if frames.is_frame(source):
        return "the frame"
    if is_address(source):
        return database.without_secrets(source)
    return str(source)


def read_blocks(source: Any, options: ReadOptions, resolve: Resolver) -> Iterator[Block]:
    """Raw blocks of files (by the format said, else by their first bytes and names), an address or a frame."""
    if parts.is_parts(source):
        return _blocks_of_parts(source, options, resolve)
    if frames.is_frame(source):
        return _frame_blocks(frames.as_arrow(source), resolve)
    if database.is_postgres(source):
        return database.read_postgres(source, options, resolve)
    if pages.is_address(source):
        return _paged_blocks(source, options.paging or Paging(), resolve)
    path = Path(source)
    return _READERS[format_of(path, options)](path, options, resolve)


def _blocks_of_parts(source: Any, options: ReadOptions, resolve: Resolver) -> Iterator[Block]:
    """Blocks of every part, one after the other; rows count on from part to part."""
    headers: list[tuple[str, list[str]]] = []

    with parts.on_disk(source) as files:
        parts.check_alike(files)
        rows = 0
        for name, path in files:

            def checked(header: list[str], name: str = name) -> dict[str, int]:
                if headers:
                    parts.same_columns(*headers[0], name, header)
                headers.append((name, header))
                return resolve(header)

            before = rows
            for block in _READERS[format_of(path, options)](path, options, checked):
                yield _counted_on(block, name, before)
                rows = max([rows, *(before + row for row in _last_rows(block))])


def _counted_on(block: Block, part: str, before: int) -> Block:
    at = block.table.column_names.index(ROW)
    table = block.table.set_column(at, ROW, pc.add(block.table[ROW], before))
    refused = [replace(one, row=one.row + before) for one in block.refused]
    return replace(block, table=table, refused=refused, part=part, first_row=before)


def _last_rows(block: Block) -> list[int]:
    last = pc.max(block.table[ROW]).as_py()
    return [*([last] if last is not None else []), *(one.row for one in block.refused)]


def _paged_blocks(address: str, paging: Paging, resolve: Resolver) -> Iterator[Block]:
    with pages.spool(paging) as folder:
        yield from pages.read(address, paging, folder, resolve)


def _frame_blocks(table: pa.Table, resolve: Resolver) -> Iterator[Block]:
    if table.num_columns > MAX_COLUMNS:
        raise UsageError(f"the frame has {table.num_columns} columns; at most {MAX_COLUMNS} are read")
    wanted = resolve(table.column_names)
    for start in range(0, max(len(table), 1), _FRAME_ROWS):
        yield from_arrow(table.slice(start, _FRAME_ROWS), wanted, start + 1, "the frame")


def format_of(path: Path, options: ReadOptions) -> str:
    """The format said, else the one that the first bytes and the name tell.

    Raises
    ------
    SourceError, EmptyLogError
        The file is missing, empty, or of a format that is not read.
    """
    said = _ALIASES.get(options.format, options.format)
    if said != "auto":
        return said
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in _COMPRESSED]
    named = _SUFFIXES.get(suffixes[-1], "csv") if suffixes else "csv"
    if lines.starts_as_parquet(path):
        return "parquet"
    if database.is_duckdb(path):
        return "duckdb"
    head = lines.first_bytes(path)
    if named == "parquet":
        raise SourceError(f"{path} is no Parquet file, it is text: rename it, or say --format csv or --format jsonl")
    return "jsonl" if named == "jsonl" or head.lstrip().startswith(b"{") else "csv"
