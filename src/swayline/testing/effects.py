"""Tables with a treatment, an outcome, controls, and an effect that is known.

The treatment follows the first two controls, and so does the outcome: the naive difference is biased by the dial
``confounding``, adjusting for the controls removes the bias, and ``hidden`` adds one that nothing removes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from swayline.core.errors import UsageError, shown
from swayline.core.rng import generator
from swayline.core.types import Floats

TREATMENT, OUTCOME, CLUSTER = "treatment", "outcome", "cluster"


@dataclass(frozen=True)
class EffectWorld:
    """A table and its truth.

    Parameters
    ----------
    table : pa.Table of n rows
        ``treatment`` (0 or 1), ``outcome``, ``x0`` …, and ``cluster`` where clusters were asked for.
    controls : tuple of str
        The control columns; ``x0`` and ``x1`` confound, ``x2`` modifies the effect, the rest does nothing.
    ate, att : float
        Mean effect over the rows and over the treated rows, in the outcome's unit (logistic: probability).
    cate : (n,) float64
        Effect of each row.
    propensity : (n,) float64
        Chance of the treatment of each row.
    """

    table: pa.Table
    controls: tuple[str, ...]
    ate: float
    att: float
    cate: Floats
    propensity: Floats

    @property
    def naive(self) -> float:
        """Mean outcome of the treated minus that of the others."""
        treated = self.table[TREATMENT].to_numpy() == 1
        outcome = self.table[OUTCOME].to_numpy()
        return float(outcome[treated].mean() - outcome[~treated].mean())


def effect_world(
    seed: int, n: int = 2_000, effect: float = 0.5, confounding: float = 1.0,
    kind: Literal["linear", "logistic"] = "linear", heterogeneity: float = 0.0, hidden: float = 0.0,
    n_controls: int = 5, n_clusters: int | None = None,
) -> EffectWorld:  # fmt: skip
    """A table with a planted effect.

    Parameters
    ----------
    effect : float
        In the outcome's unit (linear: its noise has standard deviation 1) or in log-odds (logistic); 0 plants none.
    confounding : float
        How far ``x0`` and ``x1`` move treatment and outcome; 0 is an experiment.
    heterogeneity : float
        How far ``x2`` moves the effect.
    hidden : float
        How far a cause that is in no column moves both.
    n_clusters : int, optional
        Rows fall into clusters whose treatment and outcome vary together within, though not with each other: intervals
        that ignore them are too narrow.

    Raises
    ------
    UsageError
        ``kind`` is neither word, or there are fewer than three controls.

    Examples
    --------
    >>> made = effect_world(seed=0, n=500, effect=0.0)
    >>> made.ate, made.naive > 0.3
    (0.0, True)
    """
    if kind not in ("linear", "logistic"):
        raise UsageError(f"kind is {shown(kind)}; it must be linear or logistic")
    if n_controls < 3:
        raise UsageError(f"n_controls is {n_controls}; give 3 or more")
    rng = generator(seed, "testing", "effects")
    x, unseen = rng.standard_normal((n, n_controls)), rng.standard_normal(n)
    cluster = np.zeros(n, np.int64) if n_clusters is None else rng.integers(0, n_clusters, n)
    shared = rng.standard_normal((n if n_clusters is None else n_clusters, 2)) * (0.0 if n_clusters is None else 0.7)
    odds = confounding * (0.8 * x[:, 0] - 0.5 * x[:, 1]) + hidden * unseen + shared[cluster, 0]
    propensity = _logistic(odds)
    treated = rng.random(n) < propensity
    base = confounding * (0.7 * x[:, 0] - 0.4 * x[:, 1]) + hidden * unseen + shared[cluster, 1]
    own = effect + heterogeneity * x[:, 2]
    cate: Floats = own
    outcome: Floats = base + own * treated + rng.standard_normal(n)
    if kind == "logistic":
        cate = _logistic(base - 0.5 + own) - _logistic(base - 0.5)
        outcome = (rng.random(n) < _logistic(base - 0.5 + own * treated)).astype(np.float64)
    controls = tuple(f"x{column}" for column in range(n_controls))
    columns = {TREATMENT: treated.astype(np.int64), OUTCOME: outcome} | dict(zip(controls, x.T, strict=True))
    if n_clusters is not None:
        columns[CLUSTER] = cluster
    table = pa.table({name: np.ascontiguousarray(values) for name, values in columns.items()})
    return EffectWorld(table, controls, float(cate.mean()), float(cate[treated].mean()), cate, propensity)


def _logistic(x: Floats) -> Floats:
    out: Floats = 1.0 / (1.0 + np.exp(-x))
    return out
