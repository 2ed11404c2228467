"""Visits and the views in them: the raw course of behaviour that everything else grows from.

A visit belongs to a user, starts by the user's weekly rhythm and runs from item to item: the successor of the item
just seen, its complement, another of the same category, or something of the user's taste that week.

Shapes: S sessions, V views (the views of a session lie together, in order).
"""

from dataclasses import dataclass, fields

import numpy as np

from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.simulation.catalogue import Catalogue
from swayline.simulation.people import HOURS, People, rhythm_table
from swayline.simulation.settings import WorldSettings

MEAN_VIEWS, MAX_VIEWS = 4.5, 20
WEEK_S = 604_800.0
COMPLEMENT = 0.1
"""Chance that the next item is the present one's complement."""
STAY = 0.7
"""Chance, where no link is followed, that the next item is of the same category."""
MAIN, SECOND = 0.6, 0.2
"""Chance that taste means the week's main topic, the lasting second one; otherwise any category."""
FAITHFUL = 0.6
"""Chance that within a topic the user's own category is meant."""


@dataclass(frozen=True)
class Views:
    """(S,) sessions and (V,) views; ``start_s``, ``time_s`` are seconds since the log's start."""

    session_user: Ints
    start_s: Floats
    session: Ints
    item: Ints
    time_s: Floats

    @property
    def user(self) -> Ints:
        """(V,) the user of each view."""
        return self.session_user[self.session]


def views(settings: WorldSettings, items: Catalogue, crowd: People, target: float, extras: float) -> Views:
    """Sessions until the views and what follows from them come to ``target`` events.

    Parameters
    ----------
    target : float
        Events wanted: views, plus ``extras`` for every (user, item) pair seen at all.
    extras : float
        Mean further events of a pair.
    """
    found: Views | None = None
    for block in range(12):
        rng = generator(settings.seed, "simulate", "sessions", str(block))
        total = 0.0 if found is None else _events(found, settings.items, extras)[-1]
        if total >= target:
            break
        # A shortage is filled as if every view were a pair of its own, so that little is thrown away.
        n = int((target - total) / (1.0 + extras) / MEAN_VIEWS * 1.03) + 2
        more = _block(settings, items, crowd, n, rng, first=block == 0)
        found = more if found is None else _joined(found, more)
    assert found is not None  # the first block is always drawn
    return _cut(found, int(np.searchsorted(_events(found, settings.items, extras), target)) + 1)


def _events(found: Views, n_items: int, extras: float) -> Floats:
    """(V,) events expected once each view and those before it have been followed up."""
    _, first = np.unique(found.user * n_items + found.item, return_index=True)
    expected = np.ones(len(found.item))
    expected[first] += extras
    running: Floats = np.cumsum(expected)
    return running


def _joined(left: Views, right: Views) -> Views:
    moved = Views(right.session_user, right.start_s, right.session + len(left.session_user), right.item, right.time_s)
    return Views(*(np.concatenate([getattr(left, f.name), getattr(moved, f.name)]) for f in fields(Views)))


def _cut(found: Views, n_views: int) -> Views:
    kept = slice(0, n_views)
    sessions = slice(0, int(found.session[kept][-1]) + 1)
    return Views(
        found.session_user[sessions], found.start_s[sessions], found.session[kept], found.item[kept], found.time_s[kept]
    )


def _block(
    settings: WorldSettings, items: Catalogue, crowd: People, n: int, rng: np.random.Generator, first: bool
) -> Views:
    running = np.cumsum(crowd.activity)
    user = np.minimum(np.searchsorted(running, rng.random(n), side="right"), settings.users - 1)
    if first:  # everyone comes once before anyone comes again, as far as the sessions go
        everyone = rng.permutation(settings.users)[:n]
        user[: len(everyone)] = everyone
    start = _start_s(settings, crowd, user, rng)
    length = np.minimum(rng.geometric(1.0 / MEAN_VIEWS, n), MAX_VIEWS)
    offset = np.concatenate([[0], np.cumsum(length)])
    week = np.minimum((start / WEEK_S).astype(np.int64), crowd.topic.shape[1] - 1)
    item = _walk(settings, items, crowd, user, week, length, offset, rng)
    gap = 15.0 + rng.exponential(50.0, len(item))
    gap[offset[:-1]] = 0.0
    elapsed = np.cumsum(gap)
    session = np.repeat(np.arange(n), length)
    time = start[session] + elapsed - elapsed[offset[:-1]][session]
    return Views(user, start, session, item, time)


def _start_s(settings: WorldSettings, crowd: People, user: Ints, rng: np.random.Generator) -> Floats:
    """(n,) session starts: an hour of the week by the user's rhythm, in a week drawn evenly."""
    table = np.cumsum(rhythm_table(), axis=1) + np.arange(len(rhythm_table()))[:, None]
    drawn = np.searchsorted(table.ravel(), crowd.rhythm[user] + rng.random(len(user)), side="right")
    last_hour = (crowd.rhythm[user] + 1) * HOURS - 1
    hour = (np.minimum(drawn, last_hour) + crowd.shift_h[user]) % HOURS
    since_start = (hour - _first_hour(settings)) % HOURS
    week = rng.integers(0, -(-settings.days // 7), len(user))
    start = since_start * 3_600.0 + week * WEEK_S + rng.random(len(user)) * 3_600.0
    late = start > settings.length_s - 3_600.0
    return np.maximum(np.where(late, start - WEEK_S, start), 120.0)  # room for a search before the first view


def _first_hour(settings: WorldSettings) -> int:
    return settings.start_time.weekday() * 24 + settings.start_time.hour


def hour_of_week(settings: WorldSettings, time_s: Floats) -> Ints:
    """(n,) hour of the week, Monday 00:00 UTC is 0, of seconds since the log's start."""
    hours: Ints = (_first_hour(settings) + (time_s // 3_600.0).astype(np.int64)) % HOURS
    return hours


def rhythm_weight(settings: WorldSettings, crowd: People, user: Ints, time_s: Floats) -> Floats:
    """(n,) how likely a user acts at that hour, as a share of the user's best hour."""
    table = rhythm_table()
    table /= table.max(axis=1, keepdims=True)
    weight: Floats = table[crowd.rhythm[user], (hour_of_week(settings, time_s) - crowd.shift_h[user]) % HOURS]
    return weight


def _walk(
    settings: WorldSettings, items: Catalogue, crowd: People, user: Ints, week: Ints, length: Ints, offset: Ints,
    rng: np.random.Generator,
) -> Ints:  # fmt: skip
    """(V,) the items of all sessions, one step of every session that still runs at a time."""
    found = np.empty(offset[-1], np.int64)
    longest = np.argsort(-length, kind="stable")
    running = np.searchsorted(-length[longest], -np.arange(1, length.max() + 1), side="right")
    for step, n in enumerate(running.tolist()):
        alive = longest[:n]
        category = _taste(items, crowd, user[alive], week[alive], rng)
        item = items.draw(category, rng.random(n))
        if step:
            before = found[offset[alive] + step - 1]
            stays = rng.random(n) < STAY
            same = items.draw(items.category[before], rng.random(n))
            item = np.where(stays, same, item)
            link = rng.random(n)
            item = np.where(link < settings.follow, items.successor[before], item)
            pairs = (link >= settings.follow) & (link < settings.follow + COMPLEMENT)
            item = np.where(pairs, items.complement[before], item)
        found[offset[alive] + step] = item
    return found


def _taste(items: Catalogue, crowd: People, user: Ints, week: Ints, rng: np.random.Generator) -> Ints:
    n = len(user)
    which = rng.random(n)
    topic = np.where(which < MAIN, crowd.topic[user, week], crowd.second[user]).astype(np.int64)
    categories = (items.n_categories - 1 - topic) // items.n_topics + 1  # of that topic
    own = crowd.pick[user] % categories
    place = np.where(rng.random(n) < FAITHFUL, own, rng.integers(0, 1 << 30, n) % categories)
    return np.where(which < MAIN + SECOND, topic + items.n_topics * place, rng.integers(0, items.n_categories, n))
