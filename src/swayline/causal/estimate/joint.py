"""Several treatments at once, and what of an effect runs through a later step: one regression of residuals.

Shapes: d (n, k) residual treatments; y (n,) residual outcome.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg

from swayline.causal.inference.intervals import Estimate, from_scores

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Slopes:
    """Slopes of residuals on residuals: a value (k,), influence values and each row's weight in it, both (n, k)."""

    values: Floats
    scores: Floats
    weights: Floats

    def estimate(self, j: int, clusters: Ints | None) -> Estimate:
        """One slope with its clustered interval."""
        return from_scores(float(self.values[j]), self.scores[:, j], clusters, weights=self.weights[:, j])


def joint_slopes(d: Floats, y: Floats) -> Slopes:
    """Effects of several treatments, each with the others held fixed (partially linear double machine learning)."""
    square = d.T @ d / len(d)
    values = linalg.lstsq(square, d.T @ y / len(d))[0]
    left, inverse = y - d @ values, linalg.pinvh(square)
    return Slopes(values, (d * left[:, None]) @ inverse, (d @ inverse) ** 2)


@dataclass(frozen=True)
class Mediation:
    """The whole effect, and its split into what does and does not run through a later step."""

    total: Estimate
    direct: Estimate
    through: Estimate


def mediate(d: Floats, mediator: Floats, y: Floats, clusters: Ints | None) -> Mediation:
    """Split an effect at a mediator, all three less what the controls predict.

    Notes
    -----
    Linear: direct is the slope with the mediator held fixed, through is the rest. It needs no unseen cause of mediator
    and outcome, which no log can show; where there is one, the split is wrong even if the whole is right.

    References
    ----------
    VanderWeele (2015), Explanation in Causal Inference, chapter 2.
    """
    whole = joint_slopes(d[:, None], y)
    split = joint_slopes(np.column_stack([d, mediator]), y)
    rest = Slopes(whole.values - split.values[:1], whole.scores - split.scores[:, :1], whole.weights)
    return Mediation(whole.estimate(0, clusters), split.estimate(0, clusters), rest.estimate(0, clusters))
