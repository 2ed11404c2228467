"""The log as Parquet that ``swayline run`` reads: what the served run had, and every event since."""

import json
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from swayline.core.names import (
    BEHAVIOR,
    CATEGORY,
    DEVICE,
    EVENT_ID,
    EVENTS_FILE,
    EXPOSED,
    ITEM,
    ITEMS_FILE,
    LAT,
    LON,
    PLATFORM,
    POSITION,
    PROPENSITY,
    ROW,
    SESSION,
    TEXT,
    TIES_FILE,
    TIME,
    USER,
    USERS_FILE,
    VALUE,
)  # fmt: skip
from swayline.core.storage.files import whole
from swayline.dataset import NO_TIME
from swayline.service.log.protocol import Store, StoredEvent
from swayline.service.serving.loaded import Loaded

_TYPES = {
    EVENT_ID: pa.string(), USER: pa.string(), ITEM: pa.string(), BEHAVIOR: pa.string(),
    TIME: pa.timestamp("us", "UTC"), VALUE: pa.float64(), SESSION: pa.string(), TEXT: pa.string(),
    CATEGORY: pa.string(), LAT: pa.float64(), LON: pa.float64(), PLATFORM: pa.string(), DEVICE: pa.string(),
    POSITION: pa.int64(), PROPENSITY: pa.float64(), EXPOSED: pa.bool_(),
}  # fmt: skip
_AT_ONCE = 20_000
READER = "compaction"


@dataclass(frozen=True)
class Compacted:
    """What was written.

    Parameters
    ----------
    position : int
        The log's position up to which it holds everything.
    events, live : int
        Rows of the table, and those of them that came through the service.
    files : dict
        ``events``, and ``items``, ``users``, ``ties`` where there are any.
    """

    position: int
    events: int
    live: int
    files: dict[str, str]


def compact(loaded: Loaded, store: Store, folder: Path, erased: Container[str] = ()) -> Compacted:
    """Write events and side tables into a folder, and commit how far the log was read.

    Parameters
    ----------
    erased : container of str
        People who are not written, whatever the files of the version still say.
    """
    folder.mkdir(parents=True, exist_ok=True)
    base = _base_events(loaded)
    parts, position, live = [base], loaded.version.position, 0
    while batch := store.read(position, _AT_ONCE):
        parts.append(_table(batch))
        position, live = batch[-1].position, live + len(batch)
    table = pa.concat_tables(parts, promote_options="default")
    if len(erased):  # type: ignore[arg-type]
        gone = [user for user in pc.unique(table[USER]).to_pylist() if user in erased]
        table = table.filter(pc.invert(pc.is_in(table[USER], value_set=pa.array(gone, pa.string()))))
    there = [name for name in _TYPES if name in table.column_names]
    table = table.select([name for name in there if table[name].null_count < len(table) or name in (USER, ITEM)])
    files = {"events": _written(folder / EVENTS_FILE, table)}
    catalogue = loaded.catalogue
    users = {
        name: catalogue.user(name) or {} for name in {**catalogue._base_users, **catalogue.users} if name not in erased
    }
    for name, key, rows in ((ITEMS_FILE, ITEM, catalogue.all_items()), (USERS_FILE, USER, users)):
        if rows:
            files[key + "s"] = _written(folder / name, _side(key, rows))
    ties = [tie for tie in catalogue.ties.values() if tie.source not in erased and tie.target not in erased]
    if ties:
        files["ties"] = _written(folder / TIES_FILE, pa.Table.from_pylist([vars(tie) for tie in ties]))
    store.commit(READER, position)
    return Compacted(position, len(table), live, files)


def _base_events(loaded: Loaded) -> pa.Table:
    """The events of the version in service; of a bare model folder, its histories."""
    path = loaded.version.folder / EVENTS_FILE
    if path.is_file():
        table = pq.read_table(path)
        kept = [name for name in table.column_names if name in _TYPES and name not in (ROW, SESSION)]
        return pa.table({name: table[name].cast(_TYPES[name]) for name in kept})
    data = loaded.bundle.dataset
    flat = data.sequences
    times = pa.array(flat.times, pa.int64(), mask=flat.times == NO_TIME).cast(_TYPES[TIME])
    columns: dict[str, Any] = {
        USER: data.users.ids.take(pa.array(flat.users)),
        ITEM: data.items.ids.take(pa.array(flat.items.astype(np.int64))),
        BEHAVIOR: data.behaviors.ids.take(pa.array(flat.behaviors.astype(np.int64))), TIME: times,
    }  # fmt: skip
    if flat.values is not None:
        columns[VALUE] = pa.array(flat.values, pa.float64(), from_pandas=True)
    return pa.table(columns)


def _table(batch: Iterable[StoredEvent]) -> pa.Table:
    """Events of the log as a table of every column that a log may have."""
    rows = []
    for _, event in batch:
        more = json.loads(event.more) if event.more else {}
        rows.append({
            EVENT_ID: event.event_id, USER: event.user, ITEM: event.item, BEHAVIOR: event.behavior, TIME: event.time_us,
            **{name: value for name, value in more.items() if name in _TYPES},
        })  # fmt: skip
    schema = pa.schema([(name, pa.int64() if name == TIME else kind) for name, kind in _TYPES.items()])
    table = pa.Table.from_pylist(rows, schema=schema)
    return table.set_column(table.column_names.index(TIME), TIME, table[TIME].cast(_TYPES[TIME]))


def _side(key: str, rows: dict[str, dict[str, Any]]) -> pa.Table:
    """Documents as a table: numbers where all values of a column are, else text."""
    names: dict[str, None] = {name: None for row in rows.values() for name in row if name != key}
    columns: dict[str, pa.Array] = {key: pa.array(rows, pa.string())}
    for name in names:
        values = [row.get(name) for row in rows.values()]
        known = [value for value in values if value is not None]
        if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
            columns[name] = pa.array([None if value is None else float(value) for value in values], pa.float64())
        else:
            texts = [", ".join(map(str, value)) if isinstance(value, list) else value for value in values]
            columns[name] = pa.array([None if text is None else str(text) for text in texts], pa.string())
    return pa.table(columns)


def _written(path: Path, table: pa.Table) -> str:
    with whole(path) as temporary:
        pq.write_table(table, temporary)
    return str(path)
