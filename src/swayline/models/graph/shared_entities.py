"""The plain baseline of a knowledge graph: items that share entities with what a person had, rare entities more.

::

    items × entities   weight of an entity: log(N / items with it); rows of length 1; paths of two steps
    score              profile of the history (decay^age) times items, and a little popularity

A path of four steps (item, entity, item, entity, item) is what counting the history's items again would give; two steps
are what a reason can say: "both directed by …".

Shapes: Q histories, I items, N nodes.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from swayline.core.settings import NotNegative, Share, checked
from swayline.dataset import Sequences, Targets
from swayline.dataset.knowledge import KnowledgeGraph
from swayline.models import artifact
from swayline.models.counts import stored_matrix
from swayline.models.counts.history_matrix import every_event
from swayline.models.graph.needed import graph_of
from swayline.models.protocol import Scores
from swayline.models.validation import ValidationScorer
from swayline.numerics.tfidf import unit_rows

_DECAYS = (1.0, 0.9, 0.7)
_POPULARITIES = (0.0, 0.1, 0.3, 1.0)


@checked
@dataclass(frozen=True)
class SharedEntitiesSettings:
    """``decay`` an event of age, ``popularity`` beside likeness; chosen on validation where left open (None)."""

    decay: Share | None = None
    popularity: NotNegative | None = None


class SharedEntities:
    """Items that share entities of a knowledge graph with the history."""

    name: ClassVar[str] = "shared-entities"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[SharedEntitiesSettings]] = SharedEntitiesSettings

    def __init__(self, settings: SharedEntitiesSettings | None = None) -> None:
        self.settings = settings or SharedEntitiesSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Weigh the entities; decay and popularity by validation.

        Raises
        ------
        SchemaError
            The log has no knowledge graph.
        """
        self._read(train)
        chosen = (self.settings.decay or 1.0, 0.1 if self.settings.popularity is None else self.settings.popularity)
        if valid is not None and len(valid):
            judge = ValidationScorer(valid)
            decays = _DECAYS if self.settings.decay is None else (self.settings.decay,)
            shares = _POPULARITIES if self.settings.popularity is None else (self.settings.popularity,)
            trials = [(decay, share) for decay in decays for share in shares]
            chosen = max(trials, key=lambda trial: judge(self._with(*trial)))
        return self._with(*chosen)

    def refit(self, train: Sequences) -> Self:
        """Weigh again with the choices already made."""
        self._read(train)
        return self

    def _with(self, decay: float, popularity: float) -> Self:
        self.decay_, self.share_ = float(decay), float(popularity)
        return self

    def _read(self, train: Sequences) -> None:
        self.weights_ = entity_weights(graph_of(train, self.name))
        counts = np.log1p(np.bincount(train.items, minlength=train.n_items))
        self.popularity_ = (counts / max(1.0, counts.max(initial=0.0))).astype(np.float32)

    def score(self, history: Sequences) -> Scores:
        """(Q, I) likeness to the history and a share of popularity."""
        profiles = unit_rows((every_event(history, self.decay_) @ self.weights_).tocsr())
        scores: Scores = (profiles @ self.weights_.T).toarray().astype(np.float32, copy=False)
        scores += np.float32(max(self.share_, 1e-6)) * self.popularity_[None, :]
        return scores

    def save(self, folder: Path) -> None:
        """Write the weights of entities."""
        n_items, n_nodes = self.weights_.shape
        learned = {"n_items": n_items, "n_nodes": n_nodes, "decay": self.decay_, "popularity": self.share_}
        arrays = stored_matrix.as_arrays(self.weights_) | {"popularity": self.popularity_}
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        n_items, n_nodes = artifact.sizes_of(folder, stored, "n_items", "n_nodes")
        decay, share = artifact.numbers_of(folder, stored, "decay", "popularity")
        popularity: stored_matrix.Expected = {"popularity": ((n_items,), "float32")}
        artifact.check_arrays(folder, stored, stored_matrix.expected(n_items) | popularity)
        model = cls(artifact.settings_of(folder, stored, SharedEntitiesSettings))._with(decay, share)
        model.weights_ = stored_matrix.from_arrays(folder, stored.arrays, (n_items, n_nodes))
        model.popularity_ = stored.arrays["popularity"]
        return model


def entity_weights(graph: KnowledgeGraph) -> sparse.csr_array:
    """(I, N) what each item is tied to, in either direction, a rare entity more; rows of length 1 (or 0)."""
    left, right = np.r_[graph.heads, graph.tails], np.r_[graph.tails, graph.heads]
    of_items = left < graph.n_items
    shape = (graph.n_items, graph.n_nodes)
    met = sparse.coo_array((np.ones(int(of_items.sum()), np.float32), (left[of_items], right[of_items])), shape).tocsr()
    met.sum_duplicates()
    met.data[:] = 1
    counts = np.bincount(met.indices, minlength=graph.n_nodes)
    idf = np.log((1 + graph.n_items) / (1 + counts)).astype(np.float32)
    return unit_rows(sparse.csr_array(met @ sparse.diags_array(idf)))


@dataclass(frozen=True)
class SharedPath:
    """An entity that two items are tied to, by which relations, and how many items are tied to it."""

    entity: str
    relations: tuple[str, str]
    n_items: int

    def __str__(self) -> str:
        """As a reason says it: ``both have director "p7" (4 items)``."""
        one, other = (relation.rpartition(".")[2].replace("_", " ") for relation in self.relations)
        words = one if one == other else f"{one} and {other}"
        return f'both have {words} "{self.entity}" ({self.n_items} items)'


def shared_paths(graph: KnowledgeGraph, one: int, other: int, items: Sequence[str], most: int = 3) -> list[SharedPath]:
    """Paths of two steps between two items, the rarest entities first.

    Parameters
    ----------
    one, other : int
        Item rows.
    items : sequence of str
        (I,) names of the items, for paths that lead through one.
    """
    left, right = np.r_[graph.heads, graph.tails], np.r_[graph.tails, graph.heads]
    relations = np.r_[graph.relations, graph.relations]
    here, there = np.flatnonzero(left == one), np.flatnonzero(left == other)
    by_entity = {int(right[at]): int(relations[at]) for at in here}
    found = []
    for at in there:
        node = int(right[at])
        if node in by_entity and node not in (one, other):
            n_items = len(np.unique(left[(right == node) & (left < graph.n_items)]))
            name = items[node] if node < graph.n_items else graph.entities[node - graph.n_items]
            found.append(SharedPath(name, (graph.names[by_entity[node]], graph.names[int(relations[at])]), n_items))
    return sorted(set(found), key=lambda path: (path.n_items, path.entity, path.relations))[:most]
