"""From a log and a table of ties to the arrays of the model: people become rows, an outcome's acts become moments."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.conditions import base_of
from swayline.core.errors import EmptyLogError, SchemaError
from swayline.core.names import BEHAVIOR, CATEGORY, ITEM, SOURCE, TARGET, TIME, USER
from swayline.core.rng import generator
from swayline.core.types import Bools, Floats, Ints
from swayline.dataset import attribute_of_events
from swayline.influence.network.acts import Acts, Ties, make_acts, make_ties
from swayline.influence.network.clock import Clock, clock_of

CONTENT_BEHAVIORS = ("review", "share", "comment", "rate", "tag", "post")
"""Acts that others read: what a person says about things, not what the person does with them."""

_BY_CHANCE = 3.0
"""Times as many rows of a person on one tick as chance brings from which they are baskets (sales bring twice)."""


@dataclass(frozen=True)
class People:
    """A log as the model sees it.

    Parameters
    ----------
    ids : pa.Array of string
        Outside id of each row.
    acts : Acts
        Moments at which each person did the outcome; several items at one moment (a basket) are one act.
    ties : Ties
    given : (ties asked about,) int64
        For every distinct tie of the table, its place in ``ties``.
    person, time_s, item : (rows,) int64, float64, int64
        The outcome's rows, one an item: who, when (Unix seconds), which item (-1 for none).
    content_person, content_time_s : (content rows,)
        Acts of content behaviours other than the outcome.
    outcome : str
    known : (ties,) bool
        Whether both people of a tie stand in the log at all; of others nothing can be said.
    logged_s, content_logged_s : (rows,), (content rows,) float64
        The times as the log has them. On a coarse clock ``time_s``, ``content_time_s`` and ``acts`` are one draw of
        what they may have been (:meth:`drawn`).
    moment : (rows,) int64
        Which act each row belongs to: the items of a basket are one.
    category : (rows,) string, optional
        The category of each outcome row, where the log has any.
    """

    ids: pa.Array
    acts: Acts
    ties: Ties
    person: Ints
    time_s: Floats
    item: Ints
    content_person: Ints
    content_time_s: Floats
    outcome: str
    known: Bools
    logged_s: Floats
    content_logged_s: Floats
    moment: Ints
    category: pa.Array | None = None

    def drawn(self, draw: int) -> "People":
        """The same log with times drawn anew within the ticks of its clock; itself where the clock is fine."""
        clock = self.acts.clock
        if not clock.is_coarse:
            return self
        rng = generator(draw, "people", "clock")
        time_s = _one_draw(self.moment, self.logged_s, clock, rng)
        said = _moments(self.content_person, self.content_logged_s)
        content_time_s = _one_draw(said, self.content_logged_s, clock, rng)
        acts = _acts(self.person, time_s, self.acts.people, self.acts.start_s, self.acts.end_s, clock)
        return replace(self, time_s=time_s, content_time_s=content_time_s, acts=acts)


def seconds(times: pa.ChunkedArray | pa.Array) -> Floats:
    """Unix seconds of a column of timestamps."""
    micro = times.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    return np.asarray(micro.to_numpy(zero_copy_only=False) if isinstance(micro, pa.Array) else micro.to_numpy()) / 1e6


def read_people(events: pa.Table, ties: pa.Table, outcome: str, items: pa.Table | None = None) -> People:
    """Take the outcome's acts and the ties out of a log.

    Parameters
    ----------
    events : pa.Table
        ``user``, ``item``, ``behavior``, ``time``.
    ties : pa.Table
        ``source``, ``target``; influence may run source → target. Ties to oneself are left out, repeats count once.
    items : pa.Table, optional
        ``item`` and ``category``, where the events themselves say no category.

    Raises
    ------
    SchemaError
        The events have no times, or a table lacks a column.
    EmptyLogError
        Nobody did the outcome, or no tie joins two different people of the log, one of whom did it.
    """
    _check_columns(events, ties)
    events = events.filter(pc.is_valid(events[TIME]))
    span = seconds(events[TIME])
    wanted = np.asarray(pc.equal(events[BEHAVIOR].cast(pa.string()), outcome).to_numpy(), bool)
    if not wanted.any():
        raise EmptyLogError(f"nobody did {outcome!r} at a known time")
    kept = pc.and_(pc.is_valid(ties[SOURCE]), pc.is_valid(ties[TARGET]))
    ties = ties.filter(kept)
    users = events[USER].cast(pa.string())
    everybody = pa.chunked_array(
        [*users.filter(pa.array(wanted)).chunks, *_strings(ties[SOURCE]), *_strings(ties[TARGET])]
    )
    ids = pc.unique(everybody)
    ids = ids.take(pc.array_sort_indices(ids))
    rows = np.asarray(pc.fill_null(pc.index_in(users, value_set=ids), -1).to_numpy(), np.int64)
    source, target = (
        np.asarray(pc.index_in(pa.chunked_array(_strings(ties[c]), pa.string()), value_set=ids).to_numpy(), np.int64)
        for c in (SOURCE, TARGET)
    )
    joined = make_ties(source, target, len(ids))
    if len(joined) == 0:
        raise EmptyLogError(f"no tie joins two different people ({len(ties)} ties read)")
    known = _known(ids, users, joined, ties)
    person, time_s = rows[wanted], span[wanted]
    if not np.isin(joined.source[known], person).any():
        raise EmptyLogError(f"no source of the {len(joined):,} ties ever did {outcome!r}: nothing can be said of any")
    clock = clock_of(time_s)
    end = float(span.max()) + (clock.unit_s if clock.is_coarse else 0.0)
    acts = _acts(person, time_s, len(ids), float(span.min()), end, clock)
    content = _content(events, rows, span, outcome)
    item = _items(events, wanted)
    apart = clock.is_coarse and acts_are_apart(person, time_s, clock)
    moment = _moments(person, time_s, item if apart else None)
    people = People(
        ids, acts, joined, person, time_s, item, *content, outcome, known, time_s, content[1], moment,
        _categories(events, wanted, items),
    )  # fmt: skip
    return people.drawn(0)


def _check_columns(events: pa.Table, ties: pa.Table) -> None:
    for column in (USER, BEHAVIOR):
        if column not in events.column_names:
            raise SchemaError(f"the events have no column {column!r}; they have {', '.join(events.column_names)}")
    if TIME not in events.column_names or events[TIME].null_count == len(events):
        raise SchemaError("the events have no times: influence between people needs to know when each acted")
    for column in (SOURCE, TARGET):
        if column not in ties.column_names:
            raise SchemaError(f"the ties have no column {column!r}; they have {', '.join(ties.column_names)}")


def _acts(person: Ints, time_s: Floats, people: int, start_s: float, end_s: float, clock: Clock) -> Acts:
    """Several items at one moment are one act."""
    moments = np.unique(np.stack([person.astype(np.float64), time_s]), axis=1)
    return make_acts(moments[0].astype(np.int64), moments[1], people, start_s, end_s, clock)


def acts_are_apart(person: Ints, time_s: Floats, clock: Clock) -> bool:
    """Whether a person's rows on one tick are several acts, not one basket.

    Separate acts meet on a tick by chance: about n^2 / 2 ticks pairs among n acts. Baskets make many more.

    >>> day = Clock(86400.0)
    >>> baskets = np.repeat(np.arange(30) * 86400.0 * 10, 4)
    >>> acts_are_apart(np.zeros(120, int), baskets, day)
    False
    """
    ticks = max((float(time_s.max()) - float(time_s.min())) / clock.unit_s + 1.0, 1.0)
    together = np.unique(_moments(person, time_s), return_counts=True)[1].astype(np.float64)
    each = np.unique(person, return_counts=True)[1].astype(np.float64)
    by_chance = float((each * (each - 1) / 2).sum()) / ticks
    return float((together * (together - 1) / 2).sum()) <= _BY_CHANCE * by_chance


def _moments(person: Ints, time_s: Floats, item: Ints | None = None) -> Ints:
    """(rows,) which moment of which person each row is of, also which item where that is given."""
    if len(person) == 0:
        return np.zeros(0, np.int64)
    keys = [person.astype(np.float64), time_s] + ([] if item is None else [item.astype(np.float64)])
    return np.asarray(np.unique(np.stack(keys), axis=1, return_inverse=True)[1], np.int64).ravel()


def _one_draw(moment: Ints, logged_s: Floats, clock: Clock, rng: np.random.Generator) -> Floats:
    """Moments drawn within the clock's ticks; what is of one moment stays together."""
    first = np.unique(moment, return_index=True)[1]
    return clock.drawn(logged_s[first], rng)[moment] if len(moment) else logged_s


def _known(ids: pa.Array, users: pa.ChunkedArray, joined: Ties, ties: pa.Table) -> Bools:
    """Ties between people who both stand in the log, (ties,)."""
    in_log = np.asarray(pc.is_in(ids, value_set=pc.unique(users)).to_numpy(zero_copy_only=False), bool)
    known = in_log[joined.source] & in_log[joined.target]
    if not known.any():
        one = f"{ties[SOURCE][0].as_py()!r} → {ties[TARGET][0].as_py()!r}"
        raise EmptyLogError(
            f"no tie joins two people of the log: the first tie is {one}, the first user {users[0].as_py()!r}; "
            "users, sources and targets must be the same ids"
        )
    return np.asarray(known)


def _categories(events: pa.Table, wanted: "np.ndarray", items: pa.Table | None) -> pa.Array | None:
    found = attribute_of_events(events, items, CATEGORY) if ITEM in events.column_names else None
    return None if found is None else found.filter(pa.array(wanted)).combine_chunks()


def _strings(column: pa.ChunkedArray) -> list[pa.Array]:
    chunks: list[pa.Array] = column.cast(pa.string()).chunks
    return chunks


def _items(events: pa.Table, wanted: "np.ndarray") -> Ints:
    if ITEM not in events.column_names:
        return np.full(int(wanted.sum()), -1, np.int64)
    items = events[ITEM].cast(pa.string()).filter(pa.array(wanted)).combine_chunks()
    encoded = pc.dictionary_encode(items)
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    return np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), np.int64)


def _content(events: pa.Table, rows: Ints, span: Floats, outcome: str) -> tuple[Ints, Floats]:
    present = pc.unique(events[BEHAVIOR].cast(pa.string())).to_pylist()
    words = pa.array([word for word in present if word != outcome and base_of(word) in CONTENT_BEHAVIORS], pa.string())
    said = np.asarray(pc.is_in(events[BEHAVIOR].cast(pa.string()), value_set=words).to_numpy(), bool) & (rows >= 0)
    return rows[said], span[said]
