"""Progress for people: bars with the time left on a terminal, one line a step where the output is none.

::

    quiet     nothing
    silent    bars on a terminal, nothing elsewhere (as a library)
    normal    bars on a terminal; elsewhere a line for each step of a second and more (the command line)
    verbose   bars on a terminal, which stay; elsewhere a line for every step and every note
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

Level = Literal["quiet", "silent", "normal", "verbose"]
_SHORTEST_S = 1.0
"""Steps shorter than this have no line, unless everything is told."""
_EVERY_S = 10.0
"""A line about a step that goes on comes this often."""


class Task:
    """A running piece of work; every method does nothing where no one is looking."""

    def advance(self, steps: float = 1.0) -> None:
        """Report steps done."""

    def expect(self, total: float) -> None:
        """Say how many steps there will be, as it looks now."""

    def note(self, text: str) -> None:
        """Show a short text beside the bar (a loss, a count)."""


class _Bar(Task):
    def __init__(self, bars: Any, task_id: Any) -> None:
        self._bars, self._id = bars, task_id

    def advance(self, steps: float = 1.0) -> None:
        self._bars.advance(self._id, steps)

    def expect(self, total: float) -> None:
        self._bars.update(self._id, total=total)

    def note(self, text: str) -> None:
        self._bars.update(self._id, note=text)


class _Lines(Task):
    """Lines on standard error: what is under way, how far it is, how long it takes."""

    def __init__(self, label: str, total: float | None) -> None:
        self.label, self.total, self.done, self.said = label, total, 0.0, ""
        self.started = self.told = time.monotonic()

    def advance(self, steps: float = 1.0) -> None:
        self.done += steps
        self._tell()

    def expect(self, total: float) -> None:
        self.total = total

    def note(self, text: str) -> None:
        self.said = text
        self._tell(always=_level == "verbose")

    def _tell(self, always: bool = False) -> None:
        now = time.monotonic()
        if not always and now - self.told < _EVERY_S:
            return
        self.told = now
        words = [self.label]
        if self.total and self.done:
            left = (now - self.started) * max(0.0, self.total / self.done - 1.0)
            words.append(f"{min(1.0, self.done / self.total):.0%}, about {in_words(left)} left")
        _line(" · ".join([*words, *([self.said] if self.said else [])]))

    def end(self) -> None:
        """Say how long it took."""
        seconds = time.monotonic() - self.started
        if seconds >= _SHORTEST_S or _level == "verbose":
            _line(f"{self.label} · done in {in_words(seconds)}" + (f" · {self.said}" if self.said else ""))


_showing: list[Any] = []
"""The display in use: a terminal has room for one, so inner work adds its bars to it."""
_level: Level = "silent"


def set_level(level: Level) -> None:
    """How much is told from here on; the command line says it once."""
    global _level
    _level = level


def level() -> Level:
    """How much is told."""
    return _level


@contextmanager
def task(label: str, total: float | None = None) -> Iterator[Task]:
    """Progress of a block of work; ``total`` None shows a pulse. Blocks may stand inside one another.

    >>> with task("count", total=3) as bar:
    ...     bar.advance(3)
    """
    if _level == "quiet" or (_level == "silent" and not sys.stderr.isatty()):
        yield Task()
        return
    if not sys.stderr.isatty():
        lines = _Lines(label, total)
        yield lines
        lines.end()
        return
    with _display() as bars:
        task_id = bars.add_task(label, total=total, note="")
        yield _Bar(bars, task_id)
        bars.update(
            task_id, total=total or 1, completed=total or 1, visible=_level == "verbose" or len(bars.tasks) < 12
        )


def in_words(seconds: float) -> str:
    """A duration as a person says it.

    >>> in_words(0.4), in_words(75), in_words(7_320)
    ('0.4 s', '1 min 15 s', '2 h 2 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _line(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextmanager
def _display() -> Iterator[Any]:
    if _showing:
        yield _showing[-1]
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<22}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bars:
        _showing.append(bars)
        try:
            yield bars
        finally:
            _showing.pop()
