"""Worlds of people on ties who choose items: contagion, likeness, drifting tastes, shared shocks and launches.

Everybody would adopt an item at a time of their own (a daily hazard of taste, launch and shock). Each adoption is
passed along each tie of influence with a fixed chance, after an exponential delay; a person adopts at the earliest of
all these moments. So what would have happened without one tie's act is known for every pair.
"""

import heapq
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.types import Ints
from swayline.events.log import EventLog

Floats = npt.NDArray[np.float64]
DAY_S = 86400.0
START_S = 1_599_436_800.0
_CATEGORIES = 6
VIEWS = 8.0
"""Views for each adoption that a person would make alone."""


@dataclass(frozen=True)
class ContagionDials:
    """What moves people, each from 0 (not at all).

    Parameters
    ----------
    contagion : chance that an adoption is passed along a tie
    likeness : correlation of the tastes of people of one community, in which four of five ties run
    drift : how far the tastes of a community move together over the days
    shocks : days on which one community hears of one category
    launches : how much an item is wanted in its first days
    """

    contagion: float = 0.0
    likeness: float = 0.0
    drift: float = 0.0
    shocks: float = 0.0
    launches: float = 0.0


STRONG = ContagionDials(contagion=0.08, likeness=0.9, drift=0.6, shocks=1.0, launches=1.0)
"""Everything at once."""


@dataclass(frozen=True)
class ContagionWorld:
    """A drawn world.

    Parameters
    ----------
    events : pa.Table
        ``user``, ``item``, ``behavior`` (view, purchase), ``time``, ``category``.
    ties : pa.Table
        ``source``, ``target``.
    own : (U, I) float64
        When each person would adopt each item alone, in days; infinity for never.
    adopted : (U, I) float64
        When they did.
    arrivals : dict
        (person, item) → (day of the tie's act, day at which it arrives), of what was passed on.
    exposed : dict
        (person, item) → days at which ties adopted it.
    is_voice : (U,) bool
        Whose adoptions are passed on more often; person n is user ``u<n>``.
    """

    events: pa.Table
    ties: pa.Table
    own: Floats = field(repr=False)
    adopted: Floats = field(repr=False)
    arrivals: dict[tuple[int, int], list[tuple[float, float]]] = field(repr=False)
    exposed: dict[tuple[int, int], list[float]] = field(repr=False)
    days: int
    is_voice: npt.NDArray[np.bool_] = field(repr=False)

    @property
    def log(self) -> EventLog:
        """The world as a log."""
        return EventLog(self.events, ties=self.ties)

    def truth(self, horizon_days: float, warm_days: float = 0.0) -> float:
        """Mean over first exposures of what the tie's act did to the chance of adopting within the horizon."""
        gained, asked = 0, 0
        for pair, moments in self.exposed.items():
            first = min(moments)
            if self.adopted[pair] <= first or not warm_days <= first <= self.days - horizon_days:
                continue
            others = [day for of, day in self.arrivals.get(pair, []) if of != first]
            without = min([float(self.own[pair]), *others])
            gained += int(self.adopted[pair] <= first + horizon_days < without)
            asked += 1
        return gained / max(asked, 1)


def contagion_world(
    seed: int, dials: ContagionDials = STRONG, *, people: int = 400, items: int = 150, days: int = 60,
    n_ties: int = 8, acts: float = 18.0, delay_days: float = 1.5, voices: tuple[float, float] = (0.0, 0.3),
) -> ContagionWorld:  # fmt: skip
    """Draw a world.

    Parameters
    ----------
    voices : share of people who often review what they adopt (others seldom do), and the chance with which their
        adoptions are passed on instead
    n_ties : ties that run into each person
    acts : adoptions a person, about, without contagion

    Examples
    --------
    >>> world = contagion_world(0, ContagionDials(contagion=0.1), people=60, items=30, days=20, n_ties=4, acts=5.0)
    >>> world.ties.num_rows, 0.02 < world.truth(7.0) < 0.12
    (240, True)
    """
    rng = np.random.default_rng([seed, 22])
    group = np.arange(people) % 8
    source, target = _ties(rng, group, n_ties)
    category = rng.integers(0, _CATEGORIES, items)
    hazard = _hazards(rng, dials, group, category, days)
    hazard *= acts / hazard.sum() * people
    own = _first_days(rng, hazard)
    is_voice = np.random.default_rng([seed, 23]).random(people) < voices[0]
    chance = np.where(is_voice, voices[1], dials.contagion)
    adopted, arrivals, exposed = _passed_on(rng, chance, own, source, target, (float(days), delay_days))
    seen = rng.poisson(np.minimum(VIEWS * hazard, 5.0))
    day, user, item = np.nonzero(seen)
    viewed = np.repeat(np.stack([user, item, day]), seen[day, user, item], axis=1)
    view_day = viewed[2] + rng.random(viewed.shape[1])
    bought = np.argwhere(adopted < days)
    told = bought[rng.random(len(bought)) < np.where(is_voice, 0.7, 0.05)[bought[:, 0]] * (voices[0] > 0)]
    users = np.concatenate([viewed[0], bought[:, 0], told[:, 0]])
    things = np.concatenate([viewed[1], bought[:, 1], told[:, 1]])
    when = adopted[bought[:, 0], bought[:, 1]]
    moments = np.concatenate([view_day, when, np.minimum(adopted[told[:, 0], told[:, 1]] + 0.01, days)])
    words = np.repeat(["view", "purchase", "review"], [viewed.shape[1], len(bought), len(told)])
    order = np.argsort(moments, kind="stable")
    events = pa.table({
        "row": np.arange(1, len(order) + 1), "user": [f"u{one}" for one in users[order]],
        "item": [f"i{one}" for one in things[order]], "behavior": words[order].tolist(),
        "time": pa.array(((START_S + moments[order] * DAY_S) * 1e6).astype(np.int64)).cast(pa.timestamp("us", "UTC")),
        "category": [f"c{category[one]}" for one in things[order]],
    })  # fmt: skip
    ties = pa.table({"source": [f"u{one}" for one in source], "target": [f"u{one}" for one in target]})
    return ContagionWorld(events, ties, own, adopted, arrivals, exposed, days, is_voice)


def _ties(rng: np.random.Generator, group: Ints, count: int) -> tuple[Ints, Ints]:
    """``count`` sources for each person, four of five of the own community."""
    people = len(group)
    found: set[tuple[int, int]] = set()
    for target in range(people):
        mine = np.flatnonzero(group == group[target])
        chosen: set[int] = set()
        while len(chosen) < count:
            pool = mine if rng.random() < 0.8 else np.arange(people)
            one = int(rng.choice(pool))
            if one != target:
                chosen.add(one)
        found |= {(one, target) for one in chosen}
    pairs = np.array(sorted(found), np.int64)
    return pairs[:, 0], pairs[:, 1]


def _hazards(rng: np.random.Generator, dials: ContagionDials, group: Ints, category: Ints, days: int) -> Floats:
    """Relative daily hazards of everybody for everything, (days, U, I)."""
    people, items, groups = len(group), len(category), int(group.max()) + 1
    like = dials.likeness
    coarse = like * rng.normal(size=(groups, _CATEGORIES))[group] + np.sqrt(1 - like**2) * rng.normal(
        size=(people, _CATEGORIES)
    )
    fine = like * rng.normal(size=(groups, 2))[group] + np.sqrt(1 - like**2) * rng.normal(size=(people, 2))
    taste = coarse[:, category] + 0.6 * fine @ rng.normal(size=(2, items))
    level = 0.5 * rng.normal(size=(people, 1)) + 0.5 * rng.normal(size=(1, items))
    steps = rng.normal(size=(days, groups, _CATEGORIES)).cumsum(axis=0) / np.sqrt(days)
    drift = dials.drift * 2.0 * (steps - steps.mean(axis=0))
    heard = 2.0 * dials.shocks * (rng.random((days, groups, _CATEGORIES)) < 0.03)
    birth = rng.integers(0, days, items)
    age = np.arange(days)[:, None] - birth
    young = np.where(age < 0, -1.5, 2.5 * np.exp(-np.maximum(age, 0) / 6.0)) * dials.launches
    log_hazard = (taste + level)[None] + (drift + heard)[:, group][:, :, category] + young[:, None, :]
    return np.asarray(np.exp(log_hazard))


def _first_days(rng: np.random.Generator, hazard: Floats) -> Floats:
    """When everybody would adopt everything alone, (U, I)."""
    total = np.cumsum(hazard, axis=0)
    need = rng.exponential(size=hazard.shape[1:])
    day = (total < need).sum(axis=0)
    inside = day < len(hazard)
    at = np.minimum(day, len(hazard) - 1)
    rows, columns = np.indices(at.shape)
    before = total[at, rows, columns] - hazard[at, rows, columns]
    part = (need - before) / hazard[at, rows, columns]
    return np.where(inside, day + np.clip(part, 0.0, 1.0 - 1e-9), np.inf)


def _passed_on(
    rng: np.random.Generator, chance: Floats, own: Floats, source: Ints, target: Ints, span: tuple[float, float]
) -> tuple[Floats, dict[tuple[int, int], list[tuple[float, float]]], dict[tuple[int, int], list[float]]]:
    """Adoptions in the order of time, each passed along the ties that leave its person."""
    days, delay = span
    adopted = np.full(own.shape, np.inf)
    arrivals: dict[tuple[int, int], list[tuple[float, float]]] = {}
    exposed: dict[tuple[int, int], list[float]] = {}
    order = np.argsort(source, kind="stable")
    begin = np.searchsorted(source[order], np.arange(len(own) + 1))
    heap = [(float(own[user, item]), int(user), int(item)) for user, item in np.argwhere(own < days)]
    heapq.heapify(heap)
    while heap:
        moment, user, item = heapq.heappop(heap)
        if moment >= days or moment >= adopted[user, item]:
            continue
        adopted[user, item] = moment
        for other in target[order[begin[user] : begin[user + 1]]]:
            pair = (int(other), item)
            exposed.setdefault(pair, []).append(moment)
            if rng.random() < chance[user]:
                later = moment + float(rng.exponential(delay))
                arrivals.setdefault(pair, []).append((moment, later))
                heapq.heappush(heap, (later, *pair))
    return adopted, arrivals, exposed
