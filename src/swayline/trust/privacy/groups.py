"""Profiles in groups of at least k people who cannot be told apart by them.

Each column has a ladder, from its values to nothing. While more than a twentieth of the people stand in groups below k,
the column with the most different values goes up a step; the people who are still too few are then taken out of the
table. Columns go up whole: a value is written one way for everybody.

::

    numbers   37          [30, 40)        [20, 40) …                 nothing
    words     librarian   (other), where fewer than k people share it   nothing
    moments   2017-11-20  2017                                       nothing

References
----------
Sweeney (2002), Achieving k-anonymity privacy protection using generalization and suppression (Datafly).
"""

from dataclasses import dataclass
from math import floor, log10

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import UsageError, shown
from swayline.core.types import Bools, Floats, Ints
from swayline.trust.privacy.coarse import AS_IT_WAS, is_moment

MOST_SUPPRESSED = 0.05
"""Share of people who may be taken out; above it a column is made coarser instead."""
OTHER = "(other)"
_DROPPED = "dropped: too many groups were below k"
_FIRST_RANGES = 32
"""About so many ranges has the first step of a column of numbers."""
_MOST_STEPS = 8


@dataclass(frozen=True)
class Grouped:
    """Profiles after generalisation and suppression.

    Parameters
    ----------
    columns : dict
        Name → values of everybody who stays; a column that had to go is missing.
    how : dict
        Name → what was done to it, every column.
    stays : (U,) bool
        Who is still in the table.
    n_groups, smallest : int
        Groups of equal profiles, and people in the smallest; 0 where nobody stays.
    """

    columns: dict[str, pa.Array]
    how: dict[str, str]
    stays: Bools
    n_groups: int
    smallest: int


@dataclass
class _Ladder:
    """The steps of one column, and where it stands."""

    steps: list[tuple[str, pa.Array]]
    at: int = 0

    @property
    def can_rise(self) -> bool:
        return self.at + 1 < len(self.steps)

    @property
    def how(self) -> str:
        return self.steps[self.at][0]

    @property
    def values(self) -> pa.Array:
        return self.steps[self.at][1]

    @property
    def codes(self) -> Ints:
        """(U,) a number a value; a missing value is a value."""
        encoded = pc.dictionary_encode(self.values, null_encoding="encode")
        codes: Ints = np.asarray(encoded.indices, np.int64)
        return codes


def grouped(columns: dict[str, pa.ChunkedArray], k: int) -> Grouped:
    """Generalise and suppress until every profile is shared by at least k people.

    Parameters
    ----------
    columns : dict
        Name → (U,) values, one or more columns: everything that is kept of people and may be known of them.
    k : int
        From 2.

    Raises
    ------
    UsageError
        A column is of a type that has no ladder.

    Examples
    --------
    >>> ages = pa.chunked_array([[20, 21, 22, 23, 70]])
    >>> found = grouped({"age": ages}, 2)
    >>> found.how["age"], found.smallest, int(found.stays.sum())
    ('dropped: too many groups were below k', 5, 5)
    """
    ladders = {name: _Ladder(_steps(name, column.combine_chunks(), k)) for name, column in columns.items()}
    while True:
        sizes = _sizes([one.codes for one in ladders.values()])
        below = sizes < k
        rising = [one for one in ladders.values() if one.can_rise]
        if below.sum() <= MOST_SUPPRESSED * len(below) or not rising:
            break
        max(rising, key=lambda one: int(one.codes.max(initial=0))).at += 1
    stays = ~below
    kept = {name: one.values.filter(pa.array(stays)) for name, one in ladders.items() if one.how != _DROPPED}
    left = sizes[stays]
    how = {name: one.how for name, one in ladders.items()}
    return Grouped(kept, how, stays, round(float((1.0 / left).sum())), int(left.min()) if len(left) else 0)


def _sizes(codes: list[Ints]) -> Ints:
    """(U,) how many people share each person's profile, that person included."""
    _, group, count = np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True, return_counts=True)
    sizes: Ints = count[group.reshape(-1)]
    return sizes


def _steps(name: str, column: pa.Array, k: int) -> list[tuple[str, pa.Array]]:
    kind = column.type
    steps = [(AS_IT_WAS, column)]
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        steps += _ranges(column)
    elif is_moment(kind):
        steps += [("its year", pc.strftime(column.cast(pa.timestamp("us", "UTC")), format="%Y"))]
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        steps += [(f"{OTHER} where fewer than {k} people share it", _without_rare(column, k))]
    elif not (pa.types.is_boolean(kind) or pa.types.is_null(kind)):
        raise UsageError(
            f"--keep names {shown(name)} of the users, whose type {shown(kind)} cannot be put into groups:"
            " leave it out, or give it as numbers or words"
        )
    return [*steps, (_DROPPED, pa.nulls(len(column), pa.string()))]


def _without_rare(column: pa.Array, k: int) -> pa.Array:
    text = column.cast(pa.string())
    counts = pc.value_counts(text)
    rare = counts.field("values").filter(pc.less(counts.field("counts"), k))
    return pc.if_else(pc.fill_null(pc.is_in(text, value_set=rare.drop_null()), False), OTHER, text)


def _ranges(column: pa.Array) -> list[tuple[str, pa.Array]]:
    """Ranges of round widths, each step at least twice as wide."""
    numbers = np.asarray(pc.fill_null(column.cast(pa.float64(), safe=False), float("nan")), np.float64)
    known = np.isfinite(numbers)
    if not known.any() or (span := float(np.ptp(numbers[known]))) == 0 or not np.isfinite(span):
        return []
    steps: list[tuple[str, pa.Array]] = []
    width = _round_up(span / _FIRST_RANGES)
    while width < span and len(steps) < _MOST_STEPS:
        steps.append((f"ranges of {width:.12g}", _in_ranges(numbers, known, width)))
        width = _round_up(2 * width)
    return steps


def _in_ranges(numbers: Floats, known: Bools, width: float) -> pa.Array:
    low = np.floor(numbers / width) * width
    return pa.array(
        [f"[{one:.12g}, {one + width:.12g})" if is_known else None for one, is_known in zip(low, known, strict=True)],
        pa.string(),
    )


def _round_up(width: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 …, or of their tenths, hundredths and so on.

    >>> _round_up(3.1), _round_up(20), _round_up(0.07)
    (5.0, 20.0, 0.1)
    """
    size = 10.0 ** floor(log10(width))
    step = next(one for one in (1, 2, 5, 10) if one * size >= width * (1 - 1e-9))
    return float(f"{step * size:.12g}")
