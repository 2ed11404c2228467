"""Outside ids and their row numbers.

Items and users are numbered by a hash of their ids. A number says which of two equal scores comes first in a list; one
that follows how often an item occurs in the whole log would tell every list what the test part holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.types import Ints

UNKNOWN = -1
"""The row number of an id that a vocabulary does not hold."""
_KEY = b"swayline vocabulary"


@dataclass(frozen=True)
class Vocabulary:
    """Outside ids and their row numbers.

    >>> Vocabulary.of(["b", "a"]).rows(["a", "z"]).tolist()
    [1, -1]
    """

    ids: pa.Array

    @classmethod
    def of(cls, ids: Iterable[str]) -> Self:
        """A vocabulary of ids in the order given."""
        return cls(pa.array(list(ids), pa.string()))

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def names(self) -> list[str]:
        """The ids as Python strings."""
        return list(self.ids.to_pylist())

    def rows(self, ids: Iterable[str] | pa.Array) -> Ints:
        """(n,) int64 row number of each id; -1 where it is unknown."""
        asked = ids if isinstance(ids, pa.Array | pa.ChunkedArray) else pa.array(list(ids), pa.string())
        found = pc.fill_null(pc.index_in(asked, value_set=self.ids), UNKNOWN)
        return np.asarray(found, dtype=np.int64)

    def by_hash(self) -> Self:
        """The same ids in the order of a hash of each: the same on every machine, and no other id changes it.

        >>> Vocabulary.of(["a", "b", "c"]).by_hash().names == Vocabulary.of(["c", "b", "a"]).by_hash().names
        True
        """
        marks = np.array([blake2b(one.encode(), digest_size=8, key=_KEY).digest() for one in self.names], "S8")
        return type(self)(self.ids.take(pa.array(np.argsort(marks.view(">u8"), kind="stable"))))
