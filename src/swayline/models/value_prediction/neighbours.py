"""Values that like items got from the person, or that the item got from like people.

::

    item-knn   =  baseline + Σ s_ij r_uj / (Σ s_ij + prior)       over the 40 items j of the history most like i
    user-knn   =  baseline + Σ s_uv r_vi / (Σ s_uv + prior)       over the 40 people v most like u who valued i

r are residuals of the baseline; s their cosine over the pairs both have, times (n - 1) / (n - 1 + shrinkage) for n
such pairs, where it is above zero. The prior draws a prediction to the baseline where little likeness speaks for it:
among values that are noise, forty weak neighbours would else count like forty sure ones.

Likeness is computed for the rows that are asked about, in blocks: nothing of items² or people² is ever held.

Shapes: Q histories with one item each, U training people, I items.

References
----------
Koren, "Factor in the Neighbors: Scalable and Accurate Collaborative Filtering", TKDD 2010 (shrunk likeness).
"""

from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from swayline.core.types import Floats, Ints, ItemRows
from swayline.dataset import Sequences, Targets
from swayline.models.value_prediction.bias import Bias, choose_setting

_CELLS_AT_ONCE = 2_000_000
"""Likenesses in one block: five arrays of them make 80 MB."""
_NEIGHBOURS = 40


class ItemNeighbours:
    """Values of the items in the history that were valued alike."""

    name: ClassVar[str] = "item-knn"
    choices: ClassVar[tuple[float, ...]] = (0.3, 1.0, 3.0)
    shrinkage: ClassVar[float] = 100.0

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Keep who valued what, and choose the prior."""
        self.bias_ = Bias().fit(train, valid)
        self.items_ = self.bias_.residuals(train).T.tocsr()
        choose_setting(self, self.choices, self._set, valid)
        return self

    def _set(self, prior: float) -> None:
        self.setting_ = prior

    def predict(self, history: Sequences, items: Ints | ItemRows) -> Floats:
        """(Q,) baseline and neighbours."""
        rest, found = self.bias_.residuals(history), self.bias_.raw(history, items)
        asked, at = np.unique(items, return_inverse=True)
        order = np.argsort(at, kind="stable")
        for block in _blocks(len(asked), self.items_.shape[0]):
            near = _alike(self.items_[asked[block]], self.items_, self.shrinkage)
            first, last = np.searchsorted(at[order], [block.start, block.stop])
            for row in order[first:last]:
                part = slice(rest.indptr[row], rest.indptr[row + 1])
                likeness = near[at[row] - block.start, rest.indices[part]]
                found[row] += _weighed(likeness, rest.data[part], self.setting_)
        return self.bias_.within(found)


class UserNeighbours:
    """Values that people gave the item who value alike."""

    name: ClassVar[str] = "user-knn"
    choices: ClassVar[tuple[float, ...]] = (0.3, 1.0, 3.0)
    shrinkage: ClassVar[float] = 50.0

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Keep everybody's residuals, and choose the prior."""
        self.bias_ = Bias().fit(train, valid)
        self.people_ = self.bias_.residuals(train)
        self._of_items = self.people_.tocsc()
        choose_setting(self, self.choices, self._set, valid)
        return self

    def _set(self, prior: float) -> None:
        self.setting_ = prior

    def predict(self, history: Sequences, items: Ints | ItemRows) -> Floats:
        """(Q,) baseline and neighbours."""
        found = self.bias_.raw(history, items)
        rest, of_items = self.bias_.residuals(history), self._of_items
        for block in _blocks(len(items), self.people_.shape[0]):
            near = _alike(rest[block], self.people_, self.shrinkage)
            for row in range(block.start, block.stop):
                part = slice(of_items.indptr[items[row]], of_items.indptr[items[row] + 1])
                likeness = near[row - block.start, of_items.indices[part]]
                found[row] += _weighed(likeness, of_items.data[part], self.setting_)
        return self.bias_.within(found)


def _blocks(n_rows: int, n_others: int) -> Iterator[slice]:
    """Rows whose likenesses to all others are held at once."""
    step = max(1, _CELLS_AT_ONCE // max(n_others, 1))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def _alike(rows: sparse.csr_array, others: sparse.csr_array, shrinkage: float) -> Floats:
    """(rows, others) shrunk cosine of residuals over what both have."""
    mine, theirs = _mask(rows), _mask(others)
    both = (mine @ theirs.T).toarray()
    product = (rows @ others.T).toarray()
    norms = (rows.power(2) @ theirs.T).toarray() * (mine @ others.power(2).T).toarray()
    found: Floats = product / np.sqrt(np.maximum(norms, 1e-12)) * np.maximum(both - 1, 0) / (both - 1 + shrinkage)
    return found


def _mask(matrix: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(matrix.data)), matrix.indices, matrix.indptr), shape=matrix.shape)


def _weighed(near: Floats, rest: Floats, prior: float) -> float:
    """The sum of the nearest residuals weighed by likeness above zero, over likeness and prior."""
    order = np.argsort(-near, kind="stable")[:_NEIGHBOURS]
    order = order[near[order] > 0]
    return float(near[order] @ rest[order] / (near[order].sum() + prior)) if len(order) else 0.0
