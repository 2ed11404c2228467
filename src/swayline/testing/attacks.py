"""The command line under attack, in this process: what it said, what it left, and what it must never do.

An attack passes when the command ends by itself with the exit code expected, says what is wrong in one line (or rejects
the rows it must), leaves no traceback and no half-written file, and leaves every file it was given as it was.
"""

import contextlib
import io
import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from swayline.core.storage.files import fingerprint

SLOW_S = 20.0
"""Seconds of the processor: a busy machine makes nothing slow."""
_FORBIDDEN = ("Traceback (most recent call last)", "internal error", "Exception ignored")


@dataclass(frozen=True)
class Verdict:
    """How a command ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def result(self) -> dict[str, Any]:
        """What ``--json`` printed."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def lines(self) -> list[str]:
        """What was said to a person about the end."""
        return [line for line in self.err.splitlines() if line.startswith("swayline:")]


def attack(words: Iterable[object], folder: Path) -> Verdict:
    """Run ``swayline`` with these words in a folder and judge it by what holds for every command.

    Parameters
    ----------
    folder : Path
        Where the command runs.

    Raises
    ------
    AssertionError
        It showed a traceback, took too long, left a temporary file, failed without one line or with more.
    """
    said = [str(word) for word in words]
    before = _files(folder)
    verdict = command(said, folder)
    code, out, err = verdict.code, verdict.out, verdict.err
    about = f"{said}: {verdict}"
    assert not any(word in out + err for word in _FORBIDDEN), about
    assert verdict.seconds < SLOW_S, about
    assert code in (0, 1, 2), about
    assert len(verdict.lines) == (0 if code == 0 or _rejects(said, out) else 1), about
    left = [name for name in _files(folder).keys() - before.keys() if Path(name).name.endswith((".tmp", ".lock"))]
    assert not left, f"{said} left {left}"
    return verdict


def unchanged(verdict: Verdict, before: dict[str, str], folder: Path) -> None:
    """Refuse a verdict that cost a file: every one of ``before`` is as it was."""
    after = _files(folder)
    lost = [name for name, content in before.items() if after.get(name) != content]
    assert not lost, f"{verdict} changed or removed {lost}"


def files_of(folder: Path) -> dict[str, str]:
    """What a folder holds: name to SHA-256, or what a thing is that is no file."""
    return _files(folder)


def _rejects(said: list[str], out: str) -> bool:
    """``check`` exits 1 for rejected rows and lists them; that is its one result, not an error."""
    return bool(said) and said[0] == "check" and bool(out)


def command(words: Iterable[object], folder: Path) -> Verdict:
    """Run ``swayline`` with these words in a folder, in this process: a new one costs seconds of imports."""
    from swayline.cli import main

    said = [str(word) for word in words]
    started = time.process_time()
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", errors="strict", write_through=True) for _ in range(2)]
    code: Any = 0
    with (
        contextlib.chdir(folder), _signals(), mock.patch.object(sys, "argv", ["swayline", *said]),
        contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]),
    ):  # fmt: skip
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code
    out, err = (stream.buffer.getvalue().decode("utf-8") for stream in streams)
    return Verdict(int(code or 0), out, err, time.process_time() - started)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """The command's own handlers go with it."""
    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGXFSZ] if hasattr(signal, "SIGXFSZ") else [])]
    kept = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _files(folder: Path) -> dict[str, str]:
    found = {}
    for base, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(base) / name
            if path.is_symlink():
                found[str(path)] = f"link {os.readlink(path)}"
            elif path.is_file():
                found[str(path)] = fingerprint(path)
            else:
                found[str(path)] = "folder" if path.is_dir() else "special"
    return found
