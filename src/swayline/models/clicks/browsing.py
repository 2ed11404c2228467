"""Clicks from reading downwards: the dynamic Bayesian network, of which the cascade model is a case.

::

    look at the top → attracted? click → satisfied? leave
                    ↘ else read on with chance γ (persistence)

With γ = 1 and everybody satisfied by one click it is the cascade model.

References
----------
Chapelle and Zhang (2009), A dynamic Bayesian network click model for web search ranking. Craswell, Zoeter, Taylor and
Ramsey (2008) (the cascade model).
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.errors import DataError
from swayline.core.names import POSITION, PROPENSITY
from swayline.models.clicks.attraction import Attraction, shrunk
from swayline.models.clicks.lists import ClickLists

Floats = npt.NDArray[np.float64]


@dataclass
class DynamicBayesianClicks:
    """The dynamic Bayesian network click model with one satisfaction for all, by expectation-maximisation.

    Parameters
    ----------
    cascade : bool
        Read on for certain until one click, which satisfies.
    start : bool
        Whether somebody may not look at the list at all: lists without any click are otherwise read to their end.

    Attributes
    ----------
    entry_ : chance to look at the first place.
    persistence_ : chance to read on after a place that was not clicked, or did not satisfy.
    satisfaction_ : chance that a click satisfies.
    attraction_ : of pairs of query and item.
    looks_ : (K,) mean chance that a place is looked at, relative to the first.
    """

    cascade: bool = False
    start: bool = True
    item_strength: float = 20.0
    pair_strength: float = 20.0
    n_iterations: int = 40
    entry_: float = 1.0
    persistence_: float = 1.0
    satisfaction_: float = 1.0
    attraction_: Attraction | None = None
    looks_: Floats = field(default_factory=lambda: np.empty(0))

    def fit(self, lists: ClickLists) -> "DynamicBayesianClicks":
        """Learn from lists.

        Raises
        ------
        DataError
            Nothing was clicked.
        """
        if not lists.clicked.any():
            raise DataError(f"nothing was clicked in {len(lists):,} lists: a click model needs clicks")
        shown, clicked = lists.shown, lists.clicked
        self.entry_, self.persistence_, self.satisfaction_ = (1.0, 1.0, 1.0) if self.cascade else (0.8, 0.8, 0.5)
        if not self.start:
            self.entry_ = 1.0
        self.attraction_ = shrunk(
            lists, clicked.astype(float), shown.astype(float), self.item_strength, self.pair_strength
        )
        for _ in range(self.n_iterations):
            looked, stayed = self._read(lists)
            self.attraction_ = shrunk(
                lists, clicked * looked, np.where(shown, looked, 0), self.item_strength, self.pair_strength
            )
            if not self.cascade:
                self._updated(looked, stayed, lists)
        self.looks_ = self._expected_looks(lists)
        return self

    def _updated(self, looked: Floats, stayed: Floats, lists: ClickLists) -> None:
        """New entry, persistence and satisfaction from what is expected of each list."""
        below = lists.shown[:, 1:]
        clicked = lists.clicked[:, :-1]
        # A reader who goes on after a click was not satisfied; who stops was, or lost patience.
        went = looked[:, 1:]
        after_miss = (looked[:, :-1] * ~clicked)[below]
        going = (went * ~clicked)[below]
        self.persistence_ = float((going.sum() + 0.5) / (after_miss.sum() + 1.0))
        hits = (looked[:, :-1] * clicked)[below]
        on = float((went * clicked)[below].sum())
        rate = (on + 0.5) / (hits.sum() + 1.0)
        self.satisfaction_ = float(np.clip(1 - rate / max(self.persistence_, 1e-6), 0.001, 0.999))
        if self.start:
            self.entry_ = float(np.clip((looked[:, 0].sum() + 0.5) / (len(lists) + 1.0), 0.01, 1.0))

    def _read(self, lists: ClickLists) -> tuple[Floats, Floats]:
        """(L, K) chance that a place was looked at given all the list's clicks, and (L,) chance of the clicks."""
        a = self._fitted().at(lists)
        n, k = lists.items.shape
        # tail[r]: chance of the clicks from place r on, given that r is looked at; and given that it is not.
        tail, silent = np.ones((n, k + 1)), np.ones((n, k + 1))
        later = np.zeros(n, bool)
        for r in range(k - 1, -1, -1):
            hit, shown = lists.clicked[:, r], lists.shown[:, r]
            silent[:, r] = np.where(later | hit, 0.0, 1.0)
            go = np.where(hit, self.persistence_ * (1 - self.satisfaction_), self.persistence_)
            onward = go * tail[:, r + 1] + (1 - go) * silent[:, r + 1]
            seen = np.where(hit, a[:, r], 1 - a[:, r]) * onward
            tail[:, r] = np.where(shown, np.clip(seen, 1e-300, None), 1.0)
            later |= hit
        looked = np.zeros((n, k))
        chance = self.entry_ * tail[:, 0] + (1 - self.entry_) * silent[:, 0]
        looked[:, 0] = self.entry_ * tail[:, 0] / np.clip(chance, 1e-300, None)
        for r in range(k - 1):
            hit = lists.clicked[:, r]
            go = np.where(hit, self.persistence_ * (1 - self.satisfaction_), self.persistence_)
            yes, no = go * tail[:, r + 1], (1 - go) * silent[:, r + 1]
            looked[:, r + 1] = looked[:, r] * yes / np.clip(yes + no, 1e-300, None)
        return np.where(lists.shown, np.clip(looked, 0, 1), 0.0), chance

    def click_chances(self, lists: ClickLists) -> Floats:
        """(L, K) chance of a click, before any is known."""
        a = self._fitted().at(lists)
        looks, found = np.full(len(lists), self.entry_), np.zeros(a.shape)
        for r in range(a.shape[1]):
            found[:, r] = looks * a[:, r]
            looks = looks * self.persistence_ * (1 - a[:, r] * self.satisfaction_)
        return np.where(lists.shown, np.clip(found, 1e-9, 1 - 1e-9), 0.0)

    def conditional_chances(self, lists: ClickLists) -> Floats:
        """(L, K) chance of a click given the clicks above it."""
        a = self._fitted().at(lists)
        looks, found = np.full(len(lists), self.entry_), np.zeros(a.shape)
        for r in range(a.shape[1]):
            found[:, r] = looks * a[:, r]
            hit = lists.clicked[:, r]
            unseen = looks * (1 - a[:, r]) / np.clip(1 - looks * a[:, r], 1e-12, None)
            looks = np.where(hit, self.persistence_ * (1 - self.satisfaction_), unseen * self.persistence_)
        return np.where(lists.shown, np.clip(found, 1e-9, 1 - 1e-9), 0.0)

    def _expected_looks(self, lists: ClickLists) -> Floats:
        a = self._fitted().at(lists)
        looks, means = np.full(len(lists), 1.0), []
        for r in range(a.shape[1]):
            means.append(looks[lists.shown[:, r]].mean() if lists.shown[:, r].any() else 0.0)
            looks = looks * self.persistence_ * (1 - a[:, r] * self.satisfaction_)
        return np.array(means)

    def propensities(self) -> pa.Table:
        """``position`` from 1, ``propensity``: mean chance that it is looked at, relative to the first."""
        self._fitted()
        return pa.table({POSITION: pa.array(np.arange(1, len(self.looks_) + 1)), PROPENSITY: self.looks_})

    def _fitted(self) -> Attraction:
        if self.attraction_ is None:
            raise DataError("the click model is not fitted: call fit first")
        return self.attraction_
