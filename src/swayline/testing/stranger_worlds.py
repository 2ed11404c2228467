"""Worlds in which people rate after strangers: herding, items that differ, drift, the rich that get richer.

Who comes next to an item is drawn by how many came before (rich-get-richer) and by the item's quality of the day;
people differ in leniency. With ``herding`` the value given moves by so much for each point of the reviews on top.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.events.log import EventLog
from swayline.influence.strangers.rows import ON_TOP

START_S, DAY_S = 1_599_436_800.0, 86400.0
LENIENCY = 0.8
"""Standard deviation between people, in points."""


@dataclass(frozen=True)
class StrangerWorld:
    """A log of ratings (or of views, purchases and reviews), and what one point on top does to the chance."""

    log: EventLog
    truth: float


def stranger_world(
    seed: int, *, herding: float = 0.4, drift: float = 0.5, quality: float = 0.6,
    people: int = 400, items: int = 30, acts: int = 12_000, days: int = 40, shop: bool = False,
) -> StrangerWorld:  # fmt: skip
    """Draw a world.

    Parameters
    ----------
    herding : points that one point of the mean of the reviews on top adds; with ``shop``, to the logit of buying
    drift : standard deviation by which an item's quality wanders in a month
    quality : standard deviation between items
    shop : people view; some buy, and a third of the buyers review

    Examples
    --------
    >>> world = stranger_world(0, people=40, items=5, acts=300, days=10)
    >>> world.log.events.num_rows, 0.05 < world.truth < 0.3
    (194, True)
    """
    rng = np.random.default_rng([seed, 44])
    good, kind = quality * rng.normal(size=items), LENIENCY * rng.normal(size=people)
    wander = drift * rng.normal(size=(days + 1, items)).cumsum(axis=0) / np.sqrt(30.0)
    moments = np.sort(rng.random(acts) * days)
    came = np.ones(items)
    done: list[set[int]] = [set() for _ in range(people)]
    tops: list[list[float]] = [[] for _ in range(items)]
    rows, effects = [], []
    for moment in moments:
        chance = came * np.exp(0.5 * (good + wander[int(moment)]))
        item = int(np.searchsorted(np.cumsum(chance), rng.random() * chance.sum()))
        person = int(rng.integers(people))
        if item in done[person]:
            item = next((one for one in rng.permutation(items) if one not in done[person]), -1)
            if item < 0:
                continue
        done[person].add(item)
        came[item] += 1.0
        top = float(np.mean(tops[item][-ON_TOP:])) - 3.3 if tops[item] else 0.0
        now = good[item] + wander[int(moment), item]
        if shop:
            found, effect = _shopped(rng, now, herding * top, herding, kind[person])
        else:
            found, effect = _rated(rng, now + kind[person] + herding * top, herding)
        if tops[item]:
            effects.append(effect)
        for behavior, value, later in found:
            rows.append((f"u{person}", f"i{item}", behavior, value, moment + later))
            if np.isfinite(value):
                tops[item].append(value)
    return StrangerWorld(EventLog(_events(rows)), float(np.mean(effects)))


def _rated(rng: np.random.Generator, level: float, herding: float) -> tuple[list[tuple[str, float, float]], float]:
    """One rating, and what a point on top does to the chance that it is 4 or more."""

    def above(by: float) -> float:
        return 0.5 * (1 + math.erf((level + by - 0.2) / math.sqrt(2)))

    value = float(np.clip(np.round(3.3 + level + rng.normal()), 1, 5))
    return [("rate", value, 0.0)], above(herding / 2) - above(-herding / 2)


def _shopped(
    rng: np.random.Generator, now: float, moved: float, herding: float, kind: float
) -> tuple[list[tuple[str, float, float]], float]:
    """A view, perhaps a purchase and a review, and what a point on top does to the chance to buy."""

    def chance(by: float) -> float:
        return float(1 / (1 + np.exp(1.2 - now - moved - by)))

    found = [("view", float("nan"), 0.0)]
    if rng.random() < chance(0.0):
        found.append(("purchase", float("nan"), 0.01))
        if rng.random() < 0.4:
            found.append(("review", float(np.clip(np.round(3.3 + now + kind + 0.7 * rng.normal()), 1, 5)), 0.02))
    return found, chance(herding / 2) - chance(-herding / 2)


def _events(rows: list[tuple[str, str, str, float, float]]) -> pa.Table:
    users, items, behaviors, values, moments = zip(*sorted(rows, key=lambda one: one[4]), strict=True)
    given: npt.NDArray[np.float64] = np.array(values)
    times = ((START_S + np.array(moments) * DAY_S) * 1e6).astype(np.int64)
    return pa.table({
        "row": np.arange(1, len(users) + 1), "user": list(users), "item": list(items), "behavior": list(behaviors),
        "value": pa.array(given, mask=np.isnan(given)), "time": pa.array(times).cast(pa.timestamp("us", "UTC")),
    })  # fmt: skip
