"""The text-only sequence model: what comes next, told by titles alone, so that it serves items nobody has met yet.

::

    profile    =  Σ over the last events:  decay^age · features(item)          of length one
    query      =  A · profile + small network(profile)                          of length one, times a learned scale
    score (j)  =  query · (B · features(j), of length one)

``A`` and ``B`` start as the identity: untrained, the model ranks by likeness; trained on who followed whom, it learns
what titles lead to what other titles. Nothing in it belongs to one item, so :meth:`TextSequence.for_catalogue` carries
it to a catalogue it never saw, where likeness is given most of the say.

Shapes: Q histories, I items, F features, B positions a batch, W events of a profile, N negatives.

References
----------
Hou et al., "Towards Universal Sequence Representation Learning for Recommender Systems" (UniSRec), KDD 2022.
"""

import copy
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from swayline.core.errors import ArtifactError, EmptyLogError
from swayline.core.rng import generator
from swayline.core.settings import Seed, Share, Size, checked
from swayline.core.types import Ints
from swayline.dataset import Catalogue, Sequences, Targets
from swayline.models import artifact
from swayline.models.protocol import Scores
from swayline.models.text.features import TextSpace, Vectors, encoder_of, features_of
from swayline.models.validation import ValidationScorer
from swayline.numerics.training_loop import Descent, Limits
from swayline.numerics.training_loop import train as train_loop

_WINDOW = 20
_DROPPED = 0.2
_NEVER = -1e9
_CARRIED = 4
"""Parts of likeness beside one of what was learned, in a catalogue never seen: what titles lead to what other titles is
mostly the catalogue's own, while alike titles are wanted together everywhere."""


@checked
@dataclass(frozen=True)
class TextSequenceSettings:
    """Settings of :class:`TextSequence`.

    Parameters
    ----------
    text_model : str
        Folder of a local text encoder; empty: MiniLM, or a small BERT learned from the titles where these are not
        English.
    n_features : int
        Main directions of the text vectors that are kept.
    decay : float
        How much less each older event counts.
    max_epochs, batch_size, n_negatives, learning_rate
        Training; it ends early when validation NDCG@10 falls.
    """

    text_model: str = ""
    n_features: Size = 256
    decay: Share = 0.85
    max_epochs: Size = 5
    batch_size: Size = 1024
    n_negatives: Size = 2048
    learning_rate: Annotated[float, Field(ge=1e-8, le=10.0)] = 1e-3
    seed: Seed = 0


class Tower(nn.Module):
    """Profiles to queries, features to answers."""

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.query, self.answer = (nn.Linear(n_features, n_features, bias=False) for _ in range(2))
        self.up, self.down = nn.Linear(n_features, 2 * n_features), nn.Linear(2 * n_features, n_features, bias=False)
        self.log_scale = nn.Parameter(torch.zeros(1))

    def start(self, rng: torch.Generator) -> None:
        """Likeness, before anything is learned."""
        with torch.no_grad():
            nn.init.eye_(self.query.weight)
            nn.init.eye_(self.answer.weight)
            nn.init.xavier_uniform_(self.up.weight, generator=rng)
            nn.init.zeros_(self.up.bias)
            nn.init.zeros_(self.down.weight)
            self.log_scale.fill_(2.3)

    def queries(self, profiles: Tensor) -> Tensor:
        """(Q, F) times the scale."""
        dropped = F.dropout(profiles, _DROPPED, self.training)
        mixed = self.query(profiles) + self.down(F.gelu(self.up(dropped)))
        return F.normalize(mixed.float(), dim=1, eps=1e-4) * self.log_scale.exp()

    def answers(self, features: Tensor) -> Tensor:
        """(I, F) of length one."""
        return F.normalize(self.answer(F.dropout(features, _DROPPED, self.training)).float(), dim=1, eps=1e-4)


class TextSequence:
    """Ranks by what titles follow what titles; knows items without a single event."""

    name: ClassVar[str] = "text-sequence"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[TextSequenceSettings]] = TextSequenceSettings
    serves_unmet: ClassVar[bool] = True
    """Items of the items table that no event names belong to its catalogue."""

    def __init__(self, settings: TextSequenceSettings | None = None) -> None:
        self.settings = settings or TextSequenceSettings()
        self.carried_ = False

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Encode the titles and learn what follows what; with ``valid``, stop when NDCG@10 no longer rises.

        Raises
        ------
        EmptyLogError
            There is no event to learn from.
        SchemaError
            No item has a text.
        """
        return self._fit(
            train, self.settings.max_epochs, ValidationScorer(valid, self.settings.seed) if valid else None
        )

    def refit(self, train: Sequences) -> Self:
        """Learn again from (more) histories for as many epochs as :meth:`fit` found best."""
        return self._fit(train, self.best_epoch_, None)

    def _fit(self, train: Sequences, n_epochs: int, judge: ValidationScorer | None) -> Self:
        if not len(train.items):
            raise EmptyLogError("no event is left to train on: give a log with events")
        self.carried_ = False
        encoder, texts = encoder_of(train, self.settings.text_model)
        vectors = encoder.encode(texts, label="encode titles")
        self.space_ = TextSpace.of(vectors, encoder.folder.fingerprint(), self.settings.n_features)
        self._know(self.space_.features(vectors))
        self._tower = Tower(self.features_.shape[1])
        self._tower.start(torch.Generator().manual_seed(self.settings.seed))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.settings.seed)
            optimizer = torch.optim.AdamW(self._tower.parameters(), self.settings.learning_rate, weight_decay=0.01)
            self.best_epoch_ = train_loop(
                self._tower, lambda epoch: self._losses(train, epoch), Descent(optimizer), Limits(n_epochs, patience=1),
                "train text model", judge=(lambda: judge(self)) if judge is not None else None,
            ).best_epoch  # fmt: skip
        return self

    def _know(self, features: Vectors, alike: Vectors | None = None) -> None:
        """Features for what was learned, and those by which titles are alike: the same where the model learned."""
        self.features_ = features
        self._table = _with_none(features)
        self._alike = self._table if alike is None else _with_none(alike)

    def _losses(self, train: Sequences, epoch: int) -> Iterator[tuple[Tensor, int]]:
        rng = generator(self.settings.seed, "text sequence", str(epoch))
        told: npt.NDArray[np.bool_] = np.any(self.features_ != 0, axis=1)
        met = np.unique(train.items)
        met = met[told[met]]
        starts = np.repeat(train.offsets[:-1], train.lengths)
        at = np.flatnonzero((np.arange(len(train.items)) > starts) & told[train.items])
        order = rng.permutation(at) if len(met) else at[:0]
        for first in range(0, len(order), self.settings.batch_size):
            rows = order[first : first + self.settings.batch_size]
            others = met[rng.integers(len(met), size=self.settings.n_negatives)]
            yield self._loss(train.items, starts[rows], rows, others), len(rows)

    def _loss(self, items: npt.NDArray[Any], starts: Ints, ends: Ints, others: npt.NDArray[Any]) -> Tensor:
        targets, drawn = (torch.from_numpy(rows.astype(np.int64)) for rows in (items[ends], others))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported()):
            queries = self._tower.queries(self._profiles(items, starts, ends))
            own = (queries * self._tower.answers(self._table[targets])).sum(1, keepdim=True)
            logits = (queries @ self._tower.answers(self._table[drawn]).T).float()
        logits = logits.masked_fill(drawn[None] == targets[:, None], _NEVER)
        return F.cross_entropy(torch.cat([own.float(), logits], 1), torch.zeros(len(ends), dtype=torch.int64))

    def _profiles(self, items: npt.NDArray[Any], starts: Ints, ends: Ints, table: Tensor | None = None) -> Tensor:
        """(B, F) of the events from each start up to (without) each end."""
        place = ends[:, None] - 1 - np.arange(_WINDOW)  # (B, W), the latest first
        seen = np.where(place >= starts[:, None], items[np.maximum(place, 0)] if len(items) else 0, len(self.features_))
        weights = torch.from_numpy(np.float32(self.settings.decay) ** np.arange(_WINDOW, dtype=np.float32))
        features = (self._table if table is None else table)[torch.from_numpy(seen.astype(np.int64))]
        profiles = torch.einsum("bwf,w->bf", features, weights)
        return F.normalize(profiles, dim=1, eps=1e-4)

    def _parts(self, history: Sequences, table: Tensor | None = None) -> Iterator[tuple[slice, Tensor]]:
        """Rows and their (rows, F) profiles, some at a time."""
        for first in range(0, len(history), self.settings.batch_size):
            rows = slice(first, min(first + self.settings.batch_size, len(history)))
            yield rows, self._profiles(history.items, history.offsets[:-1][rows], history.offsets[1:][rows], table)

    def score(self, history: Sequences) -> Scores:
        """(Q, I) logits of every item as the next one."""
        scores = np.empty((len(history), len(self.features_)), np.float32)
        with torch.no_grad():
            answers = self._tower.answers(self._table[:-1])
            for rows, profiles in self._parts(history):
                learned = self._tower.queries(profiles) @ answers.T
                if self.carried_:
                    learned *= 1.0 / self._tower.log_scale.exp()
                scores[rows] = learned.numpy()
        return scores + _CARRIED * self.likeness(history) if self.carried_ else scores

    def likeness(self, history: Sequences) -> Scores:
        """(Q, I) cosine of each item's features with the history's profile, nothing learned."""
        found = np.empty((len(history), len(self.features_)), np.float32)
        for rows, profiles in self._parts(history, self._alike):
            found[rows] = (profiles @ self._alike[:-1].T).numpy()
        return found

    def for_catalogue(self, catalogue: Catalogue) -> Self:
        """The same model for other items, told by their texts: a catalogue never seen.

        Raises
        ------
        SchemaError, ArtifactError
            No item has a text, or the encoder is not the one this model was trained with.
        """
        other = copy.copy(self)
        other.carried_ = True
        other._know(*features_of(self.space_, catalogue, self.settings.text_model))
        return other

    def save(self, folder: Path) -> None:
        """Write the tower, the space of the features and the items' features."""
        learned = {
            "n_items": len(self.features_), "n_features": self.features_.shape[1], "width": len(self.space_.mean),
            "best_epoch": self.best_epoch_, "encoder": self.space_.encoder, "carried": int(self.carried_),
        }  # fmt: skip
        arrays = {f"tower.{name}": value.numpy() for name, value in self._tower.state_dict().items()}
        if self.carried_:
            arrays["alike"] = self._alike[:-1].numpy()
        arrays |= {"features": self.features_, "mean": self.space_.mean, "basis": self.space_.basis}
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        model = cls(artifact.settings_of(folder, stored, TextSequenceSettings))
        sizes = artifact.sizes_of(folder, stored, "n_items", "n_features", "width", "best_epoch", "carried")
        n_items, n_features, width, model.best_epoch_ = sizes[:4]
        model.carried_ = bool(sizes[4])
        encoder = stored.learned.get("encoder")
        if not isinstance(encoder, str):
            raise ArtifactError(f"{folder / artifact.MODEL_FILE}: encoder must be the fingerprint of a text encoder")
        with torch.device("meta"):
            model._tower = Tower(n_features)
        shapes = {f"tower.{name}": tuple(value.shape) for name, value in model._tower.state_dict().items()}
        shapes |= {"features": (n_items, n_features), "mean": (width,), "basis": (width, n_features)}
        if model.carried_:
            shapes["alike"] = (n_items, len(stored.arrays["alike"].T) if "alike" in stored.arrays else 0)
        artifact.check_arrays(folder, stored, {name: (shape, "float32") for name, shape in shapes.items()})
        arrays = stored.arrays
        weights = {name: torch.from_numpy(arrays[f"tower.{name}"]) for name in model._tower.state_dict()}
        model._tower.load_state_dict(weights, assign=True)
        model._tower.eval()
        model.space_ = TextSpace(arrays["mean"], arrays["basis"], encoder)
        model._know(arrays["features"], arrays.get("alike"))
        return model


def _with_none(features: Vectors) -> Tensor:
    """(I + 1, F), the last row zero: where no item is."""
    return torch.from_numpy(np.concatenate([features, np.zeros((1, features.shape[1]), np.float32)]))
