"""The same list for everybody: the items with the most events, the floor under every recommender."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.protocol import Scores


@dataclass(frozen=True)
class MostPopularSettings:
    """There is nothing to set."""


class MostPopular:
    """Score = number of training events of the item.

    >>> from swayline.dataset import from_lists
    >>> MostPopular().fit(from_lists([[1, 1], [0]], n_items=3)).score(from_lists([[]], n_items=3)).tolist()
    [[1.0, 2.0, 0.0]]
    """

    name: ClassVar[str] = "most-popular"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[MostPopularSettings]] = MostPopularSettings

    def __init__(self, settings: MostPopularSettings | None = None) -> None:
        self.settings = settings or MostPopularSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Count events an item."""
        self.counts_: Scores = np.bincount(train.items, minlength=train.n_items).astype(np.float32)
        return self

    def refit(self, train: Sequences) -> Self:
        """Count again; there is nothing to keep."""
        return self.fit(train)

    def score(self, history: Sequences) -> Scores:
        """(Q, I) the same counts for every row."""
        return np.tile(self.counts_, (len(history), 1))

    def save(self, folder: Path) -> None:
        """Write the counts."""
        artifact.write(folder, self.name, {}, {"n_items": len(self.counts_)}, {"counts": self.counts_})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        (n_items,) = artifact.sizes_of(folder, stored, "n_items")
        artifact.check_arrays(folder, stored, {"counts": ((n_items,), "float32")})
        model = cls(artifact.settings_of(folder, stored, MostPopularSettings))
        model.counts_ = stored.arrays["counts"]
        return model
