"""Ids as a caller hands them over: a list of text, or of whole numbers, which stand for the same ids as text.

A log's ids are text. ``196`` names the user ``"196"``, as a reader turns a column of numbers into ids; anything else is
an error that says what to write instead.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from swayline.core.errors import UsageError, shown


def id_list(given: Any, name: str = "users") -> list[str]:
    """Ids as text, from any list, array, series or column.

    >>> id_list([196, "u7", 12.0])
    ['196', 'u7', '12']
    >>> id_list("196")
    Traceback (most recent call last):
    swayline.core.errors.UsageError: users must be a list of ids, not one id '196': write ['196']

    Raises
    ------
    UsageError
        It is one id and no list, or holds what is no id.
    """
    if isinstance(given, str | bytes | int | float | np.generic):
        raise UsageError(f"{name} must be a list of ids, not one id {shown(_plain(given))}: write [{_plain(given)!r}]")
    if isinstance(given, Mapping) or not isinstance(given, Iterable) or hasattr(given, "columns"):
        kind = type(given).__name__
        raise UsageError(f"{name} must be a list of ids, not {kind}: write ['{name.rstrip('s')}1', …], or one column")
    values = given.to_pylist() if isinstance(given, pa.Array | pa.ChunkedArray) else given
    return [one_id(value, name.rstrip("s")) for value in values]


def one_id(given: Any, name: str = "user") -> str:
    """An id as text.

    >>> one_id(196)
    '196'

    Raises
    ------
    UsageError
        It is neither text nor a whole number.
    """
    value = _plain(given)
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None or isinstance(value, float):
        raise UsageError(f"{name} {value} is no id: drop what is missing from the list, and write ids as text")
    raise UsageError(f"{name} {shown(value)} is {type(value).__name__}, no id: write ids as text, as in '{name}1'")


def list_length(given: Any) -> int:
    """How many items a list may have.

    Raises
    ------
    UsageError
        It is no whole number from 1.
    """
    value = _plain(given)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UsageError(f"k must be a whole number from 1, not {shown(given)}: write k=10")
    return value


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value.as_py() if isinstance(value, pa.Scalar) else value
