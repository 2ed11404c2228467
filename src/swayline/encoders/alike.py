"""Neighbours by vectors: what looks or sounds alike, near-duplicates, and a picture as a query.

Vectors are centred first: what all posters or all songs share tells none of them apart.

Shapes: I items, Q queries, D width.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.core.errors import EmptyLogError, SchemaError
from swayline.core.types import Floats, Ints

Vectors = npt.NDArray[np.float32]
_AT_ONCE = 1 << 24
DUPLICATE = 0.95
"""Centred cosine from which two pictures are called near-duplicates: the same picture saved again is above .97."""


@dataclass(frozen=True)
class Space:
    """Vectors of items, centred and of length one; zero where an item has none."""

    mean: Vectors
    rows: Vectors

    @classmethod
    def of(cls, vectors: Vectors) -> "Space":
        """Centre the vectors (I, D) of a catalogue.

        Raises
        ------
        EmptyLogError
            No item has one.
        """
        told = np.any(vectors != 0, axis=1)
        if not told.any():
            raise EmptyLogError("no item has a vector in this column: run swayline encode first")
        unit = _unit(vectors)
        mean = unit[told].mean(axis=0) if told.sum() > 2 else np.zeros(vectors.shape[1], np.float32)
        rows = _unit(unit - mean)
        rows[~told] = 0.0
        return cls(mean.astype(np.float32), rows)

    def placed(self, vectors: Vectors) -> Vectors:
        """(Q, D) queries where the items are.

        Raises
        ------
        SchemaError
            They are of another encoder.
        """
        if vectors.shape[1] != len(self.mean):
            raise SchemaError(
                f"the query has {vectors.shape[1]} numbers and the items {len(self.mean)}: encode both with one model"
            )
        return _unit(_unit(vectors) - self.mean)

    def nearest(self, queries: Vectors, k: int) -> tuple[Ints, Floats]:
        """(Q, k) rows and cosines of the most alike, best first, -1 where there are no more; items without are none.

        >>> space = Space.of(np.array([[1, 0], [1, 0.1], [0, 1], [0, 0]], np.float32))
        >>> space.nearest(space.rows[:1], 2)[0].tolist()
        [[0, 1]]
        """
        told = np.flatnonzero(np.any(self.rows != 0, axis=1))
        width = min(k, len(told))
        rows, cosines = np.full((len(queries), k), -1, np.int64), np.zeros((len(queries), k))
        step = max(1, _AT_ONCE // max(1, len(told)))
        for start in range(0, len(queries), step):
            found = queries[start : start + step] @ self.rows[told].T
            order = np.argsort(-found, axis=1, kind="stable")[:, :width]
            rows[start : start + step, :width] = told[order]
            cosines[start : start + step, :width] = np.take_along_axis(found, order, axis=1)
        return rows, cosines

    def duplicates(self, least: float = DUPLICATE) -> tuple[Ints, Floats]:
        """(P, 2) pairs of items at least so alike, and their (P,) cosines, the most alike first.

        >>> space = Space.of(np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32))
        >>> space.duplicates()[0].tolist()
        [[0, 1]]
        """
        pairs, cosines = [np.zeros((0, 2), np.int64)], [np.zeros(0)]
        step = max(1, _AT_ONCE // max(1, len(self.rows)))
        for start in range(0, len(self.rows), step):
            found = self.rows[start : start + step] @ self.rows[start:].T
            one, other = np.nonzero(np.triu(found, 1) >= least)
            pairs.append(np.stack([one, other], axis=1) + start)
            cosines.append(found[one, other].astype(np.float64))
        every, alike = np.concatenate(pairs), np.concatenate(cosines)
        order = np.lexsort((every[:, 1], every[:, 0], -alike))
        return every[order], np.minimum(alike[order], 1.0)


def _unit(vectors: Vectors) -> Vectors:
    found: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return found
