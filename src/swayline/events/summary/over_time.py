"""When people act: the span of a log, its clock, and events by hour, day, week and month."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from swayline.core.clock import Clock, clock_of
from swayline.core.names import BEHAVIOR, TIME
from swayline.core.time import iso
from swayline.engine import Engine
from swayline.engine.operators import windows
from swayline.events.log import EventLog

TIME_QUANTILES = (0.001, 0.999)
"""Events outside these quantiles of time are counted, and left off the axes."""
MAX_SOURCES = 40
"""Behaviours that the flow tables and the lines of time keep; a log with more keeps its most frequent ones there."""
OTHERS = "other behaviours"
_HOUR_S, _DAY_S, _WEEK_S = 3600, 86400, 604800
MONTH_S = 2_629_746
"""A mean month, as the window of a line of months."""


def time_parts(engine: Engine, table: str, log: EventLog, outcome: str) -> dict[str, Any]:
    """``clock``, ``span``, ``activity``, ``hour_of_week``, ``months``, ``peaks``; all None in an ordered log.

    Notes
    -----
    A log of dates is read on the clock whose midnights they are. ``peaks`` counts each person once an hour (``hour``,
    24 of them), once a day (``weekday``, 7) and once a month (``month``, 12), so that one long visit makes no peak.
    """
    if log.ordered:
        return dict.fromkeys(("clock", "span", "activity", "hour_of_week", "months", "peaks"))
    windows.checked_zone(log.options.timezone)
    clock = clock_of(log.events[TIME], log.options.timezone)
    edges = engine.collect(windows.time_range(table, *TIME_QUANTILES)).to_pylist()[0]
    hours = engine.collect(windows.local_hour_counts(table, clock.timezone)).to_pylist()
    inside_s = (edges["high"] - edges["low"]) / 1e6
    offsets = _local(edges["low"], clock.timezone), _local(edges["high"], clock.timezone)
    span = {
        "first": _moment(edges["first"]), "last": _moment(edges["last"]), "axis_from": _moment(edges["low"]),
        "axis_to": _moment(edges["high"]), "days": inside_s / _DAY_S, "outside": edges["outside"],
        "clock_from": offsets[0].isoformat(timespec="minutes"), "clock_to": offsets[1].isoformat(timespec="minutes"),
    }  # fmt: skip
    window_s = _window_s(inside_s, clock)
    return {
        "clock": {"resolution": clock.resolution, "timezone": clock.timezone},
        "span": span,
        "activity": _activity(hours, log.behaviors, window_s, *offsets),
        "hour_of_week": _hour_of_week(hours, outcome, *offsets),
        "months": _months(hours, *offsets),
        "peaks": {
            part: _peaks(engine, table, clock.timezone, part, size)
            for part, size in (("hour", 24), ("weekday", 7), ("month", 12))
        },
    }


def _peaks(engine: Engine, table: str, timezone: str, part: str, size: int) -> list[int]:
    found = [0] * size
    for one in engine.collect(windows.people_by_clock(table, timezone, part)).to_pylist():
        found[int(one["part"])] = int(one["n"])
    return found


def _moment(us: int) -> str:
    return iso(datetime.fromtimestamp(us / 1e6, UTC))


def _local(us: int, timezone: str) -> datetime:
    return datetime.fromtimestamp(us / 1e6, ZoneInfo(timezone)).replace(tzinfo=None)


def _window_s(span_s: float, clock: Clock) -> int:
    """The window that leaves a line of some 50 to 400 points, and is no finer than the clock."""
    if not clock.has_weekdays:
        return MONTH_S
    if span_s <= 14 * _DAY_S and clock.has_hours:
        return _HOUR_S
    return _DAY_S if span_s <= 400 * _DAY_S else _WEEK_S


def _activity(
    hours: Sequence[Mapping[str, Any]], behaviors: Sequence[str], window_s: int, low: datetime, high: datetime
) -> dict[str, Any]:
    """Events of each behaviour in each window between two clock readings; a window without events is a zero.

    Of more than :data:`MAX_SOURCES` behaviours the last ones are told together.
    """
    start, stop = _floor(low, window_s), _floor(high, window_s)
    n = _place(stop, start, window_s) + 1
    kept = behaviors if len(behaviors) <= MAX_SOURCES else [*behaviors[: MAX_SOURCES - 1], OTHERS]
    series = {name: [0] * n for name in kept}
    for one in hours:
        index = _place(one["hour"], start, window_s)
        if 0 <= index < n:
            series[one[BEHAVIOR] if one[BEHAVIOR] in series else OTHERS][index] += one["n"]
    return {
        "window_s": window_s,
        "starts": [_start(start, window_s, k).isoformat() for k in range(n)],
        "series": series,
    }


def _place(moment: datetime, start: datetime, window_s: int) -> int:
    if window_s == MONTH_S:
        return 12 * (moment.year - start.year) + moment.month - start.month
    return int((moment - start).total_seconds() // window_s)


def _start(start: datetime, window_s: int, index: int) -> datetime:
    if window_s == MONTH_S:
        months = start.year * 12 + start.month - 1 + index
        return datetime(months // 12, months % 12 + 1, 1)
    return start + timedelta(seconds=window_s * index)


def _floor(moment: datetime, window_s: int) -> datetime:
    """The start of a clock's hour, day, week (from Monday) or month."""
    if window_s == _HOUR_S:
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if window_s == MONTH_S:
        return day.replace(day=1)
    return day if window_s == _DAY_S else day - timedelta(days=day.weekday())


def _hour_of_week(hours: Sequence[Mapping[str, Any]], outcome: str, low: datetime, high: datetime) -> dict[str, Any]:
    """(7, 24) counts by weekday (Monday first) and clock hour, all between two readings.

    ``hours_seen`` says how often each hour of the week came by, so that a weekend seen twice is not read as a busy one.
    """
    start, stop = _floor(low, _HOUR_S), _floor(high, _HOUR_S)
    seen, everything, wanted = (_empty_week() for _ in range(3))
    for index in range(int((stop - start).total_seconds() // _HOUR_S) + 1):
        moment = start + timedelta(hours=index)
        seen[moment.weekday()][moment.hour] += 1
    for one in hours:
        moment = one["hour"]
        if start <= moment <= stop:
            everything[moment.weekday()][moment.hour] += one["n"]
            wanted[moment.weekday()][moment.hour] += one["n"] if one[BEHAVIOR] == outcome else 0
    return {"hours_seen": seen, "all": everything, "outcome": wanted}


def _empty_week() -> list[list[int]]:
    return [[0] * 24 for _ in range(7)]


def _months(hours: Sequence[Mapping[str, Any]], low: datetime, high: datetime) -> dict[str, list[int]]:
    """Events of each month of the year (January first), and how often the month came by between two readings."""
    start, stop = _floor(low, MONTH_S), _floor(high, MONTH_S)
    events, seen = [0] * 12, [0] * 12
    for index in range(_place(stop, start, MONTH_S) + 1):
        seen[_start(start, MONTH_S, index).month - 1] += 1
    for one in hours:
        if start <= _floor(one["hour"], MONTH_S) <= stop:
            events[one["hour"].month - 1] += one["n"]
    return {"events": events, "seen": seen}
