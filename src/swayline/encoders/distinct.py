"""Each different content once: which of them the cache knows, which must be computed, and the way back to the rows.

Shapes: n contents, m different ones, D width.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from swayline.encoders.cache import VectorCache, key_of_bytes

Vectors = npt.NDArray[np.float32]


class Distinct:
    """The m different contents of n; ``missing`` are those whose vectors must be computed.

    >>> found = Distinct([b"a", None, b"a", b"b"], 2, None)
    >>> found.contents, found.missing
    ([b'a', b'b'], [0, 1])
    >>> found.keep([0], np.ones((1, 2), np.float32))
    >>> found.refuse(1, "is damaged")
    >>> found.rows()[:, 0].tolist(), found.refused()
    ([1.0, 0.0, 1.0, 0.0], {3: 'is damaged'})
    """

    def __init__(self, contents: Sequence[bytes | None], dim: int, cache: VectorCache | None) -> None:
        self._cache, self._reasons = cache, dict[bytes, str]()
        self._keys = [None if one is None else key_of_bytes(one) for one in contents]
        first: dict[bytes, bytes] = {}
        for key, content in zip(self._keys, contents, strict=True):
            if key is not None and content is not None:
                first.setdefault(key, content)
        self._distinct, self.contents = list(first), list(first.values())
        self._vectors = np.zeros((len(first) + 1, dim), np.float32)  # the last row: no content
        known = np.zeros(len(first), bool)
        if cache is not None:
            self._vectors[:-1], known = cache.get(self._distinct)
        self.missing: list[int] = np.flatnonzero(~known).tolist()
        self.computed = 0

    def keep(self, places: list[int], vectors: Vectors) -> None:
        """Take in vectors that were computed, and keep them for the next run."""
        if not places:
            return
        self._vectors[places] = vectors
        self.computed += len(places)
        if self._cache is not None:
            self._cache.put([self._distinct[place] for place in places], vectors)

    def refuse(self, place: int, reason: str) -> None:
        """Say why a content has no vector."""
        self._reasons[self._distinct[place]] = reason

    def rows(self) -> Vectors:
        """(n, D) vectors; zero where there is no content or it was refused."""
        place = {key: at for at, key in enumerate(self._distinct)}
        return self._vectors[[-1 if key is None else place[key] for key in self._keys]]

    def refused(self) -> dict[int, str]:
        """Row → why."""
        return {
            row: self._reasons[key] for row, key in enumerate(self._keys) if key is not None and key in self._reasons
        }
