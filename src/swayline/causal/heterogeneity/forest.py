"""Who is affected how much, by a causal forest: EconML's generalised random forest on our cross-fitted residuals."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayline.core.extras import require

Floats = npt.NDArray[np.float64]
TREES = 400
"""Divisible by four: trees grow in groups of four, whose spread gives the variance."""


@dataclass(frozen=True)
class Forest:
    """A fitted forest of honest trees."""

    model: Any

    def effect(self, x: npt.NDArray[Any]) -> tuple[Floats, Floats]:
        """Mean and standard deviation at new rows of the design, each (m,)."""
        mean, variance = self.model.predict_and_var(np.asarray(x, dtype=np.float64))
        spread = np.sqrt(np.maximum(np.asarray(variance).reshape(len(x)), 0))
        return np.asarray(mean, dtype=np.float64).reshape(len(x)), spread


def learn_forest(x: npt.NDArray[Any], d: Floats, y: Floats, seed: int) -> Forest:
    """A forest that splits where residual effects differ most; half of each sample places the splits, half fills them.

    Parameters
    ----------
    d, y : residual treatment and outcome, shape (n,)

    References
    ----------
    Wager & Athey (2018), Estimation and inference of heterogeneous treatment effects using random forests. Athey,
    Tibshirani, Wager (2019), Generalized random forests.
    """
    grf = require("econml.grf", extra="causal")
    model = grf.CausalForest(
        n_estimators=TREES, min_samples_leaf=max(5, len(x) // 500), max_samples=0.45, inference=True, n_jobs=1,
        random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(np.asarray(x, dtype=np.float64), d, y)
    return Forest(model)
