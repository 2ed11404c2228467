"""A world put together: people and items, visits, what follows from them, what spreads, and the truth about it all."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from swayline.core.names import CLICK, KIND, PURCHASE, RATE, SEARCH, SOURCE, TARGET, VIEW
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.simulation.catalogue import Catalogue, catalogue, items_table, phrases
from swayline.simulation.contagion import Caused, Ties, cascade, known, ties
from swayline.simulation.funnel import RATED, Episodes, episodes, expected_extras, interest_before
from swayline.simulation.log import Log, Places, joined, part, places, tables
from swayline.simulation.people import People, people, user_names, users_table
from swayline.simulation.sessions import Views, views
from swayline.simulation.settings import TREATMENTS, WorldSettings

SEARCH_SHARE = 0.06
"""Share of events meant to be searches; they fill up what chance left open, so that the count comes out exactly."""
TIE_KINDS = ("friend", "follows")
_AT_ONCE_S = 1_000.0
"""A behaviour within this lag belongs to the visit of the view; a later one is a visit of its own."""


@dataclass(frozen=True)
class Parts:
    """All that was drawn, before it becomes tables; ``blurred``: purchases caused on pairs with an episode."""

    settings: WorldSettings
    items: Catalogue
    crowd: People
    views: Views
    episodes: Episodes
    ties: Ties
    caused: Caused
    blurred: int
    log: Log
    places: Places

    def event_tables(self) -> Iterator[pa.Table]:
        """The events, a block of rows at a time."""
        return tables(self.settings, self.items, self.log, self.places)

    def items_table(self) -> pa.Table:
        """item, title, description, category, price."""
        return items_table(self.items, self.settings.seed)

    def users_table(self) -> pa.Table:
        """user, city, age, platform, lat, lon."""
        return users_table(self.crowd, self.settings.seed)

    def ties_table(self) -> pa.Table:
        """source, target, kind: the kind says nothing about contagion."""
        names = pa.array(user_names(self.settings.users))
        return pa.table({
            SOURCE: names.take(pa.array(self.ties.source)), TARGET: names.take(pa.array(self.ties.target)),
            KIND: pa.array(TIE_KINDS).take(pa.array(self.ties.kind)),
        })  # fmt: skip

    @cached_property
    def complete(self) -> np.ndarray:
        """(E,) episodes whose horizon ends within the log."""
        end_s = self.log.time_us[-1] / 1e6 if len(self.log) else 0.0
        opened = self.views.time_s[self.episodes.view]
        done: np.ndarray = opened + self.settings.window_s + self.settings.horizon_s <= end_s
        return done


class _Visits:
    """Sessions in the making: hands out numbers for new ones and remembers whose they are."""

    def __init__(self, users: Ints) -> None:
        self._users = [users]
        self._n = len(users)

    def new(self, users: Ints) -> Ints:
        """Numbers of new sessions, one for each user given."""
        numbers = self._n + np.arange(len(users))
        self._users.append(users)
        self._n += len(users)
        return numbers

    @property
    def users(self) -> Ints:
        """(S,) the user of every session."""
        return np.concatenate(self._users)


def draw(settings: WorldSettings) -> Parts:
    """Draw a whole world from its seed."""
    items = catalogue(settings)
    crowd = people(settings, items)
    seen = views(settings, items, crowd, (1.0 - SEARCH_SHARE) * settings.events, expected_extras(settings))
    user, pairs = seen.user, seen.user * settings.items + seen.item
    first, interest = interest_before(seen, items.category[seen.item], user, pairs)
    drawn = episodes(settings, crowd, seen, first, interest)
    visits = _Visits(seen.session_user)
    rng = generator(settings.seed, "simulate", "acts")
    acts = [part(VIEW, user, seen.item, seen.time_s, seen.session), *_followed(settings, seen, drawn, visits)]
    bought = np.flatnonzero(drawn.bought & (drawn.bought_s < settings.length_s))
    buyer, goods, when = user[first[bought]], seen.item[first[bought]], drawn.bought_s[bought]
    acts += _purchases(settings, items, buyer, goods, when, visits, rng)
    net = ties(settings, crowd)
    taken = np.sort(pairs[first])
    caused = cascade(settings, net, items, taken, buyer, goods, when)
    acts += _caused(items, caused, visits, rng)
    acts.append(_searches(settings, items, seen, settings.events - sum(len(p) for p in acts), rng))
    log = joined(acts).in_time_order()
    blurred = int(known(taken, caused.user * settings.items + caused.item).sum())
    where = places(settings, crowd, visits.users, _starts(log, len(visits.users)))
    return Parts(settings, items, crowd, seen, drawn, net, caused, blurred, log, where)


def _starts(log: Log, n_sessions: int) -> Floats:
    """(S,) when each session begins; 0 where it holds no event."""
    starts = np.zeros(n_sessions)
    sessions, first = np.unique(log.session, return_index=True)  # the log is in time order
    real = sessions >= 0
    starts[sessions[real]] = log.time_us[first[real]] / 1e6
    return starts


def _followed(settings: WorldSettings, seen: Views, drawn: Episodes, visits: _Visits) -> list[Log]:
    """Clicks, favourites, carts and shares of the episodes."""
    user, parts = seen.user, []
    for column, behavior in enumerate(TREATMENTS):
        rows = np.flatnonzero(drawn.done[:, column])
        view, lag = drawn.view[rows], drawn.lag_s[rows, column]
        inside = seen.time_s[view] + lag < settings.length_s
        view, lag = view[inside], lag[inside]
        session = seen.session[view].copy()
        late = lag > _AT_ONCE_S
        session[late] = visits.new(user[view[late]])
        parts.append(part(behavior, user[view], seen.item[view], seen.time_s[view] + lag, session))
    return parts


def _purchases(
    settings: WorldSettings, items: Catalogue, user: Ints, item: Ints, time_s: Floats, visits: _Visits,
    rng: np.random.Generator,
) -> list[Log]:  # fmt: skip
    """Purchases with their price as value, some of them rated days later."""
    bought = part(PURCHASE, user, item, time_s, visits.new(user), items.price[item])
    rated_s = time_s + 86_400.0 * rng.uniform(1.0, 5.0, len(user))
    rows = np.flatnonzero((rng.random(len(user)) < RATED) & (rated_s < settings.length_s))
    stars = np.clip(np.round(items.quality[item[rows]] + rng.normal(0, 0.8, len(rows))), 1, 5)
    return [bought, part(RATE, user[rows], item[rows], rated_s[rows], visits.new(user[rows]), stars)]


def _caused(items: Catalogue, caused: Caused, visits: _Visits, rng: np.random.Generator) -> list[Log]:
    """What spreads comes through a friend's link: a click, then the purchase, and no view of the shop's own pages."""
    before = np.minimum(caused.delay_s / 2.0, 10.0 + rng.exponential(90.0, len(caused.tie)))
    session = visits.new(caused.user)
    return [
        part(CLICK, caused.user, caused.item, caused.time_s - before, session),
        part(PURCHASE, caused.user, caused.item, caused.time_s, session, items.price[caused.item]),
    ]


def _searches(settings: WorldSettings, items: Catalogue, seen: Views, wanted: int, rng: np.random.Generator) -> Log:
    """Searches at the start of visits, in words of the category that the visit begins with."""
    n_sessions = len(seen.session_user)
    n = max(0, wanted)
    session = rng.permutation(n_sessions)[:n] if n <= n_sessions else rng.integers(0, n_sessions, n)
    opening = np.searchsorted(seen.session, session)
    a_category = len(phrases(items)[0])
    text = items.category[seen.item[opening]] * a_category + rng.integers(0, a_category, n)
    time_s = seen.start_s[session] - rng.uniform(5.0, 60.0, n)
    return part(SEARCH, seen.session_user[session], None, time_s, session, text=text)
