"""Whether and when the rate of something changed, with people as the units that are independent of each other.

For each group (an item, a category, a behaviour, or everything) and each of its people::

    seen       o o . o . . | x . x x x      what the person did in the group, by bin
    expected   their own share of the group × all that they did in the bin × the season of the bin
    path       seen - expected, summed up to each bin; 0 at the end, whoever comes, goes or is busy

Summed over people, a path that strays from 0 says that people changed. How far it strays by chance is told twice, and
the larger chance counts: from how far the paths of single people stray (whatever links a person's own days), and from
how far single bins do (whatever moves many people for a day or two, a holiday or a campaign).

Shapes: M (person, group) pairs, K groups, G bins.

References
----------
Miller and Siegmund, "Maximally selected chi square statistics", Biometrics 1982 (the chance of a maximum); Andrews,
"Tests for parameter instability and structural change with unknown change point", Econometrica 1993.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from swayline.core.types import Bools, Floats, Ints

EDGE = 0.1
"""Nothing is claimed in the first and last tenth, where a log fills up and runs out."""
_SHRINK = 20.0
"""Events of a season that speak for no season."""
_MOST_RHO = 0.95


@dataclass(frozen=True)
class Paths:
    """What happened in some bins.

    Attributes
    ----------
    group : (M,) ascending; person : (M,) rows of ``volume``
    seen : (M, G) events of the person in the group by bin
    volume : (U, G) all events of each person by bin; None: the group is everything, and bins are alike
    season : (G,) number of each bin's season
    """

    group: Ints
    person: Ints
    seen: Floats
    volume: Floats | None
    season: Ints


@dataclass(frozen=True)
class Change:
    """The likeliest change of each group; arrays of length K.

    Attributes
    ----------
    place : the first bin after the change
    score : how far the path strays, in standard deviations; with the sign of the change
    p_value : the chance of straying so far anywhere, if nothing changed
    before, after : events in the group, against 1 expected, up to the change and from it on
    is_step : whether one step fits the bins better than a straight line: a change and no steady trend
    """

    place: Ints
    score: Floats
    p_value: Floats
    before: Floats
    after: Floats
    is_step: Bools


def chance_of_maximum(score: Any, low: float, high: float) -> Floats:
    """The chance that a standardised bridge strays so far anywhere between two shares of the time.

    >>> chance_of_maximum(np.array([0.5, 3.0]), 0.1, 0.9).round(3).tolist()
    [1.0, 0.058]
    """
    b = np.maximum(np.abs(np.asarray(score, np.float64)), 1e-9)
    bend = np.log(high * (1 - low) / ((1 - high) * low))
    p = stats.norm.pdf(b) * (4 / b + (b - 1 / b) * bend)
    return np.asarray(np.where(b < 1.5, 1.0, np.clip(p, 0.0, 1.0)), np.float64)  # the tail formula holds in the tail


def likeliest_change(paths: Paths, n_groups: int) -> Change:
    """The likeliest change of every group, and the chance of one as large where there is none."""
    group, seen, k = paths.group, paths.seen.astype(np.float64), n_groups
    expected = _expected(paths, seen, k)
    residual = seen - expected
    path = np.cumsum(residual, axis=1)[:, :-1]
    total, spread = _summed(path, group, k), _summed(path * path, group, k)
    expected_bins, residual_bins = _summed(expected, group, k), _summed(residual, group, k)
    share = np.cumsum(expected_bins, axis=1)[:, :-1] / np.maximum(expected_bins.sum(axis=1, keepdims=True), 1e-12)
    bins = np.arange(1, seen.shape[1]) / seen.shape[1]
    inside = (share > EDGE) & (share < 1 - EDGE) & ((bins > EDGE) & (bins < 1 - EDGE))[None]
    own = np.where(inside & (spread > 0), total / np.sqrt(np.maximum(spread, 1e-12)), 0.0)
    place = np.where(inside, total**2 / np.maximum(share * (1 - share), 1e-12), -1.0).argmax(axis=1)
    rows, most = np.arange(k), np.abs(own).argmax(axis=1)
    there = path[np.arange(len(group)), most[group]][:, None] ** 2
    equal = _summed(there, group, k)[:, 0] ** 2 / np.maximum(_summed(there**2, group, k)[:, 0], 1e-12)
    p_people = chance_of_maximum(_as_normal(np.abs(own[rows, most]), equal), EDGE, 1 - EDGE)
    by_bin = _score_of_bins(residual_bins, expected_bins, place, int(paths.season.max(initial=0)) + 1)
    p_value = np.maximum(p_people, chance_of_maximum(by_bin, EDGE, 1 - EDGE))
    p_value = np.where(inside.any(axis=1), p_value, 1.0)
    score = np.sign(-total[rows, place]) * np.minimum(np.abs(own[rows, place]), by_bin)
    seen_bins = residual_bins + expected_bins
    left = np.arange(seen.shape[1])[None] <= place[:, None]
    before, after = (_ratio(seen_bins * side, expected_bins * side) for side in (left, ~left))
    return Change(place + 1, score, p_value, before, after, _is_step(seen_bins, expected_bins, left))


def _expected(paths: Paths, seen: Floats, k: int) -> Floats:
    """(M, G) what each person would have done in the group in each bin, had nothing changed."""
    group = paths.group
    volume = np.ones_like(seen) if paths.volume is None else paths.volume[paths.person].astype(np.float64)
    own = seen.sum(axis=1, keepdims=True)
    plain = volume * (own / np.maximum(volume.sum(axis=1, keepdims=True), 1e-12))
    n_seasons = int(paths.season.max(initial=0)) + 1
    if n_seasons > 1:
        of = np.eye(n_seasons)[paths.season]
        factor = (_summed(seen, group, k) @ of + _SHRINK) / (_summed(plain, group, k) @ of + _SHRINK)
        plain = plain * factor[group][:, paths.season]
    return np.asarray(plain * (own / np.maximum(plain.sum(axis=1, keepdims=True), 1e-12)), np.float64)


def _summed(rows: Floats, group: Ints, k: int) -> Floats:
    """(k, G) sums over the pairs of each group."""
    found = np.zeros((k, rows.shape[1]))
    if len(group):
        starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
        found[group[starts]] = np.add.reduceat(rows, starts, axis=0)
    return found


def _score_of_bins(residual: Floats, expected: Floats, place: Ints, n_seasons: int) -> Floats:
    """(K,) how far the path strays at a place, against how far single bins do, linked as they are to their next."""
    g = residual.shape[1]
    left = np.arange(g)[None] <= place[:, None]
    sides = []
    for side in (left, ~left):
        rate = (residual * side).sum(axis=1) / np.maximum((expected * side).sum(axis=1), 1e-12)
        sides.append(np.where(side, residual - rate[:, None] * expected, 0.0))
    error = sides[0] + sides[1]
    share = ((expected * left).sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-12))[:, None]
    variance = (np.where(left, 1 - share, share) ** 2 * error**2).sum(axis=1)
    rho = (error[:, 1:] * error[:, :-1]).sum(axis=1) / np.maximum((error**2).sum(axis=1), 1e-12)
    rho = np.clip(rho + (1 + 3 * rho) / g, 0.0, _MOST_RHO)
    free = max(g - 2 - (n_seasons - 1), 1)
    variance = variance * (1 + rho) / (1 - rho) * g / free
    total = np.abs((residual * left).sum(axis=1))
    t = total / np.sqrt(np.maximum(variance, 1e-12))
    return _as_normal(t, free)


def _as_normal(t: Floats, free: Any) -> Floats:
    """Scores of Student's distribution as scores of the normal one; few (equal) people or bins are less sure."""
    return np.asarray(stats.norm.isf(np.maximum(stats.t.sf(t, np.maximum(free, 1.0)), 1e-300)), np.float64)


def _is_step(seen: Floats, expected: Floats, left: Bools) -> Bools:
    """(K,) whether a step leaves smaller squares over than a straight line, bins weighted by what was expected."""
    weight = np.maximum(expected, 1e-12)
    rate = seen / weight
    step = sum(
        (weight * side * (rate - ((seen * side).sum(1) / (weight * side).sum(1))[:, None]) ** 2).sum(1)
        for side in (left, ~left)
    )
    at = np.arange(seen.shape[1])[None]
    centre = (weight * at).sum(1, keepdims=True) / weight.sum(1, keepdims=True)
    mean = seen.sum(1, keepdims=True) / weight.sum(1, keepdims=True)
    slope = (weight * (at - centre) * (rate - mean)).sum(1, keepdims=True) / (weight * (at - centre) ** 2).sum(
        1, keepdims=True
    )
    line = (weight * (rate - mean - slope * (at - centre)) ** 2).sum(1)
    return np.asarray(step < line)


def _ratio(seen: Floats, expected: Floats) -> Floats:
    return np.asarray(seen.sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-12))
