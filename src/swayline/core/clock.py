"""How fine a log's clock is: whether its times tell hours, days, or only months."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import UsageError, shown

_DAY_US, _HOUR_US, _MINUTE_US = 86_400_000_000, 3_600_000_000, 60_000_000
_NEARLY_ALL = 0.99
"""The share of times that decides: a few exact ones do not make a log of dates a log of hours."""
_MOSTLY_FIRST = 0.9
"""The share of dates on the first of a month from which only months are told: of true days it is one in thirty."""
_LEAST_DAYS, _LEAST_TIMES = 3, 50
_MOST = 1_000_000


@dataclass(frozen=True)
class Clock:
    """What the times of a log can tell.

    Parameters
    ----------
    resolution : str
        ``month``, ``day``, ``hour``, ``minute`` or ``second`` (or finer).
    timezone : str
        Where days begin: UTC for dates written as midnights of UTC, whatever the zone of the log.
    """

    resolution: str
    timezone: str

    @property
    def has_hours(self) -> bool:
        """Whether a time says the hour of the day."""
        return self.resolution not in ("day", "month")

    @property
    def has_weekdays(self) -> bool:
        """Whether a time says the day of the week."""
        return self.resolution != "month"


def clock_of(times: pa.ChunkedArray, timezone: str) -> Clock:
    """Tell the resolution of a column of times.

    Parameters
    ----------
    times : pa.ChunkedArray of timestamp
        Nulls are skipped; of more than a million, an even sample is looked at.
    timezone : str
        The log's zone: dates may be its midnights, or UTC's.

    Raises
    ------
    UsageError
        The zone is none.

    Examples
    --------
    >>> from datetime import datetime, timedelta
    >>> days = pa.chunked_array([[datetime(2026, 1, 1) + timedelta(days=7 * k) for k in range(9)]])
    >>> clock_of(days.cast(pa.timestamp("us", "UTC")), "America/New_York")
    Clock(resolution='day', timezone='UTC')
    """
    known = times.drop_null()
    if len(known) > _MOST:
        known = known.take(pa.array(np.linspace(0, len(known) - 1, _MOST).astype(np.int64)))
    instants = known.cast(pa.timestamp("us", "UTC"))
    for zone in dict.fromkeys((timezone, "UTC")):
        try:
            local = pc.local_timestamp(instants.cast(pa.timestamp("us", zone))).cast(pa.int64()).to_numpy()
        except pa.ArrowException:
            raise UsageError(
                f"--timezone {shown(zone)} is no time zone: write one such as UTC or Europe/Paris"
            ) from None
        found = _coarse(np.asarray(local, np.int64))
        if found:
            return Clock(found, zone)
    local = np.asarray(instants.cast(pa.int64()).to_numpy(), np.int64)
    for name, unit in (("hour", _HOUR_US), ("minute", _MINUTE_US)):
        if len(local) and float((local % unit == 0).mean()) >= _NEARLY_ALL:
            return Clock(name, timezone)
    return Clock("second", timezone)


def _coarse(local_us: "np.ndarray") -> str:
    """``day`` or ``month`` where nearly all readings of a wall clock are one time of the day; else nothing."""
    if len(np.unique(local_us // _DAY_US)) < _LEAST_DAYS:
        return ""
    inside = local_us % _DAY_US
    moments, counts = np.unique(inside, return_counts=True)
    is_plain = int(moments[counts.argmax()]) in (0, _DAY_US // 2)  # midnight or noon, as dates are written
    if counts.max() < _NEARLY_ALL * len(local_us) or not (is_plain or len(local_us) >= _LEAST_TIMES):
        return ""
    days = (local_us // _DAY_US).astype("datetime64[D]")
    is_first = days == days.astype("datetime64[M]").astype("datetime64[D]")
    several = len(np.unique(days[is_first])) >= _LEAST_DAYS
    return "month" if several and float(is_first.mean()) >= _MOSTLY_FIRST else "day"
