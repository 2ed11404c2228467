"""From views to purchases, with effects that are known because they are planted.

An episode is a user's first view of an item, at t0. What moves it::

    interest  = standardised log1p(views in the item's category) + 0.5 log1p(views), the user's own, before t0
    behaviour ~ Bernoulli(logistic(base_b + confounding * slope_b * interest + hidden * u))
                in [t0, t0 + window]
    purchase  ~ Bernoulli(logistic(base + confounding * slope * interest + hidden * u + effects of what was done))
                in (t0 + window, t0 + window + horizon]

u is standard normal and nowhere in the log. Given interest and u the four behaviours are independent of each other, so
what was known before t0 is enough to adjust for, and the effect of one averages over the others by their own chances.

Shapes: V views, E episodes, B behaviours (:data:`~swayline.simulation.settings.TREATMENTS`).
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.names import CART, CLICK, FAVORITE
from swayline.core.rng import generator
from swayline.core.types import Bools, Floats, Ints
from swayline.simulation.people import People
from swayline.simulation.sessions import Views, rhythm_weight
from swayline.simulation.settings import SHARE, TREATMENTS, WorldSettings

BASE = {CLICK: -0.6, FAVORITE: -1.7, CART: -1.3, SHARE: -1.9}
SLOPE = {CLICK: 0.8, FAVORITE: 0.9, CART: 1.0, SHARE: 1.1}
PURCHASE_BASE, PURCHASE_SLOPE = -1.9, 1.3
PURCHASE_LAG_S = 2 * 86_400.0
"""Mean lag of a purchase after the landmark, before the rhythm and the horizon have their say."""
RATED = 0.3
"""Share of purchases that are rated one to five days later."""
OVERLAP = (0.02, 0.98)
_CHUNK = 200_000


@dataclass(frozen=True)
class Episodes:
    """First views.

    Parameters
    ----------
    view : (E,) int64
        Row of the opening view.
    interest, unseen : (E,) float64
        The confounder that the log shows, and u, which it does not.
    done : (E, B) bool
        Which behaviours followed within the window.
    lag_s : (E, B) float64
        Seconds from t0 to each behaviour, where done.
    bought : (E,) bool
    bought_s : (E,) float64
        Seconds from the log's start to the purchase, where bought.
    """

    view: Ints
    interest: Floats
    unseen: Floats
    done: Bools
    lag_s: Floats
    bought: Bools
    bought_s: Floats


def logistic(x: Floats) -> Floats:
    """1 / (1 + exp(-x))."""
    out: Floats = 1.0 / (1.0 + np.exp(-x))
    return out


def _odds(settings: WorldSettings, behavior: str, interest: Floats, unseen: Floats) -> Floats:
    slope = settings.confounding * SLOPE[behavior]
    odds: Floats = BASE[behavior] + slope * interest + settings.hidden * unseen
    return odds


def _purchase_odds(settings: WorldSettings, interest: Floats, unseen: Floats) -> Floats:
    odds: Floats = PURCHASE_BASE + settings.confounding * PURCHASE_SLOPE * interest + settings.hidden * unseen
    return odds


def expected_extras(settings: WorldSettings) -> float:
    """Mean further events of a (user, item) pair, interest and the unseen cause taken as normal."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    interest, unseen = (grid.ravel() for grid in np.meshgrid(nodes, nodes))
    weight = np.outer(weights, weights).ravel() / weights.sum() ** 2
    total, odds = 0.0, _purchase_odds(settings, interest, unseen)
    chance = {b: logistic(_odds(settings, b, interest, unseen)) for b in TREATMENTS}
    bought = float(weight @ _averaged(settings, odds, chance))
    total = sum(float(weight @ p) for p in chance.values())
    in_time = 1.0 - (settings.window_s + PURCHASE_LAG_S) / settings.length_s
    # The active half own the ties, so each of them has ties_per_user contagious ones, and about .85 of the purchases.
    branching = settings.contagion * settings.ties_per_user
    caused = 0.85 * branching / (1.0 - branching)
    return total + bought * in_time * (1.0 + RATED * 0.95 + 2.0 * caused)


def _averaged(settings: WorldSettings, odds: Floats, chance: dict[str, Floats]) -> Floats:
    """Chance of the purchase, averaged over the behaviours in ``chance`` as they would fall."""
    moving = [behavior for behavior in chance if settings.effect(behavior) != 0.0]
    if not moving:
        return logistic(odds)
    behavior, rest = moving[0], {b: chance[b] for b in moving[1:]}
    done = _averaged(settings, odds + settings.effect(behavior), rest)
    left = _averaged(settings, odds, rest)
    mixed: Floats = chance[behavior] * done + (1.0 - chance[behavior]) * left
    return mixed


def interest_before(views: Views, category: Ints, user: Ints, pairs: Ints) -> tuple[Ints, Floats]:
    """First views of (user, item) pairs, and the interest that the user's log shows strictly before each.

    Parameters
    ----------
    category, user, pairs : (V,) int64
        Category and user of each view, and a number for each (user, item) pair.

    Returns
    -------
    (E,) rows of the first views, in time order, and (E,) interest: mean 0, standard deviation 1.
    """
    order = np.argsort(views.time_s, kind="stable")
    _, first = np.unique(pairs[order], return_index=True)
    first.sort()
    in_category = _earlier(user[order] * (int(category.max()) + 1) + category[order])[first]
    overall = _earlier(user[order])[first]
    raw = np.log1p(in_category) + 0.5 * np.log1p(overall)
    spread = raw.std()
    return order[first], (raw - raw.mean()) / (spread if spread > 0 else 1.0)


def _earlier(groups: Ints) -> Ints:
    """(n,) how many of the same group stand before each."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    fresh = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    begin = np.maximum.accumulate(np.where(fresh, np.arange(len(groups)), 0))
    counts = np.empty(len(groups), np.int64)
    counts[order] = np.arange(len(groups)) - begin
    return counts


def episodes(settings: WorldSettings, crowd: People, views: Views, first: Ints, interest: Floats) -> Episodes:
    """Draw what follows each first view."""
    rng = generator(settings.seed, "simulate", "funnel")
    n = len(first)
    unseen = rng.standard_normal(n)
    odds = _purchase_odds(settings, interest, unseen)
    done = np.empty((n, len(TREATMENTS)), bool)
    lag = np.empty((n, len(TREATMENTS)))
    for column, behavior in enumerate(TREATMENTS):
        done[:, column] = rng.random(n) < logistic(_odds(settings, behavior, interest, unseen))
        odds = odds + settings.effect(behavior) * done[:, column]
        lag[:, column] = _lag_s(settings, behavior, n, rng)
    bought = rng.random(n) < logistic(odds)
    bought_s = np.full(n, np.nan)
    landmark = views.time_s[first[bought]] + settings.window_s
    bought_s[bought] = landmark + _purchase_lag_s(settings, crowd, views.user[first[bought]], landmark, rng)
    return Episodes(first, interest, unseen, done, lag, bought, bought_s)


def _lag_s(settings: WorldSettings, behavior: str, n: int, rng: np.random.Generator) -> Floats:
    """A click at once; the others in the same visit, or later within the window."""
    if behavior == CLICK:
        return 2.0 + 20.0 * rng.random(n)
    at_once = 25.0 + np.minimum(rng.exponential(60.0, n), 900.0)
    later = 1_800.0 + (settings.window_s - 1_860.0) * rng.random(n) ** 2
    return np.where(rng.random(n) < 0.7, at_once, later)


def _purchase_lag_s(
    settings: WorldSettings, crowd: People, user: Ints, landmark: Floats, rng: np.random.Generator
) -> Floats:
    """Truncated exponential lags, redrawn until the hour suits the user's rhythm (at most 30 times)."""
    longest = 1.0 - np.exp(-settings.horizon_s / PURCHASE_LAG_S)
    lag = np.empty(len(user))
    open_rows = np.arange(len(user))
    for _ in range(30):
        drawn = -PURCHASE_LAG_S * np.log1p(-longest * rng.random(len(open_rows)))
        lag[open_rows] = np.clip(drawn, 1.0, settings.horizon_s - 1.0)
        suits = rhythm_weight(settings, crowd, user[open_rows], landmark[open_rows] + lag[open_rows])
        open_rows = open_rows[rng.random(len(open_rows)) >= suits]
        if not len(open_rows):
            break
    return lag


def true_effects(settings: WorldSettings, drawn: Episodes, complete: Bools) -> dict[str, dict[str, float | int]]:
    """The effects on the complete episodes, computed from the chances that generated them, not from what fell.

    Parameters
    ----------
    complete : (E,) bool
        Episodes whose horizon ends within the log.
    """
    return {
        behavior: _true_effect(settings, drawn, np.flatnonzero(complete), column)
        for column, behavior in enumerate(TREATMENTS)
    }


def others_as_they_fall(
    settings: WorldSettings, drawn: Episodes, rows: Ints, column: int
) -> tuple[Floats, Floats, Floats]:
    """Chances of the purchase without and with a behaviour, the others falling as they would, and of the behaviour.

    Parameters
    ----------
    rows : (n,) int64
        Episodes asked about.
    column : int
        Which of the behaviours.

    Returns
    -------
    Three arrays (n,).
    """
    without, done, chance = (np.empty(len(rows)) for _ in range(3))
    behavior = TREATMENTS[column]
    for begin in range(0, len(rows), _CHUNK):
        part = rows[begin : begin + _CHUNK]
        interest, unseen = drawn.interest[part], drawn.unseen[part]
        others = {b: logistic(_odds(settings, b, interest, unseen)) for b in TREATMENTS if b != behavior}
        odds = _purchase_odds(settings, interest, unseen)
        here = slice(begin, begin + len(part))
        without[here] = _averaged(settings, odds, others)
        done[here] = _averaged(settings, odds + settings.effect(behavior), others)
        chance[here] = logistic(_odds(settings, behavior, interest, unseen))
    return without, done, chance


def _true_effect(settings: WorldSettings, drawn: Episodes, rows: Ints, column: int) -> dict[str, float | int]:
    without, done, propensity = others_as_they_fall(settings, drawn, rows, column)
    effect = done - without
    treated, bought = drawn.done[rows, column], drawn.bought[rows]
    overlap = (propensity >= OVERLAP[0]) & (propensity <= OVERLAP[1])
    naive = _mean(bought[treated]) - _mean(bought[~treated])
    return {
        "log_odds": settings.effect(TREATMENTS[column]), "ate": _mean(effect), "att": _mean(effect[treated]),
        "atc": _mean(effect[~treated]), "ate_overlap": _mean(effect[overlap]), "overlap_share": _mean(overlap),
        "naive_difference": naive, "naive_bias": naive - _mean(effect[treated]),
        "naive_bias_to_ate": naive - _mean(effect),
        "treated": int(treated.sum()), "episodes": len(rows),
    }  # fmt: skip


def _mean(values: Floats | Bools) -> float:
    return float(values.mean()) if len(values) else 0.0
