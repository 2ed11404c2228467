"""A world in memory, and a world on disk."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from swayline.core.storage.files import clear_folders, to_disk, write_json
from swayline.core.storage.locks import only_one
from swayline.core.storage.outputs import MADE_BY, claim_folder, was_made_by
from swayline.simulation.assemble import Parts, draw
from swayline.simulation.log import SCHEMA
from swayline.simulation.settings import WorldSettings
from swayline.simulation.truth import truth

FILES = ("events.parquet", "items.parquet", "users.parquet", "ties.parquet", "truth.json")
_WORKSHOP = ".world."


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


def write_world(settings: WorldSettings, out: Path, *, force: bool = False) -> list[Path]:
    """Write a world to a folder: all of its files, or none.

    Parameters
    ----------
    settings : WorldSettings
        Size and dials of the world.
    out : Path
        Made where it is missing; a world already there is replaced.
    force : bool
        Write into a folder that holds files which are no simulated world.

    Returns
    -------
    Paths of ``events.parquet``, ``items.parquet``, ``users.parquet``, ``ties.parquet``, ``truth.json``.

    Raises
    ------
    UsageError
        ``out`` is a file, or a folder of other files.
    BusyError
        Another process writes a world there.
    """
    claim_folder(out, "simulate", _is_world, force=force)
    with only_one(out, "simulate"):
        return _write(draw(settings), out)


def _is_world(folder: Path) -> bool:
    return was_made_by(folder / FILES[0], "simulate")


def _write(parts: Parts, out: Path) -> list[Path]:
    # Everything is written beside its place first: a full disk or an interrupt leaves the folder as it was.
    clear_folders(out, _WORKSHOP)
    workshop = Path(tempfile.mkdtemp(prefix=_WORKSHOP, dir=out))
    try:
        with pq.ParquetWriter(workshop / FILES[0], SCHEMA.with_metadata({MADE_BY: b"simulate"})) as writer:
            for block in parts.event_tables():
                writer.write_table(block.replace_schema_metadata({MADE_BY: b"simulate"}))
        for name, table in zip(FILES[1:4], (parts.items_table(), parts.users_table(), parts.ties_table()), strict=True):
            pq.write_table(table, workshop / name)
        write_json(workshop / FILES[4], truth(parts))
        for name in FILES:
            to_disk(workshop / name)
            (workshop / name).replace(out / name)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    return [out / name for name in FILES]
