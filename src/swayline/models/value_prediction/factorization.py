"""Products of learned vectors beside the baseline: alternating least squares on its residuals.

::

    prediction (u, i)  =  baseline + x_u · y_i          ridge times the row's count

A person's x_u is solved from the history at hand.

Shapes: Q histories with one item each, I items, D factors.

References
----------
Zhou et al., "Large-scale Parallel Collaborative Filtering for the Netflix Prize", AAIM 2008 (ridge times count).
"""

from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from swayline.core.rng import generator
from swayline.core.types import Floats, Ints, ItemRows
from swayline.dataset import Sequences, Targets
from swayline.models.value_prediction.bias import Bias, choose_setting


class Factorization:
    """Products of learned vectors beside the baseline."""

    name: ClassVar[str] = "factorization"
    choices: ClassVar[tuple[float, ...]] = (0.05, 0.1, 0.2, 0.4)
    factors: ClassVar[int] = 20
    rounds: ClassVar[int] = 12

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Alternate between people and items, and choose the ridge."""
        self.bias_ = Bias().fit(train, valid)
        rest = self.bias_.residuals(train)
        choose_setting(self, self.choices, lambda ridge: self._learn(rest, ridge), valid)
        return self

    def _learn(self, rest: sparse.csr_array, ridge: float) -> None:
        self.setting_ = ridge
        across = rest.T.tocsr()
        self.items_: Floats = 0.1 * generator(self.seed, "value factors").standard_normal((rest.shape[1], self.factors))
        for _ in range(self.rounds):
            self.items_ = _solved(across, _solved(rest, self.items_, ridge), ridge)

    def predict(self, history: Sequences, items: Ints | ItemRows) -> Floats:
        """(Q,) baseline and product, the person's vector solved from the history."""
        people = _solved(self.bias_.residuals(history), self.items_, self.setting_)
        return self.bias_.within(self.bias_.raw(history, items) + np.einsum("qd,qd->q", people, self.items_[items]))


def _solved(rest: sparse.csr_array, factors: Floats, ridge: float) -> Floats:
    """(rows, D) least squares of each row's residuals on the factors, ridge times the row's count."""
    found = np.zeros((rest.shape[0], factors.shape[1]))
    eye = np.eye(factors.shape[1])
    for row in np.flatnonzero(np.diff(rest.indptr)):
        part = slice(rest.indptr[row], rest.indptr[row + 1])
        own = factors[rest.indices[part]]
        found[row] = np.linalg.solve(own.T @ own + ridge * len(own) * eye, own.T @ rest.data[part])
    return found
