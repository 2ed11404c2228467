"""Slopes within levels that rows share: whatever an item or a day adds to all of its rows is held fixed.

Which levels are held is decided by the treatment's residuals alone, never by an outcome, so that the choice leaves
intervals as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from swayline.causal.estimate.estimators import Contrast, aipw_parts, aipw_scores, residuals
from swayline.causal.inference.intervals import Estimate, from_scores, widened_by

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LEAST_WITHIN = 0.6
"""Levels are held fixed where at least this share of the treatment's unexplained variance lies within them."""
_ROUNDS, _CLOSE = 60, 1e-4


@dataclass(frozen=True)
class WithinSlope:
    """A slope with levels held fixed.

    Attributes
    ----------
    words : the levels held; empty for none
    estimate : the slope, its interval clustered
    scores : influence value of each row on it, (n,)
    d, left : residual treatment and residual outcome less the effect, within the levels, (n,)
    lost : rows that the levels cost
    """

    words: str
    estimate: Estimate
    scores: Floats = field(repr=False)
    d: Floats = field(repr=False)
    left: Floats = field(repr=False)
    lost: int = 0

    @property
    def wider(self) -> float:
        """By how much an interval grows for the rows that the levels cost."""
        n = len(self.d)
        return float(np.sqrt(n / max(n - self.lost, 1)))


def within(values: Floats, codes: Ints) -> Floats:
    """Columns (n, t) less the means of all levels (n, f) at once.

    References
    ----------
    Guimarães & Portugal (2010), A simple feasible procedure to fit models with high-dimensional fixed effects.
    """
    left = np.array(values, dtype=np.float64)
    sizes = [np.maximum(np.bincount(column), 1) for column in codes.T]
    for column in left.T:
        scale = float(column.std()) + 1e-300
        for _ in range(1 if codes.shape[1] == 1 else _ROUNDS):
            moved = 0.0
            for level, size in zip(codes.T, sizes, strict=True):
                mean = np.bincount(level, column) / size
                column -= mean[level]
                moved = max(moved, float(np.abs(mean).max()))
            if moved < _CLOSE * scale:
                break
    return left


def slope_within(d: Floats, y: Floats, codes: Ints | None, clusters: Ints | None, words: str = "") -> WithinSlope:
    """The slope of residuals on residuals with levels (n, f) held fixed; None: none."""
    lost = 0
    if codes is not None:
        d, y = within(np.column_stack([d, y]), codes).T
        lost = sum(len(np.unique(column)) - 1 for column in codes.T) + 1
    square = float(d @ d) / len(d)
    value = float(d @ y) / len(d) / square
    left = y - value * d
    scores = d * left / square
    found = WithinSlope(words, from_scores(value, scores, clusters, weights=d**2), scores, d, left, lost)
    return WithinSlope(words, widened_by(found.estimate, found.wider), scores, d, left, lost)


def hold(d: Floats, y: Floats, held: Mapping[str, Ints], clusters: Ints | None) -> WithinSlope:
    """The slope within the finest levels that leave at least :data:`LEAST_WITHIN` of the treatment's variance.

    Parameters
    ----------
    d, y : residual treatment and outcome, (n,)
    held : words → levels of each row, (n, f), the finest first
    """
    whole = float(d @ d)
    for words, codes in held.items():
        n_levels = sum(len(np.unique(column)) for column in codes.T)
        if len(d) - n_levels < LEAST_WITHIN * len(d):
            continue
        inside = within(d[:, None], codes)[:, 0]
        if float(inside @ inside) >= LEAST_WITHIN * whole:
            return slope_within(d, y, codes, clusters, words)
    return slope_within(d, y, None, clusters)


def moved_by(c: Contrast, slope: WithinSlope) -> Estimate:
    """AIPW less what the slope over all rows has more than the slope within levels.

    Effects that differ are averaged as AIPW does; what rows share and controls do not know is taken off as the slopes
    measure it, so that the levels must act alike in both arms.

    Parameters
    ----------
    c : rows of two arms alone
    slope : of the same rows
    """
    pooled, value = _pooled(c), float(aipw_scores(c).mean())
    moved = value + slope.estimate.value - pooled.estimate.value
    parts = (*aipw_parts(c, value), (slope.scores - pooled.scores, pooled.d**2))
    return widened_by(c.estimate(moved, *parts), slope.wider)


def shift(c: Contrast, slope: WithinSlope) -> Estimate:
    """By how much holding levels fixed moves the slope: what estimators that hold none of them miss."""
    pooled = _pooled(c)
    value = slope.estimate.value - pooled.estimate.value
    return from_scores(value, slope.scores - pooled.scores, c.clusters)


def _pooled(c: Contrast) -> WithinSlope:
    d, y, _ = residuals(c)
    return slope_within(d, y, None, None)
