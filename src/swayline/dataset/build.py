"""From an event table to sequences: vocabularies, k-core, histories in time order."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import EmptyLogError, SchemaError
from swayline.core.names import BEHAVIOR, CATEGORY, EXPOSED, ITEM, LAT, LON, ROW, TIME, USER, VALUE
from swayline.core.types import Floats
from swayline.dataset.catalogue import Statements, build_catalogue
from swayline.dataset.people import PeopleCodes
from swayline.dataset.sequences import Sequences
from swayline.dataset.vocabulary import UNKNOWN, Vocabulary
from swayline.engine import Engine
from swayline.engine.operators import cleaning, sequences

MAX_BEHAVIORS = 32_767
_CODED = ("named", "user_codes", "item_codes", "behavior_codes")


@dataclass(frozen=True)
class Dataset:
    """Histories of a log with the vocabularies that give their numbers a name."""

    users: Vocabulary
    items: Vocabulary
    behaviors: Vocabulary
    sequences: Sequences
    ordered: bool
    people: PeopleCodes | None = None
    """How the columns of the users table are read, for people met later."""


def k_core(engine: Engine, events: pa.Table, min_user_events: int, min_item_events: int) -> pa.Table:
    """The events left when users and items with too few are removed, again and again until none has.

    Raises
    ------
    EmptyLogError
        Nothing is left.
    """
    kept = events
    while min_user_events > 1 or min_item_events > 1:
        engine.register("kcore", kept)
        fewer = engine.collect(cleaning.k_core_step("kcore", min_user_events, min_item_events))
        if len(fewer) == len(kept):
            break
        kept = fewer
    if len(kept) == 0:
        raise EmptyLogError(
            f"no event is left when users need {min_user_events} and items {min_item_events} events: lower these limits"
        )
    return kept


def build_dataset(
    engine: Engine,
    events: pa.Table,
    *,
    items: Vocabulary | None = None,
    behaviors: Vocabulary | None = None,
    side: pa.Table | None = None,
    people: pa.Table | None = None,
    codes: PeopleCodes | None = None,
    min_user_events: int = 1,
    min_item_events: int = 1,
) -> Dataset:
    """Sequences of a log's events that name an item; what was only shown (``exposed``) is no act and is left out.

    Parameters
    ----------
    events : pa.Table
        ``row``, ``user``, ``item``, ``behavior``, ``time``, ``exposed`` and ``value`` where the log has them.
        A ``value`` that is null or NaN is none.
    items, behaviors : Vocabulary, optional
        Fixed vocabularies (a fitted model's); events outside them are left out. By default those of the log.
    side : pa.Table, optional
        The log's items table: what models may know of the items, as ``sequences.catalogue``. The category that most
        of an item's events name comes before its own; a place that only events name is known as well.
    people : pa.Table, optional
        The log's users table: its columns whose values repeat, as ``sequences.profiles``.
    codes : PeopleCodes, optional
        How a fitted model reads the users table; by default learned from this log's.
    min_user_events, min_item_events : int
        k-core limits; 1 keeps everything.

    Raises
    ------
    EmptyLogError
        No event names an item, or nothing is left after the limits.
    SchemaError
        The behaviours are too many to be behaviours, or a value is infinite.
    """
    named = k_core(engine, _acts(events), min_user_events, min_item_events)
    engine.register("named", named)
    known_users, known_items, known_behaviors = _vocabularies(engine, items, behaviors)
    flat = engine.collect(sequences.ordered_sequences(*_CODED, with_values=VALUE in named.column_names))
    counts = np.bincount(flat[USER].to_numpy(), minlength=len(known_users))
    if codes is None and people is not None:
        codes = PeopleCodes.learn(known_users.ids, people)
    histories = Sequences(
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        items=flat[ITEM].to_numpy().astype(np.int32),
        behaviors=flat[BEHAVIOR].to_numpy().astype(np.int16),
        times=flat[TIME].to_numpy().astype(np.int64),
        events=flat[ROW].to_numpy().astype(np.int64),
        n_items=len(known_items),
        n_behaviors=len(known_behaviors),
        catalogue=build_catalogue(known_items.ids, side, statements(named, known_items)),
        profiles=None if codes is None else codes.read(known_users.ids, people),
        values=_values(flat),
    )
    ordered = bool(named[TIME].null_count == len(named))
    return Dataset(known_users, known_items, known_behaviors, histories, ordered, codes)


def _acts(events: pa.Table) -> pa.Table:
    """The events that name an item and are more than shown, with the columns that are read."""
    acted = pc.is_valid(events[ITEM])
    if EXPOSED in events.column_names:
        acted = pc.and_not(acted, pc.fill_null(events[EXPOSED], False))
    further = [name for name in (CATEGORY, LAT, LON, VALUE) if name in events.column_names]
    named = events.select([ROW, USER, ITEM, BEHAVIOR, TIME, *further]).filter(acted)
    if len(named) == 0:
        raise EmptyLogError("no event of this log names an item, so there is nothing to recommend")
    return named


def _vocabularies(
    engine: Engine, items: Vocabulary | None, behaviors: Vocabulary | None
) -> tuple[Vocabulary, Vocabulary, Vocabulary]:
    """Users and items by hash, behaviours by frequency; also as the engine's tables of codes."""
    found = (
        _vocabulary(engine, USER).by_hash(), items or _vocabulary(engine, ITEM).by_hash(),
        behaviors or _vocabulary(engine, BEHAVIOR),
    )  # fmt: skip
    if len(found[2]) > MAX_BEHAVIORS:
        raise SchemaError(
            f"the log has {len(found[2])} different behaviours, at most {MAX_BEHAVIORS} are told apart:"
            " does its behaviour column hold something else?"
        )
    for name, vocabulary in zip((USER, ITEM, BEHAVIOR), found, strict=True):
        engine.register(
            f"{name}_codes", pa.table({"id": vocabulary.ids, "code": pa.array(range(len(vocabulary)), pa.int64())})
        )
    return found


def _vocabulary(engine: Engine, column: str) -> Vocabulary:
    return Vocabulary(engine.collect(sequences.distinct_by_count("named", column))["id"].combine_chunks())


def statements(events: pa.Table, items: Vocabulary) -> Statements:
    """What each event says of its item: a category, and the degrees of a place."""
    rows = items.rows(events[ITEM])
    known = rows >= 0
    categories, words = None, []
    if CATEGORY in events.column_names:
        words = sorted(pc.unique(events[CATEGORY].cast(pa.string()).drop_null()).to_pylist())
        codes = pc.index_in(events[CATEGORY].cast(pa.string()), value_set=pa.array(words, pa.string()))
        categories = np.asarray(pc.fill_null(codes, UNKNOWN), dtype=np.int64)[known]
    places = None
    if LAT in events.column_names and LON in events.column_names:
        degrees = [pc.fill_null(events[name].cast(pa.float64()), np.nan) for name in (LAT, LON)]
        places = np.stack([np.asarray(one) for one in degrees], axis=1)[known]
    return Statements(np.asarray(events[ROW])[known], rows[known], categories, tuple(words), places)


def _values(flat: pa.Table) -> Floats | None:
    """(E,) float64, NaN where an event has no value; None where none has."""
    if VALUE not in flat.column_names:
        return None
    values = np.asarray(pc.fill_null(pc.cast(flat[VALUE], pa.float64()), np.nan), dtype=np.float64)
    if np.isinf(values).any():
        row = flat[ROW][int(np.flatnonzero(np.isinf(values))[0])].as_py()
        raise SchemaError(f"{VALUE} of row {row} is infinite: give a finite number, or leave the cell empty")
    return None if np.isnan(values).all() else values
