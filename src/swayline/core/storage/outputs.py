"""What a verb may write over: an earlier output of its own, and nothing else.

::

    what stands at --out                                    what happens
    nothing, or an empty folder                             written
    what the same verb wrote before                         replaced
    any other file or folder                                refused; --force writes all the same
    an input (by whatever name or link), what stands        refused, --force or not
    in an input folder, a model folder or a file in one,
    a device, pipe or socket

A Parquet file names the verb that wrote it in its metadata. A CSV, JSON-lines or JSON file has a hidden file beside it
with the verb and the SHA-256 of what was written: once changed by hand, it is no longer ours to replace.
"""

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from swayline.core.errors import UsageError, shown
from swayline.core.names import MODEL_FILE, RUN_FILE, WEIGHTS_FILE
from swayline.core.storage.files import fingerprint, write_json

MADE_BY = b"swayline"
"""Key of Parquet metadata whose value is the verb that wrote the file."""
_NAME_BYTES = 255


def claim_file(
    path: Path,
    verb: str,
    inputs: Iterable[Any] = (),
    force: bool = False,
    *,
    is_ours: Callable[[Path], bool] | None = None,
    option: str = "--out",
) -> None:
    """Refuse a file that this verb must not write, before any work is done.

    Parameters
    ----------
    inputs : paths, or what else a verb reads; what is no path of something that exists is passed over.
    is_ours : callable, optional
        Whether the file is one that the verb wrote; by default as it says itself or the file beside it.
    option : str
        What named the file, for messages.

    Raises
    ------
    UsageError
        The place is taken by something that is not ours to replace.
    """
    _check_place(path, option)
    if path.is_dir():
        raise UsageError(f"{option} {shown(path)} is a folder: name a file in it")
    _spare_inputs(path, inputs, option)
    _spare_models(path, option)
    if os.path.lexists(path) and not force and not (is_ours(path) if is_ours else was_made_by(path, verb)):
        raise UsageError(
            f"{option} {shown(path)} stands there already and is no output of swayline {verb}:"
            " name another file, or say --force to replace it"
        )


def claim_folder(
    path: Path, verb: str, is_ours: Callable[[Path], bool], inputs: Iterable[Any] = (), force: bool = False
) -> None:
    """Refuse a folder that this verb must not write into, before any work is done.

    Parameters
    ----------
    is_ours : callable
        Whether a folder is one that the verb wrote.

    Raises
    ------
    UsageError
        The place is taken by something that is not ours to replace.
    """
    option = "--out"
    _check_place(path, option)
    if os.path.lexists(path) and not path.is_dir():
        raise UsageError(f"{option} {shown(path)} is a file: name a folder")
    _spare_inputs(path, inputs, option)
    for one in _files_of(inputs):
        if path.resolve() in one.resolve().parents:
            raise UsageError(f"{option} {shown(path)} holds the input {shown(one)}: name another folder")
    _spare_models(path, option, itself=verb != "fit")
    if verb == "fit" and is_model_folder(path) and _is_file(path.resolve().parent / RUN_FILE):
        raise UsageError(f"{option} {shown(path)} is the model of a run: name another folder")
    if path.is_dir() and any(path.iterdir()) and not force and not is_ours(path):
        raise UsageError(
            f"{option} {shown(path)} holds files that swayline {verb} did not write:"
            " name an empty or new folder, or say --force to write there"
        )


def was_made_by(path: Path, verb: str) -> bool:
    """Whether a file is an output of a verb, unchanged since."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as stream:
            if stream.read(4) == b"PAR1":
                return (pq.read_schema(path).metadata or {}).get(MADE_BY) == verb.encode()
        note = json.loads(_note_of(path).read_text("utf-8"))
        return isinstance(note, dict) and note.get("verb") == verb and note.get("sha256") == fingerprint(path)
    except (OSError, ValueError, RecursionError, pa.ArrowException):
        return False


def note_output(path: Path, verb: str) -> None:
    """Write beside a file that cannot say so itself which verb wrote it."""
    write_json(_note_of(path), {"verb": verb, "sha256": fingerprint(path)})


def _note_of(path: Path) -> Path:
    name = f".{path.name}.swayline"
    if len(os.fsencode(name)) > _NAME_BYTES:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()}.swayline"
    return path.with_name(name)


def _check_place(path: Path, option: str) -> None:
    """Refuse devices and places where nothing can be written."""
    if not path.name or "\0" in str(path):
        raise UsageError(f"{option} {shown(path)} names no file or folder that can be written: say {option} NAME")
    if ".." in path.parts and not path.parent.exists():
        # Made on the way, the missing folder would let the name lead to a file that was not looked at.
        raise UsageError(f"{option} {shown(path)} leads through a folder that is not there: write it without ..")
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = 0
    except OSError as error:
        raise UsageError(f"{option} {shown(path)} cannot be used ({error.strerror}): name another place") from None
    if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UsageError(f"{option} {shown(path)} is a device, a pipe or a socket: name a file")
    if any(len(os.fsencode(part)) > _NAME_BYTES for part in path.parts):
        raise UsageError(f"{option} {shown(path)} has a name of more than {_NAME_BYTES} bytes: choose a shorter one")
    place = path.absolute()
    above = next(one for one in place.parents if os.path.lexists(one))
    if not above.is_dir():
        raise UsageError(f"{option} {shown(path)}: {shown(above)} is a file, not a folder: name another place")
    if not os.access(place if place.is_dir() else above, os.W_OK | os.X_OK):
        raise UsageError(
            f"{option} {shown(path)}: nothing can be written in {shown(above)} (read-only): name another place"
        )


def _files_of(inputs: Iterable[Any]) -> list[Path]:
    """Those inputs that are paths of something that exists."""
    found = []
    for one in inputs:
        if isinstance(one, list | tuple):
            found += _files_of(one)
        if isinstance(one, str | Path) and str(one):
            with contextlib.suppress(OSError, ValueError):
                if Path(one).exists():
                    found.append(Path(one))
    return found


def _spare_inputs(path: Path, inputs: Iterable[Any], option: str) -> None:
    for one in _files_of(inputs):
        if path.exists() and path.samefile(one):
            raise UsageError(f"{option} {shown(path)} is the input {shown(one)}: name another file")
        if one.is_dir() and one.resolve() in path.resolve().parents:
            raise UsageError(f"{option} {shown(path)} stands in the input folder {shown(one)}: name another place")


def _spare_models(path: Path, option: str, itself: bool = True) -> None:
    place = path.resolve()
    for one in (*([place] if itself else []), *list(place.parents)[:2]):
        if is_model_folder(one):
            raise UsageError(f"{option} {shown(path)} belongs to the model in {shown(one)}: name another place")


def is_model_folder(folder: Path) -> bool:
    """Whether a folder holds a fitted model."""
    return _is_file(folder / MODEL_FILE) and _is_file(folder / WEIGHTS_FILE)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
