"""Blocks of whole lines from a text file, plain or gzipped."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from swayline.core.errors import EmptyLogError, SourceError

BLOCK_BYTES = 32 << 20
_MAGIC = {
    b"PAR1": "a Parquet file", b"ARROW1": "an Arrow file", b"PK\x03\x04": "a zip archive",
    b"\x28\xb5\x2f\xfd": "compressed with zstd", b"BZh": "compressed with bzip2", b"\xfd7zXZ": "compressed with xz",
    b"\xff\xfe": "UTF-16 text", b"\xfe\xff": "UTF-16 text", b"%PDF": "a PDF", b"\x89PNG": "a picture",
    b"SQLite format 3": "an SQLite database",
}  # fmt: skip


def first_bytes(path: Path, n: int = 65536) -> bytes:
    """The first bytes of a file's text, unzipped where it is gzipped.

    Raises
    ------
    SourceError
        The file is missing, unreadable, or a damaged gzip.
    EmptyLogError
        The file is empty.
    """
    with _opened(path) as stream:
        head = _read(stream, n, path)
    if not head.strip():
        raise EmptyLogError(f"{path} is empty: give a file with at least one event")
    return head


def refuse_binary(head: bytes, path: Path) -> None:
    """Say what a file is when it is not text.

    Raises
    ------
    SourceError
        The first bytes are those of another kind of file.
    """
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            raise SourceError(f"{path} is {kind}, not UTF-8 text: convert it, or give CSV, TSV, JSON lines or Parquet")


def blocks(path: Path) -> Iterator[bytes]:
    """The file in blocks of about 32 MB that end with a line, without a byte-order mark.

    Raises
    ------
    SourceError
        The gzip stream is damaged or ends early, or one line is longer than a block.
    """
    rest = b""
    with _opened(path) as stream:
        first = True
        while True:
            chunk = _read(stream, BLOCK_BYTES, path)
            if first:
                chunk, first = chunk.removeprefix(b"\xef\xbb\xbf"), False
            if not chunk:
                break
            data = rest + chunk
            cut = data.rfind(b"\n") + 1
            if cut == 0 and len(data) >= 2 * BLOCK_BYTES:
                raise SourceError(f"{path} has a line longer than {BLOCK_BYTES >> 20} MB: it is no event log, or its line ends are lost")
            rest = data[cut:]
            if cut:
                yield data[:cut]
    if rest:
        yield rest


def _opened(path: Path) -> BinaryIO:
    try:
        with path.open("rb") as stream:
            zipped = stream.read(2) == b"\x1f\x8b"
        return cast(BinaryIO, gzip.open(path, "rb")) if zipped else path.open("rb")
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist: check the path") from None
    except IsADirectoryError:
        raise SourceError(f"{path} is a folder: give one file of events") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be opened: {error.strerror or error}") from None


def _read(stream: BinaryIO, n: int, path: Path) -> bytes:
    try:
        return stream.read(n)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{path} is a damaged or truncated gzip file ({error}): copy it again") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}") from None
