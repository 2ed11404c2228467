"""Walls: which accounts, values or platforms may never be joined, whatever the evidence says.

::

    source  target  source_platform  target_platform
    u17     *                                          account u17 is joined with nobody
    u18     k3                                         these two are never joined
    *       *       clinic           shop              nobody of these two platforms is joined
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError, SchemaError
from swayline.core.names import SOURCE, TARGET, USER
from swayline.core.types import Bools, Ints
from swayline.events.links import SOURCE_PLATFORM, TARGET_PLATFORM, read_pairs
from swayline.identities.platform import Platform

EVERYBODY = "*"


@dataclass(frozen=True)
class Walls:
    """What may not be joined between two platforms; either end of a pair may be named first.

    Parameters
    ----------
    pairs : frozenset
        Pairs of ids (of A, of B).
    alone_a, alone_b : frozenset
        Accounts that are joined with nobody.
    columns : tuple of str
        Columns of both users tables: accounts that have different values there are never joined.
    codes : tuple of (N,) and (M,) arrays
        Those columns' values by number, -1 where there is none.
    """

    pairs: frozenset[tuple[str, str]] = frozenset()
    alone_a: frozenset[str] = frozenset()
    alone_b: frozenset[str] = frozenset()
    columns: tuple[str, ...] = ()
    codes: tuple[tuple[Ints, Ints], ...] = field(default=(), repr=False)
    _ids: tuple[pa.Array, pa.Array] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.pairs) + len(self.alone_a) + len(self.alone_b) + len(self.columns)

    def forbids(self, one: str, other: str) -> bool:
        """Whether account ``one`` of A and ``other`` of B may not be joined."""
        if one in self.alone_a or other in self.alone_b or (one, other) in self.pairs:
            return True
        if self._ids is None or not self.codes:
            return False
        left, right = self._ids[0].index(one).as_py(), self._ids[1].index(other).as_py()
        return (
            left >= 0 and right >= 0 and any(a[left] != b[right] for a, b in self.codes if min(a[left], b[right]) >= 0)
        )

    def allow(self, left: Ints, right: Ints, a: Platform, b: Platform) -> Bools:
        """(C,) whether each pair of account numbers may be joined."""
        allowed = np.ones(len(left), bool)
        for one, other in self.codes:
            allowed &= (one[left] == other[right]) | (one[left] < 0) | (other[right] < 0)
        allowed &= ~np.isin(left, a.rows(sorted(self.alone_a)))
        allowed &= ~np.isin(right, b.rows(sorted(self.alone_b)))
        if self.pairs:
            ends = [a.rows([one for one, _ in self.pairs]), b.rows([other for _, other in self.pairs])]
            allowed &= ~np.isin(left * len(b) + right, (ends[0] * len(b) + ends[1])[(ends[0] >= 0) & (ends[1] >= 0)])
        return allowed


def read_walls(source: Any, columns: Sequence[str], a: Platform, b: Platform) -> Walls:
    """The walls between two platforms, from a table (None for none) and from columns whose values keep people apart.

    Raises
    ------
    DataError
        A wall stands between the two platforms themselves.
    SchemaError
        A column is missing in a users table.
    """
    codes = tuple(_codes(column, a, b) for column in columns)
    if source is None:
        return Walls(columns=tuple(columns), codes=codes, _ids=(a.ids, b.ids))
    name, table, _ = read_pairs(source)
    pairs, alone_a, alone_b = set(), set(), set()
    for row in table.to_pylist():
        for one, other in _orders(row, a.name, b.name):
            if one == other == EVERYBODY:
                raise DataError(
                    f"{name} row {row['row']}: a wall stands between {a.name} and {b.name}: nobody is linked"
                )
            if other == EVERYBODY:
                alone_a.add(one)
            elif one == EVERYBODY:
                alone_b.add(other)
            else:
                pairs.add((one, other))
    return Walls(
        frozenset(pairs), frozenset(alone_a), frozenset(alone_b), tuple(columns), codes, (a.ids, b.ids)
    )  # fmt: skip


def _orders(row: dict[str, Any], a: str, b: str) -> list[tuple[str, str]]:
    """A row of walls as (account of A, account of B): as written, and turned, where its platforms fit."""
    found = []
    ends = [(row[SOURCE], row.get(SOURCE_PLATFORM)), (row[TARGET], row.get(TARGET_PLATFORM))]
    for (one, of_one), (other, of_other) in (ends, ends[::-1]):
        if of_one in (None, a) and of_other in (None, b):
            found.append((one, other))
    return found


def _codes(column: str, a: Platform, b: Platform) -> tuple[Ints, Ints]:
    values = [values_of(platform, column) for platform in (a, b)]
    known = pc.unique(pa.concat_arrays(values)).drop_null()
    left, right = (np.asarray(pc.fill_null(pc.index_in(one, value_set=known), -1), np.int64) for one in values)
    return left, right


def values_of(platform: Platform, column: str) -> pa.Array:
    """(N,) string, what the users table says of each account in a column; null where it says nothing.

    Raises
    ------
    SchemaError
        There is no such column.
    """
    table = platform.users
    if table is None or column not in table.column_names:
        has = "no users table" if table is None else ", ".join(table.column_names)
        raise SchemaError(f"platform {platform.name!r} has no column {column!r} of its users: it has {has}")
    at = pc.index_in(platform.ids, value_set=table[USER].combine_chunks().cast(pa.string()))
    text = pc.utf8_trim_whitespace(table[column].combine_chunks().cast(pa.string())).take(at)
    return pc.if_else(pc.equal(text, ""), None, text)
