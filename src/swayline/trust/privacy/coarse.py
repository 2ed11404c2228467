"""Moments and places, rounded: what a bystander half remembers must fit many people."""

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import LAT, LON

TIME_UNITS = ("hour", "day", "week")
"""A day is one of UTC; a week begins on Monday."""
PLACE_DIGITS = 1
"""Decimal places of a degree: one is about 11 km from south to north."""
AS_IT_WAS = "as it was"


def coarse_time(column: pa.ChunkedArray, unit: str) -> pa.ChunkedArray:
    """Each moment as the beginning of its hour, day or week, UTC.

    >>> from datetime import datetime, UTC
    >>> moment = pa.chunked_array([pa.array([datetime(2017, 11, 25, 13, 5, tzinfo=UTC)], pa.timestamp("us", "UTC"))])
    >>> [coarse_time(moment, unit)[0].as_py().strftime("%m-%d %H:%M") for unit in TIME_UNITS]
    ['11-25 13:00', '11-25 00:00', '11-20 00:00']
    """
    return pc.floor_temporal(column.cast(pa.timestamp("us", "UTC"), safe=False), unit=unit, week_starts_monday=True)


def coarse_place(column: pa.ChunkedArray, digits: int) -> pa.ChunkedArray:
    """Degrees with so many decimal places.

    >>> coarse_place(pa.chunked_array([[40.71981, None]]), 1).to_pylist()
    [40.7, None]
    """
    return pc.round(column.cast(pa.float64()), ndigits=digits)


def is_moment(kind: pa.DataType) -> bool:
    """Whether a column holds moments or days."""
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def coarsened(name: str, column: pa.ChunkedArray, unit: str, digits: int) -> tuple[pa.ChunkedArray, str]:
    """A column as it may be shared as far as time and place go, and what was done to it."""
    if is_moment(column.type):
        return coarse_time(column, unit), f"the beginning of its {unit}, UTC"
    if name in (LAT, LON) and (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        return coarse_place(column, digits), f"rounded to {digits} decimal place{'s' * (digits != 1)}"
    return column, AS_IT_WAS
