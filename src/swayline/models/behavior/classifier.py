"""Any scikit-learn classifier over behaviour features as a model: support vectors, explainable boosting, what is there.

>>> from sklearn.tree import DecisionTreeClassifier
>>> from swayline.dataset import from_lists
>>> log = from_lists([[0, 1, 2, 3, 0, 1], [2, 3, 0, 1, 2, 3]] * 20, n_items=4)
>>> model = Classifier(DecisionTreeClassifier(max_depth=3, random_state=0)).fit(log)
>>> score = model.score(from_lists([[2]], n_items=4))[0]
>>> bool(score[3] > score[2])
True

Its tables are counted without the last events (at most three, at most half a history), so that people of two events
teach nothing of pairs.

It is given wherever a class of one's own may stand: ``sw.evaluate(log, models=[Classifier(SVC())])``. It is kept in no
folder: scikit-learn's own form is pickle, which is never read here.

Shapes: Q histories, I items, N rows, G features.
"""

import inspect
from typing import Any, ClassVar, Self

import numpy as np

from swayline.core.errors import UsageError
from swayline.dataset import Sequences, Targets
from swayline.models.behavior.features import scored
from swayline.models.behavior.tables import Tables, count_tables, item_feature_names, pair_feature_names
from swayline.models.behavior.training_examples import TrainingExamples, training_examples
from swayline.models.protocol import Scores


class Classifier:
    """The next item by a classifier that tells answers from other items.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Unfitted, with ``fit`` and ``predict_proba`` or ``decision_function``; a copy of it is fitted. Rows stand for
        many items of the catalogue each; an estimator that takes ``sample_weight`` is told.
    seed : int
        Of the rows drawn.
    """

    name: ClassVar[str] = "classifier"
    reads_values: ClassVar[bool] = False

    def __init__(self, estimator: Any, seed: int = 0) -> None:
        self.estimator, self.seed = estimator, seed

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Learn from questions about the last training events; ``valid`` is not used.

        Raises
        ------
        UsageError
            The estimator is no classifier that scores.
        """
        if not any(hasattr(self.estimator, how) for how in ("predict_proba", "decision_function")):
            kind = type(self.estimator).__name__
            raise UsageError(f"{kind} has neither predict_proba nor decision_function: give a classifier that scores")
        rows = training_examples(train, self.seed)
        self.tables_ = count_tables(train)
        self.fitted_ = None if rows is None or rows.hit.all() or not rows.hit.any() else self._learned(rows)
        return self

    def _learned(self, rows: TrainingExamples) -> Any:
        from sklearn.base import clone
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        fitted = make_pipeline(StandardScaler(), clone(self.estimator))
        weights = {}
        if "sample_weight" in inspect.signature(fitted[-1].fit).parameters:
            weights = {f"{fitted.steps[-1][0]}__sample_weight": rows.weights}
        return fitted.fit(rows.values, rows.hit, **weights)

    def score(self, history: Sequences) -> Scores:
        """(Q, I) log-odds, or distances from the boundary; popularity where nothing could be learned."""
        tables: Tables = self.tables_
        width = tables.n_pair_features
        if self.fitted_ is None:
            return np.tile(tables.items[:, 0], (len(history), 1))
        alone = self._judged(tables.items, np.zeros((len(tables.items), width), np.float32))
        return scored(tables, history, alone, self._judged)

    def _judged(self, items: Scores, pairs: Scores) -> Scores:
        values = np.concatenate([items, pairs], axis=1)
        fitted: Any = self.fitted_
        if hasattr(fitted, "decision_function"):
            return np.asarray(fitted.decision_function(values), np.float32)
        chance = np.clip(fitted.predict_proba(values)[:, 1], 1e-9, 1 - 1e-9)
        return np.asarray(np.log(chance / (1 - chance)), np.float32)

    def feature_names(self) -> list[str]:
        """(G,) what the classifier reads, in order."""
        asked = self.tables_.n_behaviors, False
        return [*item_feature_names(*asked), *pair_feature_names(*asked)]
