"""A cleaned log in a folder, so that a finished stage is never done twice.

::

    folder/
      log.json           options, counts, how many rows each table has; written last, so it says that the rest is whole
      events.parquet     rejected.parquet
      items.parquet, users.parquet, ties.parquet, graph.parquet (only where the log has them)
"""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from swayline.core.errors import ArtifactError, UsageError, shown
from swayline.core.names import EVENTS_FILE, GRAPH_FILE, ITEMS_FILE, LOG_FILE, REJECTED_FILE, TIES_FILE, USERS_FILE
from swayline.core.storage.files import whole, write_json
from swayline.events.log import EventLog
from swayline.events.options import ReadOptions

_VERSION = 1
_TABLES = {
    "events": EVENTS_FILE, "rejected": REJECTED_FILE, "items": ITEMS_FILE, "users": USERS_FILE, "ties": TIES_FILE,
    "graph": GRAPH_FILE,
}  # fmt: skip
_NEEDED = ("events", "rejected")


def write_log(log: EventLog, folder: str | Path) -> None:
    """Write a log into a folder (made where missing, an older log replaced), to be read by :func:`read_log`.

    Parameters
    ----------
    log : EventLog
        What is written.
    folder : path
        Where to.
    """
    folder = Path(folder)
    begin(folder)
    rows = write_tables(folder, {name: getattr(log, name) for name in _TABLES})
    finish(folder, rows, log.n_read, log.n_duplicates, log.options, log.notes)


def begin(folder: Path) -> None:
    """Make the folder hold no finished log."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LOG_FILE).unlink(missing_ok=True)


def write_tables(folder: Path, tables: dict[str, pa.Table | None]) -> dict[str, int]:
    """Write some of a log's tables, remove those that are None; rows of each written."""
    rows: dict[str, int] = {}
    for name, table in tables.items():
        if table is None:
            (folder / _TABLES[name]).unlink(missing_ok=True)
            continue
        with whole(folder / _TABLES[name]) as temporary:
            pq.write_table(table, temporary, compression="zstd")
        rows[name] = len(table)
    return rows


def finish(
    folder: Path, rows: dict[str, int], n_read: int, n_duplicates: int, options: ReadOptions, notes: tuple[str, ...]
) -> None:
    """Say that all tables are there, and what was read and how."""
    content = {
        "version": _VERSION,
        "rows": rows,
        "n_read": n_read,
        "n_duplicates": n_duplicates,
        "options": options.as_json(),
        "notes": list(notes),
    }
    write_json(folder / LOG_FILE, content)


def read_log(folder: str | Path) -> EventLog:
    """The log that :func:`write_log` put into a folder, equal in every table, count and option.

    Parameters
    ----------
    folder : path
        The folder of the log.

    Returns
    -------
    EventLog
        The log.

    Raises
    ------
    ArtifactError
        The folder holds no log, an unfinished one, or one that was changed.
    """
    folder = Path(folder)
    content = _described(folder / LOG_FILE)
    tables = {name: _table(folder / _TABLES[name], n) for name, n in content["rows"].items()}
    return EventLog(
        tables.pop("events"), tables.pop("rejected"), content["n_read"], content["n_duplicates"], content["options"],
        notes=content["notes"], **tables,
    )  # fmt: skip


def _described(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["version"] != _VERSION:
            raise ArtifactError(f"{path} is of version {shown(content['version'])}, not {_VERSION}: read the log anew")
        rows = content["rows"]
        if not all(name in rows for name in _NEEDED) or not all(name in _TABLES for name in rows):
            raise ArtifactError(f"{path} lists the tables {shown(sorted(rows))}: read the log anew")
        return {
            "rows": {name: int(n) for name, n in rows.items()}, "n_read": int(content["n_read"]),
            "n_duplicates": int(content["n_duplicates"]), "options": ReadOptions.from_json(content["options"]),
            "notes": tuple(str(note) for note in content["notes"]),
        }  # fmt: skip
    except FileNotFoundError:
        raise ArtifactError(
            f"{path.parent} holds no finished log ({path.name} is missing): read the log anew"
        ) from None
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
        UsageError,
    ) as error:
        raise ArtifactError(f"{path} is damaged ({shown(error)}): read the log anew") from None


def _table(path: Path, n: int) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(f"{path} cannot be read ({shown(error)}): read the log anew") from None
    if len(table) != n:
        raise ArtifactError(f"{path} has {len(table)} rows where {n} were written: read the log anew")
    return table
