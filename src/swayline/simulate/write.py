"""A world in memory, and a world on disk."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from swayline.core.errors import UsageError
from swayline.core.files import write_json
from swayline.simulate.assemble import draw
from swayline.simulate.log import SCHEMA
from swayline.simulate.settings import WorldSettings
from swayline.simulate.truth import truth

FILES = ("events.parquet", "items.parquet", "users.parquet", "ties.parquet", "truth.json")


@dataclass(frozen=True)
class World:
    """A simulated shop: four Arrow tables and the truth about them (the content of ``truth.json``)."""

    settings: WorldSettings
    events: pa.Table
    items: pa.Table
    users: pa.Table
    ties: pa.Table
    truth: dict[str, Any]


def world(settings: WorldSettings) -> World:
    """Make a world in memory.

    >>> small = world(WorldSettings(users=50, items=40, events=2_000, seed=7))
    >>> small.events.num_rows, round(small.truth["effects"]["share"]["ate"], 3)
    (2000, 0.0)
    """
    parts = draw(settings)
    events = pa.concat_tables(parts.event_tables()).combine_chunks()
    return World(settings, events, parts.items_table(), parts.users_table(), parts.ties_table(), truth(parts))


def write_world(settings: WorldSettings, out: Path) -> list[Path]:
    """Write a world to a folder: all of its files, or none.

    Parameters
    ----------
    out : Path
        Made where it is missing; a world already there is replaced.

    Returns
    -------
    Paths of ``events.parquet``, ``items.parquet``, ``users.parquet``, ``ties.parquet``, ``truth.json``.

    Raises
    ------
    UsageError
        ``out`` is a file.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file: name a folder for the simulated world")
    parts = draw(settings)
    out.mkdir(parents=True, exist_ok=True)
    # Everything is written beside its place first: a full disk or an interrupt leaves the folder as it was.
    workshop = Path(tempfile.mkdtemp(prefix=".world.", dir=out))
    try:
        with pq.ParquetWriter(workshop / FILES[0], SCHEMA) as writer:
            for block in parts.event_tables():
                writer.write_table(block)
        for name, table in zip(FILES[1:4], (parts.items_table(), parts.users_table(), parts.ties_table()), strict=True):
            pq.write_table(table, workshop / name)
        write_json(workshop / FILES[4], truth(parts))
        for name in FILES:
            (workshop / name).replace(out / name)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    return [out / name for name in FILES]
