"""Trials: at the moment a tie first acts on an item, who has seen it beside people who have not.

For each exposure (person, item, moment) some people are drawn who at that same moment could have adopted that same item
and had no tie who had: half of them at random, half among those who acted on the item's category before. So an item's
launch, its fame and the day are the same on both sides::

    set 7   ann   lamp  day 12   treated   adopts by day 19?
            cat   lamp  day 12   control   (drawn at random)
            dan   lamp  day 12   control   (bought furniture before)

Shapes: n rows, in sets.
"""

from dataclasses import dataclass, replace

import numpy as np

from swayline.core.types import Bools, Ints
from swayline.influence.contagion.exposures import Exposures, FirstActs
from swayline.influence.contagion.reading import Floats, SocialLog

CONTROLS = 4
"""People drawn beside each exposed one."""
_ROUNDS = 4


@dataclass(frozen=True)
class Trials:
    """Rows that are compared.

    Attributes
    ----------
    person, item, time : who could adopt what from which moment on, (n,)
    treated : whether a tie had just acted, (n,)
    y : whether the person adopts within the horizon, (n,)
    set : which rows are of one item and moment, (n,)
    at_random : controls drawn from everybody, (n,)
    dose : ties that had acted, 0 for controls, (n,)
    tie : the tie of a treated row, -1 for controls, (n,)
    value : what the tie gave the item, NaN elsewhere, (n,)
    """

    person: Ints
    item: Ints
    time: Floats
    treated: Bools
    y: Floats
    set: Ints
    at_random: Bools
    dose: Ints
    tie: Ints
    value: Floats

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: Bools | Ints) -> "Trials":
        """Some rows."""
        return Trials(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def of_sets(self, treated: Bools) -> "Trials":
        """The sets of some treated rows, whole."""
        return self.take(np.isin(self.set, self.set[treated & self.treated]))


@dataclass(frozen=True)
class Risk:
    """Who may adopt what when.

    Attributes
    ----------
    log : the log
    acts : first acts of the outcome
    seen : exposures that make a person no control any more
    horizon_s : seconds within which the outcome counts
    """

    log: SocialLog
    acts: FirstActs
    seen: Exposures
    horizon_s: float

    def outcome(self, pair: Ints, time: Floats) -> Floats:
        """Whether each pair's person adopts after the moment and within the horizon, (n,)."""
        when = self.acts.time_of(pair)
        return np.asarray((when > time) & (when <= time + self.horizon_s), dtype=np.float64)

    def may_adopt(self, pair: Ints, time: Floats) -> Bools:
        """Whether each pair's person has not adopted by the moment, and was in the log before it, (n,)."""
        return np.asarray(
            (self.acts.time_of(pair) > time) & (self.first_seen[pair // len(self.log.items)] < time), dtype=bool
        )

    @property
    def first_seen(self) -> Floats:
        """(U,) the first event of each person."""
        found = np.full(self.log.people, np.inf)
        found[self.log.person[::-1]] = self.log.time[::-1]
        return found


def eligible(risk: Risk, found: Exposures) -> Bools:
    """Exposures of people who may still adopt, whose horizon the log watches whole, (X,)."""
    return np.asarray(risk.may_adopt(found.pair, found.time) & (found.time + risk.horizon_s <= risk.log.end_s))


def first_of_pairs(found: Exposures) -> Bools:
    """The first exposure of each pair, (X,)."""
    return np.asarray(np.diff(found.pair, prepend=-1) != 0)


def draw(found: Exposures, most: int, rng: np.random.Generator) -> Exposures:
    """At most ``most`` exposures."""
    if len(found.pair) <= most:
        return found
    kept = np.zeros(len(found.pair), bool)
    kept[rng.choice(len(found.pair), most, replace=False)] = True
    return found.only(kept)


def make_trials(risk: Risk, found: Exposures, rng: np.random.Generator) -> Trials:
    """Each exposure beside people drawn at its item and moment; exposures for whom nobody is found are left out."""
    log, n = risk.log, len(found.pair)
    person, item = np.divmod(found.pair, len(log.items))
    controls = draw_people(risk, np.repeat(item, CONTROLS), np.repeat(found.time, CONTROLS), rng)
    sets = np.repeat(np.arange(n), CONTROLS)
    at_random = np.tile(np.arange(CONTROLS) < CONTROLS // 2, n)
    good = (controls >= 0) & (np.diff(sets * log.people + np.maximum(controls, 0), prepend=-1) != 0)
    nothing, empty = np.full(int(good.sum()), -1), np.full(int(good.sum()), np.nan)
    rows = Trials(
        np.concatenate([person, controls[good]]), np.concatenate([item, np.repeat(item, CONTROLS)[good]]),
        np.concatenate([found.time, np.repeat(found.time, CONTROLS)[good]]),
        np.repeat([True, False], [n, int(good.sum())]), np.zeros(n + int(good.sum())),
        np.concatenate([np.arange(n), sets[good]]), np.concatenate([np.zeros(n, bool), at_random[good]]),
        np.concatenate([found.dose, np.zeros(int(good.sum()), np.int64)]), np.concatenate([found.tie, nothing]),
        np.concatenate([found.value, empty]),
    )  # fmt: skip
    rows = replace(rows, y=risk.outcome(log.pair(rows.person, rows.item), rows.time))
    matched = np.isin(rows.set, sets[good])
    return rows.take(matched)


def draw_people(risk: Risk, item: Ints, time: Floats, rng: np.random.Generator) -> Ints:
    """(n,) somebody who could adopt the item at the moment and has no tie who did; -1 where nobody was found.

    Rows come :data:`CONTROLS` an item and moment (or a multiple): half are drawn from everybody, half from those who
    acted on the item's category before.
    """
    log = risk.log
    reached = np.unique(log.target)
    pool = Pool(log, reached)
    chosen = np.full(len(item), -1, np.int64)
    first_seen = risk.first_seen
    random_slot = np.arange(len(item)) % CONTROLS < CONTROLS // 2
    for _ in range(_ROUNDS):
        rows = np.flatnonzero(chosen < 0)
        if not len(rows):
            break
        who = np.where(
            random_slot[rows], reached[rng.integers(0, len(reached), len(rows))],
            pool.draw(item[rows], time[rows], rng),
        )  # fmt: skip
        pair = log.pair(who, item[rows])
        good = (risk.acts.time_of(pair) > time[rows]) & (risk.seen.first_time(pair) > time[rows])
        good &= first_seen[who] < time[rows]
        chosen[rows[good]] = who[good]
    return chosen


class Pool:
    """People by the categories that they acted on, in the order of time."""

    def __init__(self, log: SocialLog, reached: Ints) -> None:
        rows = np.flatnonzero(np.isin(log.person, reached))
        of_item = log.item_category()
        category = np.where(log.item[rows] >= 0, of_item[log.item[rows]], -1)
        order = np.argsort(category, kind="stable")  # time rises within a category
        self.person, self.category, self.time = log.person[rows][order], category[order], log.time[rows][order]
        self.of_item, self.reached = of_item, reached
        self.moments = np.unique(log.time)
        self.keys = (self.category + 1) * (len(self.moments) + 1) + np.searchsorted(self.moments, self.time)

    def draw(self, item: Ints, time: Floats, rng: np.random.Generator) -> Ints:
        """(n,) who did one of the acts on the item's category before the moment; anybody where there is none."""
        group = (self.of_item[item] + 1) * (len(self.moments) + 1)
        begin = np.searchsorted(self.keys, group)
        size = np.searchsorted(self.keys, group + np.searchsorted(self.moments, time)) - begin
        anybody = self.reached[rng.integers(0, len(self.reached), len(item))]
        at = begin + (rng.random(len(item)) * np.maximum(size, 1)).astype(np.int64)
        return np.where(size > 0, self.person[np.minimum(at, len(self.person) - 1)], anybody)
