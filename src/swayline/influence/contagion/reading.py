"""A log and its ties as arrays: who did what to which item when, and whose acts each person could see.

::

    person  item  behavior  time       source → target     (influence may run so)
    ann     lamp  view      1          bob    → ann
    bob     lamp  purchase  2

Shapes: E events in the order of time, U people, I items, T ties.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import EmptyLogError, SchemaError, UsageError
from swayline.core.names import BEHAVIOR, CATEGORY, ITEM, LAT, LON, SOURCE, TARGET, TIME, USER, VALUE
from swayline.core.time import format_duration, seconds_of
from swayline.core.types import Bools, Ints
from swayline.dataset import attribute_of_events
from swayline.dataset.attributes import CELLS_A_DEGREE
from swayline.events import as_log
from swayline.influence.network.clock import clock_of
from swayline.influence.network.reading import seconds

Floats = npt.NDArray[np.float64]
HORIZON_S = 7 * 86400.0
"""Within which an act of others counts, unless another horizon is asked."""


@dataclass(frozen=True)
class SocialLog:
    """Events and ties as numbers.

    Attributes
    ----------
    users, items, categories : outside ids by number
    behaviors : words by number
    person, item, behavior, category : (E,); an item or category of -1 is unknown
    time : (E,) Unix seconds, rising
    value : (E,) NaN where there is none
    source, target : (T,) distinct ties between different people of the log
    tied_at : (T,) Unix seconds from which the tie stands; -infinity where the table does not say
    outcome : number of the behaviour that is explained
    tick_s : seconds from tick to tick of the log's clock
    left_out : ties of the table that name people who are not in the log
    """

    users: pa.Array
    items: pa.Array
    categories: pa.Array
    behaviors: tuple[str, ...]
    person: Ints
    item: Ints
    behavior: Ints
    category: Ints
    time: Floats
    value: Floats
    source: Ints
    target: Ints
    tied_at: Floats
    outcome: int
    tick_s: float
    left_out: int

    @property
    def people(self) -> int:
        """How many people there are."""
        return len(self.users)

    @property
    def start_s(self) -> float:
        """The first event."""
        return float(self.time[0])

    @property
    def end_s(self) -> float:
        """The last moment that is watched: the end of the last event's tick."""
        return float(self.time[-1]) + (self.tick_s if self.tick_s > 1 else 0.0)

    @property
    def ties_have_times(self) -> bool:
        """Whether the table says since when people are tied."""
        return bool(np.isfinite(self.tied_at).any())

    def pair(self, person: Ints, item: Ints) -> Ints:
        """One number a (person, item)."""
        return person * len(self.items) + item

    def item_category(self) -> Ints:
        """(I,) category of each item: that of its first event which has one; -1 for none."""
        found = np.full(len(self.items), -1, np.int64)
        known = np.flatnonzero((self.item >= 0) & (self.category >= 0))[::-1]
        found[self.item[known]] = self.category[known]
        return found


def social_log(log: Any, ties: Any, items: Any, outcome: str | None) -> SocialLog:
    """A log and its ties in any form, with what may be brought about.

    Raises
    ------
    SchemaError, UsageError, EmptyLogError, OutcomeError
        There are no times, items or ties; no tie joins people of the log; a name is not in it.
    """
    log = as_log(log, ties=ties, items=items)
    if log.ties is None:
        raise SchemaError("no ties are given: pass --ties FILE (source, target)")
    split, name = log.split_by_outcome(outcome)
    return read_social(split.events, log.ties, name, log.items)


def horizon_of(social: SocialLog, said: str | float | None) -> float:
    """Seconds within which an act of others counts: never less than a tick of the log's clock.

    Raises
    ------
    UsageError
        It is no duration, or shorter than a tick.
    """
    found = seconds_of(said, "horizon")
    if found is None:
        return max(HORIZON_S, 1.1 * social.tick_s)
    if social.tick_s > 1 and found < social.tick_s:
        raise UsageError(
            f"horizon {format_duration(found)} is shorter than a tick of the log's clock "
            f"({format_duration(social.tick_s)}): nothing can be seen within it; give a longer one"
        )
    return found


def read_social(events: pa.Table, ties: pa.Table | None, outcome: str, items: pa.Table | None) -> SocialLog:
    """Take a log and its ties apart; without a table of ties nobody is tied.

    Raises
    ------
    SchemaError
        There are no times, no items, or the ties lack a column.
    EmptyLogError
        No tie joins two people of the log.
    """
    _check(events, ties)
    events = events.filter(pc.is_valid(events[TIME]))
    events = events.take(pc.array_sort_indices(events[TIME].combine_chunks()))
    users, person = _codes(events[USER])
    things, item = _codes(events[ITEM])
    words, behavior = _codes(events[BEHAVIOR])
    categories, category = _categories(events, items)
    time = np.asarray(seconds(events[TIME]), dtype=np.float64)
    value = np.full(len(events), np.nan)
    if VALUE in events.column_names:
        value = np.asarray(events[VALUE].cast(pa.float64()).to_numpy(), dtype=np.float64)
    nobody = np.zeros(0, np.int64)
    source, target, tied_at, left_out = (nobody, nobody, np.zeros(0), 0) if ties is None else _ties(ties, users, events)
    names = tuple(words.to_pylist())
    return SocialLog(
        users, things, categories, names, person, item, behavior, category, time, value, source, target, tied_at,
        names.index(outcome), clock_of(time).unit_s, left_out,
    )  # fmt: skip


def _check(events: pa.Table, ties: pa.Table | None) -> None:
    if TIME not in events.column_names or events[TIME].null_count == len(events):
        raise SchemaError("the events have no times: whether a tie acted before needs to know when each acted")
    if ITEM not in events.column_names or events[ITEM].null_count == len(events):
        raise SchemaError("the events name no item: contagion asks whether a tie acted on the same item before")
    for column in (SOURCE, TARGET):
        if ties is not None and column not in ties.column_names:
            raise SchemaError(f"the ties have no column {column!r}; they have {', '.join(ties.column_names)}")


def _codes(column: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """Words in the order of their names, and the number of each row's; -1 where it is empty."""
    text = column.cast(pa.string())
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    words = pc.unique(text.drop_null())
    words = words.take(pc.array_sort_indices(words))
    at = pc.fill_null(pc.index_in(text, value_set=words), -1)
    return words, np.asarray(at.to_numpy(zero_copy_only=False), np.int64)


def _categories(events: pa.Table, items: pa.Table | None) -> tuple[pa.Array, Ints]:
    """Categories of the events; cells of about eleven kilometres where only places are known; else none."""
    found = attribute_of_events(events, items, CATEGORY)
    if found is None and items is not None and LAT in items.column_names and LON in items.column_names:
        cells = [pc.floor(pc.multiply(items[name].cast(pa.float64()), float(CELLS_A_DEGREE[0]))) for name in (LAT, LON)]
        words = pc.binary_join_element_wise(*(one.cast(pa.string()) for one in cells), ",")
        side = pa.table({ITEM: items[ITEM], CATEGORY: words})
        found = attribute_of_events(events, side, CATEGORY)
    if found is None:
        return pa.array([], pa.string()), np.full(len(events), -1, np.int64)
    return _codes(found)


def _ties(ties: pa.Table, users: pa.Array, events: pa.Table) -> tuple[Ints, Ints, Floats, int]:
    """Distinct ties between different people of the log, since when each stands, and how many others there were."""
    ends = [ties[name].cast(pa.string()) for name in (SOURCE, TARGET)]
    source, target = (
        np.asarray(pc.fill_null(pc.index_in(one, value_set=users), -1).to_numpy(), np.int64) for one in ends
    )
    known: Bools = (source >= 0) & (target >= 0) & (source != target)
    if not known.any():
        shown = f"{ends[0][0].as_py()!r} → {ends[1][0].as_py()!r}" if len(ties) else "none is given"
        raise EmptyLogError(
            f"no tie joins two people of the log: the first tie is {shown}, the first user "
            f"{events[USER][0].as_py()!r}; users, sources and targets must be the same ids"
        )
    since = np.full(len(ties), -np.inf)
    if TIME in ties.column_names and ties[TIME].null_count < len(ties):
        told = np.asarray(pc.is_valid(ties[TIME]).to_numpy(), bool)
        since[told] = seconds(ties[TIME].filter(pa.array(told)))
    order = np.lexsort((since, target, source))
    order = order[known[order]]
    keys = source[order] * len(users) + target[order]
    first = order[np.unique(keys, return_index=True)[1]]
    return source[first], target[first], since[first], int((~known).sum())


def slices(codes: npt.NDArray[np.int64], count: int) -> Ints:
    """Where the run of each code begins among sorted codes, (count + 1,)."""
    return np.asarray(np.searchsorted(codes, np.arange(count + 1)), dtype=np.int64)
