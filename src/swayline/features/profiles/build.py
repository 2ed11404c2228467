"""Profiles of a log: people and items, what they are read against, and how all of it is kept in a folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from swayline.core.errors import ArtifactError, UsageError, nearest, shown
from swayline.core.names import ITEM, ITEMS_FILE, REASON, USER, USERS_FILE
from swayline.core.storage.files import whole, write_json
from swayline.core.time import iso
from swayline.engine import DuckEngine, Engine
from swayline.features.bots import BotFlags, flag_bots
from swayline.features.profiles import traits
from swayline.features.profiles.acts import Acts, acts_of, item_labels
from swayline.features.profiles.people import People, profile_people
from swayline.features.profiles.things import profile_items

SUMMARY_FILE = "summary.json"
_TABLE = "profile_acts"


class Log(Protocol):
    """What profiles need of a log; :class:`swayline.EventLog` has it."""

    @property
    def events(self) -> pa.Table:
        """The acts."""
        ...

    @property
    def items(self) -> pa.Table | None:
        """The items table."""
        ...

    @property
    def options(self) -> Any:
        """How it was read, with ``timezone``."""
        ...

    def split_by_outcome(self, wanted: str | None = None) -> "tuple[Log, str]":
        """The log in which events say whether they meet the outcome's condition, and the outcome."""
        ...


@dataclass(frozen=True)
class Profiles:
    """Everybody and everything of a log, described.

    Parameters
    ----------
    users, items : pa.Table
        One row each, the most active first; ``docs/guide/profiles.md`` says every column.
    summary : mapping
        Segments with their sizes and stability, stages, tiers: JSON-able.
    """

    users: pa.Table
    items: pa.Table
    summary: Mapping[str, Any]

    def user(self, name: str) -> dict[str, Any]:
        """One person's profile.

        Raises
        ------
        UsageError
            The log knows no such person.
        """
        return _one(self.users, USER, name)

    def item(self, name: str) -> dict[str, Any]:
        """One item's profile.

        Raises
        ------
        UsageError
            The log knows no such item.
        """
        return _one(self.items, ITEM, name)

    def save(self, folder: str | Path) -> None:
        """Write ``users.parquet``, ``items.parquet`` and ``summary.json`` into a folder."""
        folder = Path(folder)
        for name, table in ((USERS_FILE, self.users), (ITEMS_FILE, self.items)):
            with whole(folder / name) as temporary:
                pq.write_table(table, temporary, compression="zstd")
        write_json(folder / SUMMARY_FILE, self.summary)


def profiles(
    log: Log, *, outcome: str | None = None, segments: int | None = None, half_life_days: float = 30.0, seed: int = 0,
    engine: Engine | None = None,
) -> Profiles:  # fmt: skip
    """Profile every person and every item of a log.

    Parameters
    ----------
    log : EventLog
        Its items table, where it has one, gives titles, categories and words.
    outcome : str, optional
        The behaviour that counts as success, or a condition on its value (``rate>=4``); by default what was liked in a
        log of ratings alone, else the deepest of the funnel present.
    segments : int, optional
        So many segments, whatever their stability; by default as many as are found again when people are drawn anew.
    half_life_days : float
        An act so many days before the end weighs half as much in interests.
    seed : int
        Draws the people that decide the segments.
    engine : Engine, optional
        Where tables are computed; an engine of its own by default.

    Returns
    -------
    Profiles
        ``.user(id)``, ``.item(id)``, ``.users``, ``.items``: sentences and columns.

    Raises
    ------
    EmptyLogError
        There is no act.
    OutcomeError
        The outcome does not occur or cannot be told.

    Examples
    --------
    >>> import swayline as sw
    >>> log = sw.read_events(pa.table({"user": ["ann"] * 3, "item": ["a", "b", "a"], "time": [1, 2, 3]}))
    >>> sw.profiles(log).user("ann")["profile"]
    '3 interactions on 2 items over 1 active day. Active.'
    """
    if engine is None:
        with DuckEngine() as own:
            return profiles(
                log, outcome=outcome, segments=segments, half_life_days=half_life_days, seed=seed, engine=own
            )
    flags = flag_bots(engine, log.events)
    asked, name = log.split_by_outcome(outcome)
    return build_profiles(engine, asked, name, flags, segments, half_life_days, seed)


def build_profiles(
    engine: Engine, log: Log, outcome: str, flags: BotFlags, segments: int | None = None, half_life_days: float = 30.0,
    seed: int = 0,
) -> Profiles:  # fmt: skip
    """As :func:`profiles`, with the flags of people given."""
    acts = acts_of(log.events, log.items, log.options.timezone, half_life_days)
    engine.register(_TABLE, acts.table)
    words = traits.words_in(acts, log.events, log.items)
    labels = item_labels(acts.items, log.items)
    reasons: dict[str, list[str]] = {}
    for one in flags.table.select([USER, REASON]).to_pylist():
        reasons.setdefault(one[USER], []).append(one[REASON])
    people = profile_people(engine, acts, log.events, words, labels, reasons, seed, _TABLE, segments)
    items = profile_items(engine, acts, words, labels, people.segments, outcome, _TABLE)
    summary = _summary(acts, people, items, outcome, half_life_days)
    users = people.table.sort_by([("events", "descending"), (USER, "ascending")])
    return Profiles(users, items.sort_by([("events", "descending"), (ITEM, "ascending")]), summary)


def load_profiles(folder: str | Path) -> Profiles:
    """What :meth:`Profiles.save` wrote.

    Raises
    ------
    ArtifactError
        A file is missing or damaged.
    """
    folder = Path(folder)
    try:
        users, items = (pq.read_table(folder / name) for name in (USERS_FILE, ITEMS_FILE))
        return Profiles(users, items, json.loads((folder / SUMMARY_FILE).read_text("utf-8")))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ArtifactError(f"{folder} holds no whole profiles ({shown(error)}): make them anew") from None


def _one(table: pa.Table, key: str, name: str) -> dict[str, Any]:
    found = table.filter(pc.equal(table[key], name)).slice(0, 1).to_pylist()
    if not found:
        raise UsageError(
            f"the log knows no {key} {shown(name)}: {nearest(name, table[key].slice(0, 5000).to_pylist())}"
        )
    return dict(found[0])


def _summary(acts: Acts, people: People, items: pa.Table, outcome: str, half_life_days: float) -> dict[str, Any]:
    segments = people.segments
    table = people.table
    return {
        "people": len(table), "items": len(items), "outcome": outcome, "timed": acts.timed,
        "half_life_days": half_life_days, "has_categories": bool(len(acts.categories)),
        "weights": dict(zip(acts.behaviors, np.round(acts.weights, 3).tolist(), strict=True)),
        "end": iso(_moment(acts.end_us)) if acts.end_us else None,
        "pauses": vars(people.pauses) if people.pauses else None,
        "segments": {
            "features": list(segments.features),
            "tried": [vars(one) for one in segments.tried],
            "groups": [_segment(people, code, outcome) for code in range(len(segments.names))],
        },
        "stages": _counted(table["stage"]) if acts.timed else {},
        "item_stages": _counted(items["stage"]) if acts.timed else {},
        "tiers": _tiers(items),
        "flagged": int(sum(bool(one) for one in table["flags"].to_pylist())),
    }  # fmt: skip


def _segment(people: People, code: int, outcome: str) -> dict[str, Any]:
    """A segment's size and means, for a table people read."""
    segments = people.segments
    inside = segments.of == code
    rows = people.table.filter(pa.array(inside))
    events = rows["events"].to_numpy()
    reached = rows[f"n_{outcome}"].to_numpy() > 0 if f"n_{outcome}" in rows.column_names else np.zeros(len(rows), bool)
    found: dict[str, Any] = {
        "name": segments.names[code], "people": len(rows), "median_events": float(np.median(events)),
        "events": int(events.sum()), "reached_outcome": int(reached.sum()),
        "center": dict(zip(segments.features, np.round(segments.centers[code], 3).tolist(), strict=True)),
    }  # fmt: skip
    if "stage" in rows.column_names:
        found["stages"] = _counted(rows["stage"])
    if "rhythm" in rows.column_names:
        hours = np.asarray(rows["rhythm"].combine_chunks().flatten()).reshape(-1, 24)
        found["hours"] = np.round((hours * events[:, None]).sum(axis=0) / max(events.sum(), 1), 4).tolist()
    return found


def _tiers(items: pa.Table) -> dict[str, Any]:
    found = items.group_by("tier").aggregate([("events", "sum"), (ITEM, "count")]).to_pylist()
    return {one["tier"]: {"items": one[f"{ITEM}_count"], "events": one["events_sum"]} for one in found}


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    counts = pc.value_counts(column.drop_null()).to_pylist()
    return {one["values"]: int(one["counts"]) for one in counts}


def _moment(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, UTC)
