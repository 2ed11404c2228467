"""Like what this person met: items whose words and categories resemble the history's, without asking other people.

::

    v_j          =  TF-IDF of the item's title, description, category and other text columns, of length 1
    profile      =  Σ over the history:  decay^age · v_i
    score (j)    =  cosine(profile, v_j)  +  popularity · log(1 + n_j) / log(1 + max n)

Words are those of :func:`swayline.numerics.words.words_of`; a category and every further text column counts as a whole
too (``category=Nail polish``). Words of one item only, or of more than a third of the items, are left out; so are
columns of numbers.
``decay`` and ``popularity``, which settles whom the words leave level, are chosen on validation questions.

Shapes: Q histories, I items, V words.

References
----------
Pazzani and Billsus, "Content-Based Recommendation Systems", The Adaptive Web, Springer 2007.
Salton and Buckley, "Term-weighting Approaches in Automatic Text Retrieval", IP&M 1988.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
from scipy import sparse

from swayline.core.errors import SchemaError
from swayline.core.names import CATEGORY
from swayline.core.settings import NotNegative, Share, checked
from swayline.dataset import Catalogue, Sequences, Targets
from swayline.dataset.catalogue import TEXT_COLUMNS
from swayline.models import artifact
from swayline.models.counts import stored_matrix
from swayline.models.counts.history_matrix import every_event
from swayline.models.protocol import Scores
from swayline.models.tuning import choose, judge_of
from swayline.numerics.tfidf import TfIdf, unit_rows
from swayline.numerics.words import words_of

_TOO_COMMON = 1 / 3
_FEW = 50
"""Among so few items a word that a third of them share may still say something."""
_CHOICES: dict[str, tuple[float, ...]] = {
    "decay": (1.0, 0.95, 0.9, 0.8, 0.65, 0.5, 0.3, 0.1),
    "popularity": (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
}


@checked
@dataclass(frozen=True)
class ContentSettings:
    """Both numbers may be left to validation (None); without questions the middle of the road is taken."""

    decay: Share | None = None
    popularity: NotNegative | None = None


@dataclass(frozen=True)
class Chosen:
    """The settings with nothing left open; the defaults are what is taken without validation questions."""

    decay: float = 0.8
    popularity: float = 0.1


class Content:
    """Items with the words of the history's items; needs an items table, or categories in the events."""

    name: ClassVar[str] = "content"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[ContentSettings]] = ContentSettings

    def __init__(self, settings: ContentSettings | None = None) -> None:
        self.settings = settings or ContentSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Weigh the words and choose what was left open.

        Raises
        ------
        SchemaError
            Nothing is known of the items in words.
        """
        self._read(train)
        judge = judge_of(valid)
        found = (lambda trial: judge(self._with(trial))) if judge else None
        return self._with(choose(self.name, self.settings, Chosen, _CHOICES, found))

    def refit(self, train: Sequences) -> Self:
        """Weigh the words again with the choices already made."""
        self._read(train)
        return self

    def _with(self, chosen: Chosen) -> Self:
        self.chosen_ = chosen
        return self

    def _read(self, train: Sequences) -> None:
        self.words_ = word_weights(train.catalogue)
        counts = np.log1p(np.bincount(train.items, minlength=train.n_items))
        self.popularity_ = (counts / max(1.0, counts.max(initial=0.0))).astype(np.float32)
        self._by_word = self.words_.T.tocsr()

    def score(self, history: Sequences) -> Scores:
        """(Q, I) likeness to the history; popularity alone where it is empty."""
        profiles = unit_rows((every_event(history, self.chosen_.decay) @ self.words_).tocsr())
        scores: Scores = (profiles @ self._by_word).toarray().astype(np.float32, copy=False)
        scores += np.float32(max(self.chosen_.popularity, 1e-6)) * self.popularity_[None, :]
        return scores

    def save(self, folder: Path) -> None:
        """Write the word weights as compressed sparse rows; the words themselves are not kept."""
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), *self.learned())

    def learned(self) -> tuple[dict[str, object], dict[str, np.ndarray]]:
        """Sizes and choices, and arrays, as a folder holds them."""
        n_items, n_words = self.words_.shape
        sizes = {"n_items": n_items, "n_words": n_words, "chosen": dataclasses.asdict(self.chosen_)}
        return sizes, stored_matrix.as_arrays(self.words_) | {"popularity": self.popularity_}

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        return cls.restored(folder, artifact.read(folder, cls.name))

    @classmethod
    def restored(cls, folder: Path, stored: artifact.Stored) -> Self:
        """The model that a folder, or a part of one, holds."""
        n_items, n_words = artifact.sizes_of(folder, stored, "n_items", "n_words")
        popularity: stored_matrix.Expected = {"popularity": ((n_items,), "float32")}
        artifact.check_arrays(folder, stored, stored_matrix.expected(n_items) | popularity)
        model = cls(artifact.settings_of(folder, stored, ContentSettings))
        model.chosen_ = artifact.part_of(folder, stored, "chosen", Chosen)
        model.words_ = stored_matrix.from_arrays(folder, stored.arrays, (n_items, n_words))
        model.popularity_, model._by_word = stored.arrays["popularity"], model.words_.T.tocsr()
        return model


def word_weights(catalogue: Catalogue | None) -> sparse.csr_array:
    """(I, V) TF-IDF of what is known of each item, rows of length 1 (or 0 where nothing is).

    Raises
    ------
    SchemaError
        Nothing is known of the items in words.
    """
    if catalogue is None:
        raise SchemaError(
            "this model reads what items are, and the log has no items table and no category in its events:"
            " give one with --items FILE (item, title, description, category, …), or use item-knn"
        )
    tokens = _tokens(catalogue)
    weights = TfIdf.of(tokens, min_texts=2, max_texts=max(_FEW, len(tokens) * _TOO_COMMON))
    if not weights.words:
        raise SchemaError(
            "this model reads what items are, and the items table has no word or category that two items share;"
            f" its columns: {', '.join(catalogue.table.column_names)}"
        )
    return weights.vectors(tokens, log_counts=True).astype(np.float32)


def _tokens(catalogue: Catalogue) -> list[list[str]]:
    """Words of each item's texts, and its whole categories and other text features."""
    tokens = [words_of(text) for text in catalogue.texts()]
    table = catalogue.table
    for name in table.column_names:
        kind = table.schema.field(name).type
        if name == CATEGORY or (
            name not in TEXT_COLUMNS and (pa.types.is_string(kind) or pa.types.is_large_string(kind))
        ):
            codes, values = catalogue.codes(name)
            for item in np.flatnonzero(codes >= 0):
                tokens[item].append(f"{name}={values[codes[item]]}")
    return tokens
