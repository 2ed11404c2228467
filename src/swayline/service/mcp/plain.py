"""Answers as JSON: moments as text, no NaN, lists no longer than asked for, and how much was left out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from math import isfinite
from typing import Any

from swayline.core.time import iso

MOST_ROWS = 200
"""Rows of one answer, whatever is asked for."""
MOST_LETTERS = 2_000


def plain(value: Any) -> Any:
    """A value as JSON can hold it.

    >>> plain({"a": float("nan"), "b": (1, 2.5)})
    {'a': None, 'b': [1, 2.5]}
    """
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and len(value) > MOST_LETTERS:
        return value[: MOST_LETTERS - 1] + "…"
    return value


def page(rows: Sequence[Any], limit: int, offset: int = 0, name: str = "rows") -> dict[str, Any]:
    """A part of a list, with how many there are and how many follow.

    >>> page([1, 2, 3, 4], limit=2, offset=1)
    {'total': 4, 'offset': 1, 'left_out': 1, 'rows': [2, 3]}
    """
    part = list(rows[offset : offset + min(limit, MOST_ROWS)])
    return {"total": len(rows), "offset": offset, "left_out": max(0, len(rows) - offset - len(part)), name: part}


def counted(n: int, singular: str, plural: str) -> str:
    """A number with its noun.

    >>> counted(1, "person", "people"), counted(1200, "person", "people")
    ('1 person', '1,200 people')
    """
    return f"{n:,} {singular if n == 1 else plural}"


def without_nulls(row: Mapping[str, Any], kept: Iterable[str] = ()) -> dict[str, Any]:
    """A row without what is null, but for the names that are always said."""
    always = set(kept)
    return {name: value for name, value in row.items() if value is not None or name in always}
