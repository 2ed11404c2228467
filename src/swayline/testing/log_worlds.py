"""Logs in which a cart causes a known share of the purchases, and something else moves both.

Every world has one kind of hidden trouble, a planted effect, and the same size, so that what is concluded from a log on
the default path can be held against the truth::

    view (t0) ──> cart, 1 minute to 2 hours later ──> purchase, 1 to 5 days after t0
         cause ──^────────────────────────────────────^

Shapes: E episodes (pairs of a person and an item), in no order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from swayline.core import names
from swayline.core.errors import UsageError, nearest, shown
from swayline.core.rng import generator
from swayline.core.types import Bools, Floats, Ints
from swayline.events import EventLog

DAY_S = 86_400.0
WORLDS = {
    "random carts": "carts fall by chance",
    "own views": "who looked at more before carts and buys more",
    "category in the items table": "half of the categories are carted and bought more; no event names them",
    "sale days": "on one day in four everybody carts and buys more",
    "weekends": "on Saturdays and Sundays everybody carts and buys more",
    "taste": "half of the people cart and buy more, all along",
    "quality": "some items are carted and bought more, all along",
    "promotion, one episode": "an item is carted and bought more on one of its days in four; about one episode a cell",
    "promotion, several": "the same with about nine episodes a cell",
    "sale days, quality, taste": "all three at once, each as strong",
    "reverse": "three buyers in five put the item into the cart a minute before they buy it; many items are seen twice",
    "stolen": "a cart takes a fifth from what the person would have bought of other items within two days",
    "carry-over": "a cart adds a twentieth to the purchases of what the person sees in the next five days",
}
"""World → what happens in it beside the planted effect."""
_CART, _CART_MORE, _CART_RARE = 0.2, 0.35, 0.04
_BUY, _BUY_MORE = 0.12, 0.25
_SEEN_AGAIN = 0.6
_STOLEN, _STOLEN_WITHIN_S = 0.2, 2 * DAY_S
_CARRIED, _CARRIED_WITHIN_S = 0.05, 5 * DAY_S
_LEAST_LAG_S, _LAG_S = 60.0, 1_200.0
_BUYS_FROM_S, _BUYS_WITHIN_S = DAY_S, 4 * DAY_S


@dataclass(frozen=True)
class LogWorld:
    """A log and the effect that was planted in it.

    Parameters
    ----------
    cart_chance : (E,) float64
        Chance of a cart in each episode.
    opened_s : (E,) float64
        Seconds from the log's start to t0.
    """

    name: str
    effect: float
    log: EventLog
    cart_chance: Floats
    opened_s: Floats
    length_s: float

    def truth(self, window_s: float, horizon_s: float) -> float:
        """Effect of a cart within the window on a purchase in the horizon after it, over the complete episodes.

        Whoever has no cart within the window may have one later, as the world has it.
        """
        complete = self.opened_s + window_s + horizon_s <= self.length_s
        by_then = 1 - np.exp(-max(window_s - _LEAST_LAG_S, 0.0) / _LAG_S) if window_s else 0.0
        chance = self.cart_chance[complete]
        late = chance * (1 - by_then) / (1 - chance * by_then)
        ends = (np.array([window_s, window_s + horizon_s]) - _BUYS_FROM_S) / _BUYS_WITHIN_S
        counted = float(np.diff(np.clip(ends, 0, 1))[0])
        return float(self.effect * counted * np.mean(1 - late))


def log_world(
    name: str, seed: int, effect: float = 0.2, n_users: int = 600, n_items: int = 100, n_days: int = 28,
    pairs_per_user: int = 16,
) -> LogWorld:  # fmt: skip
    """A log with a planted effect of carts on purchases, and the trouble that its name says (:data:`WORLDS`).

    Parameters
    ----------
    effect : float
        What a cart adds to the chance of the purchase, over all items: what is stolen from others is taken off.

    Raises
    ------
    UsageError
        There is no world of that name.

    Notes
    -----
    Chances: cart .2 (reverse: .04), and .35 more under a shared cause; purchase .12, and .25 more. Promotions take 400
    and 40 items, so that a day of an item holds about one episode, or nine.

    Examples
    --------
    >>> made = log_world("sale days", seed=0, n_users=100)
    >>> sorted(set(made.log.events["behavior"].to_pylist())), round(made.truth(86_400, 604_800), 3)
    (['cart', 'purchase', 'view'], 0.2)
    """
    if name not in WORLDS:
        raise UsageError(f"world is {shown(name)}; {nearest(name, tuple(WORLDS))}")
    n_items = {"promotion, one episode": 400, "promotion, several": 40}.get(name, n_items)
    rng = generator(seed, "testing", "log worlds", name)
    n = n_users * pairs_per_user
    user = np.repeat(np.arange(n_users), pairs_per_user)
    item = np.argsort(rng.random((n_users, n_items)), axis=1)[:, :pairs_per_user].ravel()
    t0 = rng.random(n) * n_days * DAY_S
    cause = _cause(name, rng, user, item, t0, n_days)
    chance = np.clip((_CART_RARE if name == "reverse" else _CART) + _CART_MORE * cause, 0, 0.9)
    cart = rng.random(n) < chance
    lag = _LEAST_LAG_S + rng.exponential(_LAG_S, n)
    own = effect + (_STOLEN if name == "stolen" else 0.0)
    spread = _spread(name, user, t0, cart)
    bought = rng.random(n) < np.clip(_BUY + _BUY_MORE * cause + own * cart + spread, 0, 1)
    when = t0 + _BUYS_FROM_S + rng.random(n) * _BUYS_WITHIN_S
    carts = [(user[cart], item[cart], (t0 + lag)[cart])]
    if name == "reverse":
        late = bought & ~cart & (rng.random(n) < 0.6)
        carts.append((user[late], item[late], when[late] - 60.0))
    again = np.flatnonzero(rng.random(n) < (_SEEN_AGAIN if name == "reverse" else 0.0))
    seen = (user[again], item[again], t0[again] + rng.random(len(again)) * (_BUYS_FROM_S + _BUYS_WITHIN_S))
    acts = [("view", user, item, t0), ("view", *seen), *(("cart", *one) for one in carts)]
    acts.append(("purchase", user[bought], item[bought], when[bought]))
    categories = _categories(seed, n_items) if name == "category in the items table" else None
    return LogWorld(name, effect, _log(acts, n_days, categories), chance, t0, n_days * DAY_S)


def _cause(name: str, rng: np.random.Generator, user: Ints, item: Ints, t0: Floats, n_days: int) -> Floats:
    """What moves cart and purchase of each episode, 0 to 1, (E,)."""
    day = (t0 // DAY_S).astype(np.int64)
    sale, quality = rng.permutation(np.arange(n_days) % 4 == 0), rng.random(int(item.max()) + 1)
    taste = rng.permutation(np.arange(int(user.max()) + 1) % 2 == 0)
    if name == "sale days":
        return sale[day].astype(np.float64)
    if name == "weekends":
        return (day % 7 >= 5).astype(np.float64)
    if name == "taste":
        return taste[user].astype(np.float64)
    if name == "quality":
        return np.asarray(quality[item])
    if name.startswith("promotion"):
        return (rng.random((len(quality), n_days)) < 0.25)[item, day].astype(np.float64)
    if name == "sale days, quality, taste":
        return (sale[day] + quality[item] + taste[user]) / 3
    if name == "category in the items table":
        return (_category_of(item) % 2).astype(np.float64)
    if name == "own views":
        order = np.lexsort((t0, user))
        before = np.empty(len(user))
        before[order] = np.arange(len(user)) - np.searchsorted(user[order], user[order])
        return np.minimum(before / 10, 1.0)
    return np.zeros(len(user))


def _category_of(item: Ints) -> Ints:
    return item % 20


def _spread(name: str, user: Ints, t0: Floats, cart: Bools) -> Floats:
    """What other carts of the person add to, or take from, each episode's chance of a purchase, (E,)."""
    added = np.zeros(len(user))
    if name not in ("stolen", "carry-over"):
        return added
    width = int(np.bincount(user).max())
    gap = t0.reshape(-1, width)[:, :, None] - t0.reshape(-1, width)[:, None, :]  # [u, i, j]: i after j
    if name == "carry-over":
        near = (gap > 0) & (gap < _CARRIED_WITHIN_S)
        return np.asarray(_CARRIED * (near * cart.reshape(-1, 1, width)).sum(axis=2)).ravel()
    near = (np.abs(gap) < _STOLEN_WITHIN_S) & (gap != 0)
    share = cart.reshape(-1, width) / np.maximum(near.sum(axis=1), 1)
    return -_STOLEN * np.asarray((near * share[:, None, :]).sum(axis=2)).ravel()


def _categories(seed: int, n_items: int) -> pa.Table:
    items = np.arange(n_items)
    return pa.table({names.ITEM: [f"i{k}" for k in items], names.CATEGORY: [f"c{c}" for c in _category_of(items)]})


def _log(acts: Sequence[tuple[str, Ints, Ints, Floats]], n_days: int, items: pa.Table | None) -> EventLog:
    """The acts within the log's days, oldest first."""
    time = np.concatenate([one[3] for one in acts])
    behavior = np.concatenate([np.full(len(one[3]), one[0], dtype=object) for one in acts])
    user, item = (np.concatenate([one[k] for one in acts]) for k in (1, 2))
    order = np.argsort(time, kind="stable")
    order = order[time[order] < n_days * DAY_S]
    start = int(np.datetime64("2026-01-05", "us").astype(np.int64))  # a Monday
    table = pa.table({
        names.ROW: pa.array(np.arange(1, len(order) + 1)), names.USER: [f"u{k}" for k in user[order]],
        names.ITEM: [f"i{k}" for k in item[order]], names.BEHAVIOR: pa.array(behavior[order], pa.string()),
        names.TIME: pa.array(start + (time[order] * 1e6).astype(np.int64), pa.timestamp("us", "UTC")),
    })  # fmt: skip
    return EventLog(table, items=items)
