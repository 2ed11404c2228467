"""Whether an hour, a weekday or a month stands out, or is what chance leaves; each person counts once in each."""

from collections.abc import Mapping, Sequence
from typing import Any

from scipy.stats import binomtest

_LEVEL = 0.05
_LEAST_RATIO = 1.1
LEAST_MOMENTS = 50
"""Person-hours (-days, -months) from which a peak is looked for."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def standout(counts: Sequence[int], seen: Sequence[int]) -> int | None:
    """The cell that clearly holds more than its part, tested for as many cells as there are.

    Parameters
    ----------
    counts : sequence of int
        How many persons' moments fall into each cell.
    seen : sequence of int
        How often each cell came by.

    >>> standout([10] * 6 + [60], [4] * 7), standout([17, 18, 16, 17, 19, 15, 18], [4] * 7), standout([3, 0], [1, 1])
    (6, None, None)
    """
    total, came_by = sum(counts), sum(seen)
    if total < LEAST_MOMENTS or not came_by:
        return None
    rates = [n / k if k else 0.0 for n, k in zip(counts, seen, strict=True)]
    best = max(range(len(rates)), key=rates.__getitem__)
    even = seen[best] / came_by
    if counts[best] < _LEAST_RATIO * even * total:
        return None
    p_value = binomtest(counts[best], total, even, alternative="greater").pvalue
    return best if p_value * len(counts) < _LEVEL else None


def by_hour(seen: Sequence[Sequence[int]]) -> list[int]:
    """How often each hour of the day came by, of (7, 24) hours of the week."""
    return [sum(row[hour] for row in seen) for hour in range(24)]


def finding(found: Mapping[str, Any]) -> str:
    """The first sentence about time: what stands out on the finest clock that this log has."""
    clock, peaks = found.get("clock"), found.get("peaks")
    if not isinstance(clock, Mapping) or not isinstance(peaks, Mapping):
        return ""
    return _SENTENCES.get(str(clock["resolution"]), _of_hours)(found, peaks)


def _of_hours(found: Mapping[str, Any], peaks: Mapping[str, Sequence[int]]) -> str:
    week = found["hour_of_week"]
    hour = standout(peaks["hour"], by_hour(week["hours_seen"]))
    day = standout(peaks["weekday"], [sum(row) for row in week["hours_seen"]])
    parts = [] if hour is None else [f"from {hour}:00 to {(hour + 1) % 24}:00"]
    parts += [] if day is None else [f"on {WEEKDAYS[day]}s"]
    if not parts:
        return "No hour of the day and no weekday clearly stands out."
    return f"People are most often here {' and '.join(parts)}."


def _of_days(found: Mapping[str, Any], peaks: Mapping[str, Sequence[int]]) -> str:
    week = found["hour_of_week"]
    day = standout(peaks["weekday"], [sum(row) for row in week["hours_seen"]])
    what = "no weekday clearly stands out" if day is None else f"people are most often here on {WEEKDAYS[day]}s"
    return f"The log's times are dates, so no hour can be told; {what}."


def _of_months(found: Mapping[str, Any], peaks: Mapping[str, Sequence[int]]) -> str:
    months = found["months"]
    least = min(months["seen"])
    month = standout(peaks["month"], months["seen"]) if least else None
    what = "no month of the year clearly stands out"
    if month is not None:
        what = f"people are most often here in {MONTHS[month]}"
    if not least:
        what = "it does not span a whole year, so no season can be told"
    return f"The log's times are good to the month, so neither hours nor weekdays can be told; {what}."


_SENTENCES = {"day": _of_days, "month": _of_months}
