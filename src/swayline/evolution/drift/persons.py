"""When one person's interests changed: their days shuffled say how far interests stray by chance.

An item counts once a fortnight, so that a purchase that follows a view is no second sign of the interest. What a person
did on one day stays together when days are shuffled, so that a visit that stays on one topic is no drift.

Shapes: B days of a person, C interests, P shuffles.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.evolution.acts import Acts

LEAST_ACTS, LEAST_DAYS, LEAST_SIDE = 20, 10, 3
FORTNIGHT = 14
_INTERESTS = 7
"""A person's most frequent interests; the others count together."""
_EDGE = 0.1
_MIDDLE = 0.2
"""A chance above this is the share of shuffles; below, the tail of the shuffles' own distribution."""


@dataclass(frozen=True)
class PersonChange:
    """The likeliest change of one person's interests."""

    person: int
    day: int
    score: float
    p_value: float
    before: float
    after: float


def interests(acts: Acts) -> Ints:
    """(N,) what counts as an interest: the category where the log knows any, else the item."""
    return acts.category if acts.categories else acts.item


def changes_of_people(acts: Acts, most: int, shuffles: int, seed: int) -> list[PersonChange]:
    """The likeliest change of everybody with days enough; of more than ``most`` people, of the most active."""
    kept = _once_a_fortnight(acts, interests(acts))
    user, day, interest = acts.user[kept], acts.day[kept], interests(acts)[kept]
    order = np.lexsort((day, user))
    user, day, interest = user[order], day[order], interest[order]
    counts = np.bincount(user, minlength=len(acts.users))
    starts = np.cumsum(counts) - counts
    wanted = np.flatnonzero(counts >= LEAST_ACTS)
    wanted = np.sort(wanted[np.argsort(-counts[wanted], kind="stable")][:most])
    rng, found = generator(seed, "drift of people"), []
    for person in wanted:
        rows = slice(starts[person], starts[person] + counts[person])
        one = _change(int(person), day[rows], interest[rows], shuffles, rng)
        if one is not None:
            found.append(one)
    return found


def _once_a_fortnight(acts: Acts, interest: Ints) -> Ints:
    """Rows of events with an interest, an item of a person once a fortnight."""
    rows = np.flatnonzero(interest >= 0)
    fortnight = (acts.day[rows] - acts.first_day) // FORTNIGHT
    key = (acts.user[rows] * (len(acts.items) + 1) + acts.item[rows] + 1) * (int(fortnight.max(initial=0)) + 1)
    return np.asarray(rows[np.sort(np.unique(key + fortnight, return_index=True)[1])])


def _change(person: int, day: Ints, interest: Ints, shuffles: int, rng: np.random.Generator) -> PersonChange | None:
    days, at = np.unique(day, return_inverse=True)
    names, code, sizes = np.unique(interest, return_inverse=True, return_counts=True)
    if len(days) < LEAST_DAYS or len(names) < 2:
        return None
    kept = np.argsort(-sizes, kind="stable")[:_INTERESTS]
    place = np.full(len(names), len(kept))
    place[kept] = np.arange(len(kept))
    width = len(kept) + (len(names) > len(kept))
    table = np.bincount(at * width + place[code], minlength=len(days) * width).reshape(len(days), width).astype(float)
    seen = _strays(table[None])[0]
    orders = rng.permuted(np.tile(np.arange(len(days)), (shuffles, 1)), axis=1)
    shuffled = _strays(table[orders]).max(axis=1)
    best = int(seen.argmax())
    if seen[best] <= 0:
        return None
    left, right = table[: best + 1].sum(axis=0), table[best + 1 :].sum(axis=0)
    moved = int(np.abs(right / right.sum() - left / left.sum()).argmax())
    mean, sd = float(shuffled.mean()), float(shuffled.std()) + 1e-12
    return PersonChange(
        person, int(days[best + 1]), (float(seen[best]) - mean) / sd, _chance(float(seen[best]), shuffled),
        float(left[moved] / left.sum()), float(right[moved] / right.sum()),
    )  # fmt: skip


def _strays(tables: Floats) -> Floats:
    """(P, B-1) twice the gain of log-likelihood of a mix of its own before and after each day; 0 near the ends."""
    n_days = tables.shape[1]
    sums = np.cumsum(tables, axis=1, dtype=np.float64)
    total, left = sums[:, -1:], sums[:, :-1]
    n_left, n = left.sum(axis=2), float(total[0].sum())
    gain = _fit(left) + _fit(np.asarray(total - left)) - _fit(total)
    part = n_left / n
    inside = (part > _EDGE) & (part < 1 - _EDGE)
    inside[:, : LEAST_SIDE - 1] = False
    inside[:, n_days - LEAST_SIDE :] = False
    return np.where(inside, 2 * gain, 0.0)


def _fit(counts: Floats) -> Floats:
    """(...) the log-likelihood of counts (..., C) by their own shares."""
    return np.asarray(special.xlogy(counts, counts).sum(axis=-1) - special.xlogy(n := counts.sum(axis=-1), n))


def _chance(seen: float, shuffled: Floats) -> float:
    """The chance of a shuffle as far: counted, or in the tail by a gamma distribution of the shuffles' moments.

    References
    ----------
    Knijnenburg, Wessels, Reinders and Shmulevich, "Fewer permutations, more accurate P-values", Bioinformatics 2009.
    """
    counted = (1 + int((shuffled >= seen).sum())) / (1 + len(shuffled))
    if counted > _MIDDLE:
        return counted
    mean, variance = float(shuffled.mean()), float(shuffled.var()) + 1e-12
    tail = float(stats.gamma.sf(seen, mean**2 / variance, scale=variance / mean))
    return max(tail, 1e-300) if counted <= 5 / (1 + len(shuffled)) else counted
