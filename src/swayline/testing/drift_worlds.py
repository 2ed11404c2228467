"""Logs whose days are known: a world that stands still, with or without seasons, and one that changes when told to."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from swayline.events import EventLog

START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday."""


@dataclass(frozen=True)
class DriftWorld:
    """What is planted; a world of the defaults stands still.

    Attributes
    ----------
    people, days, a_day : how many people, for how long, and their mean events a day
    categories, items_each : how many categories, and items in each
    weekly : how far busy days stand above quiet ones (0: none); interests have a weekly season too
    tastes : days at which everybody's interests move from one half of the categories towards the other
    activity : day → factor by which everybody does more from then on
    rising : category → day from which on it is three times as wanted
    movers : people whose own interests change at a day of their own
    stickiness : chance that an event stays on the category of the one before on the same day
    """

    people: int = 150
    days: int = 90
    a_day: float = 0.8
    categories: int = 8
    items_each: int = 10
    weekly: float = 0.0
    tastes: tuple[int, ...] = ()
    activity: dict[int, float] = field(default_factory=dict)
    rising: dict[int, int] = field(default_factory=dict)
    movers: int = 0
    stickiness: float = 0.3
    seed: int = 0

    def seeded(self, seed: int) -> "DriftWorld":
        """The same world of another seed."""
        return replace(self, seed=seed)


def drift_log(world: DriftWorld) -> tuple[EventLog, dict[str, int]]:
    """The log, and the day at which each mover's interests change."""
    rng = np.random.default_rng([world.seed, 77])
    days = np.arange(world.days)
    volume = world.a_day * (1 + world.weekly * np.cos(2 * np.pi * days / 7))
    for day, factor in world.activity.items():
        volume = volume * np.where(days >= day, factor, 1.0)
    taste = rng.dirichlet(np.ones(world.categories), world.people)
    busy = rng.gamma(2.0, 0.5, world.people)
    moved = {int(one): int(rng.integers(world.days // 4, 3 * world.days // 4)) for one in range(world.movers)}
    rows: list[tuple[str, str, str, str, datetime]] = []
    for person in range(world.people):
        other = np.roll(taste[person], world.categories // 2) if person in moved else taste[person]
        for day in np.flatnonzero(rng.poisson(volume * busy[person])).tolist():
            own = other if person in moved and day >= moved[person] else taste[person]
            chances = _chances(world, own, day)
            rows += _visit(world, person, day, chances, rng)
    rows.sort(key=lambda row: row[4])
    user, item, behavior, category, time = zip(*rows, strict=True)
    events = pa.table({
        "row": pa.array(range(1, len(rows) + 1), pa.int64()), "user": user, "item": item, "behavior": behavior,
        "category": category, "time": pa.array(time, pa.timestamp("us", "UTC")),
    })  # fmt: skip
    return EventLog(events), {f"u{one}": day for one, day in moved.items()}


def _chances(world: DriftWorld, taste: np.ndarray, day: int) -> np.ndarray:
    """(C,) of each category on a day."""
    factor = np.ones(world.categories)
    half = np.arange(world.categories) < world.categories // 2
    for at, begun in enumerate(world.tastes):
        if day >= begun:
            factor = np.where(half == (at % 2 == 0), 0.5, 1.5)
    for category, begun in world.rising.items():
        factor[category] *= 3.0 if day >= begun else 1.0
    if world.weekly:
        factor[-1] *= 1.0 + world.weekly * (day % 7 >= 5)
    chances = taste * factor
    return np.asarray(chances / chances.sum())


def _visit(
    world: DriftWorld, person: int, day: int, chances: np.ndarray, rng: np.random.Generator
) -> list[tuple[str, str, str, str, datetime]]:
    """A visit of some events: mostly views, some of them followed by a purchase at once."""
    rows, category, ladder = [], -1, np.cumsum(chances)
    moment = START + timedelta(days=day, seconds=float(rng.uniform(8, 22) * 3600))
    for _ in range(1 + rng.poisson(1.0)):
        if category < 0 or rng.random() > world.stickiness:
            category = min(int(np.searchsorted(ladder, rng.random())), world.categories - 1)
        item = f"i{category}-{int(world.items_each * rng.random() ** 2)}"
        rows.append((f"u{person}", item, "view", f"c{category}", moment))
        if rng.random() < 0.2:
            rows.append((f"u{person}", item, "purchase", f"c{category}", moment + timedelta(minutes=5)))
        moment += timedelta(minutes=12)
    return rows
