"""The users of a world: how active, when, with what taste, and where.

Shapes: U users, W weeks, 168 hours of the week (hour 0 is Monday 00:00 UTC).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.names import LAT, LON, PLATFORM, USER
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.simulation.catalogue import Catalogue
from swayline.simulation.settings import WorldSettings
from swayline.simulation.words import CITIES

HOURS = 168
ACTIVITY_SHAPE = 1.6
"""Tail of the Pareto law of activity; a user is at most 100 times as active as the least active."""
MAX_SHIFT_H = 2
RHYTHMS = (
    # name, hour of the main peak, of the second, weight of the second, of the weekend
    ("early", 7, 12, 0.4, 0.7),
    ("office", 12, 16, 0.7, 0.3),
    ("evening", 20, 13, 0.3, 1.0),
    ("night", 23, 21, 0.5, 1.2),
    ("weekend morning", 10, 15, 0.5, 4.0),
    ("weekend evening", 19, 14, 0.6, 4.0),
)
PLATFORMS = ("app", "web")
DEVICES = ("phone", "desktop", "tablet")


@dataclass(frozen=True)
class People:
    """Users by row.

    Parameters
    ----------
    activity : (U,) float64
        Chance of owning a session, sums to 1.
    rhythm, shift_h : (U,) int64
        Row of the weekly rhythm, and by how many hours the user's own differs from it.
    topic : (U, W) int8
        Main topic of each week: the taste that drifts.
    second : (U,) int8
        A lasting second topic.
    pick : (U,) int8
        Which category of a topic the user tends to.
    city : (U,) int8
    home : (U, 2) float32
        Latitude and longitude, degrees.
    platform, device : (U,) int8
    """

    activity: Floats
    rhythm: Ints
    shift_h: Ints
    topic: np.ndarray
    second: np.ndarray
    pick: np.ndarray
    city: np.ndarray
    home: Floats
    platform: np.ndarray
    device: np.ndarray


def rhythm_table() -> npt.NDArray[np.float64]:
    """(R, 168) share of a week's activity by hour for each rhythm; rows sum to 1."""
    hour, day = np.arange(HOURS) % 24, np.arange(HOURS) // 24
    rows = []
    for _, main, second, weight, weekend in RHYTHMS:
        near = [np.minimum((hour - peak) % 24, (peak - hour) % 24) for peak in (main, second)]
        daily = 0.06 + np.exp(-0.5 * (near[0] / 1.6) ** 2) + weight * np.exp(-0.5 * (near[1] / 1.6) ** 2)
        rows.append(daily * np.where(day >= 5, weekend, 1.0))
    table = np.array(rows)
    shares: npt.NDArray[np.float64] = table / table.sum(axis=1, keepdims=True)
    return shares


def people(settings: WorldSettings, items: Catalogue) -> People:
    """Draw the users of a world."""
    rng = generator(settings.seed, "simulate", "people")
    n = settings.users
    weight = np.minimum((1.0 - rng.random(n)) ** (-1.0 / ACTIVITY_SHAPE), 100.0)
    share = np.array([city[3] for city in CITIES])
    city = rng.choice(len(CITIES), n, p=share / share.sum()).astype(np.int8)
    centre = np.array([(lat, lon) for _, lat, lon, _ in CITIES])
    return People(
        activity=weight / weight.sum(),
        rhythm=rng.integers(0, len(RHYTHMS), n),
        shift_h=rng.integers(-MAX_SHIFT_H, MAX_SHIFT_H + 1, n),
        topic=_drifting_topics(settings, items.n_topics, rng),
        second=rng.integers(0, items.n_topics, n).astype(np.int8),
        pick=rng.integers(0, 8, n).astype(np.int8),
        city=city,
        home=(centre[city] + rng.normal(0, 0.08, (n, 2))).astype(np.float32),
        platform=(rng.random(n) < 0.4).astype(np.int8),
        device=rng.choice(len(DEVICES), n, p=[0.6, 0.3, 0.1]).astype(np.int8),
    )


def _drifting_topics(settings: WorldSettings, n_topics: int, rng: np.random.Generator) -> np.ndarray:
    weeks = -(-settings.days // 7)
    topic = np.empty((settings.users, weeks), np.int8)
    topic[:, 0] = rng.integers(0, n_topics, settings.users)
    for week in range(1, weeks):
        moved = rng.random(settings.users) < settings.drift
        step = rng.integers(1, max(2, n_topics), settings.users)
        topic[:, week] = np.where(moved, (topic[:, week - 1] + step) % n_topics, topic[:, week - 1])
    return topic


def user_names(n: int) -> list[str]:
    """(U,) outside ids."""
    width = max(5, len(str(n)))
    return [f"u{row:0{width}d}" for row in range(1, n + 1)]


def users_table(crowd: People, seed: int) -> pa.Table:
    """The side table of users: user, city, age, platform, lat, lon (home)."""
    rng = generator(seed, "simulate", "ages")
    n = len(crowd.city)
    return pa.table({
        USER: user_names(n), "city": [CITIES[row][0] for row in crowd.city.tolist()],
        "age": np.clip(np.round(rng.normal(38, 13, n)), 16, 90).astype(np.int64),
        PLATFORM: [PLATFORMS[row] for row in crowd.platform.tolist()],
        LAT: crowd.home[:, 0].astype(np.float64), LON: crowd.home[:, 1].astype(np.float64),
    })  # fmt: skip
