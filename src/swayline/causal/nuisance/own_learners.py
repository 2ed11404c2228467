"""Anybody's scikit-learn estimator as what predicts treatment or outcome.

Shapes: X (n, p) standardised design; Y (n, t) targets.
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from swayline.causal.table.folds import Flags, Floats, FoldedDesign
from swayline.core.errors import UsageError, shown


@dataclass(frozen=True)
class OwnLearner:
    """A regressor or classifier with ``fit(X, y)`` and ``predict`` (or ``predict_proba``).

    A target of zeros and ones is given to a classifier's ``predict_proba`` where there is one, so that predictions are
    chances; every other target is given to ``predict``.
    """

    estimator: Any

    def __post_init__(self) -> None:
        if isinstance(self.estimator, type):
            raise UsageError(f"a learner is an instance, as {self.estimator.__name__}(), not the class itself")
        for method in ("fit", "predict"):
            if not callable(getattr(self.estimator, method, None)):
                raise UsageError(
                    f"learner {shown(type(self.estimator).__name__)} has no {method}: give a scikit-learn regressor or "
                    "classifier"
                )

    @property
    def name(self) -> str:
        """How notes call it."""
        return type(self.estimator).__name__

    def out_of_fold(self, folded: FoldedDesign, targets: Floats, rows: Flags | None) -> Floats:
        """Predictions of every row and target, (n, t), each by an estimator that never saw the row's fold.

        Raises
        ------
        UsageError
            The estimator fails, or its predictions are no finite numbers of the right shape.
        """
        found = np.empty(targets.shape)
        for k in range(folded.count):
            out = folded.fold == k
            teaches = ~out if rows is None else ~out & rows
            for j, y in enumerate(targets.T):
                found[out, j] = self._predicted(folded.x[teaches], y[teaches], folded.x[out])
        return found

    def _predicted(self, x: Any, y: Floats, new: Any) -> Floats:
        if len(y) and y.min() == y.max():
            return np.full(len(new), float(y[0]))
        estimator = _fresh(self.estimator)
        chances = hasattr(estimator, "predict_proba") and bool(np.isin(y, (0.0, 1.0)).all())
        try:
            estimator.fit(x, y.astype(np.int64) if chances else y)
            answer = np.asarray(estimator.predict_proba(new) if chances else estimator.predict(new), np.float64)
        except (TypeError, ValueError, RuntimeError) as error:
            raise UsageError(f"learner {self.name} failed on {len(y):,} rows: {shown(error)}") from error
        answer = answer[:, 1] if chances and answer.ndim == 2 else answer.reshape(len(answer), -1)[:, 0]
        if answer.shape != (len(new),) or not np.isfinite(answer).all():
            raise UsageError(f"learner {self.name} predicted no finite number for each of {len(new):,} rows")
        return answer


def _fresh(estimator: Any) -> Any:
    """The estimator without what it learned before."""
    if hasattr(estimator, "get_params"):
        from sklearn.base import clone

        return clone(estimator)
    return copy.deepcopy(estimator)
