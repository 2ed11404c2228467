"""Clicks by place: the place's own rate, and the position-based model (a click is a look times an attraction).

References
----------
Craswell, Zoeter, Taylor and Ramsey (2008), An experimental comparison of click position-bias models. Chuklin, Markov
and de Rijke (2015), Click Models for Web Search (the EM updates).
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.errors import DataError
from swayline.core.names import POSITION, PROPENSITY
from swayline.models.clicks.attraction import Attraction, pair_codes, shrunk
from swayline.models.clicks.lists import ClickLists

Floats = npt.NDArray[np.float64]


@dataclass
class RankClicks:
    """The click rate of each place, whatever stands there; what any click model must beat."""

    rate_: Floats = field(default_factory=lambda: np.empty(0))

    def fit(self, lists: ClickLists) -> "RankClicks":
        """Learn a rate a place (one click in two looks is added)."""
        shown = lists.shown.sum(axis=0)
        self.rate_ = (lists.clicked.sum(axis=0) + 0.5) / (shown + 1.0)
        return self

    def click_chances(self, lists: ClickLists) -> Floats:
        """(L, K) chance of a click."""
        return _by_place(self.rate_, lists)

    def conditional_chances(self, lists: ClickLists) -> Floats:
        """(L, K) chance of a click given the clicks above: the same, as places do not know of each other."""
        return self.click_chances(lists)


@dataclass
class PositionClicks:
    """The position-based model.

    Parameters
    ----------
    item_strength, pair_strength : float
        Looks that the prior of an item's, and of a pair's, attractiveness is worth.
    n_iterations : int
        Of expectation-maximisation.

    Attributes
    ----------
    looks_ : (K,) chance that a place is looked at, relative to the place looked at most.
    attraction_ : of pairs of query and item.
    told_apart_ : share of pairs that were seen in two places or more: only these tell looks from attraction.
    """

    item_strength: float = 20.0
    pair_strength: float = 20.0
    n_iterations: int = 50
    looks_: Floats = field(default_factory=lambda: np.empty(0))
    attraction_: Attraction | None = None
    told_apart_: float = float("nan")

    def fit(self, lists: ClickLists) -> "PositionClicks":
        """Learn from lists.

        Raises
        ------
        DataError
            Nothing was clicked.
        """
        if not lists.clicked.any():
            raise DataError(f"nothing was clicked in {len(lists):,} lists: a click model needs clicks")
        shown, clicked = lists.shown, lists.clicked.astype(float)
        looks = RankClicks().fit(lists).rate_
        looks = np.clip(looks / looks.max(), 0.01, 1.0)
        attraction = shrunk(lists, clicked, np.where(shown, looks, 0.0), self.item_strength, self.pair_strength)
        for _ in range(self.n_iterations):
            a, e = attraction.at(lists), np.broadcast_to(looks, clicked.shape)
            miss = np.clip(1 - a * e, 1e-12, None)
            looked = np.where(lists.clicked, 1.0, e * (1 - a) / miss)
            attracted = np.where(lists.clicked, 1.0, a * (1 - e) / miss)
            looks = (np.where(shown, looked, 0).sum(axis=0) + 0.5) / (shown.sum(axis=0) + 1.0)
            attraction = shrunk(
                lists, np.where(shown, attracted, 0), shown.astype(float), self.item_strength, self.pair_strength
            )
        scale = float(looks.max())
        self.looks_ = looks / scale
        self.attraction_ = Attraction(
            attraction.overall * scale, attraction.of_item * scale, attraction.pairs, attraction.of_pair * scale
        )
        self.told_apart_ = _in_several_places(lists)
        return self

    def click_chances(self, lists: ClickLists) -> Floats:
        """(L, K) chance of a click."""
        return np.clip(_by_place(self.looks_, lists) * self._fitted().at(lists), 1e-9, 1 - 1e-9)

    def conditional_chances(self, lists: ClickLists) -> Floats:
        """(L, K) chance of a click given the clicks above: the same, as places do not know of each other."""
        return self.click_chances(lists)

    def propensities(self) -> pa.Table:
        """``position`` from 1, ``propensity`` relative to the place looked at most."""
        self._fitted()
        return pa.table({POSITION: pa.array(np.arange(1, len(self.looks_) + 1)), PROPENSITY: self.looks_})

    def _fitted(self) -> Attraction:
        if self.attraction_ is None:
            raise DataError("the click model is not fitted: call fit first")
        return self.attraction_


def _by_place(rates: Floats, lists: ClickLists) -> Floats:
    """(L, K) a rate a place; places below those known take the last one's."""
    at = np.minimum(np.arange(lists.items.shape[1]), len(rates) - 1)
    return np.where(lists.shown, rates[at], 0.0)


def _in_several_places(lists: ClickLists) -> float:
    shown = lists.shown
    places = np.broadcast_to(np.arange(lists.items.shape[1]), shown.shape)[shown]
    seen = np.unique(np.stack([pair_codes(lists)[shown], places]), axis=1)[0]
    counts = np.unique(seen, return_counts=True)[1]
    return float((counts > 1).mean())
