"""The pictures and sounds of a table of items: where they lie, read one by one, what is refused and why.

::

    --images posters/            posters/i7.jpg                          a folder: files named by the item
    --images posters.zip         i7.jpg, or any/folder/i7.jpg            a zip: the same
    --images cover               the column "cover" of the table: bytes, or paths beside the table
    --images cover --root DIR    paths below DIR

Nothing is fetched: an address in a column is refused. A path that leads out of its folder is refused.

Shapes: I items, D width.
"""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.errors import SchemaError, SourceError, UsageError, nearest, shown
from swayline.core.names import ITEM
from swayline.encoders.refusal import Refused

Vectors = npt.NDArray[np.float32]
ENDINGS = {
    "image": (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    "audio": (".wav", ".wave"),
}
_MOST_BYTES = 256 << 20
_AT_ONCE = 1024
_MOST_FILES = 5_000_000
Reader = Callable[[], bytes]


class Encoder(Protocol):
    """What gives contents vectors: zero rows where there is none, or where ``refused_`` says why."""

    modality: str
    dim: int
    encoded_: int
    refused_: dict[int, str]

    def fingerprint(self) -> str:
        """Equal words give equal vectors."""

    def encode(self, contents: Sequence[Any], label: str = ...) -> Vectors:
        """(n, D) of length one."""


@dataclass
class Contents:
    """Which items have a content, and how each is read."""

    modality: str
    readers: list[Reader | None]
    """(I,) None where an item has none."""
    unknown: int = 0
    """Files that belong to no item of the table."""

    def encoded(self, encoder: Encoder) -> "Encoded":
        """The vectors of all items, a part of the contents in memory at a time."""
        found = Encoded(np.zeros((len(self.readers), encoder.dim), np.float32))
        have = [row for row, reader in enumerate(self.readers) if reader is not None]
        found.missing = len(self.readers) - len(have)
        for start in range(0, len(have), _AT_ONCE):
            rows = have[start : start + _AT_ONCE]
            contents: list[bytes | None] = []
            for row in rows:
                try:
                    reader = self.readers[row]
                    contents.append(reader() if reader is not None else None)
                except Refused as why:
                    found.refused[row] = str(why)
                    contents.append(None)
            found.vectors[rows] = encoder.encode(contents, f"encode {self.modality}s")
            found.refused |= {rows[at]: why for at, why in encoder.refused_.items()}
            found.n_encoded += encoder.encoded_
        return found


@dataclass
class Encoded:
    """Vectors of items with what was missing, refused and computed."""

    vectors: Vectors
    refused: dict[int, str] = field(default_factory=dict)
    missing: int = 0
    n_encoded: int = 0

    def column(self) -> pa.Array:
        """(I,) lists of numbers; null where an item has no vector."""
        return vector_column(self.vectors)


def vector_column(vectors: Vectors) -> pa.Array:
    """(I,) lists of float32; null where a row is zero.

    >>> vector_column(np.array([[1, 0], [0, 0]], np.float32)).to_pylist()
    [[1.0, 0.0], None]
    """
    told = np.any(vectors != 0, axis=1)
    offsets = np.concatenate([[0], np.cumsum(np.where(told, vectors.shape[1], 0))]).astype(np.int32)
    values = pa.array(np.ascontiguousarray(vectors[told], np.float32).reshape(-1))
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=pa.array(~told))


def contents_of(
    items: pa.Table, modality: str, places: Sequence[str], table: Path | None = None, root: Path | None = None
) -> Contents:
    """Where the contents of a table of items lie.

    Parameters
    ----------
    places : a column of the table, or folders and zip files
    table : the table's own file, beside which relative paths of a column lie
    root : a folder that relative paths of a column start from instead

    Raises
    ------
    UsageError, SourceError
        A place is neither; or a zip cannot be read.
    """
    if len(places) == 1 and places[0] in items.column_names:
        return _of_column(items, modality, places[0], root or (table.parent if table is not None else Path(".")))
    files: dict[str, Reader] = {}
    for place in places:
        path = Path(place)
        if path.is_dir():
            files |= {name: reader for name, reader in _folder(path, modality) if name not in files}
        elif zipfile.is_zipfile(path):
            files |= {name: reader for name, reader in _zip(path, modality) if name not in files}
        else:
            raise UsageError(
                f"--{modality}{'s' if modality == 'image' else ''} {shown(place)} is no folder, no zip and no column of"
                f" the items: {nearest(str(place), items.column_names)}"
            )
    ids = items[ITEM].cast(pa.string()).to_pylist()
    readers = [files.pop(name, None) for name in ids]
    return Contents(modality, readers, len(files))


def ready_vectors(items: pa.Table, name: str, path: Path) -> Encoded:
    """Vectors that somebody else made: a ``.npy`` file with a row for each row of the table.

    Raises
    ------
    SourceError
        The file is no array of numbers (an array of objects is never unpickled).
    SchemaError
        It has another number of rows.
    """
    try:
        found = np.load(path, allow_pickle=False, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise SourceError(f"{path} cannot be read as an array of numbers: {shown(error)}") from None
    if not isinstance(found, np.ndarray) or found.ndim != 2 or found.dtype.kind not in "fiu":
        said = f"{found.ndim} dimensions of {found.dtype}" if isinstance(found, np.ndarray) else "several arrays"
        raise SourceError(f"{path} holds {said}; vectors are a table of numbers, a row an item")
    if len(found) != len(items):
        raise SchemaError(
            f"{path} has {len(found):,} rows and the items table {len(items):,} that are read: {name} needs a row for"
            " each of these items, in the table's order"
        )
    vectors = np.array(found, np.float32)
    told = Encoded(vectors)
    for row in np.flatnonzero(~np.isfinite(vectors).all(axis=1)):
        told.refused[int(row)] = "holds numbers that are not finite"
        vectors[row] = 0.0
    told.missing = int((~np.any(vectors != 0, axis=1)).sum()) - len(told.refused)
    return told


def _of_column(items: pa.Table, modality: str, name: str, root: Path) -> Contents:
    column = items[name]
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        chunks = column.combine_chunks()

        def of_row(row: int) -> Reader:
            return lambda: chunks[row].as_py()

        return Contents(modality, [of_row(row) if chunks[row].is_valid else None for row in range(len(items))])
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise SchemaError(f"column {shown(name)} holds {kind}: {modality}s are bytes or paths of files")

    def at(said: str) -> Reader:
        return lambda: _below(root, said)

    return Contents(modality, [at(said) if said else None for said in column.to_pylist()])


def _below(root: Path, said: str) -> bytes:
    """The bytes of a file that a table names, below its folder."""
    if "://" in said:
        raise Refused(f"is an address ({shown(said)}): nothing is fetched, give files")
    path = root / said
    if "\0" in said or not path.resolve().is_relative_to(root.resolve()):
        raise Refused(f"{shown(said)} leads out of {shown(root)}")
    return _file(path)


def _file(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise Refused(f"{shown(path)} is not there")
        if path.stat().st_size > _MOST_BYTES:
            raise Refused(f"has {path.stat().st_size:,} bytes; at most {_MOST_BYTES:,} are read")
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{shown(path)} cannot be read ({error.strerror})") from None


def _folder(folder: Path, modality: str) -> Iterator[tuple[str, Reader]]:
    def of(path: Path) -> Reader:
        return lambda: _file(path)

    for path in sorted(folder.rglob("*"))[:_MOST_FILES]:
        if path.suffix.lower() in ENDINGS[modality] and not path.is_symlink():
            yield path.stem, of(path)


def _zip(path: Path, modality: str) -> Iterator[tuple[str, Reader]]:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise SourceError(f"{path} cannot be read as a zip: {shown(error)}") from None

    def of(entry: zipfile.ZipInfo) -> Reader:
        return lambda: _entry(archive, entry)

    for entry in archive.infolist():
        name = Path(entry.filename)
        if not entry.is_dir() and name.suffix.lower() in ENDINGS[modality]:
            yield name.stem, of(entry)


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.file_size > _MOST_BYTES:
        raise Refused(f"claims {entry.file_size:,} bytes; at most {_MOST_BYTES:,} are unpacked")
    if entry.flag_bits & 1:
        raise Refused("is encrypted")
    try:
        with archive.open(entry) as stream:
            found = stream.read(entry.file_size + 1)
    except Exception as error:  # what a hostile archive may raise
        raise Refused(f"cannot be unpacked ({shown(error)})") from None
    if len(found) > entry.file_size:
        raise Refused("unpacks to more than it claims")
    return found
