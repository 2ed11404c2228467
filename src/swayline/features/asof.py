"""Features of a person at a moment, from what came strictly before it.

::

    events   view a   cart a        view b    purchase b
    time     1        2             5         9
    moment                     4                          sees two events, one cart, last act 2 ago, never b

No number of a moment depends on anything at or after it: not on later events, not on totals of the whole log. Only
which behaviours have a column depends on the latest moment's past.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import SchemaError, UsageError
from swayline.core.names import BEHAVIOR, CATEGORY, DEVICE, EXPOSED, ITEM, PLATFORM, ROW, TIME, USER
from swayline.core.types import Ints
from swayline.dataset import attribute_at, attribute_of_events
from swayline.engine import Engine
from swayline.features.history import DAY_US, HOUR_US, Acts, Floats, History, hour_of_week, hours_since, share

MOST_BEHAVIORS = 24
"""Behaviours with columns of their own, the most frequent first; all of them stand in the totals."""
RECENT_US = {"1h": HOUR_US, "1d": DAY_US, "7d": 7 * DAY_US}
_KEYS = {USER: "u", ITEM: "i", CATEGORY: "c"}

Columns = dict[str, pa.Array | npt.NDArray[np.generic]]


def features_as_of(
    engine: Engine,
    events: pa.Table,
    moments: pa.Table,
    *,
    items: pa.Table | None = None,
    timezone: str = "UTC",
    behaviors: Sequence[str] | None = None,
) -> pa.Table:
    """Activity, recency, frequency per behaviour, category affinity, hour of week, device and platform at moments.

    Parameters
    ----------
    events : pa.Table
        ``row``, ``user``, ``item``, ``behavior``, ``time``; ``category``, ``device``, ``platform`` where known.
    moments : pa.Table
        ``user``, ``time`` (timestamps); ``item`` or ``category`` where the moment is about one.
    items : pa.Table, optional
        The items table. A category is the event's (or moment's) own, else what most of the item's events before it
        say, else the items table's.
    timezone : str
        Whose clock the hour of the week is read on.
    behaviors : sequence of str, optional
        Behaviours with columns of their own; by default those seen before the latest moment.

    Returns
    -------
    pa.Table
        One row a moment, in its order: the moment's own columns, then features. Counts are whole numbers; ``hours_…``
        and ``share_…`` are null where nothing came before, for :class:`~swayline.features.FeaturePreparer` to fill
        and flag.

    Raises
    ------
    UsageError
        The log has an order but no times.
    SchemaError
        The moments have no user or no time, or one is null.

    Examples
    --------
    >>> from swayline.engine import DuckEngine
    >>> at = lambda *hours: pa.array([hour * 3_600_000_000 for hour in hours], pa.timestamp("us", "UTC"))
    >>> log = pa.table({"row": [1, 2], "user": ["u", "u"], "item": ["a", "b"], "behavior": ["view", "cart"],
    ...                 "time": at(1, 3)})
    >>> with DuckEngine() as engine:
    ...     found = features_as_of(engine, log, pa.table({"user": ["u", "u"], "time": at(3, 5)}))
    >>> found["events"].to_pylist(), found["n_cart"].to_pylist(), found["hours_since_last"].to_pylist()
    ([1, 2], [0, 1], [2.0, 2.0])
    """
    acts = _acts(events)
    past, asked = _past(engine, acts, items), _asked(engine, moments, acts, items)
    names = list(behaviors or _seen(past, asked))
    known = _history(engine, past, asked, names, timezone)
    columns: Columns = {}
    own = _activity(known, names, columns)
    for name in (CATEGORY, ITEM):
        if asked[name].null_count < len(asked):
            _affinity(known, name, own, columns)
    columns["hour_of_week"] = hour_of_week(asked["t"], timezone)
    _near_hour(known, own, columns)
    for name in (DEVICE, PLATFORM):
        if name in past.column_names:
            columns[f"last_{name}"] = past[name].combine_chunks().take(known.latest(["u"], name, "seq"))
    for name, values in columns.items():
        moments = moments.append_column(name, pa.array(values))
    return moments


def _acts(events: pa.Table) -> pa.Table:
    """The acts at a known time; what was only shown is no act."""
    if len(events) and events[TIME].null_count == len(events):
        raise UsageError("features as of a moment need times, and this log has only an order")
    acts = events.filter(pc.is_valid(events[TIME]))
    return acts.filter(pc.invert(pc.fill_null(acts[EXPOSED], False))) if EXPOSED in acts.column_names else acts


def _history(engine: Engine, past: pa.Table, asked: pa.Table, names: Sequence[str], timezone: str) -> History:
    """Acts and moments as numbers: user, item, category, behaviour, hour of day, place in time."""
    codes = pc.fill_null(pc.index_in(past[BEHAVIOR], value_set=pa.array(names, pa.string())), -1)
    hours, days = hour_of_week(past["t"], timezone) % 24, past["t"].to_numpy() // DAY_US
    acts = {"t": past["t"], "b": codes, "hour": hours, "day": days, "seq": np.arange(len(past))}
    acts |= {name: past[name] for name in (DEVICE, PLATFORM) if name in past.column_names}
    of_moment = {"t": asked["t"]}
    for name, key in _KEYS.items():
        acts[key], of_moment[key] = _coded(past, asked, name)
    return History.of(engine, pa.table(acts), pa.table(of_moment))


def _past(engine: Engine, acts: pa.Table, items: pa.Table | None) -> pa.Table:
    """The acts in time order, their categories resolved."""
    t = _clock(acts[TIME])
    order = np.lexsort((acts[ROW].to_numpy(), t))
    category = attribute_of_events(acts, items, CATEGORY, engine)
    columns: Columns = {"t": t[order]}
    for name in (USER, ITEM, BEHAVIOR, DEVICE, PLATFORM):
        if name in acts.column_names:
            columns[name] = acts[name].cast(pa.string()).take(order)
    columns[CATEGORY] = pa.nulls(len(acts), pa.string()) if category is None else category.take(order)
    return pa.table(columns)


def _asked(engine: Engine, moments: pa.Table, acts: pa.Table, items: pa.Table | None) -> pa.Table:
    for name in (USER, TIME):
        if name not in moments.column_names or moments[name].null_count:
            raise SchemaError(f"moments need a {name} in every row")
    nothing = pa.nulls(len(moments), pa.string())
    category = attribute_at(moments, acts, items, CATEGORY, engine)
    columns: Columns = {
        USER: moments[USER].cast(pa.string()), "t": _clock(moments[TIME]),
        ITEM: moments[ITEM].cast(pa.string()) if ITEM in moments.column_names else nothing,
        CATEGORY: nothing if category is None else category,
    }  # fmt: skip
    return pa.table(columns)


def _coded(past: pa.Table, asked: pa.Table, name: str) -> tuple[pa.Array, pa.Array]:
    """A column of both tables as numbers of the values that events have; null where there is none."""
    words = pc.unique(past[name]).drop_null()
    return pc.index_in(past[name], value_set=words), pc.index_in(asked[name], value_set=words)


def _clock(times: pa.ChunkedArray) -> Ints:
    zoned = times.cast(pa.timestamp("us", "UTC"))
    return np.asarray(zoned.cast(pa.int64()).to_numpy())


def _seen(past: pa.Table, asked: pa.Table) -> list[str]:
    """The behaviours before the latest moment, the most frequent first."""
    until = past.filter(pc.less(past["t"], pc.max(asked["t"]))) if len(asked) else past.slice(0, 0)
    counts = sorted(pc.value_counts(until[BEHAVIOR]).to_pylist(), key=lambda one: (-one["counts"], one["values"]))
    return [one["values"] for one in counts[:MOST_BEHAVIORS]]


def _activity(known: History, names: Sequence[str], columns: Columns) -> Acts:
    """Totals, days, age, count and recency of each behaviour, and acts of late."""
    own = known.acts(["u"], {name: ("b", code) for code, name in enumerate(names)}, recency=True)
    columns["events"] = own.n
    columns["active_days"] = known.distinct(["u"], "day")  # UTC days, the moment's own too
    columns["hours_since_first"] = _nulls(hours_since(known.t, own.first_us))
    columns["hours_since_last"] = _nulls(hours_since(known.t, own.last_us))
    for name in names:
        columns[f"n_{name}"] = own.counts[name]
        columns[f"hours_since_{name}"] = _nulls(hours_since(known.t, own.lasts_us[name]))
    for name, width in RECENT_US.items():
        columns[f"events_{name}"] = known.recent(["u"], width)
    return own


def _affinity(known: History, what: str, own: Acts, columns: Columns) -> None:
    """How much of the person's past lies in the moment's category (or on its item), and how busy that is at all."""
    inside = known.acts(["u", _KEYS[what]])
    columns[f"events_in_{what}"] = inside.n
    columns[f"share_in_{what}"] = share(inside.n, own.n)
    columns[f"hours_since_{what}"] = _nulls(hours_since(known.t, inside.last_us))
    columns[f"popularity_of_{what}"] = known.acts([_KEYS[what]]).n


def _near_hour(known: History, own: Acts, columns: Columns) -> None:
    """The share of the person's acts near the moment's hour of day."""
    tests = {str(hour): ("hour", hour) for hour in range(24)}
    by_hour = known.acts(["u"], tests).counts
    counts = np.stack([by_hour[name] for name in tests])
    hour = np.asarray(columns["hour_of_week"], dtype=np.int64) % 24
    rows = np.arange(len(hour))
    near = sum(counts[(hour + offset) % 24, rows] for offset in (-1, 0, 1))
    columns["share_near_hour"] = share(np.asarray(near), own.n)


def _nulls(values: Floats) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
