"""What each first act of a person on an item brought: acts of those who see it, less what others would do anyway.

::

    bob buys the lamp on day 12; ann and cat see bob; within 7 days ann buys it           1
    of 8 people without such a tie at that item and day, drawn for the purpose, 1 does    −2 × 1/8

Half of those drawn acted on the item's category before, so that what is hot among like-minded people counts as hot.
Where several ties of a person acted before, the later adoption is shared among them.

Shapes: A first acts.
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.types import Ints
from swayline.influence.contagion.exposures import FirstActs, exposures
from swayline.influence.contagion.reading import Floats, SocialLog
from swayline.influence.contagion.trials import Risk, draw_people

DRAWN = 8


@dataclass(frozen=True)
class Gains:
    """What first acts brought.

    Attributes
    ----------
    person, time : who acted, when (Unix seconds), (A,)
    gained : acts of others on the item within the horizon, less those of as many untied people, (A,)
    brought : the first part alone, (A,)
    """

    person: Ints
    time: Floats
    gained: Floats
    brought: Floats


def gains(log: SocialLog, acts: FirstActs, horizon_s: float, rng: np.random.Generator) -> Gains:
    """What every first act of the outcome brought, whose horizon the log watches whole."""
    risk = Risk(log, acts, exposures(log, acts), horizon_s)
    person, item = np.divmod(acts.pair, len(log.items))
    watched = acts.time + horizon_s <= log.end_s
    person, item, time = person[watched], item[watched], acts.time[watched]
    act, pair = _seen_by(log, person, item, time)
    able = risk.may_adopt(pair, time[act])
    act, pair = act[able], pair[able]
    followed = np.asarray(risk.outcome(pair, time[act]), dtype=np.float64)
    shared = followed / np.maximum(_active(risk, pair, time[act]), 1.0)
    count = np.bincount(act, minlength=len(person)).astype(np.float64)
    brought = np.asarray(np.bincount(act, shared, len(person)), dtype=np.float64)
    asked = np.flatnonzero(count > 0)
    others = draw_people(risk, np.repeat(item[asked], DRAWN), np.repeat(time[asked], DRAWN), rng)
    found = others >= 0
    others_pair = log.pair(np.maximum(others, 0), np.repeat(item[asked], DRAWN))
    did = np.where(found, risk.outcome(others_pair, np.repeat(time[asked], DRAWN)), 0.0).reshape(-1, DRAWN)
    base = np.zeros(len(person))
    base[asked] = did.sum(axis=1) / np.maximum(found.reshape(-1, DRAWN).sum(axis=1), 1)
    return Gains(person, time, brought - base * count, brought)


def _seen_by(log: SocialLog, person: Ints, item: Ints, time: Floats) -> tuple[Ints, Ints]:
    """Acts and the (person, item) of everybody whom a tie joins to their doer, one row each."""
    order = np.argsort(log.source, kind="stable")
    begin = np.searchsorted(log.source[order], np.arange(log.people + 1))
    count = np.diff(begin)[person]
    act = np.repeat(np.arange(len(person)), count)
    ends = np.cumsum(count)
    tie = order[begin[person[act]] + np.arange(len(act)) - np.repeat(ends - count, count)]
    known = time[act] >= log.tied_at[tie]
    return act[known], log.pair(log.target[tie[known]], item[act[known]])


def _active(risk: Risk, pair: Ints, time: Floats) -> Floats:
    """(n,) ties of each pair's person that had acted on the item by the moment of the act."""
    seen = risk.seen
    keys = seen.pair
    begin, end = np.searchsorted(keys, pair), np.searchsorted(keys, pair, side="right")
    moments = np.unique(seen.time)
    width = len(moments) + 1
    joint = keys * width + np.searchsorted(moments, seen.time)
    at = np.searchsorted(joint, pair * width + np.searchsorted(moments, time), side="right") - 1
    inside = (at >= begin) & (at < end)
    return np.where(inside, seen.dose[np.maximum(at, 0)], 1).astype(np.float64)
