"""What an event of each behaviour should count in the ranker, learned from what the behaviours cause.

::

    weight(b) = 1 + strength · effect(b) / largest effect     effect: quoted, shrunk, positive; 0 where not identified
    strength  = the one of STRENGTHS that ranks held-out outcomes best; 0 says that effects do not help

A behaviour that causes the outcome says more of what comes next than one that only comes along. Whether it does so in a
log is not taken on trust: strength 0 is among the choices.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.dataset import Sequences, Targets
from swayline.ledger.usable import EFFECTS, usable_effects, weights_at
from swayline.models import create
from swayline.models.validation import ValidationScorer

STRENGTHS = (0.0, 1.0, 3.0, 10.0, 30.0)


@dataclass(frozen=True)
class BehaviorWeights:
    """Weights with how they came about.

    Attributes
    ----------
    weights : in the order of the dataset's behaviours, as ``item-knn``'s setting ``behavior_weights`` takes them
    effects : what each behaviour causes, as used (shrunk; 0 where not identified)
    strength : the chosen strength
    quality : strength → NDCG@10 on the held-out outcomes
    """

    weights: tuple[float, ...]
    effects: Mapping[str, float]
    strength: float
    quality: Mapping[float, float]


def learn_weights(
    ledger: pa.Table,
    behaviors: Sequence[str],
    train: Sequences,
    outcomes: Targets,
    *,
    model: str = "item-knn",
    settings: Mapping[str, object] | None = None,
    estimands: Sequence[str] = EFFECTS,
) -> BehaviorWeights:
    """The weights that effects give, at the strength that ranks held-out outcomes best.

    Parameters
    ----------
    ledger : effects measured on events before the outcomes held out
    behaviors : names in the order of the dataset
    train : histories to learn the ranker from
    outcomes : held-out questions whose answers are outcomes; ties go to the smaller strength
    settings : the ranker's other settings

    Raises
    ------
    UsageError
        No outcome is held out.
    """
    if not len(outcomes):
        raise UsageError("no outcome is held out, so the strength of behaviour weights cannot be chosen")
    effects, judge = usable_effects(ledger, estimands), ValidationScorer(outcomes)
    quality: dict[float, float] = {}
    for strength in STRENGTHS:
        chosen = {**(settings or {}), "behavior_weights": weights_at(effects, behaviors, strength)}
        quality[strength] = float(judge(create(model, **chosen).fit(train)))
    best = max(STRENGTHS, key=lambda one: (round(quality[one], 6), -one))
    used = {name: float(np.round(effects.get(name, 0.0), 6)) for name in behaviors}
    return BehaviorWeights(weights_at(effects, behaviors, best), used, best, quality)
