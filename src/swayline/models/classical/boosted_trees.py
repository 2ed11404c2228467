"""Gradient-boosted trees on behaviour features: the next item by a list-wise objective; the engine is LightGBM.

The trees learn from :mod:`~swayline.models.behavior.training_examples`: each question is a list, its answer the one
relevant item
(LambdaMART, NDCG). Questions whose answer nothing in the history points at are left out: a list cannot say that the
answer is one of sixty thousand others, and trees that had them would prefer what nothing speaks for. The size and
number of the trees are chosen on validation questions. A folder holds the trees as plain arrays; LightGBM's own text
form is made from checked numbers when one is loaded, and never read from a folder.

Shapes: Q histories, I items, G features; K trees, N splits and L leaves over all trees.

References
----------
Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", Annals of Statistics 2001.
Burges, "From RankNet to LambdaRank to LambdaMART: An Overview", Microsoft Research 2010.
Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NIPS 2017.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from swayline.core.extras import require as require_extra
from swayline.core.settings import Count, checked
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.behavior import tables as behavior_tables
from swayline.models.behavior.features import Matrix, scored
from swayline.models.behavior.learned import learn_again, learn_choosing
from swayline.models.behavior.tables import Tables, item_feature_names, pair_feature_names
from swayline.models.behavior.training_examples import TrainingExamples
from swayline.models.behavior.tree_arrays import Trees, expected_arrays, from_booster, trees_of
from swayline.models.protocol import Scores
from swayline.models.values import ValueKind, as_learned, reading_of

_CHOICES: dict[str, tuple[int, ...]] = {"n_leaves": (4, 8, 16, 32), "n_trees": (50, 100, 200)}
_LEVEL = np.float32(1e-6)
"""Popularity's weight where the trees leave items level."""


@checked
@dataclass(frozen=True)
class BoostedTreesSettings:
    """Numbers left to validation (None), the learning rate, what values are, and the seed of the rows drawn."""

    n_trees: Annotated[int, Field(ge=1, le=10_000)] | None = None
    n_leaves: Annotated[int, Field(ge=2, le=4096)] | None = None
    learning_rate: Annotated[float, Field(ge=1e-4, le=1.0)] = 0.06
    min_rows: Count = 50
    values: ValueKind = "auto"
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


@dataclass(frozen=True)
class Chosen:
    """The settings with nothing left open; the defaults are what is taken without validation questions."""

    n_trees: int = 100
    n_leaves: int = 8


class BoostedTrees:
    """The next item by boosted trees on behaviour features."""

    name: ClassVar[str] = "boosted-trees"
    reads_values: ClassVar[bool] = True
    Settings: ClassVar[type[BoostedTreesSettings]] = BoostedTreesSettings

    def __init__(self, settings: BoostedTreesSettings | None = None) -> None:
        self.settings = settings or BoostedTreesSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Grow the trees, and choose what was left open.

        Raises
        ------
        MissingExtraError
            The library ``lightgbm`` is not installed.
        """
        require_extra("lightgbm", extra="models")
        _, self.values_ = learn_choosing(self.name, self.settings, Chosen, _CHOICES, self._learn, train, valid)
        return self

    def refit(self, train: Sequences) -> Self:
        """Grow the trees again with the choices already made."""
        reads = self.tables_.reading is not None
        _, self.values_ = learn_again(self.settings, self.chosen_, self._learn, train, reads)
        return self

    def _learn(self, tables: Tables, rows: TrainingExamples | None, chosen: Chosen) -> Self:
        return self._with(
            tables,
            chosen,
            self._grown(rows, chosen) if rows is not None and (rows.hit & rows.pointed).any() else Trees.none(),
        )

    def _with(self, tables: Tables, chosen: Chosen, trees: Trees) -> Self:
        self.chosen_, self.tables_, self.trees_ = chosen, tables, trees
        self._predict = trees.predictor(tables.items.shape[1] + tables.n_pair_features)
        return self

    def _grown(self, rows: TrainingExamples, chosen: Chosen) -> Trees:
        lightgbm = require_extra("lightgbm", extra="models")
        settings: dict[str, Any] = {
            "objective": "lambdarank", "num_leaves": chosen.n_leaves, "learning_rate": self.settings.learning_rate,
            "min_data_in_leaf": self.settings.min_rows, "seed": self.settings.seed, "deterministic": True,
            "force_row_wise": True, "use_missing": False, "verbosity": -1, "lambdarank_truncation_level": 20,
        }  # fmt: skip
        kept = np.isin(rows.questions, rows.questions[rows.hit & rows.pointed])
        _, sizes = np.unique(rows.questions[kept], return_counts=True)
        hits = rows.hit[kept].astype(np.int32)
        data = lightgbm.Dataset(rows.values[kept], hits, group=sizes, params={"verbosity": -1})
        return from_booster(lightgbm.train(settings, data, chosen.n_trees))

    def score(self, history: Sequences) -> Scores:
        """(Q, I) summed leaves of the trees; popularity decides where they are level."""
        tables = self.tables_
        nothing = np.zeros((len(tables.items), tables.n_pair_features), np.float32)
        return scored(tables, history, self._judge(tables.items, nothing), self._judge)

    def _judge(self, items: Matrix, pairs: Matrix) -> Scores:
        found: Scores = self._predict(np.concatenate([items, pairs], axis=1)).astype(np.float32)
        return found + _LEVEL * items[:, 0]

    def save(self, folder: Path) -> None:
        """Write the tables and the trees."""
        learned = {
            "n_items": len(self.tables_.items), "n_behaviors": self.tables_.n_behaviors,
            "chosen": dataclasses.asdict(self.chosen_), **as_learned(self.tables_.reading),
        }  # fmt: skip
        arrays = behavior_tables.as_arrays(self.tables_) | self.trees_.as_arrays()
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        n_items, n_behaviors = artifact.sizes_of(folder, stored, "n_items", "n_behaviors")
        reading = reading_of(folder, stored)
        valued = reading is not None
        artifact.check_arrays(
            folder, stored, behavior_tables.expected(n_items, n_behaviors, valued) | expected_arrays()
        )
        model = cls(artifact.settings_of(folder, stored, BoostedTreesSettings))
        n_features = len(item_feature_names(n_behaviors, valued)) + len(pair_feature_names(n_behaviors, valued))
        return model._with(
            behavior_tables.from_arrays(folder, stored.arrays, n_items, n_behaviors, reading),
            artifact.part_of(folder, stored, "chosen", Chosen),
            trees_of(folder, stored.arrays, n_features),
        )
