"""What a world is made from: its size, its dials, and the limits of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from swayline.core.errors import ConfigError, nearest, shown
from swayline.core.names import CART, CLICK, FAVORITE
from swayline.core.time import parse_date

SHARE = "share"
TREATMENTS = (CLICK, FAVORITE, CART, SHARE)
"""The behaviours that may follow a first view, in the order of the arrays that hold them."""
DEFAULT_EFFECTS = {CART: 1.0, FAVORITE: 0.5, CLICK: 0.0, SHARE: 0.0}


@dataclass(frozen=True)
class WorldSettings:
    """The size and the dials of a simulated shop; every figure of its truth follows from them and the seed.

    Parameters
    ----------
    users, items, events : int
        How many; the events come out within a few percent (``truth.json`` says exactly).
    seed : int
        The same settings and seed give the same files, byte for byte.
    start : str
        First day of the log, an ISO date, UTC.
    days : int
        Length of the log; longer than window and horizon together by a day at least.
    window_s, horizon_s : float
        Seconds: treatments come in [t0, t0 + window], purchases in (t0 + window, t0 + window + horizon].
    effects : mapping of behaviour to log-odds
        What each of click, favorite, cart, share adds to the log-odds of the purchase; those left out add nothing.
    confounding : float
        0 for none: how far past interest in the category moves both the behaviours and the purchase.
    hidden : float
        0 for none: how far a cause that is nowhere in the log moves both (log-odds a standard deviation).
    drift : float
        Chance that a user's main topic changes from one week to the next.
    follow : float
        Chance that the next item viewed in a session is the present item's successor; the rest is taste.
    ties_per_user : float
        Ties a user on average; half carry contagion, half join only people who are alike.
    contagion : float
        Mean branching ratio of contagious ties: purchases of the target caused by a purchase of the source. Times
        ``ties_per_user`` it is at most .6, so that what spreads dies out.
    delay_s : float
        Mean seconds from a purchase to one it caused (exponential).

    Raises
    ------
    ConfigError
        A dial is out of range, or an effect is of a behaviour that the world does not have.
    """

    users: int = 2_000
    items: int = 1_000
    events: int = 100_000
    seed: int = 0
    start: str = "2026-01-01"
    days: int = 56
    window_s: float = 86_400.0
    horizon_s: float = 604_800.0
    effects: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_EFFECTS))
    confounding: float = 1.0
    hidden: float = 0.0
    drift: float = 0.15
    follow: float = 0.4
    ties_per_user: float = 0.6
    contagion: float = 0.2
    delay_s: float = 21_600.0

    def __post_init__(self) -> None:
        _between("users", self.users, 1, 10**8)
        _between("items", self.items, 1, 10**7)
        _between("events", self.events, 1, 10**9)
        _between("seed", self.seed, 0, 2**63 - 1)
        _between("window_s", self.window_s, 3_600.0, 30 * 86_400.0)
        _between("horizon_s", self.horizon_s, 3_600.0, 365 * 86_400.0)
        _between("days", self.days, max(14.0, (self.window_s + self.horizon_s) / 86_400.0 + 1.0), 3_660)
        for name in ("confounding", "hidden"):
            _between(name, getattr(self, name), 0.0, 5.0)
        for name in ("drift", "follow"):
            _between(name, getattr(self, name), 0.0, 1.0)
        _between("ties_per_user", self.ties_per_user, 0.0, 20.0)
        _between("contagion", self.contagion, 0.0, 0.5)
        _between("contagion x ties_per_user", self.contagion * self.ties_per_user, 0.0, 0.6)
        _between("delay_s", self.delay_s, 60.0, 30 * 86_400.0)
        parse_date(self.start)
        for behavior, effect in self.effects.items():
            if behavior not in TREATMENTS:
                raise ConfigError(f"effects of {shown(behavior)} cannot be planted: {nearest(behavior, TREATMENTS)}")
            _between(f"effects[{behavior}]", effect, -5.0, 5.0)

    @property
    def start_time(self) -> datetime:
        """The first moment of the log, UTC."""
        return parse_date(self.start)

    @property
    def length_s(self) -> float:
        """Seconds from the first moment to the last."""
        return self.days * 86_400.0

    def effect(self, behavior: str) -> float:
        """The log-odds that a behaviour adds to the purchase."""
        return float(self.effects.get(behavior, 0.0))


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # a NaN is refused too
        raise ConfigError(f"{name} is {shown(value)}: give a number from {low:g} to {high:g}")
