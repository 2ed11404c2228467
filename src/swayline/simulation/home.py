"""Homes whose rhythms are known: devices used daily, on some weekdays, every few days, and at no set time.

Shapes: D days, H homes.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from swayline.core.names import BEHAVIOR, ITEM, TIME, USER
from swayline.core.rng import generator

_DAY_US, _HOUR_US = 86_400_000_000, 3_600_000_000
_FIRST_DAY = 20_454  # Thursday, 1 January 2026


@dataclass(frozen=True)
class Habit:
    """When a device is used.

    Parameters
    ----------
    every : int
        Days from use to use.
    weekdays : tuple of int
        On which it may be used, Monday 0.
    hour, spread : float
        The hour of the day, mean and standard deviation over days.
    kept : float
        The chance that a use that is due takes place.
    """

    device: str
    every: int
    weekdays: tuple[int, ...]
    hour: float
    spread: float
    kept: float


_WEEK, _WORK = tuple(range(7)), tuple(range(5))
HABITS = (
    Habit("coffee machine", 1, _WORK, 7.0, 0.4, 0.92), Habit("evening lights", 1, _WEEK, 19.0, 0.8, 0.95),
    Habit("medicine box", 1, _WEEK, 8.0, 0.3, 0.97), Habit("plants", 3, _WEEK, 9.0, 1.0, 0.9),
    Habit("washing machine", 7, (5,), 10.0, 1.0, 0.9), Habit("vacuum cleaner", 4, _WEEK, 17.0, 1.5, 0.85),
)  # fmt: skip
AIMLESS = ("television", "window blind")
"""Devices used on about a third of the days, at any hour from 6 to 24: no rhythm is there to be found."""


def simulate_homes(homes: int = 20, days: int = 84, seed: int = 0) -> pa.Table:
    """``user``, ``item``, ``behavior``, ``time`` (UTC) of homes whose people keep the habits, each at their own hours.

    Parameters
    ----------
    homes : int
    days : int
        From Thursday, 1 January 2026.
    """
    rng = generator(seed, "homes")
    rows: list[tuple[str, str, int]] = []
    for home in range(homes):
        user = f"home{home:03d}"
        for habit in HABITS:
            usual, phase = habit.hour + rng.normal(0, 1.0), int(rng.integers(habit.every))
            for day in range(days):
                weekday = (_FIRST_DAY + day + 3) % 7
                due = weekday in habit.weekdays and (habit.every in (1, 7) or (day + phase) % habit.every == 0)
                if due and rng.random() < habit.kept:
                    rows.append((user, habit.device, _moment(day, rng.normal(usual, habit.spread))))
        for device in AIMLESS:
            used = np.flatnonzero(rng.random(days) < 1 / 3)
            rows += [(user, device, _moment(int(day), rng.uniform(6, 24))) for day in used]
    rows.sort(key=lambda row: (row[2], row[0], row[1]))
    return pa.table({
        USER: [row[0] for row in rows], ITEM: [row[1] for row in rows], BEHAVIOR: ["use"] * len(rows),
        TIME: pa.array([row[2] for row in rows], pa.timestamp("us", "UTC")),
    })  # fmt: skip


def _moment(day: int, hour: float) -> int:
    return (_FIRST_DAY + day) * _DAY_US + int(min(max(hour, 0.0), 23.99) * _HOUR_US)
