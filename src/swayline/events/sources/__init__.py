"""One reader a format; each yields blocks of raw rows under our names and refuses what it cannot read."""

from collections.abc import Callable, Iterator
from pathlib import Path

from swayline.core.errors import SourceError
from swayline.events.options import ReadOptions
from swayline.events.sources import delimited, jsonl, lines, parquet, sequences
from swayline.events.sources.block import Block

Reader = Callable[[Path, ReadOptions], Iterator[Block]]
_READERS: dict[str, Reader] = {
    "csv": delimited.read, "jsonl": jsonl.read, "parquet": parquet.read, "sequences": sequences.read,
}  # fmt: skip
_SUFFIXES = {".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}


def read_blocks(path: Path, options: ReadOptions) -> Iterator[Block]:
    """Raw blocks of a file, by the format said, else by its first bytes and its name."""
    return _READERS[_format(path, options)](path, options)


def _format(path: Path, options: ReadOptions) -> str:
    if options.format != "auto":
        return options.format
    if not path.exists():
        raise SourceError(f"{path} does not exist: check the path")
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    named = _SUFFIXES.get(suffixes[-1], "csv") if suffixes else "csv"
    if named == "parquet":
        return named
    head = lines.first_bytes(path).removeprefix(b"\xef\xbb\xbf")
    if head.startswith(b"PAR1"):
        return "parquet"
    return "jsonl" if named == "jsonl" or head.lstrip().startswith(b"{") else "csv"
