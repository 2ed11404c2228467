"""Files written whole or not at all, and named by what they hold.

A file is written under a name nobody can guess beside its place, made exclusively and readable by its owner alone,
brought to the disk, given the mode that any new file has, and renamed. Links are replaced, never followed. What a
killed process left behind is removed by the next one that writes there.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from swayline.core.storage.locks import is_held, lock_file

_LEFT_OVER = re.compile(r"\.swayline-[0-9a-f]{32}\.tmp")
_LEFT_OVER_S = 60.0
"""Age below which an unlocked temporary file may belong to a process that has not locked it yet."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path that takes the place of ``path`` only when the block succeeds.

    The file stands there already and is empty: open it for writing, or let a library do so.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_left_overs(path.parent)
    temporary = path.parent / f".swayline-{secrets.token_hex(16)}.tmp"
    held = _exclusive(temporary, path)
    try:
        lock_file(held)
        yield temporary
        to_disk(temporary)
        os.replace(temporary, path)
        to_disk(path.parent)
    finally:
        os.close(held)
        temporary.unlink(missing_ok=True)


def _exclusive(temporary: Path, path: Path) -> int:
    """A new file, open; an error names the file that was asked for."""
    try:
        return os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None


def to_disk(path: Path) -> None:
    """Wait until a file (made as readable as any new one) or the names in a folder are on the disk."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) if not path.is_dir() else os.O_RDONLY)
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            os.fchmod(fd, 0o666 & ~_umask())
        os.fsync(fd)
    except OSError as error:
        # Some network and user-space file systems cannot do this for a folder.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(fd)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def clear_left_overs(folder: Path) -> None:
    """Remove temporary files of processes that were killed; one in use is locked and stays."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _LEFT_OVER.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                old = time.time() - entry.stat(follow_symlinks=False).st_mtime > _LEFT_OVER_S
                if old and not is_held(Path(entry.path)):
                    os.unlink(entry.path)


def clear_folders(folder: Path, prefix: str) -> None:
    """Remove workshops, folders of that prefix, that a killed process left; the caller holds the folder alone."""
    with contextlib.suppress(OSError):
        for one in folder.iterdir():
            if one.name.startswith(prefix) and one.is_dir() and not one.is_symlink():
                shutil.rmtree(one, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8; a file name that is no Unicode is written as an escape."""
    with whole(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))


def write_json(path: Path, content: Any) -> None:
    """Write JSON that a person can read and a diff can follow; NaN and infinity are refused."""
    write_text(path, json.dumps(content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(content: Any) -> str:
    """SHA-256 of a JSON-able value, key order aside.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
