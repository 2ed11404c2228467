"""A fitted model and a newer log: what it knows is mapped, what it does not know is named with a count.

::

    a person of both     the history it was fitted on, then what is new; an event that stands in both counts once
    a new person         the rows of the newer log alone
    an unknown item, or  left out of the history, counted and named
    behaviour
    a log that names     its rows are the model's usual behaviour
    no behaviour
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError, SchemaError, shown
from swayline.core.names import BEHAVIOR, INTERACT, ITEM, RATE, USER
from swayline.core.types import Ints
from swayline.dataset import Dataset, Sequences, Vocabulary, build_dataset
from swayline.engine import Engine
from swayline.events import EventLog, ReadOptions, read_events
from swayline.training.data import event_ids

_EXAMPLES = 3


@dataclass(frozen=True)
class Match:
    """How a newer log met what a model knows.

    Parameters
    ----------
    events, used : int
        Rows of the log that name an item, and those of them that reached a history.
    mapped : dict
        Behaviour of the log → the model's behaviour it was read as.
    unknown_behaviors, unknown_items : dict
        Name → events left out for it; an event with both counts as a behaviour's.
    known_people, new_people : int
        People of the log that the model has, and has not, met.
    without_history : int
        People of the log of whose events none was left.
    unknown_columns : tuple of str
        Columns of the users table that the model did not learn from.
    """

    events: int = 0
    used: int = 0
    mapped: dict[str, str] = field(default_factory=dict)
    unknown_behaviors: dict[str, int] = field(default_factory=dict)
    unknown_items: dict[str, int] = field(default_factory=dict)
    known_people: int = 0
    new_people: int = 0
    without_history: int = 0
    unknown_columns: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The counts, with the most frequent names alone."""
        counts = asdict(self) | {"unknown_columns": list(self.unknown_columns)}
        for name in ("unknown_behaviors", "unknown_items"):
            found: dict[str, int] = counts[name]
            counts[name] = {"names": len(found), "events": sum(found.values()), "most": _most(found, 10)}
        return counts

    def notes(self) -> tuple[str, ...]:
        """What a person should know, a sentence each."""
        told = [
            f"the events {shown(theirs)} are read as the model's {shown(ours)}" for theirs, ours in self.mapped.items()
        ]
        for what, found in (("behaviours", self.unknown_behaviors), ("items", self.unknown_items)):
            if found:
                told.append(
                    f"{sum(found.values()):,} of {self.events:,} events are left out: the model does not know their"
                    f" {len(found):,} {what} ({', '.join(_most(found, _EXAMPLES))}{', …' * (len(found) > _EXAMPLES)})"
                )
        if self.without_history:
            told.append(
                f"{self.without_history:,} of {self.known_people + self.new_people:,} people have no event that the"
                " model knows: their lists are what most people take (source popular)"
            )
        if self.unknown_columns:
            told.append(f"the model did not learn from the users' columns {', '.join(self.unknown_columns)}")
        return tuple(told)


def _most(found: dict[str, int], n: int) -> dict[str, int]:
    return {
        shown(name, 40).strip("'"): found[name] for name in sorted(found, key=lambda name: (-found[name], name))[:n]
    }


def read_newer(events: Any, options: ReadOptions, users: Any, engine: Engine, *, items: Any = None) -> EventLog:
    """A log of the shape that a model was fitted on; one whose columns have other names is read by those.

    Raises
    ------
    DataError
        The log cannot be read in either way.
    """
    try:
        return read_events(events, items=items, users=users, options=options, engine=engine)
    except SchemaError:
        plain = replace(options, mapping={}, columns=(), users_map={}, users_columns=())
        if plain == options:
            raise
        try:
            log = read_events(events, items=items, users=users, options=plain, engine=engine)
        except DataError:
            log = None
        if log is None:
            raise
        return replace(log, notes=(*log.notes, "its columns are found by their names, not as the model's log was read"))


def matched(engine: Engine, log: EventLog, known: Dataset) -> tuple[Dataset, Match, dict[int, str]]:
    """The histories of everybody in a newer log, then of those the model has met; how they match; ids of its events.

    Raises
    ------
    DataError
        Nothing in the log is known to the model.
    """
    events, mapped = _with_known_behaviors(log.events, known.behaviors)
    named = events.filter(pc.is_valid(events[ITEM]))
    is_act = pc.is_in(named[BEHAVIOR].cast(pa.string()), value_set=known.behaviors.ids)
    strange = named.filter(pc.invert(is_act))
    rest = named.filter(is_act)
    absent = rest.filter(pc.invert(pc.is_in(rest[ITEM].cast(pa.string()), value_set=known.items.ids)))
    match = Match(
        events=len(named), mapped=mapped,
        unknown_behaviors=_counts(strange[BEHAVIOR]), unknown_items=_counts(absent[ITEM]),
        unknown_columns=_unread(known, log.users),
    )  # fmt: skip
    if len(absent) + len(strange) == len(named):
        raise DataError(
            f"the model knows nothing of this log: {'; '.join(match.notes()) or 'no event names an item'}."
            f" It knows items such as {shown(known.items.names[0])}"
            f" and the behaviours {', '.join(known.behaviors.names[:20])}"
        )
    fresh = build_dataset(
        engine, events, items=known.items, behaviors=known.behaviors, people=log.users, codes=known.people
    )
    return _joined(known, fresh, match, log)


def _unread(known: Dataset, users: pa.Table | None) -> tuple[str, ...]:
    """Columns of a users table that the model did not learn from."""
    if users is None:
        return ()
    if known.people is None:
        return tuple(name for name in users.column_names if name != USER)
    return tuple(known.people.unread(users))


def _with_known_behaviors(events: pa.Table, known: Vocabulary) -> tuple[pa.Table, dict[str, str]]:
    """A log that tells no behaviours apart is the model's usual one; a model that tells none apart takes any."""
    present = pc.unique(events[BEHAVIOR]).to_pylist()
    unnamed = len(present) == 1 and present[0] in (INTERACT, RATE)
    tells_none = known.names == [INTERACT]
    strange = [name for name in present if name not in known.names] if unnamed or tells_none else []
    if not strange:
        return events, {}
    usual = known.names[0]
    mapped = pc.if_else(pc.is_in(events[BEHAVIOR].cast(pa.string()), value_set=pa.array(strange, pa.string())), usual,
                        events[BEHAVIOR].cast(pa.string()))  # fmt: skip
    table = events.set_column(events.column_names.index(BEHAVIOR), BEHAVIOR, mapped)
    return table, dict.fromkeys(strange, usual)


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    return {str(one["values"]): one["counts"] for one in pc.value_counts(column).to_pylist()}


def _joined(known: Dataset, fresh: Dataset, match: Match, log: EventLog) -> tuple[Dataset, Match, dict[int, str]]:
    """Old and new histories by person: those of the newer log first, then the others the model has met."""
    before, after = known.sequences, fresh.sequences
    offset = int(before.events.max(initial=-1)) + 1
    after = replace(after, events=after.events + offset)
    old_row = known.users.rows(fresh.users.ids)
    others = np.setdiff1d(np.arange(len(known.users)), old_row)
    users = Vocabulary(pa.concat_arrays([fresh.users.ids.cast(pa.string()), known.users.ids.take(pa.array(others))]))
    rows = np.concatenate([old_row, others])
    new_rows = np.concatenate([np.arange(len(fresh.users)), np.full(len(others), -1)])
    sequences = _appended(before, after, rows, new_rows)
    match = replace(
        match, used=len(after.items), known_people=int((old_row >= 0).sum()), new_people=int((old_row < 0).sum()),
        without_history=int((sequences.lengths[: len(fresh.users)] == 0).sum()),
    )  # fmt: skip
    ids = {row + offset: name for row, name in event_ids(log).items()}
    dataset = Dataset(users, known.items, known.behaviors, sequences, known.ordered, known.people)
    return dataset, match, ids


def _appended(before: Sequences, after: Sequences, old: Ints, new: Ints) -> Sequences:
    """Each person's old events, then the new ones that are not among them, in the order of time.

    Parameters
    ----------
    old, new : (U,)
        Row of the person in either; -1 where there is none.
    """
    first, second = _rows_or_none(before, old), _rows_or_none(after, new)
    people = np.concatenate([first.users, second.users])
    flat = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ("items", "behaviors", "times", "events")
    }
    has_values = first.values is not None or second.values is not None
    values = np.concatenate([_values(first), _values(second)]) if has_values else None
    is_new = np.arange(len(people)) >= len(first.items)
    kept = ~(is_new & _stand_before(first, second, people, flat))
    order = np.lexsort((flat["events"], flat["times"], people))
    order = order[kept[order]]
    counts = np.bincount(people[kept], minlength=len(old))
    return replace(
        before, offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        **{name: array[order] for name, array in flat.items()},
        values=None if values is None else values[order], profiles=_profiles(before, after, old, new),
        catalogue=before.catalogue, asked_at=None, answered_at=None,
    )  # fmt: skip


def _stand_before(first: Sequences, second: Sequences, people: Ints, flat: dict[str, np.ndarray]) -> np.ndarray:
    """(E,) whether an event of the newer log is one the model was fitted on: the same act at the same moment.

    Without times a newer history that begins with the whole old one is taken to hold it.
    """
    held = np.zeros(len(people), bool)
    if first.timed:
        at = np.flatnonzero(((first.lengths > 0) & (second.lengths > 0))[people])
        key = np.stack([people[at], flat["items"][at], flat["behaviors"][at], flat["times"][at]]).astype(np.int64)
        same = np.unique(key, axis=1, return_inverse=True)[1].reshape(-1)
        held[at] = np.isin(same, same[at < len(first.items)])
        return held
    for row in np.flatnonzero((first.lengths > 0) & (second.lengths >= first.lengths)):
        old, new = first.of(int(row)), second.of(int(row))
        part = slice(new.start, new.start + int(first.lengths[row]))
        if np.array_equal(first.items[old], second.items[part]) and np.array_equal(
            first.behaviors[old], second.behaviors[part]
        ):
            held[len(first.items) + part.start : len(first.items) + part.stop] = True
    return held


def _rows_or_none(sequences: Sequences, rows: Ints) -> Sequences:
    """Histories of some rows; an empty one where a row is -1."""
    bare = replace(sequences, profiles=None, asked_at=None, answered_at=None)
    longer = replace(bare, offsets=np.append(bare.offsets, bare.offsets[-1]))
    return longer.take(np.where(rows < 0, len(sequences), rows))


def _values(sequences: Sequences) -> np.ndarray:
    return np.full(len(sequences.items), np.nan) if sequences.values is None else sequences.values


def _profiles(before: Sequences, after: Sequences, old: Ints, new: Ints) -> Ints | None:
    """What the newer users table says of a person, else what the model's said."""
    if before.profiles is None:
        return None
    found = np.where(old[:, None] >= 0, before.profiles[np.maximum(old, 0)], 0)
    if after.profiles is None or not len(after.profiles):
        return found
    said = np.where(new[:, None] >= 0, after.profiles[np.maximum(new, 0)], 0)
    return np.where(said > 0, said, found)
