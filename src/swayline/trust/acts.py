"""Who did what, as numbers: what every check of fraud reads.

Shapes: U people, I items, E events, P pairs (a person and an item that met).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from swayline.core.errors import EmptyLogError
from swayline.core.names import BEHAVIOR, EXPOSED, IMPRESSION, ITEM, TEXT, TIME, USER, VALUE
from swayline.core.types import Bools, Ints

Floats = npt.NDArray[np.float64]
"""Real numbers in double; the docstring gives the shape."""
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Acts:
    """Events that name an item, without what was only shown.

    Parameters
    ----------
    users, items : list of str
        Names by number.
    user, item : (E,) int64
        Numbers of both ends of each event.
    time : (E,) int64, optional
        UTC microseconds; None where the log has no times.
    value : (E,) float64, optional
        Stars, seconds, prices; NaN where an event has none; None where the log has none.
    text : list of str or None, optional
        What was written; None where the log has no texts.
    """

    users: list[str]
    items: list[str]
    user: Ints
    item: Ints
    time: Ints | None = None
    value: Floats | None = None
    text: list[str | None] | None = None

    @classmethod
    def of(cls, events: pa.Table) -> "Acts":
        """The acts of a log's events.

        Raises
        ------
        EmptyLogError
            No event names an item.
        """
        kept = events.filter(_acted(events))
        if not len(kept):
            raise EmptyLogError("no event names an item, so nobody's choices can be judged")
        users, user = _coded(kept[USER])
        items, item = _coded(kept[ITEM])
        time = None
        if TIME in kept.column_names and kept[TIME].null_count < len(kept):
            clock = kept[TIME].cast(pa.timestamp("us", "UTC")).cast(pa.int64())
            time = np.asarray(pc.fill_null(clock, -1), np.int64)
        value = None
        if VALUE in kept.column_names and kept[VALUE].null_count < len(kept):
            value = np.asarray(pc.fill_null(kept[VALUE].cast(pa.float64()), float("nan")), np.float64)
        text = kept[TEXT].to_pylist() if TEXT in kept.column_names and kept[TEXT].null_count < len(kept) else None
        return cls(users, items, user, item, time, value, text)

    def __len__(self) -> int:
        return len(self.user)

    @cached_property
    def degree(self) -> Ints:
        """(U,) different items of each person."""
        degree: Ints = np.diff(self.matrix.indptr).astype(np.int64)
        return degree

    @cached_property
    def met(self) -> Ints:
        """(I,) different people of each item."""
        return np.bincount(self.matrix.indices, minlength=len(self.items)).astype(np.int64)

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """(U, I) 1 where a person met an item."""
        shape = (len(self.users), len(self.items))
        found = sparse.csr_array((np.ones(len(self.user)), (self.user, self.item)), shape=shape)
        found.sum_duplicates()
        found.data[:] = 1.0
        return found

    @cached_property
    def pairs(self) -> tuple[Ints, Ints]:
        """(P,) person and item of each pair, in the order of the matrix."""
        return np.repeat(np.arange(len(self.users)), self.degree), self.matrix.indices.astype(np.int64)

    @cached_property
    def pair_values(self) -> Floats | None:
        """(P,) mean value of each pair, NaN where it has none; None where the log's values are no ratings.

        Values are ratings where they take at most 21 different values: only then is one of them "the highest".
        """
        if self.value is None:
            return None
        known = ~np.isnan(self.value)
        if not 2 <= len(np.unique(self.value[known])) <= 21:
            return None
        shape = (len(self.users), len(self.items))
        at = (self.user[known], self.item[known])
        total = sparse.csr_array((self.value[known], at), shape=shape)
        count = sparse.csr_array((np.ones(int(known.sum())), at), shape=shape)
        rows, columns = self.pairs
        totals, counts = (np.asarray(one[rows, columns]).ravel() for one in (total, count))
        with np.errstate(invalid="ignore"):
            mean: Floats = np.where(counts > 0, totals / np.maximum(counts, 1.0), np.nan)
        return mean

    @cached_property
    def grain_us(self) -> int:
        """The clock's step, microseconds: a second, a minute, an hour or a day; 0 without times."""
        if self.time is None:
            return 0
        known = self.time[self.time >= 0]
        for step in (_DAY_US, 3_600_000_000, 60_000_000):
            if (known % step == 0).mean() >= 0.99:
                return step
        return 1_000_000

    def without(self, people: Bools) -> "Acts":
        """The acts of everybody else; names and numbers stay."""
        kept = ~people[self.user]
        text = None if self.text is None else [one for one, stays in zip(self.text, kept, strict=True) if stays]
        time = None if self.time is None else self.time[kept]
        value = None if self.value is None else self.value[kept]
        return Acts(self.users, self.items, self.user[kept], self.item[kept], time, value, text)


def _acted(events: pa.Table) -> pa.Array:
    acted = pc.is_valid(events[ITEM])
    if BEHAVIOR in events.column_names:
        acted = pc.and_(acted, pc.fill_null(pc.not_equal(events[BEHAVIOR], IMPRESSION), True))
    if EXPOSED in events.column_names:
        acted = pc.and_not(acted, pc.fill_null(events[EXPOSED], False))
    return acted


def _coded(column: pa.ChunkedArray) -> tuple[list[str], Ints]:
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    return encoded.dictionary.to_pylist(), np.asarray(encoded.indices, np.int64)
