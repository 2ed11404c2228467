"""Everything that happened, as narrow columns of numbers; it becomes Arrow a block of rows at a time.

Shapes: N events, S sessions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import (
    BEHAVIOR,
    CART,
    CATEGORY,
    CLICK,
    DEVICE,
    EVENT_ID,
    FAVORITE,
    ITEM,
    LAT,
    LON,
    PLATFORM,
    PURCHASE,
    RATE,
    SEARCH,
    SESSION,
    TEXT,
    TIME,
    USER,
    VALUE,
    VIEW,
)  # fmt: skip
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.simulation.catalogue import Catalogue, category_names, item_names, phrases
from swayline.simulation.people import DEVICES, PLATFORMS, People, user_names
from swayline.simulation.settings import SHARE, WorldSettings
from swayline.simulation.words import CITIES

BEHAVIORS = (SEARCH, VIEW, CLICK, FAVORITE, SHARE, CART, PURCHASE, RATE)
"""What the world's people do; the row numbers of :attr:`Log.behavior`."""
NONE = -1
SCHEMA = pa.schema([
    (USER, pa.string()), (ITEM, pa.string()), (BEHAVIOR, pa.dictionary(pa.int32(), pa.string())),
    (TIME, pa.timestamp("us", tz="UTC")), (EVENT_ID, pa.string()), (VALUE, pa.float64()), (SESSION, pa.string()),
    (TEXT, pa.string()), (CATEGORY, pa.string()), (LAT, pa.float64()), (LON, pa.float64()), (PLATFORM, pa.string()),
    (DEVICE, pa.string()),
])  # fmt: skip
_BLOCK = 1 << 18
_AWAY, _NO_PLACE, _OTHER_DEVICE = 0.06, 0.2, 0.15
_WEEK_S = 7 * 86_400
_NEAR_DEGREES = 0.02


@dataclass(frozen=True)
class Log:
    """(N,) events: ``time_us`` since the start; ``item`` and ``text`` are -1 and ``value`` NaN where there is none."""

    user: np.ndarray
    item: np.ndarray
    behavior: np.ndarray
    time_us: Ints
    session: np.ndarray
    value: np.ndarray
    text: np.ndarray

    def __len__(self) -> int:
        return len(self.user)

    def in_time_order(self) -> Self:
        """The same events, oldest first."""
        order = np.argsort(self.time_us, kind="stable")
        return replace(self, **{f.name: getattr(self, f.name)[order] for f in fields(self)})


def part(
    behavior: str, user: Ints, item: Ints | None, time_s: Floats, session: Ints, value: Floats | None = None,
    text: Ints | None = None,
) -> Log:  # fmt: skip
    """(n,) events of one behaviour."""
    n = len(user)
    return Log(
        user.astype(np.int32), np.full(n, NONE, np.int32) if item is None else item.astype(np.int32),
        np.full(n, BEHAVIORS.index(behavior), np.int8), np.round(time_s * 1e6).astype(np.int64),
        session.astype(np.int32),
        np.full(n, np.nan, np.float32) if value is None else value.astype(np.float32),
        np.full(n, NONE, np.int32) if text is None else text.astype(np.int32),
    )  # fmt: skip


def joined(parts: Sequence[Log]) -> Log:
    """Several parts, one after the other."""
    return Log(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Log)))


@dataclass(frozen=True)
class Places:
    """(S,) where and on what each session takes place; latitude NaN where the place is not known."""

    lat: np.ndarray
    lon: np.ndarray
    platform: np.ndarray
    device: np.ndarray


def places(settings: WorldSettings, crowd: People, user: Ints, start_s: np.ndarray) -> Places:
    """Sessions near home, some weeks of some people in another city, some sessions that do not say where."""
    rng = generator(settings.seed, "simulate", "places")
    n = len(user)
    spot = crowd.home[user] + rng.normal(0, _NEAR_DEGREES, (n, 2)).astype(np.float32)
    centre = np.array([(lat, lon) for _, lat, lon, _ in CITIES], np.float32)
    week = (start_s // _WEEK_S).astype(np.int64)
    stays, stay = np.unique(user * (int(week.max(initial=0)) + 1) + week, return_inverse=True)
    city = rng.integers(0, len(CITIES), len(stays))
    away = np.flatnonzero((rng.random(len(stays)) < _AWAY)[stay])
    spot[away] = centre[city[stay[away]]] + rng.normal(0, _NEAR_DEGREES, (len(away), 2))
    spot[rng.random(n) < _NO_PLACE] = np.nan
    other = rng.random(n) < _OTHER_DEVICE
    device = np.where(other, rng.integers(0, len(DEVICES), n), crowd.device[user]).astype(np.int8)
    platform = np.where(device == 1, 1, crowd.platform[user]).astype(np.int8)  # a desktop has no app
    return Places(spot[:, 0], spot[:, 1], platform, device)


def tables(settings: WorldSettings, items: Catalogue, log: Log, where: Places) -> Iterator[pa.Table]:
    """The events as Arrow tables of :data:`SCHEMA`, a block of rows each, in the order of the log."""
    names = {
        USER: pa.array(user_names(settings.users)), ITEM: pa.array(item_names(settings.items)),
        CATEGORY: pa.array(category_names(items)), TEXT: pa.array([words for some in phrases(items) for words in some]),
        PLATFORM: pa.array(PLATFORMS), DEVICE: pa.array(DEVICES), BEHAVIOR: pa.array(BEHAVIORS),
    }  # fmt: skip
    start_us = int(settings.start_time.timestamp()) * 1_000_000
    width = max(7, len(str(len(log))))
    for begin in range(0, max(1, len(log)), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        item, session = log.item[rows], log.session[rows]
        category = np.where(item == NONE, NONE, items.category[np.maximum(item, 0)])
        columns = [
            names[USER].take(pa.array(log.user[rows])), _named(names[ITEM], item),
            pa.DictionaryArray.from_arrays(pa.array(log.behavior[rows].astype(np.int32)), names[BEHAVIOR]),
            pa.array(log.time_us[rows] + start_us).cast(pa.timestamp("us", tz="UTC")),
            _numbered("e", np.arange(begin + 1, begin + 1 + len(item)), width), _number(log.value[rows], 2),
            _numbered("s", session + 1, width), _named(names[TEXT], log.text[rows]), _named(names[CATEGORY], category),
            _number(where.lat[session], 4), _number(where.lon[session], 4),
            names[PLATFORM].take(pa.array(where.platform[session])),
            names[DEVICE].take(pa.array(where.device[session])),
        ]  # fmt: skip
        yield pa.Table.from_arrays(columns, schema=SCHEMA)


def _named(names: pa.Array, rows: np.ndarray) -> pa.Array:
    return names.take(pa.array(rows, mask=rows == NONE))


def _number(values: np.ndarray, decimals: int) -> pa.Array:
    exact = np.round(values.astype(np.float64), decimals)
    return pa.array(exact, mask=np.isnan(exact))


def _numbered(letter: str, numbers: np.ndarray, width: int) -> pa.Array:
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers.astype(np.int64)), pa.string()), width=width, padding="0")
    return pc.binary_join_element_wise(letter, digits, "")
