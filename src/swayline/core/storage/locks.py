"""One process at a time: locks that the system lets go when a process ends, however it ends."""

import contextlib
import importlib.util
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from swayline.core.errors import BusyError, UsageError

_HAS_LOCKS = importlib.util.find_spec("fcntl") is not None
"""Windows has no such locks: two runs in one folder are not told apart there."""

LOCK_FILE = ".swayline.lock"


@contextmanager
def only_one(folder: Path, verb: str) -> Iterator[None]:
    """Hold a folder while a block works in it; a folder made for it and left empty is removed.

    Raises
    ------
    BusyError
        Another process holds it.
    UsageError
        Its lock file is a link, a device or a folder, which no process of ours made.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK_FILE
    held = _open(path)
    try:
        _take(held, path)
        os.ftruncate(held, 0)
        os.pwrite(held, f"{os.getpid()} {verb}\n".encode(), 0)
    except BaseException:
        os.close(held)
        raise
    try:
        yield
    finally:
        if _is_same(held, path):
            path.unlink(missing_ok=True)
        os.close(held)
        if is_new:
            with contextlib.suppress(OSError):
                folder.rmdir()  # only an empty one goes


def _open(path: Path) -> int:
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError(f"{path} is no lock file of ours: remove it, or give another --out")
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)


def _take(held: int, path: Path) -> None:
    if lock_file(held) and _is_same(held, path):
        return
    holder = os.pread(held, 100, 0).decode("ascii", "replace").split()
    who = f"process {holder[0]} ({' '.join(holder[1:])})" if len(holder) > 1 else "another process"
    raise BusyError(f"{path.parent} is in use by {who}: wait until it is done, or give another --out")


def _is_same(held: int, path: Path) -> bool:
    """Whether the file held is the one of that name, and we hold it."""
    try:
        here, there = os.fstat(held), path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(there.st_mode) and (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def lock_file(held: int) -> bool:
    """Lock an open file without waiting; whether that worked. Where there are no locks, it does."""
    if not _HAS_LOCKS:
        return True
    import fcntl

    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def is_held(path: Path) -> bool:
    """Whether some process has a file locked."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        return not lock_file(fd)
    finally:
        os.close(fd)
