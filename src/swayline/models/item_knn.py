"""Who met this also met that: item-item neighbours, recent history counted more.

::

    similarity (i, j)  =  pairs(i, j) / (sqrt(n_i · n_j) + shrinkage)       kept for the best ``neighbours`` j of each i
    score (j)          =  Σ over the history, age a = 0 for the last event:  decay^a · similarity(i_a, j)

``pairs`` counts users who met both, each pair weighted closeness^(distance - 1) by how many events lie between its two
items and ``backward`` where j came before i: 1 and 1 give the classic cosine, smaller values lean towards what follows
what. All five are chosen on validation questions, one at a time around the best found so far, so that the baseline is
never a weak one.

Shapes: E events, I items, Q histories.

References
----------
Sarwar et al., "Item-based Collaborative Filtering Recommendation Algorithms", WWW 2001.
Ludewig and Jannach, "Evaluation of Session-based Recommendation Algorithms", UMUAI 2018 (recency-weighted kNN).
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from swayline.core.errors import ArtifactError
from swayline.core.progress import task
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.cooccurrence import pairs
from swayline.models.protocol import Scores
from swayline.models.settings import build, require
from swayline.models.validation import Judge

_ROUNDS = 2
_CHOICES: dict[str, tuple[float, ...]] = {
    "decay": (1.0, 0.9, 0.8, 0.65, 0.5, 0.3, 0.1),
    "closeness": (1.0, 0.95, 0.9, 0.8, 0.6, 0.4),
    "backward": (1.0, 0.7, 0.4, 0.2, 0.0),
    "shrinkage": (0.0, 1.0, 5.0, 20.0, 100.0),
    "neighbours": (20, 100, 500, 2000),
}


@dataclass(frozen=True)
class ItemKNNSettings:
    """Every number may be left to validation (None); without validation questions the middle of the road is taken."""

    neighbours: int | None = None
    shrinkage: float | None = None
    decay: float | None = None
    closeness: float | None = None
    backward: float | None = None

    def __post_init__(self) -> None:
        require("neighbours", self.neighbours, 1)
        require("shrinkage", self.shrinkage, 0.0)
        for name in ("decay", "closeness", "backward"):
            require(name, getattr(self, name), 0.0, 1.0)


@dataclass(frozen=True)
class Chosen:
    """The settings with nothing left open; the defaults are what is taken without validation questions."""

    neighbours: int = 500
    shrinkage: float = 5.0
    decay: float = 0.8
    closeness: float = 0.9
    backward: float = 0.7


class ItemKNN:
    """Neighbours of the items in a history, recent ones counted more.

    Pairs further apart than 50 events of one user are not counted: that bounds the work by 50 pairs an event.
    """

    name: ClassVar[str] = "item-knn"
    Settings: ClassVar[type[ItemKNNSettings]] = ItemKNNSettings

    def __init__(self, settings: ItemKNNSettings | None = None) -> None:
        self.settings = settings or ItemKNNSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Count pairs, choose what was left open, and keep each item's best neighbours."""
        given = {name: value for name, value in dataclasses.asdict(self.settings).items() if value is not None}
        chosen = Chosen(**given)
        free = [name for name in _CHOICES if name not in given]
        if valid is not None and len(valid) and free:
            chosen = self._choose(train, Judge(valid), chosen, free)
        return self._become(train, chosen)

    def _choose(self, train: Sequences, judge: Judge, start: Chosen, free: list[str]) -> Chosen:
        """Coordinate search: the best value of one setting at a time, twice around."""
        best, best_found, seen = start, judge(self._become(train, start)), {start}
        tries = _ROUNDS * sum(len(_CHOICES[name]) for name in free)
        with task("choose item-knn", total=tries) as bar:
            for name, value in [(one, value) for one in free for value in _CHOICES[one]] * _ROUNDS:
                bar.advance()
                trial = build(Chosen, dataclasses.asdict(best) | {name: value})
                if trial in seen:
                    continue
                seen.add(trial)
                found = judge(self._become(train, trial))
                if found > best_found:
                    best, best_found = trial, found
                    bar.note(f"NDCG@10 {best_found:.4f}")
        return best

    def _become(self, train: Sequences, chosen: Chosen) -> Self:
        self.chosen_ = chosen
        self.similarity_ = _similarity(train, chosen)
        return self

    def refit(self, train: Sequences) -> Self:
        """Count pairs again with the choices already made."""
        return self._become(train, self.chosen_)

    def score(self, history: Sequences) -> Scores:
        """(Q, I) summed similarity to the history; zero where nothing is shared."""
        age = np.repeat(history.offsets[1:], history.lengths) - 1 - np.arange(len(history.items))
        weights = np.power(self.chosen_.decay, age.astype(np.float64)).astype(np.float32)
        rows = sparse.csr_array((weights, history.items, history.offsets), shape=(len(history), history.n_items))
        scores: Scores = (rows @ self.similarity_).toarray().astype(np.float32, copy=False)
        return scores

    def save(self, folder: Path) -> None:
        """Write the similarities as compressed sparse rows."""
        matrix = self.similarity_
        arrays = {
            "values": matrix.data.astype(np.float32), "columns": matrix.indices.astype(np.int32),
            "offsets": matrix.indptr.astype(np.int64),
        }  # fmt: skip
        learned = {"n_items": matrix.shape[0], "chosen": dataclasses.asdict(self.chosen_)}
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        (n_items,) = artifact.sizes_of(folder, stored, "n_items")
        expected = {"values": (None, "float32"), "columns": (None, "int32"), "offsets": ((n_items + 1,), "int64")}
        artifact.check_arrays(folder, stored, expected)
        model = cls(artifact.settings_of(folder, stored, ItemKNNSettings))
        model.chosen_ = artifact.part_of(folder, stored, "chosen", Chosen)
        model.similarity_ = _checked(folder, stored.arrays, n_items)
        return model


def _checked(folder: Path, arrays: artifact.Arrays, n_items: int) -> sparse.csr_array:
    values, columns, offsets = arrays["values"], arrays["columns"], arrays["offsets"]
    sound = (
        len(values) == len(columns) == offsets[-1] and offsets[0] == 0 and bool((np.diff(offsets) >= 0).all())
        and (not len(columns) or (columns.min() >= 0 and columns.max() < n_items))
    )  # fmt: skip
    if not sound:
        raise ArtifactError(f"{folder / artifact.WEIGHTS_FILE} holds no sparse matrix of {n_items} items")
    return sparse.csr_array((values, columns, offsets), shape=(n_items, n_items))


def _similarity(train: Sequences, chosen: Chosen) -> sparse.csr_array:
    """(I, I) each item's nearest neighbours and how near they are."""
    forward = pairs(train, chosen.closeness)
    both = (forward + chosen.backward * forward.T).tocsr() if chosen.backward else forward
    both.setdiag(0.0)
    both.eliminate_zeros()
    norm = np.sqrt(np.maximum(np.bincount(train.items, minlength=train.n_items), 1.0))
    rows = np.repeat(np.arange(train.n_items), np.diff(both.indptr))
    values = (both.data / (norm[rows] * norm[both.indices] + chosen.shrinkage)).astype(np.float32)
    return _nearest(rows, both.indices, values, chosen.neighbours, train.n_items)


def _nearest(rows: np.ndarray, columns: np.ndarray, values: Scores, neighbours: int, n_items: int) -> sparse.csr_array:
    """The best ``neighbours`` of each row; ties go to the smaller item number."""
    counts = np.bincount(rows, minlength=n_items)
    kept = np.ones(len(rows), bool)
    # Only rows with too many neighbours are sorted; columns stand in order, and the sort keeps that order among ties.
    long = np.flatnonzero(counts[rows] > neighbours)
    order = long[np.lexsort((-values[long], rows[long]))]
    starts = np.cumsum(np.where(counts > neighbours, counts, 0)) - np.where(counts > neighbours, counts, 0)
    kept[order] = np.arange(len(order)) - starts[rows[order]] < neighbours
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=n_items))])
    return sparse.csr_array((values[kept], columns[kept], offsets), shape=(n_items, n_items))
