"""A world of people who respond, day by day, to lists that anybody may choose.

The same seed draws the same luck whatever is shown, so that two rankers are compared person by person and day by day.

Shapes: U people (all who ever join), I items, D days, K places.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.names import BEHAVIOR, EXPOSED, IMPRESSION, ITEM, POSITION, PROPENSITY, PURCHASE, TIME, USER
from swayline.core.rng import generator
from swayline.core.time import parse_date
from swayline.simulation.responding.settings import RespondingSettings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_FACTORS = 6
_MEMORY_DAYS = 3
START = "2026-01-01"


@dataclass(frozen=True)
class Day:
    """What happened on a day.

    Attributes
    ----------
    day : number from 0
    present : (U,) who has joined
    shown : (U, K) items shown, -1 for those not there
    taken : (U, I) who took what on the day
    """

    day: int
    present: Bools
    shown: Ints
    taken: Bools


class RespondingWorld:
    """Tastes, ties and uplift of a world, and what its people do with what they are shown.

    Parameters
    ----------
    settings : RespondingSettings

    Attributes
    ----------
    kind_of_person, kind_of_item : (U,), (I,) observed groups
    uplift : (kinds of people, kinds of items) chance that a seen item moves somebody
    joined : (U,) day each person joins
    ties : (U, U) float, 1 where the column's person can move the row's
    catching : (I,) how far each item spreads along ties
    """

    def __init__(self, settings: RespondingSettings) -> None:
        self.settings = s = settings
        rng = generator(s.seed, "responding")
        late = round(s.newcomers * s.people)
        n_days = s.logged_days + s.days
        self.joined = np.concatenate([np.zeros(s.people, np.int64), np.repeat(np.arange(1, n_days), late)])
        n = len(self.joined)
        self.kind_of_person = rng.integers(s.kinds_of_people, size=n)
        self.kind_of_item = np.arange(s.items) % s.kinds_of_items
        self.items = rng.normal(size=(s.items, _FACTORS)) / np.sqrt(_FACTORS)
        self._tastes = [rng.normal(size=(n, _FACTORS))]
        self._fresh = generator(s.seed, "responding", "drift")
        self.uplift = self._uplift(rng)
        self.catching = rng.uniform(0.0, 2.0, size=s.items)
        self.ties = (rng.random((n, n)) < s.ties_per_person / n).astype(np.float64)
        np.fill_diagonal(self.ties, 0.0)

    def _uplift(self, rng: np.random.Generator) -> Floats:
        s = self.settings
        n = s.kinds_of_people * s.kinds_of_items
        strong = np.zeros(n)
        strong[rng.permutation(n)[: max(1, n // 4)]] = 1.0
        shape = (s.kinds_of_people, s.kinds_of_items)
        return np.asarray(s.uplift * ((1 - s.spread) + s.spread * strong / strong.mean())).reshape(shape)

    def __len__(self) -> int:
        return len(self.joined)

    def taste_on(self, day: int) -> Floats:
        """(U, I) log-odds of taste on a day; with ``drift`` it wanders."""
        s = self.settings
        while len(self._tastes) <= day:
            keep = np.sqrt(1.0 - s.drift)
            new = self._fresh.normal(size=self._tastes[-1].shape)
            self._tastes.append(keep * self._tastes[-1] + np.sqrt(s.drift) * new)
        return np.asarray(s.taste * self._tastes[day] @ self.items.T)

    def own_chance(self, day: int, lately: Floats) -> Floats:
        """(U, I) chance to take an item unseen, given what everybody took in the last days (U, I)."""
        s = self.settings
        social = s.contagion * self.catching * np.minimum(self.ties @ lately, 3.0) if s.contagion else 0.0
        return np.asarray(1.0 / (1.0 + np.exp(-(s.base + self.taste_on(day) + social))))

    def seen_chance(self, place: Ints) -> Floats:
        """Chance that a place (from 0) is looked at."""
        return np.asarray(1.0 / (place + 1.0) ** self.settings.position_bias)

    def moved(self) -> Floats:
        """(U, I) the planted uplift of everybody."""
        return np.asarray(self.uplift[self.kind_of_person[:, None], self.kind_of_item[None, :]])


Chooser = Callable[[int, Bools, Bools], Ints]
"""Day, who is present (U,), what each has taken so far (U, I) → items to show (U, K)."""


def simulate_days(
    world: RespondingWorld, choose: Chooser, first: int, last: int, owned: Bools, lately: list[Bools]
) -> Iterator[Day]:
    """Days ``first`` to ``last`` - 1 under the lists of a chooser; ``owned`` and ``lately`` are carried on in place.

    Parameters
    ----------
    owned : (U, I) bool
        What each person has taken.
    lately : list of (U, I) bool
        What was taken on the last days, the newest last.
    """
    shape = owned.shape
    rows = np.arange(shape[0])[:, None]
    for day in range(first, last):
        present = world.joined <= day
        shown = np.where(present[:, None], choose(day, present, owned.copy()), -1)
        recent: Floats = np.zeros(shape)
        for taken_then in lately[-_MEMORY_DAYS:]:
            recent += taken_then
        chance = world.own_chance(day, recent)
        seen = np.zeros(shape)
        place = np.broadcast_to(np.arange(shown.shape[1]), shown.shape)
        valid = shown >= 0
        seen[np.broadcast_to(rows, shown.shape)[valid], shown[valid]] = world.seen_chance(place[valid].astype(np.int64))
        chance = chance + (1.0 - chance) * world.moved() * seen
        # One draw a person, item and day, whatever is shown: rankers differ by what they show alone.
        luck = generator(world.settings.seed, "responding", "luck", str(day)).random(shape)
        taken = (luck < chance) & ~owned & present[:, None]
        owned |= taken
        lately.append(taken)
        yield Day(day, present, shown, taken)


def random_lists(world: RespondingWorld) -> Chooser:
    """Items drawn at random among those not taken yet: every item is as likely, so that the propensity is known."""

    def choose(day: int, present: Bools, owned: Bools) -> Ints:
        draw = generator(world.settings.seed, "responding", "random lists", str(day)).random(owned.shape)
        draw[owned] = 2.0
        return np.argsort(draw, axis=1)[:, : world.settings.places]

    return choose


def exposure_table(world: RespondingWorld, days: list[Day]) -> pa.Table:
    """One row a person, item not taken yet, and day: ``shown``, ``position``, ``propensity``, ``outcome``, kinds."""
    owned = np.zeros((len(world), world.settings.items), bool)
    parts = []
    for one in days:
        people, items = np.nonzero(one.present[:, None] & ~owned)
        place = np.full(owned.shape, -1, np.int64)
        who, at = np.nonzero(one.shown >= 0)
        place[who, one.shown[who, at]] = at
        left = (~owned).sum(axis=1)[people]
        parts.append((
            np.full(len(people), one.day), people, items, place[people, items],
            np.minimum(world.settings.places / left, 1.0), one.taken[people, items],
        ))  # fmt: skip
        owned |= one.taken
    day, people, items, place, chance, taken = (np.concatenate(column) for column in zip(*parts, strict=True))
    return pa.table({
        "day": day, "user": people, "item": items, "shown": place >= 0, "position": place, "propensity": chance,
        "outcome": taken.astype(np.float64), "kind_of_person": world.kind_of_person[people],
        "kind_of_item": world.kind_of_item[items],
    })  # fmt: skip


def events_of(world: RespondingWorld, days: list[Day]) -> tuple[pa.Table, pa.Table]:
    """The days as an event log (exposures with position and propensity, purchases), and the table of ties."""
    start = parse_date(START)
    rows: dict[str, list[object]] = {name: [] for name in (USER, ITEM, BEHAVIOR, TIME, POSITION, PROPENSITY, EXPOSED)}
    owned = np.zeros((len(world), world.settings.items), bool)
    for one in days:
        noon = start + timedelta(days=one.day, hours=12)
        who, at = np.nonzero(one.shown >= 0)
        left = (~owned).sum(axis=1)
        for person, place in zip(who.tolist(), at.tolist(), strict=True):
            chance = min(1.0, world.settings.places / int(left[person]))
            values: tuple[object, ...] = (
                f"p{person}",
                f"i{one.shown[person, place]}",
                IMPRESSION,
                noon,
                place + 1,
                chance,
                True,
            )
            for name, value in zip(rows, values, strict=True):
                rows[name].append(value)
        for person, item in zip(*(part.tolist() for part in np.nonzero(one.taken)), strict=True):
            values = (f"p{person}", f"i{item}", PURCHASE, noon + timedelta(hours=1), None, None, False)
            for name, value in zip(rows, values, strict=True):
                rows[name].append(value)
        owned |= one.taken
    kinds = {TIME: pa.timestamp("us", "UTC"), POSITION: pa.int64(), PROPENSITY: pa.float64(), EXPOSED: pa.bool_()}
    events = pa.table({name: pa.array(values, kinds.get(name, pa.string())) for name, values in rows.items()})
    target, source = np.nonzero(world.ties)
    return events, pa.table({"source": [f"p{one}" for one in source], "target": [f"p{one}" for one in target]})
