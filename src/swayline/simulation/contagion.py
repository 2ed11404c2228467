"""Ties, half of which carry purchases from person to person, half of which only join people who are alike.

A purchase of the source of a contagious tie causes Poisson(branching) purchases of the target, each an exponential
delay later; what is caused causes in turn (a Galton-Watson cascade: the branching form of a Hawkes process).

Shapes: T ties, P parent purchases.

References
----------
Hawkes and Oakes, "A cluster process representation of a self-exciting process", J. Applied Probability 1974.
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.rng import generator
from swayline.core.types import Bools, Floats, Ints
from swayline.simulation.catalogue import Catalogue
from swayline.simulation.people import People
from swayline.simulation.settings import WorldSettings

_SPREAD = 0.4
"""Branching ratios of contagious ties are uniform within this share of their mean."""
_GENERATIONS = 60
_TRIES = 6


@dataclass(frozen=True)
class Ties:
    """(T,) who can move whom, whether they do, and how much; no pair of people is tied twice."""

    source: Ints
    target: Ints
    contagious: Bools
    branching: Floats
    kind: Ints


@dataclass(frozen=True)
class Caused:
    """(n,) purchases caused along ties: by which tie, of what, when (seconds since the log's start)."""

    tie: Ints
    user: Ints
    item: Ints
    time_s: Floats
    delay_s: Floats


def ties(settings: WorldSettings, crowd: People) -> Ties:
    """Draw the ties among the more active half of the users."""
    rng = generator(settings.seed, "simulate", "ties")
    ranked = np.argsort(-crowd.activity, kind="stable")
    pool = ranked[: max(2, len(ranked) // 2)]
    wanted = round(settings.ties_per_user * settings.users)
    if settings.users < 2 or wanted == 0:
        return Ties(*(np.empty(0, np.int64),) * 2, np.empty(0, bool), np.empty(0), np.empty(0, np.int64))
    source = pool[rng.integers(0, len(pool), 3 * wanted)]
    contagious = np.arange(3 * wanted) % 2 == 0
    target = np.where(contagious, pool[rng.integers(0, len(pool), 3 * wanted)], _alike(crowd, pool, source, rng))
    low, high = np.minimum(source, target), np.maximum(source, target)
    _, once = np.unique(low * settings.users + high, return_index=True)
    fresh = np.zeros(3 * wanted, bool)
    fresh[once] = True
    usable = np.flatnonzero(fresh & (source != target))
    carriers, others = usable[contagious[usable]], usable[~contagious[usable]]
    kept = np.sort(np.concatenate([carriers[: (wanted + 1) // 2], others[: wanted // 2]]))
    spread = settings.contagion * rng.uniform(1 - _SPREAD, 1 + _SPREAD, len(kept))
    carries = contagious[kept] & (settings.contagion > 0)
    kind = (rng.random(len(kept)) < 0.5).astype(np.int64)
    return Ties(source[kept], target[kept], carries, np.where(carries, spread, 0.0), kind)


def _alike(crowd: People, pool: Ints, source: Ints, rng: np.random.Generator) -> Ints:
    """For each source someone of the pool with the same rhythm and, where there is one, the same first topic."""
    n_topics = int(crowd.topic.max()) + 1
    taste = crowd.rhythm * n_topics + crowd.topic[:, 0]
    found = source.copy()
    for group in (crowd.rhythm, taste):  # the closer likeness overwrites the looser one
        members = pool[np.argsort(group[pool], kind="stable")]
        keys = group[members]
        begin = np.searchsorted(keys, group[source])
        size = np.searchsorted(keys, group[source], side="right") - begin
        drawn = members[begin + rng.integers(0, 1 << 40, len(source)) % size]
        found = np.where((drawn != source) & (size > 1), drawn, found)
    return found


def cascade(
    settings: WorldSettings, net: Ties, items: Catalogue, taken: Ints, user: Ints, item: Ints, time_s: Floats
) -> Caused:
    """All purchases that (P,) purchases cause, over every generation, within the log.

    Parameters
    ----------
    taken : sorted int64
        ``user * n_items + item`` of the pairs already seen: a caused purchase keeps away from them where it can, so
        that it does not blur the effects planted there.
    """
    rng = generator(settings.seed, "simulate", "contagion")
    active = np.flatnonzero(net.contagious)
    active = active[np.argsort(net.source[active], kind="stable")]
    begin = np.searchsorted(net.source[active], np.arange(settings.users + 1))
    found: list[Caused] = []
    for _ in range(_GENERATIONS):
        out = np.diff(begin)[user]
        parent = np.repeat(np.arange(len(user)), out)
        nth = np.arange(len(parent)) - np.repeat(np.cumsum(out) - out, out)
        tie = active[begin[user[parent]] + nth]
        children = rng.poisson(net.branching[tie])
        parent, tie = np.repeat(parent, children), np.repeat(tie, children)
        delay = rng.exponential(settings.delay_s, len(parent))
        time = time_s[parent] + delay
        kept = time < settings.length_s
        parent, tie, delay, time = parent[kept], tie[kept], delay[kept], time[kept]
        if not len(tie):
            break
        target = net.target[tie]
        bought = _free_items(items, taken, target, item[parent], rng)
        found.append(Caused(tie, target, bought, time, delay))
        user, item, time_s = target, bought, time
    if not found:
        return Caused(*(np.empty(0, np.int64),) * 3, np.empty(0), np.empty(0))
    return Caused(*(np.concatenate([getattr(part, name) for part in found]) for name in Caused.__dataclass_fields__))


def _free_items(items: Catalogue, taken: Ints, user: Ints, item: Ints, rng: np.random.Generator) -> Ints:
    """The source's item if the target has never seen it, else another of its category, else any that is left."""
    n_items = len(items.category)
    chosen, anchor = item.copy(), item
    for attempt in range(2 * _TRIES):
        rows = np.flatnonzero(known(taken, user * n_items + chosen))
        if not len(rows):
            break
        if attempt < _TRIES:
            chosen[rows] = items.draw(items.category[anchor[rows]], rng.random(len(rows)))
        else:
            chosen[rows] = rng.integers(0, n_items, len(rows))
    return chosen


def known(taken: Ints, pairs: Ints) -> Bools:
    """(n,) whether each pair is among the sorted pairs ``taken``."""
    if not len(taken):
        return np.zeros(len(pairs), bool)
    place = np.minimum(np.searchsorted(taken, pairs), len(taken) - 1)
    same: Bools = taken[place] == pairs
    return same
