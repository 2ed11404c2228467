"""The table of people: one row each, with interests, rhythm, favourites, words, segment and stage.

Shapes: O people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import DEVICE, PLATFORM, ROW, USER
from swayline.engine import Engine
from swayline.engine.operators import habits
from swayline.features.profiles import traits
from swayline.features.profiles.acts import Acts
from swayline.features.profiles.rhythm import Pauses, Rhythm, pauses_of, rhythm, stages
from swayline.features.profiles.segments import Segments, find_segments, habits_table
from swayline.features.profiles.sentences import person_sentence

N_INTERESTS, N_FAVORITES, N_WORDS, N_ITEMS = 5, 3, 8, 3

_UNSAID = ("rhythm", "top_items", "first", "last")
"""Columns that a person's sentence does not read."""

Ints = npt.NDArray[np.int64]
Columns = dict[str, pa.Array | pa.ChunkedArray | npt.NDArray[np.generic]]


@dataclass(frozen=True)
class People:
    """Profiles of people, and what they are read against.

    Parameters
    ----------
    table : pa.Table
        One row a person, in the order of ``acts.users``.
    segments : Segments
        Who belongs where.
    pauses : Pauses, optional
        How long people stay away; None without times.
    """

    table: pa.Table
    segments: Segments
    pauses: Pauses | None


def profile_people(
    engine: Engine, acts: Acts, events: pa.Table, words: traits.Words | None, labels: Sequence[str],
    flags: Mapping[str, Sequence[str]], seed: int, table: str, wanted: int | None = None,
) -> People:  # fmt: skip
    """Profiles of all people.

    Parameters
    ----------
    events : pa.Table
        The log, for devices and platforms.
    labels : sequence of str
        A name for each item.
    flags : mapping
        Person → reasons of flags; who has one does not count when segments are formed.
    table : str
        Name of the engine's table of acts.
    wanted : int, optional
        So many segments; by default as many as are stable.
    """
    totals = engine.collect(habits.totals(table, "u", len(acts.counted), ("i", "c")))
    n = len(acts.users)
    ids = acts.users.to_pylist()
    reasons = [list(flags.get(name, ())) for name in ids]
    clock, found, silent, stage = None, None, None, None
    if acts.timed:
        clock = rhythm(engine, table, "u", n, acts.clock)
        totals = _with_days(engine, totals, table)
        found, own = pauses_of(engine, acts, table)
        first, last = totals["first_day"].to_numpy(), totals["last_day"].to_numpy()
        silent = np.maximum(acts.end_day - last, 0)
        stage = stages(first, last, totals["days"].to_numpy(), own, found, int(first.min()), acts.end_day)
    unflagged = np.array([not one for one in reasons])
    segments = find_segments(habits_table(totals, acts.counted, clock, silent), unflagged, seed, wanted)
    columns = _counts(acts, totals, silent)
    columns |= _clock_columns(clock, totals)
    columns |= _lists(engine, acts, words, labels, table)
    columns |= _things(engine, acts, events, table)
    columns["segment"] = pa.array([segments.names[code] for code in segments.of])
    columns["stage"] = pa.array(stage if stage is not None else [None] * n, pa.string())
    columns["flags"] = pa.array(reasons, pa.list_(pa.string()))
    rows = pa.table(columns)
    weekend = float(clock.weekend.sum() / max(clock.hours.sum(), 1)) if clock is not None else 0.0
    said = rows.drop_columns([name for name in _UNSAID if name in rows.column_names]).to_pylist()
    sentences = [person_sentence(one, acts.counted, weekend) for one in said]
    return People(rows.add_column(1, "profile", pa.array(sentences, pa.string())), segments, found)


def _with_days(engine: Engine, totals: pa.Table, table: str) -> pa.Table:
    edges = engine.collect(habits.active_days(table))
    for name in ("first_day", "last_day"):
        totals = totals.append_column(name, edges[name].cast(pa.int64()))
    return totals


def _counts(acts: Acts, totals: pa.Table, silent: Ints | None) -> Columns:
    columns: Columns = {USER: acts.users, "events": totals["events"]}
    for code, name in enumerate(acts.counted):
        columns[f"n_{name}"] = totals[f"n{code}"].cast(pa.int64())
    columns["items"] = totals["d_i"]
    if len(acts.categories):
        columns["categories"] = totals["d_c"]
    if silent is not None:
        moment = pa.timestamp("us", "UTC")
        columns["first"], columns["last"] = totals["first"].cast(moment), totals["last"].cast(moment)
        columns["active_days"], columns["days_silent"] = totals["days"], silent
    return columns


def _clock_columns(clock: Rhythm | None, totals: pa.Table) -> Columns:
    if clock is None:
        return {}
    events = np.maximum(totals["events"].to_numpy(), 1)
    shares = np.round(clock.hours / events[:, None], 4)
    offsets = pa.array(np.arange(0, shares.size + 1, 24), pa.int32())
    columns: Columns = {}
    if clock.clock.has_hours:
        columns["peak_hour"] = clock.peak_hour
        columns["rhythm"] = pa.ListArray.from_arrays(offsets, pa.array(shares.ravel().astype(np.float32)))
    if clock.clock.has_weekdays:
        columns["peak_weekday"] = clock.weekdays.argmax(axis=1)
        columns["weekend_share"] = np.round(clock.weekend / events, 4)
    return columns


def _lists(engine: Engine, acts: Acts, words: traits.Words | None, labels: Sequence[str], table: str) -> Columns:
    """Interests, favourites, words, top items."""
    n = len(acts.users)
    columns: Columns = {}
    if len(acts.categories):
        engine.register("profile_likes", engine.collect(habits.pairs(table, "u", "c")))
        rows = engine.collect(habits.marks("profile_likes", traits.PULL, N_INTERESTS))
        fields = {"category": traits.named(acts.categories, rows), "weight": traits.rounded(rows["weight"], 4)}
        fields |= {name: traits.rounded(rows[name], 4) for name in ("share", "lift")}
        columns["interests"] = traits.as_lists(rows, n, fields | {"events": rows["n"]})
        rows = engine.collect(habits.most_of("profile_likes", N_FAVORITES))
        fields = {"category": traits.named(acts.categories, rows), "share": traits.rounded(rows["share"], 4)}
        columns["favorites"] = traits.as_lists(rows, n, fields | {"events": rows["n"]})
    if words is not None:
        rows = traits.word_marks(engine, words, table, "u", N_WORDS)
        fields = {"word": traits.named(words.names, rows), "weight": traits.rounded(rows["weight"], 4)}
        columns["words"] = traits.as_lists(rows, n, fields)
    engine.register("profile_items", engine.collect(habits.pairs(table, "u", "i")))
    rows = engine.collect(habits.most_of("profile_items", N_ITEMS))
    fields = {"item": traits.named(acts.items, rows), "label": traits.named(pa.array(labels, pa.string()), rows)}
    columns["top_items"] = traits.as_lists(rows, n, fields | {"events": rows["n"]})
    return columns


def _things(engine: Engine, acts: Acts, events: pa.Table, table: str) -> Columns:
    """The device and the platform each person uses most; null where none is known."""
    columns: Columns = {}
    for name in (DEVICE, PLATFORM):
        if name not in events.column_names:
            continue
        words = events[name].cast(pa.string()).combine_chunks().dictionary_encode()
        codes = pc.fill_null(words.indices, -1).cast(pa.int64())
        engine.register("profile_used", pa.table({ROW: events[ROW], "code": codes}))
        engine.register("profile_used_most", engine.collect(habits.used(table, "profile_used")))
        rows = engine.collect(habits.most_of("profile_used_most", 1))
        place = np.full(len(acts.users), -1, np.int64)
        place[rows["owner"].to_numpy()] = rows["trait"].to_numpy()
        columns[name] = words.dictionary.take(pa.array(place, mask=place < 0))
    return columns
