"""Worlds of who sways whom whose truth is known: exact cluster processes, shocks that everybody feels, coarse clocks.

Everybody's own acts are Poisson, with a weekly rhythm that their group shares; every act then brings Poisson(branching)
acts along each tie of influence, each after an exponential delay, and so on. Half of the ties carry nothing: they join
people who live alike. A shock raises what people do alone and moves nobody through anybody.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from swayline.core.types import Floats, Ints
from swayline.events.log import EventLog

HOUR_S, DAY_S, WEEK_S = 3600.0, 86400.0, 604800.0
MONDAY_S = 1_599_436_800.0
SHOCKS = ("none", "news", "sale days", "sales felt unequally", "season", "swings")
"""Nothing; hours in which everybody acts more; whole days; the same, everybody in their own measure; a slow wave; the
whole crowd's rate wandering from day to day."""


@dataclass(frozen=True)
class PeopleWorld:
    """A drawn world: A acts, T ties.

    Parameters
    ----------
    person, time_s : (A,)
        Who acted, and when (Unix seconds).
    source, target, branching : (T,)
        Influence may run source → target; acts of the target caused by one act of the source (0: a null tie).
    people : int
    start_s, end_s : float
        The watched span.
    """

    person: Ints
    time_s: Floats
    source: Ints
    target: Ints
    branching: Floats
    people: int
    start_s: float
    end_s: float

    def on_a_clock(self, resolution_s: float) -> "PeopleWorld":
        """The same acts, their times cut to whole days, hours or minutes."""
        return replace(self, time_s=np.floor(self.time_s / resolution_s) * resolution_s)


def people_world(
    seed: int, *, shock: str = "none", dial: float = 1.0, people: int = 120, ties: int = 4, weeks: int = 26,
    acts: float = 140.0, delay_s: float = 8 * HOUR_S, groups: int = 6,
) -> PeopleWorld:  # fmt: skip
    """Draw a world.

    Parameters
    ----------
    shock : str
        One of :data:`SHOCKS`.
    dial : float
        Scales the influence, .12 to .30 acts an act at 1; at zero there is none.
    acts : float
        Acts a person, those brought by others included (shocks not).
    delay_s : float
        Mean delay of influence.

    Examples
    --------
    >>> world = people_world(0, shock="news", people=20, weeks=6, acts=20.0)
    >>> len(world.source), int((world.branching > 0).sum())
    (80, 40)
    """
    rng = np.random.default_rng(seed)
    group = np.arange(people) % groups
    source, target, branching = _ties(rng, people, ties, group, dial)
    matrix = np.zeros((people, people))
    matrix[target, source] = branching
    own = acts / np.linalg.solve(np.eye(people) - matrix, np.ones(people)).mean()
    hourly = _weeks(_rhythms(rng, groups)[group], weeks) * _felt(rng, shock, people, weeks)  # (people, hours)
    count = rng.poisson(own * hourly)
    person, hour = (np.repeat(place, count.ravel()) for place in np.divmod(np.arange(count.size), count.shape[1]))
    own_time: Floats = (hour + rng.random(len(hour))) * HOUR_S
    person, time = _with_children(rng, person, own_time, (source, target, branching), delay_s, weeks * WEEK_S)
    return PeopleWorld(person, time + MONDAY_S, source, target, branching, people, MONDAY_S, MONDAY_S + weeks * WEEK_S)


def _with_children(
    rng: np.random.Generator, person: Ints, time: Floats, ties: tuple[Ints, Ints, Floats], delay_s: float, end: float
) -> tuple[Ints, Floats]:
    """The acts, and all that they bring, generation by generation."""
    source, target, branching = ties
    everyone, times = [person], [time]
    while len(person):
        order = np.argsort(person, kind="stable")
        person, time = person[order], time[order]
        first = np.searchsorted(person, source)
        width = np.searchsorted(person, source, side="right") - first
        tie = np.repeat(np.arange(len(source)), width)
        parent = np.repeat(first - np.cumsum(width) + width, width) + np.arange(width.sum())
        born = rng.poisson(branching[tie])
        when = np.repeat(time[parent], born)
        when = when + rng.exponential(delay_s, len(when))
        kept = when < end
        person, time = np.repeat(target[tie], born)[kept], when[kept]
        everyone.append(person)
        times.append(time)
    return np.concatenate(everyone).astype(np.int64), np.concatenate(times).astype(np.float64)


def _ties(rng: np.random.Generator, people: int, ties: int, group: Ints, dial: float) -> tuple[Ints, Ints, Floats]:
    """Half of everybody's ties from people of the group (nothing runs along them), half from anybody (influence)."""
    rows: list[tuple[int, int, float]] = []
    for i in range(people):
        alike = rng.choice([j for j in range(people) if j != i and group[j] == group[i]], ties // 2, replace=False)
        others = rng.choice([j for j in range(people) if j != i and j not in alike], ties - ties // 2, replace=False)
        rows += [(int(j), i, 0.0) for j in alike]
        rows += [(int(j), i, dial * rng.uniform(0.12, 0.30)) for j in others]
    source, target, branching = zip(*rows, strict=True)
    return np.array(source), np.array(target), np.array(branching)


def _rhythms(rng: np.random.Generator, groups: int) -> Floats:
    """(groups, 168): a favourite hour of the day, most of all around a favourite day of the week."""
    hour = np.arange(168) + 0.5
    centre = rng.uniform(0, 168, groups)[:, None]
    week_gap = np.minimum(np.abs(hour - centre), 168 - np.abs(hour - centre))
    day_gap = np.minimum((hour - centre) % 24, 24 - (hour - centre) % 24)
    rate = np.exp(-0.5 * (day_gap / 4) ** 2) * (0.35 + np.exp(-0.5 * (week_gap / 28) ** 2))
    rate += 0.1 * rate.mean(axis=1, keepdims=True)
    return np.asarray(rate / rate.sum(axis=1, keepdims=True))


def _weeks(rhythm: Floats, weeks: int) -> Floats:
    """(people, hours) of a rhythm (people, 168) over all weeks, each row summing to one."""
    return np.tile(np.asarray(rhythm, np.float64) / weeks, weeks)


def _felt(rng: np.random.Generator, shock: str, people: int, weeks: int) -> Floats:
    """(people or 1, hours) by how much everybody's own rate is raised."""
    hours = weeks * 168
    days = weeks * 7
    felt = np.ones((1, hours))
    if shock == "news":
        for at in rng.choice(hours, 2 * weeks, replace=False):
            felt[0, at : at + 24] += 8.0 * np.exp(-np.arange(24) / 4.0)[: hours - at]
    elif shock in ("sale days", "sales felt unequally"):
        raised = np.zeros(days)
        raised[rng.choice(days, weeks, replace=False)] = 4.0
        how = np.ones((people, 1)) if shock == "sale days" else rng.gamma(1.0, 1.0, (people, 1))
        felt = 1.0 + how * np.repeat(raised, 24)
    elif shock == "season":
        felt[0] += 0.8 * np.sin(2 * np.pi * (np.arange(hours) / hours * 3 + rng.random()))
    elif shock == "swings":
        level = np.zeros(days)
        for day in range(1, days):
            level[day] = 0.7 * level[day - 1] + rng.normal(0, 0.5)
        felt[0] = np.repeat(np.exp(level), 24)
    elif shock != "none":
        raise ValueError(f"shock {shock!r} is none of {', '.join(SHOCKS)}")
    return felt


def log_of(world: PeopleWorld) -> tuple[EventLog, pa.Table]:
    """The world as a log, every act a ``buy``, and its ties; a bystander marks the ends of the span."""
    names = np.array([f"p{k:03d}" for k in range(world.people)])
    ends = np.floor(np.array([world.start_s, world.end_s - 1]) / DAY_S) * DAY_S
    time_us = np.round(np.concatenate([world.time_s, ends]) * 1e6).astype(np.int64)
    n = len(time_us)
    events = pa.table({
        "row": pa.array(range(1, n + 1)), "user": [*names[world.person].tolist(), "clock", "clock"],
        "item": [f"i{k}" for k in range(n)], "behavior": ["buy"] * (n - 2) + ["view"] * 2,
        "time": pa.array(time_us, pa.timestamp("us", tz="UTC")),
    })  # fmt: skip
    ties = pa.table({"source": names[world.source], "target": names[world.target]})
    return EventLog(events.sort_by("time"), ties=ties), ties
