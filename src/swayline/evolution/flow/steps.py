"""A log as steps: in every visit, one state after the other.

Shapes: S steps of all visits, V visits.
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.names import BEHAVIOR, CATEGORY, ITEM
from swayline.core.rng import generator
from swayline.core.types import Bools, Ints
from swayline.evolution.acts import Acts

LEVELS = (BEHAVIOR, CATEGORY, ITEM)


@dataclass(frozen=True)
class Steps:
    """States in the order of each visit.

    Attributes
    ----------
    state, visit, person, time_us : (S,) ascending by visit, then in time
    names : of the states
    collapsed : whether the same state twice in a row counts once
    """

    state: Ints
    visit: Ints
    person: Ints
    time_us: Ints
    names: list[str]
    collapsed: bool

    def __len__(self) -> int:
        return len(self.state)

    @property
    def follows(self) -> Bools:
        """(S,) whether a step follows another of its visit."""
        found = np.zeros(len(self), bool)
        found[1:] = self.visit[1:] == self.visit[:-1]
        return found

    def shuffled(self, rng: np.random.Generator) -> "Steps":
        """The same visits, what was done in each in a random order; times stay."""
        order = np.lexsort((rng.random(len(self)), self.visit))
        mixed = Steps(self.state[order], self.visit, self.person, self.time_us, self.names, self.collapsed)
        return mixed.once_in_a_row() if self.collapsed else mixed

    def once_in_a_row(self) -> "Steps":
        """Without a state that repeats the one before."""
        kept = ~self.follows
        kept[1:] |= self.state[1:] != self.state[:-1]
        state, visit, person, time_us = (one[kept] for one in (self.state, self.visit, self.person, self.time_us))
        return Steps(state, visit, person, time_us, self.names, True)


def steps_of(acts: Acts, level: str, collapse: bool = True, seed: int = 0) -> Steps:
    """Steps by behaviour, or from category to category or item to item, where a state again in a row counts once.

    Events of one moment have no order that the log knows of: they stand in a random one, so that the order of a file
    (by number, say) is never told as what people do.

    Parameters
    ----------
    collapse : False keeps every event
    seed : decides the order within a moment
    """
    state, names = {
        BEHAVIOR: (acts.behavior, acts.behaviors), CATEGORY: (acts.category, acts.categories),
        ITEM: (acts.item, acts.items),
    }[level]  # fmt: skip
    rows = np.flatnonzero(state >= 0)
    drawn = generator(seed, "order within a moment").random(len(rows))
    rows = rows[np.lexsort((drawn, acts.time_us[rows], acts.visit[rows]))]
    steps = Steps(state[rows], acts.visit[rows], acts.user[rows], acts.time_us[rows], names, False)
    return steps if level == BEHAVIOR or not collapse else steps.once_in_a_row()
