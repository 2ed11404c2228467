"""Popular lately: every event counts half as much for each half-life that has passed since.

The clock is the log's time, or in ordered logs, which have none, the event's place in the log (a share of the whole).
The half-life is chosen on validation questions where they are given.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from swayline.core.settings import checked
from swayline.dataset import NO_TIME, Sequences, Targets
from swayline.models import artifact
from swayline.models.protocol import Scores
from swayline.models.validation import ValidationScorer

_SHARES = (100.0, 1.0, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.003, 0.001)
_WITHOUT_VALIDATION = 0.1


@checked
@dataclass(frozen=True)
class RecentPopularSettings:
    """Half-life as a share of the log's span (time, or number of events in ordered logs); None: chosen on validation.

    Without validation questions it is a tenth of the span.
    """

    half_life: Annotated[float, Field(ge=1e-6, le=100.0)] | None = None


class RecentPopular:
    """Score = events of the item, each weighted ½^(age / half-life)."""

    name: ClassVar[str] = "recent-popular"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[RecentPopularSettings]] = RecentPopularSettings

    def __init__(self, settings: RecentPopularSettings | None = None) -> None:
        self.settings = settings or RecentPopularSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Count recent events more, with the half-life that ranks validation answers best."""
        self.counts_: Scores
        ages = log_ages(train)
        self.half_life_ = self.settings.half_life or _WITHOUT_VALIDATION
        if self.settings.half_life is None and valid is not None and len(valid):
            judge = ValidationScorer(valid)
            found = []
            for share in _SHARES:
                self.counts_ = decayed_counts(train, ages, share)
                found.append(judge(self))
            self.half_life_ = _SHARES[int(np.argmax(found))]
        self.counts_ = decayed_counts(train, ages, self.half_life_)
        return self

    def refit(self, train: Sequences) -> Self:
        """Count again with the half-life already chosen."""
        self.counts_ = decayed_counts(train, log_ages(train), self.half_life_)
        return self

    def score(self, history: Sequences) -> Scores:
        """(Q, I) the same decayed counts for every row."""
        return np.tile(self.counts_, (len(history), 1))

    def save(self, folder: Path) -> None:
        """Write the decayed counts."""
        learned = {"n_items": len(self.counts_), "half_life": self.half_life_}
        artifact.write(folder, self.name, {"half_life": self.settings.half_life}, learned, {"counts": self.counts_})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        (n_items,) = artifact.sizes_of(folder, stored, "n_items")
        (half_life,) = artifact.numbers_of(folder, stored, "half_life")
        artifact.check_arrays(folder, stored, {"counts": ((n_items,), "float32")})
        model = cls(artifact.settings_of(folder, stored, RecentPopularSettings))
        model.counts_, model.half_life_ = stored.arrays["counts"], half_life
        return model


def log_ages(train: Sequences) -> npt.NDArray[np.float64]:
    """(E,) age of each event as a share of the log's span, 0 for the newest."""
    ordered = len(train.times) > 0 and bool((train.times == NO_TIME).any())
    clock = (train.events if ordered else train.times).astype(np.float64)
    if not len(clock) or clock.max() == clock.min():
        return np.zeros(len(clock))
    ages: npt.NDArray[np.float64] = (clock.max() - clock) / (clock.max() - clock.min())
    return ages


def decayed_counts(train: Sequences, ages: npt.NDArray[np.float64], half_life: float) -> Scores:
    """(I,) events of each item, each weighted ½^(age / half-life)."""
    return np.bincount(train.items, weights=0.5 ** (ages / half_life), minlength=train.n_items).astype(np.float32)
