"""Ids and titles together: the sequence model of who does what next, and what their titles say, weighed on validation.

::

    score (j)  =  transformer(j)  +  learned · text-sequence(j)  +  likeness · cosine(profile, title of j)
    an item nobody met has no id to speak of:  transformer(j) is what the average item gets, and ``unmet`` is added

The weights are chosen on validation questions, zero among them, so titles count exactly where they help. ``unmet`` is
what serves questions about unmet items best while met ones keep half of what titles gained them and rank no worse than
by ids alone. Each part is a model of its own; the transformer is trained as it would be alone.

Shapes: Q histories, I items.

References
----------
Volkovs, Yu and Poutanen, "DropoutNet: Addressing Cold Start in Recommender Systems", NIPS 2017 (serving new items).
"""

import dataclasses
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from swayline.core.errors import ArtifactError
from swayline.core.settings import checked
from swayline.dataset import Sequences, Targets
from swayline.metrics import ndcg, ranks
from swayline.models import artifact
from swayline.models.protocol import Scores
from swayline.models.sequence.settings import TransformerSettings
from swayline.models.sequence.transformer import Transformer
from swayline.models.text.text_sequence import TextSequence, TextSequenceSettings
from swayline.models.topk import mask_seen
from swayline.models.validation import K, ValidationScorer

_LEARNED = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0)
_LIKENESS = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
_UNMET = (-8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
_KEPT = 0.5
"""Of what titles gain for met items, this share is kept; the rest may be spent on letting unmet ones into the lists."""
_ENOUGH_UNMET = 20
"""Validation questions about unmet items from which these can say how high such items belong."""
_QUESTIONS_AT_ONCE = 256
_SEQUENCE, _TEXT = "sequence", "text"


@checked
@dataclass(frozen=True)
class LanguageSettings:
    """Settings of :class:`Language`; None is chosen on validation.

    Parameters
    ----------
    text_model : str
        Folder of a local text encoder; empty: see :class:`~swayline.models.text.text_sequence.TextSequenceSettings`.
    learned, likeness, unmet : float, optional
        Weight of the text model, weight of the titles' likeness, and what is added for items nobody met.
    embedding_dim, n_blocks, dropout, max_epochs, batch_tokens, learning_rate, seed
        Of the transformer, as in :class:`~swayline.models.TransformerSettings`.
    text_epochs : int
        Epochs of the text model at most.
    """

    text_model: str = ""
    learned: Annotated[float, Field(ge=0.0, le=1e6)] | None = None
    likeness: Annotated[float, Field(ge=0.0, le=1e6)] | None = None
    unmet: Annotated[float, Field(ge=-1e6, le=1e6)] | None = None
    embedding_dim: int | None = None
    n_blocks: int | None = None
    dropout: float | None = None
    max_epochs: int = 60
    batch_tokens: int = 2048
    learning_rate: float = 1e-3
    text_epochs: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        self.sequence()
        self.text()

    def sequence(self) -> TransformerSettings:
        """The transformer's part."""
        return TransformerSettings(
            embedding_dim=self.embedding_dim, n_blocks=self.n_blocks, dropout=self.dropout, max_epochs=self.max_epochs,
            batch_tokens=self.batch_tokens, learning_rate=self.learning_rate, seed=self.seed, neighbours=False,
        )  # fmt: skip

    def text(self) -> TextSequenceSettings:
        """The text model's part."""
        return TextSequenceSettings(text_model=self.text_model, max_epochs=self.text_epochs, seed=self.seed)


@dataclass(frozen=True)
class Weights:
    """What was chosen; the defaults are what is taken without validation questions."""

    learned: float = 0.3
    likeness: float = 2.0
    unmet: float = 0.0


class Language:
    """The sequence model with titles beside ids; serves items that nobody has met yet.

    After :meth:`fit`, ``weights_`` says how much titles count, and ``history_`` is the transformer's training.
    """

    name: ClassVar[str] = "language"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[LanguageSettings]] = LanguageSettings
    serves_unmet: ClassVar[bool] = True
    """Items of the items table that no event names belong to its catalogue."""

    def __init__(self, settings: LanguageSettings | None = None) -> None:
        self.settings = settings or LanguageSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Train both parts and choose their weights.

        Raises
        ------
        EmptyLogError
            There is no event to learn from.
        SchemaError
            No item has a text.
        """
        text = TextSequence(self.settings.text()).fit(train, valid)
        return self.join(Transformer(self.settings.sequence()).fit(train, valid), text, train, valid)

    def join(self, sequence: Transformer, text: TextSequence, train: Sequences, valid: Targets | None) -> Self:
        """Take two fitted parts and choose how they are weighed."""
        self.sequence_, self.text_ = sequence, text
        self._meet(train)
        said = {name: getattr(self.settings, name) for name in ("learned", "likeness", "unmet")}
        fixed = {name: value for name, value in said.items() if value is not None}
        self.weights_ = dataclasses.replace(Weights(), **fixed)
        if valid is not None and len(valid):
            self.weights_ = self._chosen(ValidationScorer(valid, self.settings.seed), fixed)
        return self

    def refit(self, train: Sequences) -> Self:
        """Learn both parts again from (more) histories with the weights already chosen."""
        self.text_.refit(train)
        self.sequence_.refit(train)
        self._meet(train)
        return self

    def _meet(self, train: Sequences) -> None:
        self.met_ = np.bincount(train.items, minlength=train.n_items) > 0

    @property
    def history_(self) -> list[dict[str, float | int | None]]:
        """A line an epoch of the transformer's training."""
        return self.sequence_.history_

    def _chosen(self, judge: ValidationScorer, fixed: dict[str, float]) -> Weights:
        """First how much titles count, on answers that were met; then how high unmet items belong."""
        grids = {"learned": _LEARNED, "likeness": _LIKENESS}
        choices = [(fixed[name],) if name in fixed else grid for name, grid in grids.items()]
        low = fixed.get("unmet", _UNMET[0])
        trials = [Weights(a, b, low) for a, b in product(*choices)]
        met = self.met_[judge.questions.items]
        found = (
            self._values(judge, [*trials, Weights(0.0, 0.0, low)])[:, met].mean(axis=1) if met.any() else np.zeros(1)
        )
        best, alone = trials[int(found[: len(trials)].argmax())], float(found[-1])
        if "unmet" in fixed or (~met).sum() < _ENOUGH_UNMET or not met.any():
            return dataclasses.replace(best, unmet=fixed.get("unmet", Weights.unmet))
        shifts = [dataclasses.replace(best, unmet=value) for value in _UNMET]
        values = self._values(judge, shifts)
        least = alone + _KEPT * max(0.0, float(found.max()) - alone)
        fair = values[:, met].mean(axis=1) >= least
        fair[0] = True
        return shifts[int(np.where(fair, values[:, ~met].mean(axis=1), -1.0).argmax())]

    def _values(self, judge: ValidationScorer, trials: list[Weights]) -> npt.NDArray[np.float64]:
        """(trials, questions) validation NDCG@10."""
        questions = judge.questions
        found = np.empty((len(trials), len(questions)))
        for start in range(0, len(questions), _QUESTIONS_AT_ONCE):
            rows = np.arange(start, min(start + _QUESTIONS_AT_ONCE, len(questions)))
            part = questions.take(rows)
            parts = self._parts(part.history)
            for number, trial in enumerate(trials):
                scores = self._mixed(*parts, trial)
                if judge.hides_seen:
                    mask_seen(scores, part.history)
                found[number, rows] = ndcg(*ranks(scores, part.items), k=K)
        return found

    def _parts(self, history: Sequences) -> tuple[Scores, Scores, Scores]:
        """What the ids say, what the titles' sequence says, and the titles' likeness, each (Q, I)."""
        ids = self.sequence_.score(history)
        if not self.met_.all() and self.met_.any():
            ids[:, ~self.met_] = ids[:, self.met_].mean(axis=1, keepdims=True)
        return ids, self.text_.score(history), self.text_.likeness(history)

    def _mixed(self, ids: Scores, learned: Scores, likeness: Scores, weights: Weights) -> Scores:
        mixed = ids + np.float32(weights.learned) * learned
        mixed += np.float32(weights.likeness) * likeness
        if weights.unmet:
            mixed[:, ~self.met_] += np.float32(weights.unmet)
        return mixed

    def score(self, history: Sequences) -> Scores:
        """(Q, I) a score for every item as the next one, met or not."""
        return self._mixed(*self._parts(history), self.weights_)

    def save(self, folder: Path) -> None:
        """Write the weights, and each part in a folder of its own."""
        learned = {"n_items": len(self.met_), "weights": dataclasses.asdict(self.weights_)}
        self.sequence_.save(folder / _SEQUENCE)
        self.text_.save(folder / _TEXT)
        artifact.write(
            folder, self.name, dataclasses.asdict(self.settings), learned, {"met": self.met_.astype(np.float32)}
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        (n_items,) = artifact.sizes_of(folder, stored, "n_items")
        artifact.check_arrays(folder, stored, {"met": ((n_items,), "float32")})
        model = cls(artifact.settings_of(folder, stored, LanguageSettings))
        model.weights_ = artifact.part_of(folder, stored, "weights", Weights)
        model.met_ = stored.arrays["met"] > 0
        model.sequence_ = Transformer.load(folder / _SEQUENCE)
        model.text_ = TextSequence.load(folder / _TEXT)
        if not model.sequence_.n_items_ == len(model.text_.features_) == n_items:
            raise ArtifactError(f"{folder}: its parts are of different catalogues: fit the model again")
        return model
