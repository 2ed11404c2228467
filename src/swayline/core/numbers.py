"""Columns as floats, whatever type their numbers have, and no digit lost in silence."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import SchemaError

EXACT = float(2**53)
"""Above this a float does not hold every whole number."""


def as_floats(column: pa.ChunkedArray | pa.Array, name: str) -> npt.NDArray[np.float64]:
    """A column of numbers or flags as float64, NaN where it is null.

    A whole number or decimal beyond 2⁵³ becomes the nearest float, which is right for an amount. Where unlike numbers
    of the column would become one, it holds ids, and is refused.

    Parameters
    ----------
    name : str
        What the column is called, for the error.

    Raises
    ------
    SchemaError
        Numbers that differ would become equal.
    pyarrow.ArrowException
        The column holds something other than numbers.

    >>> as_floats(pa.array([1, None, 2**60]), "n").tolist()
    [1.0, nan, 1.152921504606847e+18]
    >>> as_floats(pa.array([2**60, 2**60 + 1]), "user_no")
    Traceback (most recent call last):
        ...
    swayline.core.errors.SchemaError: column 'user_no' holds numbers beyond 2^53 that differ by less than a float can \
tell (1152921504606846977 in row 2): as ids give them as text, as amounts in a larger unit
    """
    kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    found = np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        large = np.flatnonzero(np.abs(found) > EXACT)
        if len(large):
            _refuse_ids(column.take(pa.array(large)), found[large], large, name)
    return found


def _refuse_ids(
    column: pa.ChunkedArray | pa.Array, found: npt.NDArray[np.float64], rows: npt.NDArray[np.int64], name: str
) -> None:
    """Refuse a column in which different numbers have one float."""
    first_of: dict[float, object] = {}
    unlike = pc.unique(column)
    if len(unlike) == len(np.unique(found)):
        return
    for value, rounded, row in zip(column.to_pylist(), found.tolist(), rows.tolist(), strict=True):
        if first_of.setdefault(rounded, value) != value:
            raise SchemaError(
                f"column {name!r} holds numbers beyond 2^53 that differ by less than a float can tell "
                f"({value} in row {row + 1}): as ids give them as text, as amounts in a larger unit"
            )
