"""Frames of other libraries (Arrow, pandas, Polars and whatever Narwhals knows) as Arrow tables."""

from typing import Any

import pyarrow as pa

from swayline.core.errors import SourceError, UsageError, shown
from swayline.core.extras import require


def is_frame(source: object) -> bool:
    """Whether something is a table in memory rather than a name of one."""
    return not isinstance(source, str | bytes) and not hasattr(source, "__fspath__")


def as_arrow(frame: Any) -> pa.Table:
    """A frame as an Arrow table with the same columns and rows.

    Raises
    ------
    UsageError
        It is no frame.
    SourceError
        A column cannot be held by Arrow at all.
    """
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    nw = require("narwhals", extra="sources")
    try:
        wrapped = nw.from_native(frame)
        whole = wrapped.collect() if isinstance(wrapped, nw.LazyFrame) else wrapped
        names = whole.columns
    except TypeError:
        kind = type(frame).__name__
        raise UsageError(f"events come from a path, an address or a frame, not from {shown(kind)}") from None
    except nw.exceptions.NarwhalsError as error:
        raise SourceError(f"the frame cannot be read: {error}") from None
    if not all(isinstance(name, str) for name in names):
        raise SourceError(f"the frame's columns need names that are text: {shown(names)}")
    return pa.table({name: _column(whole[name]) for name in names})


def _column(series: Any) -> pa.ChunkedArray | pa.Array:
    try:
        return series.to_arrow()
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        # A column of objects of several kinds: each as its own text, as a file would hold it.
        return pa.array([None if _is_gap(value) else str(value) for value in series.to_list()], pa.string())


def _is_gap(value: object) -> bool:
    """None and what is not equal to itself: NaN, NaT."""
    return value is None or bool(value != value)
