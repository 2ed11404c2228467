"""What similar people met and what resembles it, weighed against each other.

::

    score (j)  =  (1 - content) · collaborative(j) / max collaborative  +  content · likeness(j) / max likeness

The parts are :class:`~swayline.models.classical.item_knn.ItemKNN` and
:class:`~swayline.models.classical.content.Content`, each with its
own choices; the weight ``content`` is chosen on validation questions. Items that nobody met yet are reached by
their words.

Shapes: Q histories, I items.

References
----------
Burke, "Hybrid Recommender Systems: Survey and Experiments", UMUAI 2002 (weighted hybrids).
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from swayline.core.errors import ArtifactError
from swayline.core.settings import Share, checked
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.classical.content import Content
from swayline.models.classical.item_knn import ItemKNN
from swayline.models.protocol import Scores
from swayline.models.tuning import choose, judge_of

_PARTS: dict[str, Any] = {"collaborative": ItemKNN, "likeness": Content}
_CHOICES: dict[str, tuple[float, ...]] = {"content": (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)}


@checked
@dataclass(frozen=True)
class HybridSettings:
    """The share of content in the score; None leaves it to validation."""

    content: Share | None = None


@dataclass(frozen=True)
class Chosen:
    """The settings with nothing left open; the default is what is taken without validation questions."""

    content: float = 0.1


class Hybrid:
    """Item neighbours and item words together; needs an items table, or categories in the events."""

    name: ClassVar[str] = "hybrid"
    reads_values: ClassVar[bool] = True
    Settings: ClassVar[type[HybridSettings]] = HybridSettings

    def __init__(self, settings: HybridSettings | None = None) -> None:
        self.settings = settings or HybridSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Fit the parts, then weigh them.

        Raises
        ------
        SchemaError
            Nothing is known of the items in words.
        """
        self.likeness_ = Content().fit(train, valid)
        self.collaborative_ = ItemKNN().fit(train, valid)
        judge = judge_of(valid)
        found = (lambda trial: judge(self._with(trial))) if judge else None
        return self._with(choose(self.name, self.settings, Chosen, _CHOICES, found, rounds=1))

    def refit(self, train: Sequences) -> Self:
        """Fit the parts again with the choices already made."""
        self.likeness_.refit(train)
        self.collaborative_.refit(train)
        return self

    def _with(self, chosen: Chosen) -> Self:
        self.chosen_ = chosen
        return self

    def score(self, history: Sequences) -> Scores:
        """(Q, I) both parts, each divided by the largest score of its row."""
        share = np.float32(self.chosen_.content)
        scores: Scores = (1 - share) * _level(self.collaborative_.score(history))
        scores += share * _level(self.likeness_.score(history))
        return scores

    def save(self, folder: Path) -> None:
        """Write both parts into one folder."""
        n_items = self.likeness_.words_.shape[0]
        learned: dict[str, object] = {"n_items": n_items, "chosen": dataclasses.asdict(self.chosen_)}
        arrays: dict[str, np.ndarray] = {}
        for name in _PARTS:
            part = getattr(self, f"{name}_")
            learned[name], found = part.learned()
            arrays |= {f"{name}.{key}": array for key, array in found.items()}
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        model = cls(artifact.settings_of(folder, stored, HybridSettings))
        model.chosen_ = artifact.part_of(folder, stored, "chosen", Chosen)
        if foreign := sorted(name for name in stored.arrays if name.split(".")[0] not in _PARTS):
            raise ArtifactError(
                f"{folder / artifact.WEIGHTS_FILE}: the array {foreign[0][:80]!r} does not belong to a 'hybrid' model"
            )
        model.collaborative_ = ItemKNN.restored(folder, artifact.part(folder, stored, "collaborative"))
        model.likeness_ = Content.restored(folder, artifact.part(folder, stored, "likeness"))
        (n_items,) = artifact.sizes_of(folder, stored, "n_items")
        if not n_items == model.collaborative_.similarity_.shape[0] == model.likeness_.words_.shape[0]:
            raise ArtifactError(f"{folder}: the parts are not of a catalogue of {n_items} items")
        return model


def _level(scores: Scores) -> Scores:
    """Each row divided by its largest score."""
    most = scores.max(axis=1, keepdims=True, initial=0.0)
    most[most <= 0] = 1.0
    level: Scores = np.divide(scores, most, dtype=np.float32)
    return level
