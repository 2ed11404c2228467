from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from swayline.engine import DuckEngine
from swayline.events import EventLog, ReadOptions, read_events

Reader = Callable[..., EventLog]


@pytest.fixture(scope="session")
def engine() -> DuckEngine:
    return DuckEngine()


@pytest.fixture
def read(tmp_path: Path, engine: DuckEngine) -> Reader:
    """Read bytes or text as a file of some name: ``read(content, "log.csv", ordered=True)``."""

    def reader(
        content: bytes | str, name: str = "log.csv", *, options: ReadOptions | None = None, **said: Any
    ) -> EventLog:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_events(path, options=options or ReadOptions(**said), engine=engine)

    return reader


def accounts(log: EventLog) -> bool:
    """Every row read is kept, a repeat or rejected, and every rejected row says where, what and why."""
    told = all(one["row"] >= 1 and one["reason"] and one["file"] for one in log.rejected.to_pylist())
    return told and len(log) + log.n_duplicates + len(log.rejected) == log.n_read
