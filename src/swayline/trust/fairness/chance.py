"""How sure a difference between groups of people is.

Groups of a few dozen people hardly hit anything, so two guards stand beside the bootstrap: the spread of a group with
fewer than five hits is at least what Wilson's interval gives a share as small, and a difference between the best-off
and the worst-off group of several is judged as the largest of all pairs, by an interval that holds for all of them at
once and by a permutation of the people among the groups.

Shapes: N people, G groups, C columns, B draws.

References
----------
Efron and Tibshirani, "An Introduction to the Bootstrap", 1993 (people drawn again within each group).
Westfall and Young, "Resampling-Based Multiple Testing", 1993 (the largest of all pairs).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.core.types import Bools, Ints
from swayline.metrics.intervals import wilson

Values = npt.NDArray[np.float64]
N_DRAWS = 1000
_N_PERMUTATIONS = 1999
_CELLS = 1 << 22
FEW_HITS = 5
Z95 = 1.959964


@dataclass(frozen=True)
class Interval:
    """A figure with its 95% interval."""

    value: float
    ci_low: float
    ci_high: float

    @property
    def holds_zero(self) -> bool:
        """Whether it may be nothing."""
        return self.ci_low <= 0.0 <= self.ci_high


@dataclass(frozen=True)
class Gap:
    """The best-off group over the worst-off; ``p_value`` of no difference between any of the groups."""

    best: int
    worst: int
    interval: Interval
    p_value: float


@dataclass(frozen=True)
class Drawn:
    """(G,) means of the groups, (G,) standard errors, (G, B) what drawing the people again adds to each mean."""

    means: Values
    errors: Values
    added: Values

    def interval(self, group: int, bounds: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
        """A group's own mean."""
        value = float(self.means[group])
        low, high = np.quantile(value + self.added[group], [0.025, 0.975])
        return Interval(value, max(float(low), bounds[0]), min(float(high), bounds[1]))


def counts_drawn(n: int, rng: np.random.Generator, n_draws: int = N_DRAWS) -> Iterator[Values]:
    """How often each of N people is drawn, (some draws, N) at a time."""
    step = max(1, _CELLS // max(n, 1))
    for start in range(0, n_draws, step):
        rows = min(step, n_draws - start)
        drawn = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def means_drawn(columns: Values, rng: np.random.Generator) -> Values:
    """(B, C) means of (N, C) columns over people drawn again, the same people for every column."""
    n = len(columns)
    return np.concatenate([counts @ columns / n for counts in counts_drawn(n, rng)])


def mean_interval(values: Values, rng: np.random.Generator) -> Interval:
    """The mean of (N,) values, people drawn again."""
    low, high = np.quantile(means_drawn(values[:, None], rng)[:, 0], [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))


def draw_groups(values: Values, groups: Ints, hits: Bools | None, rng: np.random.Generator) -> Drawn:
    """Draw people again within each group.

    Parameters
    ----------
    groups : (N,) int
        From 0; every group has at least two people.
    hits : (N,) bool, optional
        On whom the value rests where it is of rare events; None where every person tells as much.
    """
    n_groups = int(groups.max()) + 1
    means, errors = np.empty(n_groups), np.empty(n_groups)
    added = np.empty((n_groups, N_DRAWS))
    for group in range(n_groups):
        inside = groups == group
        own = values[inside]
        means[group], errors[group] = own.mean(), own.std(ddof=1) / np.sqrt(len(own))
        added[group] = means_drawn(own[:, None], rng)[:, 0] - means[group]
        if hits is not None and (found := int(hits[inside].sum())) < FEW_HITS:
            share = found / len(own)
            errors[group] = max(errors[group], (wilson(share, len(own))[1] - share) / Z95)
            added[group] = rng.normal(0.0, errors[group], N_DRAWS)
    return Drawn(means, errors, added)


def gap_of(drawn: Drawn, values: Values, groups: Ints, rng: np.random.Generator) -> Gap:
    """The largest difference between two groups, judged as the largest of all."""
    best, worst = int(drawn.means.argmax()), int(drawn.means.argmin())
    errors = np.sqrt(drawn.errors[:, None] ** 2 + drawn.errors[None, :] ** 2)
    largest = np.zeros(N_DRAWS)
    for group in range(1, len(drawn.means)):
        apart = np.abs(drawn.added[group] - drawn.added[:group])
        error = errors[group, :group, None]
        largest = np.maximum(largest, np.divide(apart, error, out=np.zeros_like(apart), where=error > 0).max(axis=0))
    value = float(drawn.means[best] - drawn.means[worst])
    half = float(np.quantile(largest, 0.95) * errors[best, worst])
    return Gap(best, worst, Interval(value, value - half, value + half), _permuted(values, groups, rng))


def _permuted(values: Values, groups: Ints, rng: np.random.Generator) -> float:
    """p-value: how often people put into groups by chance are as far apart as these."""
    order = np.argsort(groups, kind="stable")
    own, sizes = values[order], np.bincount(groups)
    starts = np.cumsum(sizes) - sizes

    def furthest(some: Values) -> Values:
        means = np.add.reduceat(some, starts, axis=1) / sizes
        most = np.zeros(len(some))
        for group in range(1, len(sizes)):
            scale = np.sqrt(1.0 / sizes[group] + 1.0 / sizes[:group])
            most = np.maximum(most, (np.abs(means[:, [group]] - means[:, :group]) / scale).max(axis=1))
        return most

    observed = furthest(own[None, :])[0] * (1 - 1e-12)
    extreme, step = 0, max(1, _CELLS // len(own))
    for start in range(0, _N_PERMUTATIONS, step):
        rows = min(step, _N_PERMUTATIONS - start)
        extreme += int((furthest(rng.permuted(np.tile(own, (rows, 1)), axis=1)) >= observed).sum())
    return (extreme + 1) / (_N_PERMUTATIONS + 1)
