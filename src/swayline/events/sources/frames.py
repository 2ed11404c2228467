"""Frames of other libraries (Arrow, pandas, Polars and whatever Narwhals knows) as Arrow tables."""

from numbers import Integral
from typing import Any

import pyarrow as pa

from swayline.core.errors import SchemaError, SourceError, UsageError, shown
from swayline.core.extras import require
from swayline.core.names import ITEM, SOURCE, TARGET, USER
from swayline.events.options import KNOWN_NAMES, plain_name

_ID_NAMES = frozenset({*KNOWN_NAMES[USER], *KNOWN_NAMES[ITEM], SOURCE, TARGET})


def is_frame(source: object) -> bool:
    """Whether something is a table in memory rather than a name of one."""
    return not isinstance(source, str | bytes | list | tuple) and not hasattr(source, "__fspath__")


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
        _refuse_mixed_ids(series)
        # A column of objects of several kinds: each as its own text, as a file would hold it.
        return pa.array([None if _is_gap(value) else str(value) for value in series.to_list()], pa.string())


def _is_gap(value: object) -> bool:
    """None and what is not equal to itself: NaN, NaT."""
    return value is None or bool(value != value)


def _refuse_mixed_ids(series: Any) -> None:
    """Ids of several types are a mistake: the number 1, the text "1" and the number 1.0 would become one person.

    Raises
    ------
    SchemaError
        A column of ids holds values of several types.
    """
    if plain_name(series.name) not in _ID_NAMES:
        return
    kinds = list(dict.fromkeys(_kind(value) for value in series.to_list() if not _is_gap(value)))
    if len(kinds) > 1:
        listed = f"{', '.join(kinds[:-1])} and {kinds[-1]}"
        raise SchemaError(f"column {series.name!r} mixes {listed}: make the ids one type first, as with .astype(str)")


def _kind(value: object) -> str:
    if isinstance(value, bool | str):
        return type(value).__name__
    return "int" if isinstance(value, Integral) else type(value).__name__
