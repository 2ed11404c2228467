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
from swayline.models import create
from swayline.models.validation import ValidationScorer

STRENGTHS = (0.0, 1.0, 3.0, 10.0, 30.0)
_EFFECTS = ("ate", "att")


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


def usable_effects(ledger: pa.Table, estimands: Sequence[str] = _EFFECTS) -> dict[str, float]:
    """Behaviour → its quoted effect, shrunk towards zero by its uncertainty; unidentified and negative ones are 0.

    References
    ----------
    Efron & Morris (1973): the positive-part factor 1 - 1/z².
    """
    found: dict[str, float] = {}
    for row in ledger.to_pylist():
        quoted = row["primary"] or row["estimand"] == "association"
        if row["cause_kind"] != "behavior" or row["estimand"] not in estimands or not quoted:
            continue
        if row["estimate"] is None or row["ci_low"] is None or row["unit"] != "probability" or row["cause"] in found:
            continue
        se = max((row["ci_high"] - row["ci_low"]) / 3.92, 1e-12)
        kept = max(0.0, 1 - (se / row["estimate"]) ** 2) if row["estimate"] else 0.0
        stands = row["identified"] != "no" or row["estimand"] == "association"
        found[row["cause"]] = max(0.0, row["estimate"]) * kept * stands
    return found


def weights_at(effects: Mapping[str, float], behaviors: Sequence[str], strength: float) -> tuple[float, ...]:
    """Weights of behaviours at a strength.

    >>> weights_at({"cart": 0.04, "favorite": 0.01}, ["view", "cart", "favorite"], 2.0)
    (1.0, 3.0, 1.5)
    """
    largest = max(effects.values(), default=0.0)
    if largest <= 0:
        return tuple(1.0 for _ in behaviors)
    return tuple(1.0 + strength * effects.get(name, 0.0) / largest for name in behaviors)


def learn_weights(
    ledger: pa.Table,
    behaviors: Sequence[str],
    train: Sequences,
    outcomes: Targets,
    *,
    model: str = "item-knn",
    settings: Mapping[str, object] | None = None,
    estimands: Sequence[str] = _EFFECTS,
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
