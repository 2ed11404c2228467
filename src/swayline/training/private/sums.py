"""Models that follow from one noisy sum over people: of what they met (counts), or of what they met together (pairs).

::

    most-popular     Σ over people:  x / |x|                    x: 1 for each item met
    ease             Σ over people:  x xᵀ / |x xᵀ|              then the inverse, as of the true sum
    implicit-als     the same sum                               then its leading eigenvectors as item factors

Each person adds a vector (or matrix, by its Frobenius norm) of length ``clip`` at most; noise is drawn for one triangle
and mirrored. What is made of a noisy sum costs nothing further.

Shapes: U people, I items, D factors.

References
----------
Dwork and Roth, "The Algorithmic Foundations of Differential Privacy", 2014 (Gaussian mechanism, post-processing).
Dwork et al., "Analyze Gauss", STOC 2014 (the noisy second moment, and its eigenvectors).
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from swayline.core.errors import UsageError
from swayline.core.settings import build
from swayline.dataset import Sequences
from swayline.models import EASE, EASESettings, ImplicitALS, ImplicitALSSettings, MostPopular, Recommender
from swayline.models.classical.ease import Chosen as EASEChosen
from swayline.models.classical.implicit_als import Chosen as ALSChosen
from swayline.models.counts.history_matrix import last_events
from swayline.training.private.accounting import Steps
from swayline.training.private.mechanism import Secret
from swayline.training.private.plan import PrivatePlan

MOST_ITEMS = 20_000
"""A dense matrix of pairs beyond this takes more than 3 GB."""
_FACTORS, _REGULARIZATION = 16, 1.0
Matrix = npt.NDArray[np.float64]


def fit_sum(histories: Sequences, plan: PrivatePlan, steps: Steps, secret: Secret) -> Recommender:
    """A model from one noisy sum.

    Raises
    ------
    ConfigError
        A setting is unknown or cannot be used.
    UsageError
        The catalogue is too large for a matrix of pairs, or the model takes no settings here.
    """
    scale = steps.noise_multiplier * plan.clip
    if plan.model == "most-popular":
        model = MostPopular()
        counts = counts_of(histories, plan.clip)
        model.counts_ = (counts + secret.rng.standard_normal(counts.shape) * scale).astype(np.float32)
        return model
    if histories.n_items > MOST_ITEMS:
        raise UsageError(
            f"{plan.model} learns privately from a matrix of all pairs of items, and {histories.n_items:,} are more"
            f" than {MOST_ITEMS:,}: take transformer, or a smaller catalogue"
        )
    moments = noisy_pairs(pairs_of(histories, plan.clip), scale, secret)
    spread = scale * np.sqrt(histories.n_items)
    return _ease(moments, plan, spread) if plan.model == "ease" else _factors(moments, plan)


def counts_of(histories: Sequences, clip: float) -> Matrix:
    """(I,) everybody's items, each person's vector of length ``clip``."""
    met = _met(histories)
    length = np.sqrt(np.maximum(1, np.diff(met.indptr)))
    return np.asarray(met.T @ (clip / length)).ravel()


def pairs_of(histories: Sequences, clip: float) -> Matrix:
    """(I, I) everybody's pairs of items, each person's matrix of Frobenius norm ``clip``."""
    met = _met(histories)
    share = np.sqrt(clip / np.maximum(1, np.diff(met.indptr)))
    scaled = sparse.diags_array(share) @ met
    return np.asarray((scaled.T @ scaled).todense())


def noisy_pairs(pairs: Matrix, scale: float, secret: Secret) -> Matrix:
    """The sum with noise on and above the diagonal, mirrored below."""
    upper = np.triu(secret.rng.standard_normal(pairs.shape) * scale)
    return pairs + upper + np.triu(upper, 1).T


def _met(histories: Sequences) -> sparse.csr_array:
    """(U, I) 1 where a person met an item, in double precision."""
    return sparse.csr_array(last_events(histories, 1.0).astype(np.float64))


def _ease(moments: Matrix, plan: PrivatePlan, spread: float) -> EASE:
    """Item weights: the noise can make the sum indefinite, so it is lifted by its lowest eigenvalue first."""
    settings = build(EASESettings, {"decay": 1.0, **plan.settings})
    l2 = settings.l2 if settings.l2 is not None else max(1.0, spread)
    lowest = float(np.linalg.eigvalsh(moments)[0])
    lifted = moments + (max(0.0, -lowest) + l2) * np.eye(len(moments))
    inverse = np.linalg.inv(lifted)
    model = EASE(settings)
    model.n_items_, model.rows_, model.values_ = len(moments), np.arange(len(moments), dtype=np.int32), None
    model.chosen_ = EASEChosen(l2, 1.0 if settings.decay is None else settings.decay, 0.0)
    model.weights_ = (inverse / -inverse.diagonal()[None, :]).astype(np.float32)
    return model


def _factors(moments: Matrix, plan: PrivatePlan) -> ImplicitALS:
    """Item factors: the leading eigenvectors, each times the root of its eigenvalue; none below zero."""
    settings = build(ImplicitALSSettings, {"factors": _FACTORS, "seed": plan.seed, **plan.settings})
    n = min(settings.factors or _FACTORS, len(moments))
    values, vectors = np.linalg.eigh(moments)
    leading = slice(-1, -n - 1, -1)
    factors = vectors[:, leading] * np.sqrt(np.maximum(values[leading], 0.0))
    length = np.linalg.norm(factors, axis=1).mean()
    chosen = ALSChosen(
        n, settings.regularization or _REGULARIZATION, settings.alpha or ALSChosen.alpha, settings.decay or 1.0,
        bool(settings.counts), 0.0,
    )  # fmt: skip
    return ImplicitALS.of_items(settings, chosen, (factors / max(length, 1e-12)).astype(np.float32))
