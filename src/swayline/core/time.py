"""Time as the house keeps it: UTC, microseconds in tables, seconds in arithmetic."""

import difflib
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from swayline.core.errors import UsageError, shown

_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*")


def parse_duration_s(text: str) -> float:
    """Seconds of a duration such as ``90s``, ``30m``, ``27h``, ``1d`` or ``2w``.

    >>> parse_duration_s("1d")
    86400.0

    Raises
    ------
    UsageError
        The text is no positive number with a unit.
    """
    match = _DURATION.fullmatch(text)
    if match is None or float(match[1]) <= 0:
        raise UsageError(f"duration {shown(text)} is not understood: write a positive number and s, m, h, d or w")
    return float(match[1]) * _UNIT_S[match[2]]


def seconds_of(said: str | float | None, name: str) -> float | None:
    """Seconds of an option that takes a duration as text or as seconds; None where it was not said.

    >>> seconds_of("1d", "horizon"), seconds_of(90, "horizon")
    (86400.0, 90.0)

    Raises
    ------
    UsageError
        It is not positive, or text that is no duration.
    """
    if said is None:
        return None
    if isinstance(said, str):
        return parse_duration_s(said)
    if not said > 0:
        raise UsageError(f"{name} is {said}: give seconds above 0, or a duration such as 7d")
    return float(said)


def format_duration(seconds: float) -> str:
    """A duration in the largest unit that keeps it readable.

    >>> format_duration(97200), format_duration(172800), format_duration(45)
    ('27 h', '2 d', '45 s')
    """
    for unit, size, least in (("d", 86400.0, 2), ("h", 3600.0, 2), ("min", 60.0, 2)):
        if seconds >= least * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def check_zone(name: str) -> None:
    """Refuse what is no time zone.

    >>> check_zone("Asia/Shangai")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    swayline.core.errors.UsageError: time zone 'Asia/Shangai' is unknown: did you mean 'Asia/Shanghai'? ...

    Raises
    ------
    UsageError
        The name is unknown.
    """
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError, TypeError):
        zones = {one.lower(): one for one in available_timezones()}
        close = difflib.get_close_matches(str(name).lower(), zones, n=1)
        hint = f"did you mean {zones[close[0]]!r}? " if close else ""
        raise UsageError(f"time zone {shown(name)} is unknown: {hint}Write one as in Europe/Paris or UTC") from None


def parse_date(text: str) -> datetime:
    """A UTC moment from an ISO date or date-time; one without an offset is UTC.

    >>> parse_date("2017-11-25").isoformat()
    '2017-11-25T00:00:00+00:00'

    Raises
    ------
    UsageError
        The text is no ISO date.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"date {shown(text)} is not understood: write it as 2026-01-31 or 2026-01-31T12:00:00Z"
        ) from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(moment: datetime) -> str:
    """A UTC moment as ids and pages write it: ``2026-01-31T12:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
