"""One reader a format; each yields blocks of raw rows under our names and refuses what it cannot read."""

from collections.abc import Callable, Iterator
from pathlib import Path

from swayline.core.errors import SourceError
from swayline.events.options import ReadOptions
from swayline.events.sources import delimited, jsonl, lines, parquet, sequences
from swayline.events.sources.block import Block, Resolver

Reader = Callable[[Path, ReadOptions, Resolver], Iterator[Block]]
_READERS: dict[str, Reader] = {
    "csv": delimited.read, "jsonl": jsonl.read, "parquet": parquet.read, "sequences": sequences.read,
}  # fmt: skip
_SUFFIXES = {".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
_COMPRESSED = (".gz", ".zst")


def read_blocks(path: Path, options: ReadOptions, resolve: Resolver) -> Iterator[Block]:
    """Raw blocks of a file, by the format said, else by its first bytes and its name."""
    return _READERS[format_of(path, options)](path, options, resolve)


def format_of(path: Path, options: ReadOptions) -> str:
    """The format said, else the one that the first bytes and the name tell.

    Raises
    ------
    SourceError, EmptyLogError
        The file is missing, empty, or of a format that is not read.
    """
    if options.format != "auto":
        return options.format
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in _COMPRESSED]
    named = _SUFFIXES.get(suffixes[-1], "csv") if suffixes else "csv"
    if lines.starts_as_parquet(path):
        return "parquet"
    head = lines.first_bytes(path)
    if named == "parquet":
        raise SourceError(f"{path} is no Parquet file, it is text: rename it, or say --format csv or --format jsonl")
    return "jsonl" if named == "jsonl" or head.lstrip().startswith(b"{") else "csv"
