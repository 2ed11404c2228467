"""Re-rank for fairness: groups of items get the attention they deserve; lists are no more popular than the person.

Shapes: Q questions, P places of the pool, I items, G groups of items.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from swayline.core.errors import ConfigError, DataError, nearest, shown
from swayline.core.settings import require
from swayline.core.types import Floats, Ints
from swayline.models import recommend
from swayline.recommend.context import Context
from swayline.recommend.slate import Slate
from swayline.recommend.steps.orders import calibrated, parity_offsets
from swayline.recommend.steps.protocol import ORDERING
from swayline.recommend.steps.reranking import depth_of, shares_of_history

DESERVED = ("log", "catalogue")
_ASKED, _POOL, _K = 1_000, 100, 10
TIERS = (0.2, 0.6)
"""Shares of all events at which the most popular items end, and the middle ones."""


@dataclass(frozen=True)
class Parity:
    """Groups of items (brands, makers, regions) are shown as much as they deserve, over everybody together.

    What has to be added to each group's interest is learned once, on the lists of at most a thousand people.

    Parameters
    ----------
    by : str, optional
        Column of the groups; ``category`` by default.
    strength : float
        0 changes nothing; 1 adds all that the people learned from needed.
    deserved : str
        ``log``: the group's share of events; ``catalogue``: its share of items.

    References
    ----------
    Singh and Joachims, "Fairness of Exposure in Rankings", KDD 2018.
    """

    name: ClassVar[str] = "parity"
    kind: ClassVar[str] = ORDERING
    strength: float = 0.5
    by: str | None = None
    deserved: str = "log"

    def __post_init__(self) -> None:
        require("strength", self.strength, 0.0, 1.0)
        if self.deserved not in DESERVED:
            raise ConfigError(f"deserved is {shown(self.deserved)}: {nearest(self.deserved, DESERVED)}")

    def __call__(self, slate: Slate) -> None:
        """Re-rank.

        Raises
        ------
        DataError
            No item has a group.
        """
        context = slate.context
        groups = context.groups(self.by, "step parity")
        assert slate.items is not None
        scores, _ = slate.interest()
        own = groups[np.maximum(slate.items, 0)]
        drops = np.zeros(len(slate), bool) if slate.drops is None else slate.drops
        for dropped in np.unique(drops).tolist():
            offsets = self._offsets(context, groups, dropped)
            rows = np.flatnonzero(drops == dropped)
            scores[rows] += self.strength * np.where(own[rows] >= 0, offsets[np.maximum(own[rows], 0)], 0.0)
        slate.rescore(self.name, scores)

    def _offsets(self, context: Context, groups: Ints, drops: bool) -> Floats:
        """(G,) what each group needs in lists as they are served: with or without what was seen."""
        key = ("parity", self.by, self.deserved, drops)
        found: Floats = context.once(key, lambda: self._learned(context, groups, drops))
        return found

    def _learned(self, context: Context, groups: Ints, drops: bool) -> Floats:
        n_groups = int(groups.max(initial=-1)) + 1
        if not n_groups:
            raise DataError("step parity: no item has a group")
        everybody = context.histories
        step = max(1, len(everybody) // _ASKED)
        pool = recommend(context.bundle.model, everybody.take(np.arange(0, len(everybody), step)), _POOL, drops)
        of = groups if self.deserved == "catalogue" else groups[everybody.items]
        counts = np.bincount(of[of >= 0], minlength=n_groups).astype(np.float64)
        return parity_offsets(*pool, groups, counts / counts.sum(), _K)


@dataclass(frozen=True)
class Popularity:
    """A list holds as much of what everybody takes, of the middle and of the rare as the person's own history.

    Parameters
    ----------
    strength : float
        0 changes nothing, 1 is calibration alone.

    References
    ----------
    Abdollahpouri et al., "User-centered Evaluation of Popularity Bias in Recommender Systems", UMAP 2021.
    """

    name: ClassVar[str] = "popularity"
    kind: ClassVar[str] = ORDERING
    strength: float = 0.3

    def __post_init__(self) -> None:
        require("strength", self.strength, 0.0, 1.0)

    def __call__(self, slate: Slate) -> None:
        """Re-rank."""
        tiers = popularity_tiers(slate.context.met)
        wanted = shares_of_history(slate, tiers, len(TIERS) + 1)
        assert slate.items is not None
        assert slate.scores is not None
        own = np.where(slate.items >= 0, tiers[np.maximum(slate.items, 0)], -1)
        slate.reorder(self.name, calibrated(slate.items, slate.scores, own, wanted, self.strength, depth_of(slate)))


def popularity_tiers(met: Ints) -> Ints:
    """(I,) 0 of the most popular items, which hold a fifth of all events, 1 of the next to three fifths, 2 of the rest.

    >>> popularity_tiers(np.array([1, 6, 3])).tolist()
    [2, 0, 2]
    """
    order = np.argsort(-met, kind="stable")
    before = np.cumsum(met[order]) - met[order]
    tiers = np.empty(len(met), np.int64)
    tiers[order] = np.searchsorted(np.array(TIERS) * max(int(met.sum()), 1), before, side="right")
    return tiers
