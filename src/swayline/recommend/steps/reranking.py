"""Re-rank: what a list is as a whole: diversity, calibration, freshness, worth, exposure.

Shapes: Q questions, P places of the pool, I items, G groups of items.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from swayline.core.errors import DataError
from swayline.core.settings import require
from swayline.core.types import Floats, Ints
from swayline.recommend.slate import Slate, moment_us
from swayline.recommend.steps.filtering import _NONE, _moments
from swayline.recommend.steps.orders import calibrated, greedily, unit_interest
from swayline.recommend.steps.protocol import ORDERING


@dataclass(frozen=True)
class Diversity:
    """Maximal marginal relevance: each place goes to the best of (1 - strength) · interest - strength · likeness.

    The likeness to what stands above is 1 for an item of the same group. Of an item without a group nothing is like.

    Parameters
    ----------
    strength : float
        0 changes nothing, 1 is diversity alone.
    by : str, optional
        Column of the groups; ``category`` by default.

    References
    ----------
    Carbonell and Goldstein, "The Use of MMR", SIGIR 1998.
    """

    name: ClassVar[str] = "diversity"
    kind: ClassVar[str] = ORDERING
    strength: float = 0.3
    by: str | None = None

    def __post_init__(self) -> None:
        require("strength", self.strength, 0.0, 1.0)

    def __call__(self, slate: Slate) -> None:
        """Re-rank."""
        groups = slate.context.groups(self.by, "step diversity")
        assert slate.items is not None
        assert slate.scores is not None
        relevance, filled = unit_interest(slate.items, slate.scores)
        own = np.where(filled, groups[np.maximum(slate.items, 0)], -1)
        likeness = np.zeros(own.shape)

        def gain(_: Ints) -> Floats:
            return (1.0 - self.strength) * relevance - self.strength * likeness

        def chosen(rows: Ints, place: Ints) -> None:
            picked = own[rows, place]
            np.maximum(likeness, (own == picked[:, None]) & (own >= 0), out=likeness)

        slate.reorder(self.name, greedily(filled, depth_of(slate), gain, chosen))


@dataclass(frozen=True)
class Calibration:
    """The list's shares of groups follow those of the person's history.

    Greedy on (1 - strength) · interest - strength · KL(history ‖ list).

    Parameters
    ----------
    strength : float
        0 changes nothing, 1 is calibration alone.
    by : str, optional
        Column of the groups; ``category`` by default.

    References
    ----------
    Steck, "Calibrated Recommendations", RecSys 2018.
    """

    name: ClassVar[str] = "calibration"
    kind: ClassVar[str] = ORDERING
    strength: float = 0.5
    by: str | None = None

    def __post_init__(self) -> None:
        require("strength", self.strength, 0.0, 1.0)

    def __call__(self, slate: Slate) -> None:
        """Re-rank."""
        groups = slate.context.groups(self.by, "step calibration")
        assert slate.items is not None
        assert slate.scores is not None
        n_groups = int(groups.max(initial=-1)) + 1
        if not n_groups:
            raise DataError("step calibration: no item has a group")
        wanted = shares_of_history(slate, groups, n_groups)
        own = np.where(slate.items >= 0, groups[np.maximum(slate.items, 0)], -1)
        slate.reorder(self.name, calibrated(slate.items, slate.scores, own, wanted, self.strength, depth_of(slate)))


def shares_of_history(slate: Slate, groups: Ints, n_groups: int) -> Floats:
    """(Q, G) shares of the groups in each history; everybody's where a history says nothing."""
    history = slate.history
    counts = np.zeros((len(slate), n_groups))
    of = groups[history.items]
    np.add.at(counts, (history.users[of >= 0], of[of >= 0]), 1.0)
    everybody = groups[slate.context.histories.items]
    usual = np.bincount(everybody[everybody >= 0], minlength=n_groups) + 1e-9
    totals = counts.sum(axis=1, keepdims=True)
    found: Floats = np.where(totals > 0, counts / np.maximum(totals, 1.0), usual / usual.sum())
    return found


@dataclass(frozen=True)
class Freshness:
    """What is new comes up: + strength · ½^(age / half-life), in standard deviations of the person's scores.

    Parameters
    ----------
    strength : float
    half_life_days : float
    since : str, optional
        Column of the moment an item began; by default the first event of it in the log.
    """

    name: ClassVar[str] = "freshness"
    kind: ClassVar[str] = ORDERING
    strength: float = 0.5
    half_life_days: float = 30.0
    since: str | None = None

    def __post_init__(self) -> None:
        require("strength", self.strength, 0.0)
        require("half_life_days", self.half_life_days, 1e-6)

    def __call__(self, slate: Slate) -> None:
        """Re-rank.

        Raises
        ------
        DataError
            The log has no times, and no column says when items began.
        """
        context = slate.context
        if self.since is not None:
            began = _moments(slate, self.since).astype(np.float64)
        elif context.histories.timed:
            began = np.full(context.n_items, np.inf)
            np.minimum.at(began, context.histories.items, context.histories.times.astype(np.float64))
        else:
            raise DataError("step freshness: the log has no times: say since = a column of the items table")
        began = np.where((began == _NONE) | ~np.isfinite(began), context.now_us, began)
        now = np.array([moment_us(one) if one.at is not None else context.now_us for one in slate.queries], np.float64)
        assert slate.items is not None
        days = np.maximum(now[:, None] - began[np.maximum(slate.items, 0)], 0.0) / 86_400e6
        scores, _ = slate.interest()
        slate.rescore(self.name, scores + self.strength * 0.5 ** (days / self.half_life_days))


@dataclass(frozen=True)
class Value:
    """What an item is worth to the shop comes up: price, margin, or any column of numbers.

    + strength · (value - mean) / standard deviation, both over the catalogue, in standard deviations of the person's
    scores; an item without a value counts as the mean.

    Parameters
    ----------
    column : str
    strength : float
        Below zero the cheap comes up.
    """

    name: ClassVar[str] = "value"
    kind: ClassVar[str] = ORDERING
    column: str = "price"
    strength: float = 0.2

    def __call__(self, slate: Slate) -> None:
        """Re-rank."""
        _lift(slate, self.name, _standard(slate.context.numbers(self.column, "step value")) * self.strength)


@dataclass(frozen=True)
class Exposure:
    """What is met much gives way to what is met little: - strength · log(1 + events), standardised.

    Parameters
    ----------
    strength : float
    """

    name: ClassVar[str] = "exposure"
    kind: ClassVar[str] = ORDERING
    strength: float = 0.2

    def __post_init__(self) -> None:
        require("strength", self.strength, 0.0)

    def __call__(self, slate: Slate) -> None:
        """Re-rank."""
        _lift(slate, self.name, -self.strength * _standard(np.log1p(slate.context.met.astype(np.float64))))


def _lift(slate: Slate, name: str, of_item: Floats) -> None:
    assert slate.items is not None
    scores, _ = slate.interest()
    slate.rescore(name, scores + of_item[np.maximum(slate.items, 0)])


def _standard(values: Floats) -> Floats:
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values))
    spread = values[known].std()
    return np.where(known, (values - values[known].mean()) / (spread if spread > 0 else 1.0), 0.0)


def depth_of(slate: Slate) -> int:
    """Places that a greedy choice has to fill."""
    return max((query.k for query in slate.queries), default=0)
