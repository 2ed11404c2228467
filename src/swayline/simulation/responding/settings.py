"""The dials of people who respond, and the named worlds; fixed before any ranker was tried on them.

A person takes an item on a day by itself, or because it is shown; each item once. ::

    own chance      b = sigmoid(base + taste · item + social)       social: what the person's ties took of late
    when seen       b + (1 - b) · uplift(kind of person, kind of item)
    seen            1 / position ^ position_bias

``uplift`` is independent of taste: whoever would take an item anyway is not moved more by seeing it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from swayline.core.errors import ConfigError, UsageError, nearest, shown


@dataclass(frozen=True)
class RespondingSettings:
    """The size and the dials of a world.

    Parameters
    ----------
    people, items : int
        How many people are there from the first day, and items.
    kinds_of_people, kinds_of_items : int
        Observed groups, between which the uplift differs.
    places : int
        Length of each day's list.
    logged_days, days : int
        Days under random lists, of which the log is; and days after, on which rankers are compared.
    seed : int
    base : float
        Log-odds of taking an item by itself on a day.
    taste : float
        Standard deviation of taste · item.
    uplift : float
        Mean chance that a seen item moves somebody who would not take it by itself; 0 for none.
    spread : float
        0 for the same uplift everywhere, 1 for all of it in a quarter of the pairs of kinds.
    drift : float
        Share of a person's taste that is new each day.
    ties_per_person : float
        Ties in, on average.
    contagion : float
        Log-odds that each tie's taking of an item in the last days adds, times the item's own ``catching`` (0 to 2).
    position_bias : float
        Exponent of how fast places are overlooked.
    newcomers : float
        People who join each day, as a share of those there at first.

    Raises
    ------
    ConfigError
        A dial is out of range.
    """

    people: int = 300
    items: int = 48
    kinds_of_people: int = 4
    kinds_of_items: int = 6
    places: int = 5
    logged_days: int = 14
    days: int = 14
    seed: int = 0
    base: float = -5.0
    taste: float = 1.2
    uplift: float = 0.0
    spread: float = 1.0
    drift: float = 0.0
    ties_per_person: float = 0.0
    contagion: float = 0.0
    position_bias: float = 0.5
    newcomers: float = 0.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("people", 2, 10**6), ("items", 2, 10**5), ("kinds_of_people", 1, 100), ("kinds_of_items", 1, 100),
            ("places", 1, 1000), ("logged_days", 1, 1000), ("days", 1, 1000), ("seed", 0, 2**63 - 1),
            ("base", -20.0, 5.0), ("taste", 0.0, 5.0), ("uplift", 0.0, 0.25), ("spread", 0.0, 1.0), ("drift", 0.0, 1.0),
            ("ties_per_person", 0.0, 100.0), ("contagion", 0.0, 5.0), ("position_bias", 0.0, 5.0),
            ("newcomers", 0.0, 1.0),
        ):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"{name} is {shown(value)}: give a number from {low:g} to {high:g}")
        if self.places > self.items:
            raise ConfigError(f"places is {self.places} and there are {self.items} items: give at most as many")


_QUIET = RespondingSettings()
WORLDS: Mapping[str, RespondingSettings] = {
    "quiet": _QUIET,
    "persuadable": replace(_QUIET, uplift=0.08),
    "even": replace(_QUIET, uplift=0.08, spread=0.0),
    "social": replace(_QUIET, uplift=0.08, ties_per_person=4.0, contagion=0.8),
    "drifting": replace(_QUIET, uplift=0.08, drift=0.1),
    "newcomers": replace(_QUIET, uplift=0.08, newcomers=0.05),
    "whole": replace(_QUIET, uplift=0.08, ties_per_person=4.0, contagion=0.8, drift=0.1, newcomers=0.05),
}
"""``quiet``: nothing sways anybody. ``even``: everything shown moves everybody alike. The others are what they say."""


def named_world(name: str, seed: int = 0) -> RespondingSettings:
    """The settings of a named world.

    >>> named_world("persuadable", 3).uplift
    0.08

    Raises
    ------
    UsageError
        There is none of that name.
    """
    if name not in WORLDS:
        raise UsageError(f"no world is called {shown(name)}: {nearest(name, WORLDS)}")
    return replace(WORLDS[name], seed=seed)
