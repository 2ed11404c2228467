"""What is known of people, as numbers: a code for each value of the columns of the users table that repeat.

The codes are kept with the model, so that a person it never met is read as those it learned from::

    users table            codes                    profiles
    u1  25  student        age: 25 → 1, 31 → 2      1 3
    u2  31  farmer         job: student → 3, …      2 4
    u9  25  (never met)                             1 0
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import LAT, LON, USER
from swayline.core.types import Ints
from swayline.dataset.attributes import CELLS_A_DEGREE, LEAST_A_VALUE, NOT_SHARED
from swayline.dataset.catalogue import as_text

COLUMN, VALUE, CODE = "column", "value", "code"


@dataclass(frozen=True)
class PeopleCodes:
    """Column and value → code, from 1; 0 is unknown.

    Parameters
    ----------
    table : pa.Table
        ``column``, ``value``, ``code``.
    """

    table: pa.Table

    @property
    def columns(self) -> list[str]:
        """The columns that count, in their order."""
        return list(dict.fromkeys(self.table[COLUMN].to_pylist()))

    @classmethod
    def learn(cls, ids: pa.Array, people: pa.Table) -> "PeopleCodes | None":
        """The codes of a users table; a column counts where its values repeat. None where none does.

        Parameters
        ----------
        ids : (U,) string
            Whom the model learns from.
        """
        names, values, used = [], [], 1
        for name, column in _texts(people):
            known = pc.drop_null(column.take(_rows(ids, people)))
            found = pc.unique(known)
            if 2 <= len(found) <= len(known) / LEAST_A_VALUE:
                names += [name] * len(found)
                values += found.to_pylist()
                used += len(found)
        if not names:
            return None
        return cls(pa.table({COLUMN: names, VALUE: values, CODE: pa.array(range(1, used), pa.int64())}))

    def read(self, ids: pa.Array, people: pa.Table | None) -> Ints:
        """(U, A) codes of people; 0 where nothing, or a value never learned from, is known."""
        found = np.zeros((len(ids), len(self.columns)), np.int64)
        texts = dict(_texts(people)) if people is not None else {}
        for at, name in enumerate(self.columns):
            if people is None or name not in texts:
                continue
            own = self.table.filter(pc.equal(self.table[COLUMN], name))
            place = pc.index_in(texts[name].take(_rows(ids, people)), value_set=own[VALUE].combine_chunks())
            found[:, at] = np.asarray(pc.fill_null(own[CODE].combine_chunks().take(place), 0))
        return found

    def unread(self, people: pa.Table) -> list[str]:
        """Columns of a users table that these codes do not know."""
        known = set(self.columns)
        return [name for name, _ in _texts(people) if name not in known]


def _rows(ids: pa.Array, people: pa.Table) -> pa.Array:
    return pc.index_in(ids, value_set=people[USER].combine_chunks().cast(pa.string()))


def _texts(people: pa.Table) -> Iterator[tuple[str, pa.Array]]:
    """Every column that people can share, as text; places as cells of about eleven kilometres and of about one."""
    names = people.column_names
    for name in names:
        if name != USER and name not in NOT_SHARED:
            yield name, as_text(people[name]).combine_chunks()
    if LAT in names and LON in names:
        degrees = np.stack([np.asarray(pc.cast(people[name], pa.float64())) for name in (LAT, LON)])
        known = np.isfinite(degrees).all(axis=0)
        for cells in CELLS_A_DEGREE:
            places = np.floor(np.where(known, degrees, 0.0) * cells).astype(np.int64).T
            texts = [f"{lat},{lon}" if sure else None for (lat, lon), sure in zip(places, known, strict=True)]
            yield f"place/{cells}", pa.array(texts, pa.string())
