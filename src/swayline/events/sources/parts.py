"""One log in several files, on standard input or in an object store, as files on this disk.

::

    folder of parts, glob, list of paths   the parts in order of their names (a list in its own order)
    -                                      standard input, kept in a temporary file
    s3://… gs://… (any fsspec address)     fetched into a temporary folder; a folder or a glob there is several parts

Parts of one log must have the same columns of the same kinds: a part that differs is one error, not a column of gaps.
"""

import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from swayline.core.errors import EmptyLogError, SchemaError, SourceError, UsageError, shown
from swayline.core.extras import require
from swayline.core.progress import task
from swayline.events.sources import lines

STDIN = "-"
_SUFFIXES = (".parquet", ".pq", ".csv", ".tsv", ".txt", ".dat", ".inter", ".jsonl", ".ndjson", ".json")
_COMPRESSED = (".gz", ".zst")
_NOT_STORES = ("http://", "https://", "postgresql://", "postgres://")
_WILD = "*?["


def is_store(source: object) -> bool:
    """Whether a source is an address in an object store, as ``s3://bucket/events.parquet``."""
    return isinstance(source, str) and "://" in source and not source.startswith(_NOT_STORES)


def is_parts(source: object) -> bool:
    """Whether a source is several files, standard input or in an object store, rather than one file of this disk."""
    if isinstance(source, list | tuple):
        return True
    if not isinstance(source, str) and not hasattr(source, "__fspath__"):
        return False
    text = str(source)
    if text == STDIN or is_store(source):
        return True
    if text.startswith(_NOT_STORES):
        return False
    path = Path(text)
    return os.path.isdir(path) or (any(letter in text for letter in _WILD) and not os.path.exists(path))


def name_of_parts(source: Any) -> str:
    """What messages call such a source; an address without its secrets."""
    if isinstance(source, list | tuple):
        return f"{source[0]} and {len(source) - 1} more files" if len(source) > 1 else str(*source)
    return "standard input" if str(source) == STDIN else _plain(str(source))


@contextmanager
def on_disk(source: Any) -> Iterator[list[tuple[str, Path]]]:
    """The parts of a source: how messages call each, and where it lies on this disk.

    Raises
    ------
    SourceError, EmptyLogError
        There is no such file, or the store refuses.
    UsageError
        A part of a list is no path.
    MissingExtraError
        The store's library is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="swayline-parts-") as folder:
        yield _parts(source, Path(folder))


def local_parts(source: Any) -> list[Path]:
    """The files on this disk that a folder, a glob or a list names; none for standard input and object stores."""
    if str(source) == STDIN or is_store(source):
        return []
    if isinstance(source, list | tuple):
        return [part for one in source for part in (local_parts(one) if is_parts(one) else [Path(one)])]
    return [path for _, path in _of_disk(str(source))] if is_parts(source) else [Path(source)]


def _parts(source: Any, folder: Path) -> list[tuple[str, Path]]:
    if isinstance(source, list | tuple):
        if not source:
            raise UsageError("no file is named: give at least one")
        found = []
        for at, one in enumerate(source):
            if not isinstance(one, str) and not hasattr(one, "__fspath__"):
                raise UsageError(f"several files are a list of paths, not of {type(one).__name__}")
            found += _parts(one, folder / str(at)) if is_parts(one) else [(str(one), Path(one))]
        return found
    if str(source) == STDIN:
        return [("standard input", _from_stdin(folder))]
    return _fetched(str(source), folder) if is_store(source) else _of_disk(str(source))


def _of_disk(text: str) -> list[tuple[str, Path]]:
    """The files of a folder or a glob, by name."""
    path = Path(text)
    if path.is_dir():
        files = [one for one in sorted(path.rglob("*")) if one.is_file() and _is_part(one.relative_to(path))]
        if not files:
            raise SourceError(
                f"{path} is a folder without a file of events: parts end in {', '.join(_SUFFIXES[:3])}, …"
            )
    else:
        files = [Path(one) for one in sorted(glob.glob(text, recursive=True)) if Path(one).is_file()]
        if not files:
            raise SourceError(f"{shown(text)} matches no file: check the pattern (and quote it on the command line)")
    return [(str(one), one) for one in ([one for one in files if not _is_bare(one)] or files)]


def _is_bare(path: Path) -> bool:
    """Whether a part holds no row, as writers of many parts leave some: no byte, or Parquet without a row."""
    if path.stat().st_size == 0:
        return True
    try:
        return lines.starts_as_parquet(path) and pq.read_metadata(path).num_rows == 0
    except (OSError, pa.ArrowException):
        return False  # what cannot be read is told where it is read


def _is_part(inside: Path) -> bool:
    """Whether a file in a folder is one of events: no hidden file, no marker such as ``_SUCCESS``."""
    if any(part.startswith(("_", ".")) for part in inside.parts):
        return False
    suffixes = [suffix.lower() for suffix in inside.suffixes if suffix.lower() not in _COMPRESSED]
    return bool(suffixes) and suffixes[-1] in _SUFFIXES


def _from_stdin(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "stdin"
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("EVENTS is -, but nothing is piped in: cat events.csv | swayline check -")
    with path.open("wb") as out, task("read standard input"):
        shutil.copyfileobj(sys.stdin.buffer, out)
    if path.stat().st_size == 0:
        raise EmptyLogError("standard input is empty: give a log with at least one event")
    return path


def _fetched(address: str, folder: Path) -> list[tuple[str, Path]]:
    """The objects that an address names, copied here."""
    name = _plain(address)
    try:
        store, inside = _store(address)
    except ImportError as error:
        raise UsageError(f"{name}: {error}: install it with  pip install 'swayline[object-stores]'") from None
    except ValueError as error:
        raise UsageError(
            f"{name} is no address that can be read: {shown(_plain_in(str(error), address, name))}"
        ) from None
    try:
        found = _objects(store, inside)
        if not found:
            raise SourceError(f"{name} holds no file of events: check the address")
        folder.mkdir(parents=True, exist_ok=True)
        parts = []
        with task(f"fetch {name}", len(found)) as bar:
            for at, one in enumerate(found):
                path = folder / f"{at:06d}-{Path(one).name}"
                store.get_file(one, str(path))
                parts.append((f"{address.split('://')[0]}://{one.lstrip('/')}", path))
                bar.advance()
        return parts
    except SourceError:
        raise
    except FileNotFoundError:
        raise SourceError(f"{name} does not exist: check bucket and key") from None
    except Exception as error:  # whatever a store's client raises: refused, unreachable, no credentials
        raise SourceError(f"{name} cannot be read ({shown(error)}): check address, credentials and network") from error


def _store(address: str) -> tuple[Any, str]:
    """A file system and the path inside it; S3 and Google's store are spoken by Arrow, which needs no other library.

    Credentials, region and endpoint come from the environment, as their own clients read them (``AWS_ACCESS_KEY_ID``,
    ``AWS_DEFAULT_REGION``, ``AWS_ENDPOINT_URL``, ``GOOGLE_APPLICATION_CREDENTIALS``, ``STORAGE_EMULATOR_HOST``).
    """
    fsspec = require("fsspec", extra="object-stores")
    scheme, _, inside = address.partition("://")
    if scheme not in ("s3", "gs"):
        found: tuple[Any, str] = fsspec.core.url_to_fs(address)
        return found
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow import fs

    if scheme == "gs":
        host = os.environ.get("STORAGE_EMULATOR_HOST", "")
        options = {"endpoint_override": host.rpartition("://")[2], "scheme": "http", "anonymous": True} if host else {}
        return ArrowFSWrapper(fs.GcsFileSystem(retry_time_limit=timedelta(seconds=20), **options)), inside
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    options = {"endpoint_override": endpoint.rpartition("://")[2] or None, "region": region}
    if endpoint.startswith("http://"):
        options["scheme"] = "http"
    return ArrowFSWrapper(fs.S3FileSystem(**{name: value for name, value in options.items() if value})), inside


def _plain_in(message: str, address: str, name: str) -> str:
    return message.replace(address, name)


def _objects(store: Any, inside: str) -> list[str]:
    if any(letter in inside for letter in _WILD):
        return sorted(one for one in store.glob(inside) if store.isfile(one))
    if store.isfile(inside):
        return [inside]
    root = inside.rstrip("/")
    return sorted(one for one in store.find(root) if _is_part(Path(one[len(root) :].lstrip("/"))))


def _plain(address: str) -> str:
    """An address without a user and a password in it."""
    scheme, mark, rest = address.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else address


def check_alike(parts: Sequence[tuple[str, Path]]) -> None:
    """Refuse Parquet parts whose columns or kinds of values differ.

    Raises
    ------
    SchemaError
        A part differs from the first; the message names the first difference.
    """
    first: tuple[str, dict[str, str]] | None = None
    for name, path in parts:
        if not lines.starts_as_parquet(path):
            continue
        try:
            kinds = {field.name: _kind(field.type) for field in pq.read_schema(path)}
        except (OSError, pa.ArrowException) as error:
            raise SourceError(f"{name} cannot be read as Parquet: {error}") from None
        if first is None:
            first = (name, kinds)
            continue
        same_columns(first[0], list(first[1]), name, list(kinds))
        for column, kind in kinds.items():
            if first[1][column] != kind:
                raise SchemaError(
                    f"{name}: column {column!r} holds {kind}, in {first[0]} it holds {first[1][column]}: parts of one"
                    " log need columns of one kind; write them anew, or read them apart"
                )


def same_columns(first: str, wanted: Sequence[str], name: str, found: Sequence[str]) -> None:
    """Refuse a part whose columns are not those of the first.

    Raises
    ------
    SchemaError
        A column is missing or added.
    """
    missing, added = [one for one in wanted if one not in found], [one for one in found if one not in wanted]
    if missing or added:
        said = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"adds {', '.join(added)}"] * bool(added)
        raise SchemaError(
            f"{name} {' and '.join(said)}, unlike {first}: parts of one log need the same columns; read them apart"
        )


def _kind(type_: pa.DataType) -> str:
    """What values of a type are to a reader: width and encoding do not matter."""
    if pa.types.is_dictionary(type_):
        return _kind(type_.value_type)
    for kind, is_one in (
        ("whole numbers", pa.types.is_integer), ("numbers", pa.types.is_floating), ("times", pa.types.is_timestamp),
        ("dates", pa.types.is_date), ("true or false", pa.types.is_boolean), ("lists", pa.types.is_nested),
    ):  # fmt: skip
        if is_one(type_):
            return kind
    if pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return "text"
    return str(type_)
