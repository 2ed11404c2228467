"""Blocks of whole lines from a text file, plain or compressed (gzip, zstd)."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from swayline.core.errors import EmptyLogError, SourceError

BLOCK_BYTES = 16 << 20
HEAD_BYTES = 1 << 20
MAX_LINE_BYTES = 8 << 20
MAX_RATIO = 300
"""A compressed file that grows more than this is a bomb: logs shrink 3 to 50 times."""
_RATIO_FROM_BYTES = 64 << 20

BOM = b"\xef\xbb\xbf"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_MAGIC = {
    b"PAR1": "a Parquet file", b"ARROW1": "an Arrow file", b"FEA1": "a Feather file", b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file", b"PK\x03\x04": "a zip archive (or a spreadsheet)", b"Rar!": "a rar archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive", b"BZh": "compressed with bzip2", b"\xfd7zXZ": "compressed with xz",
    _GZIP: "compressed twice", _ZSTD: "compressed twice", b"\x04\x22\x4d\x18": "compressed with lz4",
    b"\xff\xfe": "UTF-16 text", b"\xfe\xff": "UTF-16 text", b"%PDF": "a PDF", b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture", b"GIF8": "a picture", b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file", b"\x93NUMPY": "a NumPy array", b"\x80\x04\x95": "a Python pickle",
    b"\x7fELF": "a program",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"<!DOCTYPE": "a web page", b"<html": "a web page", b"<?xml": "an XML file",
}  # fmt: skip


def first_bytes(path: Path) -> bytes:
    """The first megabyte of a file's text, uncompressed, without a byte-order mark.

    Raises
    ------
    SourceError
        The file is missing, unreadable, damaged, or no UTF-8 text with lines.
    EmptyLogError
        The file is empty.
    """
    with _opened(path) as stream:
        head = _read(stream, HEAD_BYTES, path)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise EmptyLogError(f"{path} is empty: give a file with at least one event")
    _refuse_binary(head, path)
    return head.removeprefix(BOM)


def starts_as_parquet(path: Path) -> bool:
    """Whether a file's first bytes are those of a Parquet file."""
    with _opened(path) as stream:
        return _read(stream, 4, path) == b"PAR1"


def _refuse_binary(head: bytes, path: Path) -> None:
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            raise SourceError(f"{path} is {kind}, not UTF-8 text: convert it, or give CSV, TSV, JSON lines or Parquet")
    start = head[:4096]
    odd = sum(start.count(bytes([code])) for code in [*range(9), *range(14, 27)])
    if odd > len(start) / 5:
        raise SourceError(f"{path} is binary, or text in UTF-16 or UTF-32: give UTF-8 text or Parquet")
    if b"\n" not in head and head.count(b"\r") > 1:
        raise SourceError(
            f"{path} ends its lines with CR alone (old Macintosh): convert them to LF, as with  tr '\\r' '\\n'"
        )


def blocks(path: Path) -> Iterator[bytes]:
    """The file in blocks of about 16 MB that end with a line (the last may not), without a byte-order mark.

    Raises
    ------
    SourceError
        The compressed stream is damaged, ends early or is a bomb, or one line is longer than 8 MB.
    """
    held, rest = b"", b""
    n_read, limit = 0, max(_RATIO_FROM_BYTES, MAX_RATIO * path.stat().st_size)
    with _opened(path) as stream:
        while chunk := _read(stream, BLOCK_BYTES, path):
            if n_read == 0:
                chunk = chunk.removeprefix(BOM)
            n_read += len(chunk)
            if n_read > limit:
                raise SourceError(
                    f"{path} grew more than {MAX_RATIO} times when uncompressed, as no log of events does:"
                    " uncompress it yourself if you trust it"
                )
            data = rest + chunk
            cut = data.rfind(b"\n") + 1
            rest = data[cut:]
            if len(rest) > MAX_LINE_BYTES:
                raise SourceError(
                    f"{path} has a line longer than {MAX_LINE_BYTES >> 20} MB:"
                    " it is no log of events, or its line ends are lost"
                )
            if cut and held:
                yield held
            held = data[:cut] if cut else held
    if held or rest:
        yield held + rest


def _opened(path: Path) -> BinaryIO:
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
        if head.startswith(_GZIP):
            return cast(BinaryIO, gzip.open(path, "rb"))
        if head == _ZSTD:
            return cast(BinaryIO, pa.input_stream(str(path), compression="zstd"))
        return path.open("rb")
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist: check the path") from None
    except IsADirectoryError:
        raise SourceError(f"{path} is a folder: give one file of events") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}") from None


def _read(stream: BinaryIO, n: int, path: Path) -> bytes:
    try:
        return stream.read(n)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{path} is a damaged or truncated gzip file ({error}): copy it again") from None
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{path} cannot be read ({error}): it may be damaged or truncated") from None
