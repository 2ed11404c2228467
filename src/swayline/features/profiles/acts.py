"""The acts of a log as numbers, ready to be summed up: who, what, where in the catalogue, when on the log's clock.

Shapes: E acts, B behaviours.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.clock import Clock, clock_of
from swayline.core.errors import ConfigError, EmptyLogError, shown
from swayline.core.names import BEHAVIOR, CATEGORY, EXPOSED, IMPRESSION, ITEM, ROW, TIME, TITLE, USER
from swayline.dataset import attribute_of_events

_DAY_US = 86_400_000_000
LATE = 0.999
"""The log ends, for telling who went quiet, where this share of its acts is past: one stray clock is no end."""
MOST_COUNTED = 100
"""Behaviours counted one by one: a column each, for every person and every item."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Acts:
    """What people did.

    Parameters
    ----------
    table : pa.Table of E rows
        ``u``, ``i``, ``c`` (-1: none), ``b``, ``t`` (UTC microseconds), ``day``, ``hour``, ``weekday`` (Monday 0; null
        in logs without times), ``weight``, ``row``.
    users, items, categories : pa.Array of string
        What the numbers stand for.
    behaviors : tuple of str
        (B,) the most frequent first.
    weights : (B,) float64
        What one act of each behaviour says, see :func:`says`.
    start_us, end_us : int, optional
        First act, and the moment by which :data:`LATE` of them are past; None without times.
    clock : Clock
        How fine the times are; a log of dates is read where its midnights are.
    """

    table: pa.Table
    users: pa.Array
    items: pa.Array
    categories: pa.Array
    behaviors: tuple[str, ...]
    weights: npt.NDArray[np.float64]
    start_us: int | None
    end_us: int | None
    clock: Clock

    @property
    def counted(self) -> tuple[str, ...]:
        """The behaviours that have a column of their own; all of them are in the totals."""
        return self.behaviors[:MOST_COUNTED]

    @property
    def timed(self) -> bool:
        """Whether the log has times."""
        return self.end_us is not None

    @property
    def end_day(self) -> int:
        """The last day, on the log's clock."""
        inside = self.table.filter(pc.less_equal(self.table["t"], self.end_us)) if self.timed else self.table
        return int(pc.max(inside["day"]).as_py())


def says(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """How much one act of each behaviour says of a person: 1 + log2 of how much rarer it is than the commonest.

    >>> says(np.array([800, 100, 25])).tolist()
    [1.0, 4.0, 6.0]
    """
    return np.asarray(1.0 + np.log2(counts.max() / np.maximum(counts, 1)))


def acts_of(events: pa.Table, items: pa.Table | None, timezone: str = "UTC", half_life_days: float = 30.0) -> Acts:
    """Number the acts of a log; what was only shown is no act.

    Parameters
    ----------
    items : pa.Table, optional
        The items table: its ``category`` counts where the events have none.
    half_life_days : float
        An act so many days before the end weighs half as much in interests.

    Raises
    ------
    EmptyLogError
        There is no act.
    UsageError
        The time zone is none.
    ConfigError
        The half-life is not above zero.
    """
    if not half_life_days > 0:
        raise ConfigError(f"half_life_days is {shown(half_life_days)}: give a number above zero")
    acts = events.filter(_acted(events))
    if len(acts) == 0:
        raise EmptyLogError("this log holds no act of anybody: everything in it was only shown")
    codes: dict[str, Ints] = {}
    values: dict[str, pa.Array] = {}
    for short, column in (("u", acts[USER]), ("i", acts[ITEM]), ("c", _categories(acts, items)), ("b", acts[BEHAVIOR])):
        codes[short], values[short] = _coded(column)
    counts = np.bincount(codes["b"], minlength=len(values["b"]))
    order = np.lexsort((values["b"].to_numpy(zero_copy_only=False).astype(str), -counts))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    weights = says(counts[order])
    codes["b"] = place[codes["b"]]
    told = clock_of(acts[TIME], timezone)
    clock = _clock(acts[TIME], told.timezone)
    t = clock["t"]
    timed = t.null_count < len(t)
    weight = weights[codes["b"]]
    start = end = None
    if timed:
        known = t.drop_null().to_numpy()
        start, end = int(known.min()), int(np.quantile(known, LATE, method="lower"))
        age = np.maximum(end - pc.fill_null(t, end).to_numpy(), 0) / (half_life_days * _DAY_US)
        weight = weight * np.exp2(-age)
    rows = pa.table({**codes, **clock, "weight": weight, ROW: acts[ROW]})
    names = tuple(values["b"].take(pa.array(order)).to_pylist())
    return Acts(rows, values["u"], values["i"], values["c"], names, weights, start, end, told)


def item_labels(items: pa.Array, side: pa.Table | None) -> list[str]:
    """A name for each item: its title, else its id."""
    ids = items.to_pylist()
    if side is None or TITLE not in side.column_names:
        return list(ids)
    place = pc.index_in(items, value_set=side[ITEM].combine_chunks())
    titles = side[TITLE].cast(pa.string()).take(place).to_pylist()
    return [title or name for title, name in zip(titles, ids, strict=True)]


def _acted(events: pa.Table) -> pa.ChunkedArray:
    acted = pc.not_equal(events[BEHAVIOR], IMPRESSION)
    return pc.and_not(acted, pc.fill_null(events[EXPOSED], False)) if EXPOSED in events.column_names else acted


def _categories(acts: pa.Table, items: pa.Table | None) -> pa.ChunkedArray:
    found = attribute_of_events(acts, items, CATEGORY)
    return pa.chunked_array([pa.nulls(len(acts), pa.string())]) if found is None else found


def _coded(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """(E,) the number of each value, -1 for null, and the values."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    codes = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    return codes, encoded.dictionary


def _clock(times: pa.ChunkedArray, timezone: str) -> dict[str, pa.Array]:
    """UTC microseconds, and day number, hour and weekday on a zone's clock."""
    instants = times.combine_chunks().cast(pa.timestamp("us", "UTC"))
    # A wall clock without a zone: its day number is the local one.
    local = pc.local_timestamp(instants.cast(pa.timestamp("us", timezone)))
    day = pc.days_between(pa.scalar(0, pa.timestamp("us")), local)
    hour, weekday = pc.hour(local), pc.day_of_week(local)
    return {"t": instants.cast(pa.int64()), "day": day, "hour": hour, "weekday": weekday}
