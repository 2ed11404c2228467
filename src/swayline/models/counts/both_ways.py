"""How often one item came after another and before it, beside each other: likenesses without counting again.

Shapes: I items, N pairs of items that either way has.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from swayline.core.types import Floats
from swayline.models.counts.neighbours import nearest


@dataclass(frozen=True)
class BothWays:
    """Counts of both orders of every pair of items.

    Attributes
    ----------
    offsets : (I + 1,) where each item's pairs begin; items : (N,) their second items, in order
    forward, backward : (N,) how often the second came after the first, and before it
    norm : (N,) the root of how often the two were met
    """

    offsets: npt.NDArray[np.integer]
    items: npt.NDArray[np.integer]
    forward: npt.NDArray[np.float32]
    backward: npt.NDArray[np.float32]
    norm: npt.NDArray[np.float64]

    @classmethod
    def of(cls, forward: sparse.csr_array, sizes: Floats) -> Self:
        """From (I, I) counts of what came after what, and how often each item was met (I,)."""
        # One addition lays both beside each other: the first as real parts, the second as imaginary ones.
        both = (forward.astype(np.complex64) + (forward.T * np.complex64(1j)).tocsr()).tocsr()
        both.sort_indices()
        row = np.repeat(np.arange(forward.shape[0]), np.diff(both.indptr))
        kept = row != both.indices
        row, item, counts = row[kept], both.indices[kept], both.data[kept]
        norm = np.sqrt(np.maximum(sizes, 1.0))
        offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=forward.shape[0]))])
        return cls(offsets, item, counts.real.copy(), counts.imag.copy(), norm[row] * norm[item])

    def likeness(self, backward: float, shrinkage: float, most: int) -> sparse.csr_array:
        """(I, I) ``most`` neighbours of each item, pairs against the order counting ``backward``.

        >>> forward = sparse.csr_array([[0.0, 3.0], [1.0, 0.0]])
        >>> BothWays.of(forward, np.array([4.0, 1.0])).likeness(1.0, 0.0, 5).toarray().tolist()
        [[0.0, 2.0], [2.0, 0.0]]
        """
        both = self.forward + np.float32(backward) * self.backward if backward else self.forward
        counted = both != 0
        data = (both / (self.norm + shrinkage)).astype(np.float32)[counted]
        offsets = np.concatenate([[0], np.cumsum(counted)])[self.offsets].astype(self.items.dtype)
        size = len(self.offsets) - 1
        return nearest(sparse.csr_array((data, self.items[counted], offsets), shape=(size, size)), most)
