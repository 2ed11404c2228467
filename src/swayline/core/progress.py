"""Progress bars for people: on a terminal's standard error, silent everywhere else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Task:
    """A running piece of work; every method does nothing where no one is looking."""

    def advance(self, steps: float = 1.0) -> None:
        """Report steps done."""

    def note(self, text: str) -> None:
        """Show a short text beside the bar (a loss, a count)."""


class _Bar(Task):
    def __init__(self, bars: Any, task_id: Any) -> None:
        self._bars, self._id = bars, task_id

    def advance(self, steps: float = 1.0) -> None:
        self._bars.advance(self._id, steps)

    def note(self, text: str) -> None:
        self._bars.update(self._id, note=text)


_showing: list[Any] = []
"""The display in use: a terminal has room for one, so inner work adds its bars to it."""


@contextmanager
def task(label: str, total: float | None = None) -> Iterator[Task]:
    """A progress bar for a block of work; ``total`` None shows a pulse. Blocks may stand inside one another.

    >>> with task("count", total=3) as bar:
    ...     bar.advance(3)
    """
    if not sys.stderr.isatty():
        yield Task()
        return
    with _display() as bars:
        task_id = bars.add_task(label, total=total, note="")
        yield _Bar(bars, task_id)
        bars.update(task_id, total=total or 1, completed=total or 1)


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
