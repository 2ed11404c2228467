"""Personal charts: taste × what many take now.

Shapes: Q questions, P places of the pool, I items.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from swayline.core.errors import DataError
from swayline.core.settings import require
from swayline.core.types import Floats
from swayline.recommend.context import Context
from swayline.recommend.slate import Slate
from swayline.recommend.steps.protocol import ORDERING

_DAY_US = 86_400e6


@dataclass(frozen=True)
class Trend:
    """A chart for one person: interest + strength · log(1 + Σ ½^(age / half-life)), both standardised.

    The sum runs over all events of an item before the moment of the question, so that what was met a half-life ago
    counts half. Interest is in standard deviations of the person's own pool, the trend in those of the catalogue.

    Parameters
    ----------
    strength : float
        0 is taste alone.
    half_life_days : float
    """

    name: ClassVar[str] = "trend"
    kind: ClassVar[str] = ORDERING
    strength: float = 0.5
    half_life_days: float = 1.0

    def __post_init__(self) -> None:
        require("strength", self.strength, 0.0)
        require("half_life_days", self.half_life_days, 1e-6)

    def __call__(self, slate: Slate) -> None:
        """Re-rank.

        Raises
        ------
        DataError
            The log has no times.
        """
        assert slate.items is not None
        scores, _ = slate.interest()
        for moment, rows in slate.by_moment().items():
            trend = decayed(slate.context, moment, self.half_life_days)
            spread = trend.std()
            lift = (trend - trend.mean()) / (spread if spread > 0 else 1.0)
            scores[rows] += self.strength * lift[np.maximum(slate.items[rows], 0)]
        slate.rescore(self.name, scores)


def decayed(context: Context, moment_us: int | None, half_life_days: float) -> Floats:
    """(I,) log(1 + events of each item, each counted ½^(age / half-life)) at a moment.

    Raises
    ------
    DataError
        The log has no times.
    """
    if not context.histories.timed:
        raise DataError("step trend: the log has no times, so that nothing is newer: leave the step out")

    def count() -> Floats:
        known = context.until(moment_us)
        now = context.now_us if moment_us is None else moment_us
        ages = np.maximum(now - known.times.astype(np.float64), 0.0) / _DAY_US
        return np.log1p(np.bincount(known.items, weights=0.5 ** (ages / half_life_days), minlength=known.n_items))

    found: Floats = context.once(("trend", moment_us, half_life_days), count)
    return found
