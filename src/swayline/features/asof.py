"""Features of a person at a moment, from what came strictly before it.

::

    events   view a   cart a        view b    purchase b
    time     1        2             5         9
    moment                     4                          sees two events, one cart, last act 2 ago, never b

No number of a moment depends on anything at or after it: not on later events, not on totals of the whole log. Only
which behaviours have a column depends on the latest moment's past.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import SchemaError, UsageError
from swayline.core.names import BEHAVIOR, CATEGORY, DEVICE, EXPOSED, ITEM, PLATFORM, ROW, TIME, USER
from swayline.engine import Engine
from swayline.engine.operators import asof
from swayline.engine.relation import Expression

MOST_BEHAVIORS = 24
"""Behaviours with columns of their own, the most frequent first; all of them stand in the totals."""
RECENT_S = {"1h": 3_600, "1d": 86_400, "7d": 604_800}
_EVENTS, _MOMENTS = "asof_events", "asof_moments"
_SECOND_US, _HOUR_US = 1_000_000, 3_600_000_000

Floats = npt.NDArray[np.float64]
Columns = dict[str, pa.Array | npt.NDArray[np.generic]]


@dataclass(frozen=True)
class _Question:
    """What is asked of which tables."""

    engine: Engine
    behaviors: tuple[str, ...]
    t: npt.NDArray[np.int64]

    def before(self, keys: Sequence[str], **values: tuple[str, Expression]) -> dict[str, Floats]:
        """Running aggregates as floats; NaN where nothing came before."""
        found = self.engine.collect(asof.before(_EVENTS, _MOMENTS, keys, values))
        return {name: found[name].cast(pa.float64()).to_numpy() for name in values}


def features_as_of(
    engine: Engine,
    events: pa.Table,
    moments: pa.Table,
    *,
    categories: pa.Table | None = None,
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
    categories : pa.Table, optional
        ``item``, ``category``, for logs whose events carry none.
    timezone : str
        Whose clock the hour of the week is read on.
    behaviors : sequence of str, optional
        Behaviours with columns of their own; by default those seen before the latest moment.

    Returns
    -------
    pa.Table
        One row a moment, in its order: the moment's own columns, then features. Counts are whole numbers; ``hours_…``
        and ``share_…`` are null where nothing came before, for :class:`~swayline.dataset.FeaturePreparer` to fill
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
    past = _past(events, categories)
    asked = _asked(moments, past, categories)
    question = _Question(engine, tuple(behaviors or _seen(past, asked)), asked["t"].to_numpy())
    engine.register(_EVENTS, past)
    engine.register(_MOMENTS, asked)
    if CATEGORY not in moments.column_names and categories is None:
        # As the item's events before the moment say it.
        asked = asked.set_column(
            asked.column_names.index(CATEGORY), CATEGORY, _last_word(question, past, CATEGORY, ITEM)
        )
        engine.register(_MOMENTS, asked)
    columns: Columns = {}
    _activity(question, columns)
    _recent(question, columns)
    if asked[CATEGORY].null_count < len(asked):
        _affinity(question, CATEGORY, columns)
    if asked[ITEM].null_count < len(asked):
        _affinity(question, ITEM, columns)
    _hours(question, timezone, columns, past, asked)
    for name in (DEVICE, PLATFORM):
        if name in past.column_names:
            columns[f"last_{name}"] = _last_word(question, past, name)
    features = pa.table(columns)
    for name in features.column_names:
        moments = moments.append_column(name, features[name])
    return moments


def _past(events: pa.Table, categories: pa.Table | None) -> pa.Table:
    """The acts in time order, numbered by ``seq``; what was only shown is no act."""
    if len(events) and events[TIME].null_count == len(events):
        raise UsageError("features as of a moment need times, and this log has only an order")
    acts = events.filter(pc.is_valid(events[TIME]))
    if EXPOSED in acts.column_names:
        acts = acts.filter(pc.invert(pc.fill_null(acts[EXPOSED], False)))
    t = _clock(acts[TIME])
    order = np.lexsort((acts[ROW].to_numpy(), t))
    columns: Columns = {USER: acts[USER].take(order), ITEM: acts[ITEM].take(order), "t": t[order]}
    columns[BEHAVIOR] = acts[BEHAVIOR].cast(pa.string()).take(order)
    columns["seq"] = np.arange(len(order))
    for name in (DEVICE, PLATFORM):
        if name in acts.column_names:
            columns[name] = acts[name].cast(pa.string()).take(order)
    columns[CATEGORY] = _category(columns, acts.take(order), categories)
    return pa.table(columns)


def _asked(moments: pa.Table, past: pa.Table, categories: pa.Table | None) -> pa.Table:
    for name in (USER, TIME):
        if name not in moments.column_names or moments[name].null_count:
            raise SchemaError(f"moments need a {name} in every row")
    nothing = pa.nulls(len(moments), pa.string())
    items = moments[ITEM].cast(pa.string()) if ITEM in moments.column_names else nothing
    columns: Columns = {"k": np.arange(len(moments)), USER: moments[USER], ITEM: items, "t": _clock(moments[TIME])}
    columns[CATEGORY] = _category(columns, moments, categories)
    return pa.table(columns)


def _category(columns: Columns, rows: pa.Table, categories: pa.Table | None) -> pa.Array:
    """The rows' own category, else that of their item in a side table, else null."""
    if CATEGORY in rows.column_names:
        return rows[CATEGORY].cast(pa.string())
    if categories is None:
        return pa.nulls(len(rows), pa.string())
    place = pc.index_in(columns[ITEM], value_set=categories[ITEM].combine_chunks())
    return categories[CATEGORY].cast(pa.string()).take(place)


def _clock(times: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    zoned = times.cast(pa.timestamp("us", "UTC"))
    return np.asarray(zoned.cast(pa.int64()).to_numpy())


def _seen(past: pa.Table, asked: pa.Table) -> list[str]:
    """The behaviours before the latest moment, the most frequent first."""
    until = past.filter(pc.less(past["t"], pc.max(asked["t"]))) if len(asked) else past.slice(0, 0)
    counts = sorted(pc.value_counts(until[BEHAVIOR]).to_pylist(), key=lambda one: (-one["counts"], one["values"]))
    return [one["values"] for one in counts[:MOST_BEHAVIORS]]


def _activity(question: _Question, columns: Columns) -> None:
    """Totals, days, age, and count and recency of each behaviour."""
    counts = {f"n{at}": ("sum", asof.where_is(BEHAVIOR, name)) for at, name in enumerate(question.behaviors)}
    lasts = {f"l{at}": ("max", asof.where_is(BEHAVIOR, name, "t", None)) for at, name in enumerate(question.behaviors)}
    found = question.before([USER], one=("sum", "1"), first=("min", "t"), last=("max", "t"), **counts, **lasts)
    columns["events"] = found["one"].astype(np.int64)
    columns["active_days"] = _active_days(question)
    columns["hours_since_first"] = _hours_since(question.t, found["first"])
    columns["hours_since_last"] = _hours_since(question.t, found["last"])
    for at, name in enumerate(question.behaviors):
        columns[f"n_{name}"] = found[f"n{at}"].astype(np.int64)
        columns[f"hours_since_{name}"] = _hours_since(question.t, found[f"l{at}"])


def _active_days(question: _Question) -> npt.NDArray[np.int64]:
    """UTC days with an act before the moment (its own day too, where an act came before it)."""
    query = asof.before(asof.first_of_days(_EVENTS, USER), _MOMENTS, [USER], {"days": ("sum", "1")})
    return np.asarray(question.engine.collect(query)["days"].to_numpy(), dtype=np.int64)


def _recent(question: _Question, columns: Columns) -> None:
    for name, seconds in RECENT_S.items():
        found = question.engine.collect(asof.recently(_EVENTS, _MOMENTS, [USER], seconds * _SECOND_US))
        columns[f"events_{name}"] = found["n"].to_numpy()


def _affinity(question: _Question, what: str, columns: Columns) -> None:
    """How much of the person's past lies in the moment's category (or on its item), and how busy that is at all."""
    own = question.before([USER, what], n=("sum", "1"), last=("max", "t"))
    world = question.before([what], n=("sum", "1"))
    total = np.asarray(columns["events"], dtype=np.float64)
    columns[f"events_in_{what}"] = own["n"].astype(np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        columns[f"share_in_{what}"] = _nulls(np.where(total > 0, own["n"] / total, np.nan))
    columns[f"hours_since_{what}"] = _hours_since(question.t, own["last"])
    columns[f"popularity_of_{what}"] = world["n"].astype(np.int64)


def _hours(question: _Question, timezone: str, columns: Columns, past: pa.Table, asked: pa.Table) -> None:
    """The moment's hour of the week (0: Monday midnight), and the share of the person's acts near that hour."""
    moment = _local_hours(asked["t"], timezone)
    columns["hour_of_week"] = moment
    of_event = _local_hours(past["t"], timezone) % 24
    question.engine.register("asof_hours", past.select([USER, "t"]).append_column("hour", pa.array(of_event)))
    near = np.zeros(len(moment))
    for offset in (-1, 0, 1):
        hour = (moment + offset) % 24
        question.engine.register("asof_at_hour", asked.select(["k", USER, "t"]).append_column("hour", pa.array(hour)))
        query = asof.before("asof_hours", "asof_at_hour", [USER, "hour"], {"n": ("sum", "1")})
        near += question.engine.collect(query)["n"].cast(pa.float64()).to_numpy()
    total = np.asarray(columns["events"], dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        columns["share_near_hour"] = _nulls(np.where(total > 0, near / total, np.nan))


def _local_hours(t: pa.ChunkedArray, timezone: str) -> npt.NDArray[np.int64]:
    """(n,) 0 to 167: the hour of the week on a zone's clock."""
    try:
        local = t.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", timezone))
        hours = pc.add(pc.multiply(pc.day_of_week(local), 24), pc.hour(local))
    except pa.ArrowException:
        raise UsageError(f"{timezone!r} is no time zone: write one such as UTC or Europe/Paris") from None
    return np.asarray(hours.to_numpy(), dtype=np.int64)


def _last_word(question: _Question, past: pa.Table, name: str, of: str = USER) -> pa.Array:
    """The latest known device, platform or category before each moment, of the moment's person or item."""
    found = question.before([of], latest=("max", asof.where_known(name, "seq")))["latest"]
    place = pa.array(np.nan_to_num(found, nan=0.0).astype(np.int64), mask=np.isnan(found))
    return past[name].combine_chunks().take(place)


def _hours_since(t: npt.NDArray[np.int64], then: Floats) -> pa.Array:
    return _nulls((t - then) / _HOUR_US)


def _nulls(values: Floats) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
