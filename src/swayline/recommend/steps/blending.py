"""Blend: user interest × influence weight, boosts, and what showing an item would change.

::

    interest × (1 + strength · influence)     where scores are sums of likenesses (the classical kNN form)
    logit + log(1 + strength · influence)     where scores are logits: the same product of the chances

Shapes: Q questions, P places of the pool, I items.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from swayline.core.errors import ConfigError, DataError
from swayline.core.settings import require
from swayline.core.types import Floats
from swayline.ledger.usable import weights_at
from swayline.models.classical.item_knn import ItemKNN
from swayline.recommend.filters import parse_filter
from swayline.recommend.slate import Slate
from swayline.recommend.steps.following import through_ties
from swayline.recommend.steps.protocol import ORDERING

SUMS = frozenset({"item-knn", "user-knn", "markov-chain", "most-popular", "recent-popular"})
"""Models whose scores are sums of counts or likenesses, never negative; those of the others are read as logits."""


@dataclass(frozen=True)
class Influence:
    """User interest × influence weight: effects of the person's own behaviours, and what their ties did.

    An item's weight by behaviours is its weighted kNN score over its plain one, so that with ``item-knn`` the product
    is the classical form Σ_i effect(behaviour of i) · likeness(i, j). Its weight by people is 1 + strength · Σ over
    those who met it of their influence on the person; where the ledger asked about ties, of what it supports alone.

    Parameters
    ----------
    behaviors, people : float
        Strengths, 0 for none; :func:`swayline.recommend.learn_strengths` chooses both on validation.
    """

    name: ClassVar[str] = "influence"
    kind: ClassVar[str] = ORDERING
    behaviors: float = 1.0
    people: float = 1.0

    def __post_init__(self) -> None:
        require("behaviors", self.behaviors, 0.0)
        require("people", self.people, 0.0)

    def __call__(self, slate: Slate) -> None:
        """Blend.

        Raises
        ------
        DataError
            There is neither a ledger nor a table of ties to take influence from.
        """
        context = slate.context
        if context.ledger is None and not context.has_ties:
            raise DataError(
                "step influence has no influence to weigh by: give the ledger (--influence influence.parquet)"
                " or a table of ties (--ties)"
            )
        assert slate.items is not None
        assert slate.scores is not None
        weight, sums = np.ones(slate.items.shape), context.bundle.model.name in SUMS
        if self.behaviors and context.effects:
            weight *= self._by_behaviors(slate)
        if self.people and (context.has_ties or any(query.ties for query in slate.queries)):
            caused = through_ties(slate).weight
            rows = np.arange(len(slate))[:, None]
            by_people = 1.0 + self.people * np.asarray(caused[rows, np.maximum(slate.items, 0)].todense())
            slate.lifted_by_people(by_people - 1.0 if sums else np.log(by_people), slate.scores if sums else None)
            weight *= by_people
        if sums:
            slate.rescore(self.name, slate.scores * weight)
        else:
            slate.rescore(self.name, slate.scores + np.log(weight))

    def _by_behaviors(self, slate: Slate) -> Floats:
        """(Q, P) weighted kNN score over the plain one; 1 where nothing of the history is a neighbour."""
        context, knn = slate.context, slate.context.neighbours
        assert isinstance(knn, ItemKNN)
        assert slate.items is not None
        weights = weights_at(context.effects, context.bundle.behaviors.names, self.behaviors)
        plain, weighted = knn.found(slate.history), knn.weighing(weights).found(slate.history)
        rows, items = np.arange(len(slate))[:, None], np.maximum(slate.items, 0)
        below, above = (np.asarray(one.tocsr()[rows, items].todense(), dtype=np.float64) for one in (plain, weighted))
        return np.where(below > 0, above / np.where(below > 0, below, 1.0), 1.0)


@dataclass(frozen=True)
class Boost:
    """Conditions on items and how many standard deviations of the person's own scores they add (or take).

    Parameters
    ----------
    condition : str, optional
        One for everybody, beside those of the queries.
    weight : float
        Of that one.
    """

    name: ClassVar[str] = "boost"
    kind: ClassVar[str] = ORDERING
    condition: str | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not np.isfinite(self.weight):
            raise ConfigError(f"weight must be a finite number, not {self.weight}")
        if self.condition is not None:
            parse_filter(self.condition)

    def __call__(self, slate: Slate) -> None:
        """Boost.

        Raises
        ------
        UsageError
            A condition cannot be read, or names a column that items do not have.
        """
        common = () if self.condition is None else ((self.condition, self.weight),)
        groups = slate.grouped(lambda query: (*common, *query.boost.items()) or None)
        if not groups:
            return
        assert slate.items is not None
        scores, _ = slate.interest()
        for conditions, rows in groups.items():
            for condition, weight in conditions:  # type: ignore[attr-defined]
                holds = slate.context.once(
                    ("where", condition), lambda condition=condition: parse_filter(condition)(slate.context.items)
                )
                scores[rows] += weight * holds[np.maximum(slate.items[rows], 0)]
        slate.rescore(self.name, scores)


@dataclass(frozen=True)
class Uplift:
    """Where it changes something: the outcome with the item shown less the outcome without, by person and item.

    Needs ``Context(uplift=…)``, fitted by :class:`swayline.recommend.UpliftRanker`.

    Parameters
    ----------
    strength : float
        0 is the outcome alone, 1 the change alone.
    """

    name: ClassVar[str] = "uplift"
    kind: ClassVar[str] = ORDERING
    strength: float = 1.0

    def __post_init__(self) -> None:
        require("strength", self.strength, 0.0, 1.0)

    def __call__(self, slate: Slate) -> None:
        """Order by the change.

        Raises
        ------
        DataError
            Nothing was fitted.
        """
        if slate.context.uplift is None:
            raise DataError("step uplift needs a fitted UpliftRanker: Context(bundle, uplift=UpliftRanker().fit(…))")
        assert slate.items is not None
        outcome, change = slate.context.uplift.predict(slate.context, slate.rows, slate.items)
        slate.rescore(self.name, (1.0 - self.strength) * outcome + self.strength * change)
