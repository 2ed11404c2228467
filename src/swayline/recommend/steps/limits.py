"""Limits: how often something may be met, and of whom too little is known to show anything.

Shapes: Q questions, I items.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from swayline.core.errors import ConfigError, DataError, nearest, shown
from swayline.core.settings import require
from swayline.core.types import Bools
from swayline.recommend.slate import Slate, moment_us
from swayline.recommend.steps.protocol import FILTER

_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Cap:
    """An item that a person met often enough lately is left out (a frequency cap).

    Parameters
    ----------
    most : int
        So many times within the window are enough.
    days : float
        The window before the moment of the question.
    behaviors : tuple of str
        Which behaviours count as meeting it, such as ``impression``; all by default.
    """

    name: ClassVar[str] = "cap"
    kind: ClassVar[str] = FILTER
    most: int = 3
    days: float = 7.0
    behaviors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require("most", self.most, 1)
        require("days", self.days, 1e-6)

    def __call__(self, slate: Slate) -> None:
        """Filter.

        Raises
        ------
        DataError
            The log has no times.
        ConfigError
            The log has no such behaviour.
        """
        history, context = slate.history, slate.context
        if not context.histories.timed:
            raise DataError("step cap: the log has no times, so that a week cannot be told: leave the step out")
        asked = np.array(
            [context.now_us if (said := moment_us(query)) is None else said for query in slate.queries], np.int64
        )
        if history.asked_at is not None:
            asked = np.where(history.asked_at >= 0, history.asked_at, asked)
        counts = np.ones(len(history.items), bool) if not self.behaviors else self._counted(slate)
        counts &= history.times > asked[history.users] - round(self.days * _DAY_US)
        met = np.zeros((len(slate), context.n_items), np.int32)
        np.add.at(met, (history.users[counts], history.items[counts]), 1)
        slate.keep(slice(None), met < self.most, f"items met {self.most} times within {self.days:g} days")

    def _counted(self, slate: Slate) -> Bools:
        names = slate.context.bundle.dataset.behaviors.names
        for one in self.behaviors:
            if one not in names:
                raise ConfigError(f"step cap: the log has no behaviour {shown(one)}: {nearest(one, names)}")
        return np.isin(slate.history.behaviors, [names.index(one) for one in self.behaviors])


@dataclass(frozen=True)
class Abstain:
    """Nothing is shown to people of whom too little is known, in place of what most people take.

    Parameters
    ----------
    least : int
        Events that a history must hold.
    """

    name: ClassVar[str] = "abstain"
    kind: ClassVar[str] = FILTER
    least: int = 5

    def __post_init__(self) -> None:
        require("least", self.least, 1)

    def __call__(self, slate: Slate) -> None:
        """Filter."""
        few = np.flatnonzero(slate.history.lengths < self.least)
        if len(few):
            none = np.zeros((len(few), slate.context.n_items), bool)
            slate.keep(few, none, f"fewer than {self.least} events are known of the person")
