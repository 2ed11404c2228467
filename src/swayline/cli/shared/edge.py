"""The edge of the program: whatever goes wrong ends in one line with its remedy and an exit code, never a traceback.

::

    0 done    1 the data or the machine cannot    2 misuse    130 Ctrl-C    143 SIGTERM
"""

import contextlib
import errno
import os
import re
import signal
import sys
from collections.abc import Callable
from typing import Any

from swayline.cli.shared.output import one_line
from swayline.core.errors import SwaylineError, shown

DEBUG = "SWAYLINE_TRACEBACK"
"""Environment variable: set, an error that nobody foresaw shows where it came from."""

_REMEDIES = {
    errno.ENOSPC: "no space is left on the disk: free some, or write elsewhere (TMPDIR names where work is spilled)",
    errno.EDQUOT: "your quota on this disk is used up: free some, or write to another disk",
    errno.EFBIG: "the file would be larger than allowed here: raise the limit (ulimit -f), or write less",
    errno.EACCES: "permission is denied: choose a file or folder that you may use",
    errno.EPERM: "the system does not permit it: choose another file or folder",
    errno.EROFS: "the disk is read-only: write to another place",
    errno.ENAMETOOLONG: "the name is too long for this disk: choose a shorter one",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open on this machine: close other programs",
    errno.EISDIR: "it is a folder where a file is needed: name a file",
    errno.ENOTDIR: "a file stands where a folder is needed: name another place",
    errno.ENOENT: "there is no such file or folder: check the name",
    errno.ELOOP: "links lead in a circle: name the file itself",
    errno.ENOMEM: "memory ran out: give less data, or close other programs",
    errno.EIO: "the disk cannot be read or written: check it",
    errno.ESTALE: "the network folder went away: mount it again",
    errno.ENODEV: "it is no file that can be read or written: name another",
    errno.ENXIO: "it is no file that can be read or written: name another",
    errno.EINVAL: "it is no file that can be read or written so: name another",
}
_CODE = re.compile(r"(?:\[?[Ee]rrno |os error )(\d+)")
_FULL = re.compile(r"no space left|disk (is )?full", re.IGNORECASE)
_MEMORY = re.compile(
    r"out of memory|can't allocate memory|cannot allocate memory|bad_alloc|unable to allocate|failed to allocate",
    re.IGNORECASE,
)
_THREADS = re.compile(r"can't start new thread|resource temporarily unavailable", re.IGNORECASE)
_MEMORY_LINE = "memory ran out: give less data (fewer rows, items or controls), or a machine with more"

_KEPT: dict[str, str] = {
    "run": "finished stages are kept in --out; the same command goes on from there",
    "tune": "finished trials are kept in --out; the same command goes on from there",
    "fit": "no model is written; epochs kept by --checkpoint are gone on from by the same command",
}
_NOTHING_KEPT = "nothing is written; run the command again"


_asked: list[int] = []
"""Signals that came: some libraries (DuckDB) answer our exception with one of their own."""


class Stopped(BaseException):
    """A person (Ctrl-C) or the system (SIGTERM) asks to stop. Not an Exception: no stage may take it for its own."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def guarded(command: Callable[[], Any]) -> None:
    """Run the command line and leave with the code promised.

    Raises
    ------
    SystemExit
        Always.
    """
    _open_streams()
    _listen()
    try:
        code = command()
        sys.stdout.flush()
    except Stopped as stop:
        code = _say(f"stopped: {_KEPT.get(_verb(), _NOTHING_KEPT)}", 128 + stop.number)
    except KeyboardInterrupt:
        code = _say(f"stopped: {_KEPT.get(_verb(), _NOTHING_KEPT)}", 130)
    except SystemExit as leaving:
        code = leaving.code
    except BaseException as error:
        if _asked:  # a library took the exception for its own and raised another
            _leave(_say(f"stopped: {_KEPT.get(_verb(), _NOTHING_KEPT)}", 128 + _asked[-1]))
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(f"{error}\n")
            _leave(2)
        if os.environ.get(DEBUG):
            raise
        code = _say(*told(error))
    _leave(code if isinstance(code, int) else 0)


def told(error: BaseException) -> tuple[str, int]:
    """One line and the exit code of an error.

    >>> told(PermissionError(13, "Permission denied", "a.csv"))
    ("'a.csv': permission is denied: choose a file or folder that you may use", 1)
    >>> told(MemoryError())[1]
    1
    """
    if isinstance(error, SwaylineError):
        return _or_cause(error), error.exit_code
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        return _misuse(error), int(error.exit_code)
    if isinstance(error, MemoryError) or (not isinstance(error, OSError) and _MEMORY.search(str(error))):
        return _MEMORY_LINE, 1
    if (line := _of_system(error)) is not None:
        return line, 1
    if isinstance(error, UnicodeError):
        return f"text cannot be read or written in the encoding in use: {error}: use UTF-8 (PYTHONUTF8=1)", 1
    if isinstance(error, RecursionError):
        return "what was given is nested too deeply to be read: flatten it", 1
    if isinstance(error, OverflowError):
        return f"a number given is too large to be worked with ({error}): give a smaller one", 1
    what = f"{type(error).__name__}: {error}"
    return f"internal error, please report it ({what}); {DEBUG}=1 shows where it came from", 1


def _of_system(error: BaseException) -> str | None:
    """The line of an error of the operating system, also where a library wrapped it in words of its own."""
    text = str(error)
    if _THREADS.search(text) and isinstance(error, RuntimeError | OSError):
        return "no further thread or process can be started: raise the limit (ulimit -u), or set OMP_NUM_THREADS=1"
    if _FULL.search(text) and not isinstance(error, OSError):
        return _REMEDIES[errno.ENOSPC]
    found = _CODE.search(text)
    number = getattr(error, "errno", None) or (int(found[1]) if found else None)
    if not isinstance(error, OSError) and (found is None or number not in _REMEDIES):
        return None
    named = getattr(error, "filename", None)
    remedy = _REMEDIES.get(number or 0, getattr(error, "strerror", None) or text)
    return f"{shown(os.fsdecode(named))}: {remedy}" if isinstance(named, str | bytes) and named else remedy


def _or_cause(error: SwaylineError) -> str:
    """Our own line; where a full disk or memory is behind it, with that remedy."""
    text = str(error)
    if _FULL.search(text):
        return f"{text.rstrip('.')}: {_REMEDIES[errno.ENOSPC]}"
    return text


def _misuse(error: Any) -> str:
    """What typer found wrong with the words of the command, the word itself, and where to read more."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "swayline"
    name = next(iter(getattr(getattr(error, "param", None), "opts", None) or ()), "")
    value = _said_to(name) if name.startswith("-") else None
    usual = getattr(getattr(error, "param", None), "default", None)
    example = f", as in {name} {usual}" if value is not None and isinstance(usual, int | float | str) else ""
    said = f", not {shown(value)}{example}" if value is not None else ""
    return f"{error.format_message().rstrip('.')}{said}; {path} --help says more"


def _said_to(option: str) -> str | None:
    """What the command line gave an option."""
    words = sys.argv[1:]
    for at, word in enumerate(words):
        if word == option and at + 1 < len(words):
            return words[at + 1]
        if word.startswith(f"{option}="):
            return word[len(option) + 1 :]
    return None


def _verb() -> str:
    return next((word for word in sys.argv[1:] if not word.startswith("-")), "")


def _open_streams() -> None:
    """Make every standard stream one that can be written: a letter it has no code for becomes an escape."""
    for number, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            # Else the next file opened would get this number, and what libraries print would go into it.
            with contextlib.suppress(OSError):
                os.fstat(number)
                continue
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = _Closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


class _Closed:
    """A standard output that nobody opened: printing to it is an error that says so."""

    encoding, errors = "utf-8", "backslashreplace"

    def write(self, text: str) -> int:
        raise OSError(errno.EBADF, "it is closed")

    def flush(self) -> None:
        return

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        raise OSError(errno.EBADF, "it is closed")


def _listen() -> None:
    """Turn both signals into one exception, so that what is half-written is cleaned on the way out."""

    def stop(number: int, frame: object) -> None:
        # A second one finds the system's own answer, should cleaning take long.
        signal.signal(number, signal.SIG_DFL)
        _asked.append(number)
        raise Stopped(number)

    _asked.clear()
    for number in (signal.SIGINT, signal.SIGTERM):
        # One that a shell told us to ignore (nohup, background) stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            with contextlib.suppress(ValueError):  # not the main thread
                signal.signal(number, stop)
    if hasattr(signal, "SIGXFSZ"):
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def _say(line: str, code: int) -> int:
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"swayline: {one_line(line)}\n")
        sys.stderr.flush()
    return code


def _leave(code: int) -> None:
    """Leave, with nothing left in a stream that Python would fail to write on its way out."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(code)
