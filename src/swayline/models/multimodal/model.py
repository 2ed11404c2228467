"""Ids, words, pictures and sounds together, each weighed on validation with zero among the choices.

::

    score (j)  =  z( ids (j) )  +  learned · z( tower (j) )  +  Σ_m  weight_m · z( cosine( profile_m, v_jm ) )

``z`` is a history's scores less their mean, in standard deviations, over the items that have the part: an item without
a picture stands where the average item does and nothing is put in its picture's place; an item nobody met has no id to
speak of: it is scored by content alone, weighed as content alone ranks met items best, and ``unmet`` is added; that is
what serves validation questions about such items best while met ones keep half of what content gained them. A part
whose gain on validation is below its own standard error counts nothing.

Shapes: Q histories, I items, M modalities, F features, P parts (ids, tower, each modality).

References
----------
Zhou et al., "A Tale of Two Graphs: Freezing and Denoising Graph Structures for Multimodal Recommendation" (FREEDOM),
ACM MM 2023 (the task and the data of MMRec).
Volkovs, Yu and Poutanen, "DropoutNet: Addressing Cold Start in Recommender Systems", NIPS 2017.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field

from swayline.core.errors import ArtifactError, ConfigError, EmptyLogError, nearest, shown
from swayline.core.settings import Seed, Share, Size, checked
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.classical.ease import EASE
from swayline.models.classical.item_knn import ItemKNN
from swayline.models.classical.most_popular import MostPopular
from swayline.models.multimodal.learned import Learned, learn, profile, window
from swayline.models.multimodal.modalities import N_FEATURES, Modalities, modalities_of
from swayline.models.multimodal.tower import Tower
from swayline.models.multimodal.weighing import Parts, Weighing, weigh
from swayline.models.protocol import Scores
from swayline.models.sequence.transformer import Transformer
from swayline.models.validation import ValidationScorer

IDS: dict[str, Any] = {model.name: model for model in (ItemKNN, EASE, Transformer, MostPopular)}
_FOLDER = "ids"
Vectors = npt.NDArray[np.float32]


@checked
@dataclass(frozen=True)
class MultimodalSettings:
    """Settings of :class:`Multimodal`.

    Parameters
    ----------
    ids : str
        Which model knows the ids: item-knn, ease, transformer (the best and the slowest), most-popular (content alone).
    modalities : str
        Names with commas, as ``image,text``; empty takes all that the items table has.
    fusion : str
        How the tower joins modalities: ``gate`` or ``concatenate``; ``late`` has no tower.
    text_model : str
        Folder of a text encoder, for titles that no column of vectors holds.
    decay : float
        How much less each older event counts in a profile.
    last : int
        Events of a history that a profile is made of.
    max_epochs, learning_rate, seed
        Of the tower; it ends early when validation NDCG@10 falls.
    """

    ids: str = "item-knn"
    modalities: str = ""
    fusion: Literal["gate", "concatenate", "late"] = "gate"
    text_model: str = ""
    decay: Share = 0.85
    last: Annotated[int, Field(ge=1, le=1000)] = 20
    max_epochs: Size = 5
    learning_rate: Annotated[float, Field(ge=1e-8, le=10.0)] = 1e-3
    seed: Seed = 0

    def __post_init__(self) -> None:
        if self.ids not in IDS:
            raise ConfigError(f"setting ids is {shown(self.ids)}: {nearest(self.ids, IDS)}")


class Multimodal:
    """A model of ids with what items look, sound and read like beside them; serves items that nobody has met yet.

    After :meth:`fit`, ``weighing_`` says how much each part counts and ``missing_`` how many items lack each modality.
    """

    name: ClassVar[str] = "multimodal"
    reads_values: ClassVar[bool] = True
    Settings: ClassVar[type[MultimodalSettings]] = MultimodalSettings
    serves_unmet: ClassVar[bool] = True
    """Items of the items table that no event names belong to its catalogue."""

    def __init__(self, settings: MultimodalSettings | None = None) -> None:
        self.settings = settings or MultimodalSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Fit ids and tower, then weigh all parts.

        Raises
        ------
        EmptyLogError
            There is no event to learn from.
        SchemaError
            Nothing is known of the items.
        """
        judge = ValidationScorer(valid, self.settings.seed) if valid is not None and len(valid) else None
        self._learn(train, self.settings.max_epochs, judge)
        kind = IDS[self.settings.ids]
        settings = {"seed": self.settings.seed} if hasattr(kind.Settings, "seed") else {}
        self.ids_ = kind(kind.Settings(**settings)).fit(train, valid)
        self.weighing_ = Weighing.first(self.parts, self.learned_ is not None)
        if judge is not None:
            self.weighing_ = weigh(self._parts, self.parts, judge, self.met_)
        return self

    def refit(self, train: Sequences) -> Self:
        """Learn again from (more) histories with the weights already chosen."""
        self._learn(train, self.best_epoch_, None)
        self.ids_.refit(train)
        return self

    def _learn(self, train: Sequences, n_epochs: int, judge: ValidationScorer | None) -> None:
        if not len(train.items):
            raise EmptyLogError("no event is left to train on: give a log with events")
        wanted = [name.strip() for name in self.settings.modalities.split(",") if name.strip()]
        self._know(modalities_of(train, wanted, self.settings.text_model))
        self.met_ = np.bincount(train.items, minlength=train.n_items) > 0
        self.learned_, self.best_epoch_ = None, 1
        if self.settings.fusion != "late":
            gated = self.settings.fusion == "gate"
            self.learned_, self.best_epoch_ = learn(
                self.modalities_.features, gated, train, self.settings, n_epochs, judge
            )

    learned_: Learned | None

    def _know(self, modalities: Modalities) -> None:
        self.modalities_, self.told_ = modalities, modalities.told
        stacked = np.concatenate([modalities.features, np.zeros_like(modalities.features[:, :1])], axis=1)
        self._tables = [torch.from_numpy(table) for table in stacked]

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts in the order of their weights: ids, tower, each modality."""
        return ("ids", "learned", *self.modalities_.names)

    @property
    def missing_(self) -> dict[str, int]:
        """Modality → how many items lack it."""
        return self.modalities_.missing()

    def _parts(self, history: Sequences) -> Parts:
        """(P, Q, I) every part of the scores."""
        parts = np.zeros((len(self.parts), len(history), len(self.met_)), np.float32)
        parts[0] = standard(self.ids_.score(history), self.met_)[0]
        if self.learned_ is not None:
            parts[1] = standard(self.learned_.score(history), np.asarray(self.told_.any(axis=0)))[0]
        for at in range(len(self.told_)):
            parts[at + 2] = standard(self._likeness(at, history), self.told_[at])[0]
        return parts

    def _likeness(self, at: int, history: Sequences) -> Scores:
        """(Q, I) cosine of each item with the history's profile in one modality."""
        table = self._tables[at]
        seen = window(history.items, history.offsets[:-1], history.offsets[1:], len(table) - 1, self.settings.last)
        found: Scores = (profile(table, seen, self.settings.decay) @ table[:-1].T).numpy()
        return found

    def score(self, history: Sequences) -> Scores:
        """(Q, I) a score for every item as the next one, met or not."""
        return self.weighing_.scores(self._parts(history), self.met_)

    def content_change(self, history: Sequences, items: npt.NDArray[Any], modality: str, stand_in: Vectors) -> Vectors:
        """(Q,) the score of one item a history less what it would be with another picture (title, sound).

        Everything else stays: the history, the other items, the item's other modalities.

        Parameters
        ----------
        stand_in : (Q, F)
            Features that stand in its place; zeros say that it had none.
        """
        at = self.modalities_.names.index(modality)
        own = self.modalities_.features[at][items]
        _, mean, std = standard(self._likeness(at, history), self.told_[at])
        table = self._tables[at]
        seen = window(history.items, history.offsets[:-1], history.offsets[1:], len(table) - 1, self.settings.last)
        profiles = profile(table, seen, self.settings.decay).numpy()
        z = [np.where(v.any(axis=1), ((profiles * v).sum(axis=1) - mean) / std, 0.0) for v in (own, stand_in)]
        weights = np.where(self.met_[items], self.weighing_.met[:, None], self.weighing_.cold[:, None])
        change = weights[at + 2] * (z[0] - z[1])
        if self.learned_ is not None and weights[1].any():
            told: npt.NDArray[np.bool_] = np.any(self.told_, axis=0)
            _, mean, std = standard(self.learned_.score(history), told)
            whole = np.ascontiguousarray(self.modalities_.features[:, items].transpose(1, 0, 2))
            other = whole.copy()
            other[:, at] = stand_in
            z = [
                np.where(v.any(axis=(1, 2)), (self.learned_.score_of(history, v) - mean) / std, 0.0)
                for v in (whole, other)
            ]
            change = change + weights[1] * (z[0] - z[1])
        return np.asarray(change, np.float32)

    def save(self, folder: Path) -> None:
        """Write features, tower and weights, and the model of ids in a folder of its own."""
        arrays = {"features": self.modalities_.features, "met": self.met_.astype(np.float32)}
        if self.learned_ is not None:
            arrays |= {f"tower.{name}": value.numpy() for name, value in self.learned_.tower.state_dict().items()}
        learned = {
            "n_items": len(self.met_), "n_modalities": len(self.modalities_.names), "best_epoch": self.best_epoch_,
            "modalities": list(self.modalities_.names), "unmet": float(self.weighing_.unmet),
            "weights": [float(one) for one in self.weighing_.met], "cold": [float(one) for one in self.weighing_.cold],
        }  # fmt: skip
        self.ids_.save(folder / _FOLDER)
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        model = cls(artifact.settings_of(folder, stored, MultimodalSettings))
        n_items, n_modalities, model.best_epoch_ = artifact.sizes_of(
            folder, stored, "n_items", "n_modalities", "best_epoch"
        )
        names = stored.learned.get("modalities")
        right = isinstance(names, list) and all(isinstance(one, str) for one in names) and len(names) == n_modalities
        if not right or not n_modalities:
            raise ArtifactError(f"{folder / artifact.MODEL_FILE}: modalities must be names, not {shown(names)}")
        (unmet,) = artifact.numbers_of(folder, stored, "unmet")
        met, cold = (_weights(folder, stored, name, n_modalities + 2) for name in ("weights", "cold"))
        model.weighing_ = Weighing(met, cold, unmet)
        shapes: dict[str, tuple[int, ...]] = {"features": (n_modalities, n_items, N_FEATURES), "met": (n_items,)}
        tower = None
        if model.settings.fusion != "late":
            with torch.device("meta"):
                tower = Tower(n_modalities, N_FEATURES, model.settings.fusion == "gate")
            shapes |= {f"tower.{name}": tuple(value.shape) for name, value in tower.state_dict().items()}
        artifact.check_arrays(folder, stored, {name: (shape, "float32") for name, shape in shapes.items()})
        arrays = stored.arrays
        model._know(Modalities(tuple(names), arrays["features"]))  # type: ignore[arg-type]
        model.met_, model.learned_ = arrays["met"] > 0, None
        if tower is not None:
            found = {name: torch.from_numpy(arrays[f"tower.{name}"]) for name in tower.state_dict()}
            tower.load_state_dict(found, assign=True)
            model.learned_ = Learned(tower.eval(), arrays["features"], model.settings.decay, model.settings.last)
        model.ids_ = IDS[model.settings.ids].load(folder / _FOLDER)
        if model.ids_.score(_nobody(n_items)).shape[1] != n_items:
            raise ArtifactError(f"{folder}: its parts are of different catalogues: fit the model again")
        return model


def standard(scores: Scores, told: npt.NDArray[np.bool_]) -> tuple[Scores, Vectors, Vectors]:
    """(Q, I) each row in standard deviations from its mean over the items told; 0 elsewhere; its mean and deviation.

    >>> standard(np.array([[1.0, 3.0, 9.0]], np.float32), np.array([True, True, False]))[0].tolist()
    [[-1.0, 1.0, 0.0]]
    """
    known = scores[:, told]
    empty = not known.shape[1]
    mean = np.zeros(len(scores), np.float32) if empty else known.mean(axis=1)
    std = np.ones(len(scores), np.float32) if empty else known.std(axis=1)
    std = np.where(std > 1e-6, std, 1.0).astype(np.float32)
    found = np.zeros_like(scores, dtype=np.float32)
    found[:, told] = (known - mean[:, None]) / std[:, None]
    return found, mean, std


def _weights(folder: Path, stored: artifact.Stored, name: str, n_parts: int) -> Vectors:
    """(P,) finite numbers that ``learned`` must hold."""
    values = stored.learned.get(name)
    right = isinstance(values, list) and all(isinstance(one, float) and np.isfinite(one) for one in values)
    if not isinstance(values, list) or not right or len(values) != n_parts:
        raise ArtifactError(f"{folder / artifact.MODEL_FILE}: {name} must be {n_parts} numbers, not {shown(values)}")
    return np.array(values, np.float32)


def _nobody(n_items: int) -> Sequences:
    from swayline.dataset import from_lists

    return from_lists([], n_items)
