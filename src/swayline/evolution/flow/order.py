"""How many steps back matter: whether what came k steps before says more of what comes next than the steps between.

::

    ... a  x y  c     k = 3: does a change what follows x y, among the times that one person was at x y?

What follows the same steps between of the same person is shuffled; what is left of the link between a and c is chance.
People differ in what they do, and that is no memory: shuffles stay within a person.

References
----------
Candès, Fan, Janson and Lv, "Panning for gold: model-X knockoffs", JRSS B 2018 (conditional randomisation); Billingsley,
"Statistical methods in Markov chains", Annals of Mathematical Statistics 1961.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.evolution.flow.steps import Steps

MOST_BACK = 3
LEVEL = 0.01
_MOST_STATES, _LEAST_ROWS, _MOST_ROWS = 12, 100, 40_000


@dataclass(frozen=True)
class MarkovOrder:
    """How many steps back matter.

    Attributes
    ----------
    order : the most steps back that still say something, 0 where the order of steps is chance
    p_values, z : for 1, 2, 3 steps back: the chance of so strong a link by shuffles, and how far it stands out
    rows : how many steps each question rests on
    """

    order: int
    p_values: tuple[float, ...]
    z: tuple[float, ...]
    rows: tuple[int, ...]


def markov_order(steps: Steps, shuffles: int = 60, seed: int = 0) -> MarkovOrder | None:
    """The order of the chain of steps; None where visits are too few or too short to tell.

    States beyond the most frequent eleven count as one.
    """
    rng = generator(seed, "markov order")
    state = _common(steps.state)
    found: list[tuple[float, float, int]] = []
    for back in range(1, MOST_BACK + 1):
        rows = _rows(steps.visit, back)
        if len(rows) > _MOST_ROWS:
            rows = np.sort(rng.choice(rows, _MOST_ROWS, replace=False))
        if len(rows) < _LEAST_ROWS:
            break
        found.append((*_link(state, steps.person, rows, back, shuffles, rng), len(rows)))
    if not found:
        return None
    order = max((back for back, one in enumerate(found, 1) if one[0] <= LEVEL / MOST_BACK), default=0)
    p, z, rows_n = zip(*found, strict=True)
    return MarkovOrder(order, p, z, rows_n)


def _common(state: Ints) -> Ints:
    """The states, rare ones as one."""
    names, code, n = np.unique(state, return_inverse=True, return_counts=True)
    place = np.full(len(names), min(len(names), _MOST_STATES) - 1)
    kept = np.argsort(-n, kind="stable")[: len(names) if len(names) <= _MOST_STATES else _MOST_STATES - 1]
    place[kept] = np.arange(len(kept))
    return np.asarray(place[code], np.int64)


def _rows(visit: Ints, back: int) -> Ints:
    """Steps with so many before them in their visit."""
    rows = np.arange(back, len(visit))
    return np.asarray(rows[visit[rows] == visit[rows - back]], np.int64)


def _link(
    state: Ints, person: Ints, rows: Ints, back: int, shuffles: int, rng: np.random.Generator
) -> tuple[float, float]:
    """The chance of a link as strong between a step and the one so far back, and how far it stands out."""
    between = np.zeros(len(rows), np.int64)
    for step in range(1, back):
        between = between * _MOST_STATES + state[rows - step]
    first, last = state[rows - back], state[rows]
    stratum = np.unique(person[rows] * np.int64(_MOST_STATES**back) + between, return_inverse=True)[1]
    calm = np.argsort(stratum, kind="stable")
    before = between * _MOST_STATES + first
    seen = _information(before, last, back)
    shuffled = np.zeros(shuffles)
    for one in range(shuffles):
        mixed = np.empty_like(last)
        mixed[calm] = last[np.argsort(stratum + rng.random(len(rows)))]
        shuffled[one] = _information(before, mixed, back)
    mean, sd = float(shuffled.mean()), float(shuffled.std()) + 1e-12
    counted = (1 + int((shuffled >= seen).sum())) / (1 + shuffles)
    z = (seen - mean) / sd
    tail = float(stats.gamma.sf(seen, mean**2 / sd**2, scale=sd**2 / mean)) if mean > 0 else 1.0
    return (tail if counted <= 5 / (1 + shuffles) else counted), z


def _information(before: Ints, last: Ints, back: int) -> float:
    """Twice the log-likelihood that the first step adds to the last, given the steps between."""
    n = _MOST_STATES
    counts = np.bincount(before * n + last, minlength=n ** (back + 1)).reshape(-1, n, n).astype(float)
    parts = [special.xlogy(one, one).sum() for one in (counts, counts.sum(2), counts.sum(1), counts.sum((1, 2)))]
    return float(2 * (parts[0] - parts[1] - parts[2] + parts[3]))
