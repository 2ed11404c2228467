"""What people share: rhythms, levels and delays, learned in turn from a sample of people.

Each act counts for the baseline only by the share that the baseline explains.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.influence.network.acts import Acts, Ties
from swayline.influence.network.fit.baseline import Baseline
from swayline.influence.network.fit.common import Alone, Common, learn_common
from swayline.influence.network.fit.kernels import Delays, delay_range, exponential
from swayline.influence.network.fit.model import HawkesFit, own_kernel
from swayline.influence.network.fit.rhythm import (
    DAY_S,
    Grid,
    best_patterns,
    choose_grid,
    choose_patterns,
    choose_trend,
    learn_levels,
    phase_counts,
)
from swayline.influence.network.fit.solve import solve
from swayline.influence.network.fit.threads import over_people

_OWN_MEANS_S = (600.0, 3 * 3600.0, 2 * 86400.0)


@dataclass(frozen=True)
class SharedParts:
    """What the shared parts are learned from, and within which bounds."""

    some: Ints
    """People of the sample."""
    shortest: float
    longest: float
    """Delays, seconds."""
    grid: Grid
    rhythm: bool
    own_means: list[float]
    """Mean delays of the own past, seconds."""
    seed: int

    @classmethod
    def of(
        cls, acts: Acts, ties: Ties, kernel: str | Delays, sample: int, rhythm: bool, own_past: bool, seed: int
    ) -> "SharedParts":
        """The sample and the bounds for a log."""
        settled = isinstance(kernel, Delays) and not rhythm and not own_past
        finest = 1.0 if settled else acts.clock.unit_s
        shortest, longest = delay_range(acts.span_s, finest)
        grid = choose_grid(acts.start_s, acts.end_s, finest)
        grid = grid if rhythm else replace(grid, period=1)
        own_means = [mean for mean in _OWN_MEANS_S if shortest <= mean <= longest] if own_past else []
        return cls(_sample(acts, ties, sample, seed), shortest, longest, grid, rhythm, own_means, seed)


def first_baseline(
    acts: Acts, ties: Ties, grid: Grid, some: Ints, rhythm: bool, seed: int
) -> tuple[Baseline, int, float]:
    """Rhythms, levels and what everybody feels, to start from; the width of bumps and the strength of the trend."""
    if not rhythm:
        return Baseline(grid, np.ones((1, 1)), 1.0, np.ones((acts.people, 1))), 1, 1.0
    index, person = _of(acts, some)
    bins = grid.bins(acts.times[index])
    patterns, width, strength = choose_patterns(person, bins, len(some), grid, generator(seed, "people", "patterns"))
    n_hats, trend_strength = choose_trend(person, bins, len(some), grid)
    levels = learn_levels(
        acts.person, grid.bins(acts.times), np.ones(len(acts.times)), acts.people, grid, n_hats, trend_strength
    )
    baseline = Baseline(grid, patterns, strength, levels)
    pooled = np.full((acts.people, len(patterns)), 1.0 / len(patterns))
    common = _common(
        acts, ties, baseline, np.asarray(pooled * acts.counts[:, None], np.float64), np.ones(len(acts.times))
    )
    return replace(baseline, common=common), width, trend_strength


def _common(acts: Acts, ties: Ties, baseline: Baseline, mixtures: Floats, weight: Floats) -> Common | None:
    """What everybody feels, beyond the given weights (people, R) of the patterns."""
    grid, n_bins = baseline.grid, baseline.grid.n_bins
    bins = np.arange(n_bins)
    watched = grid.watched(0.0, grid.span_s, n_bins)
    curves = (baseline.rates()[baseline.phases(bins)] * watched[:, None]).T
    day = (bins * grid.bin_s // DAY_S).astype(np.int64)
    alone = Alone(
        grid.bins(acts.times), weight, curves, mixtures, baseline.levels, baseline.hats(n_bins), day, grid.bin_s
    )
    return learn_common(acts, ties, alone)


def learn_kernel(fit: HawkesFit, some: Ints, shortest: float, longest: float, first: bool) -> HawkesFit:
    """The delays that make the sample's acts likeliest: a search over the mean, or EM over component weights."""
    if fit.kernel.name == "exponential":
        return _learn_mean(fit, some, shortest, longest, first)
    from swayline.influence.network.compiled import passes as _compiled

    for _ in range(30 if first else 10):
        component = np.zeros((fit.acts.people, len(fit.kernel.weights)))
        spare = np.zeros(len(fit.acts.times))
        over_people(
            _compiled.share_out, some, fit.solver_inputs(), fit.x_base, fit.x_tie, spare, spare.copy(), component
        )
        caused = component[some].sum(axis=0)
        if caused.sum() <= 0:
            break
        # A pinch of evenness keeps components alive; without it EM can never bring one back.
        weights = caused + 1e-3 * caused.sum() / len(caused)
        moved = float(np.abs(weights / weights.sum() - fit.kernel.weights).max())
        fit = solve(replace(fit, kernel=fit.kernel.weighted(weights)), some, warm=True, max_steps=4)
        if moved < 1e-3:
            break
    return solve(fit, some, warm=True)


def _learn_mean(fit: HawkesFit, some: Ints, shortest: float, longest: float, first: bool) -> HawkesFit:
    """Search the mean delay: the plain profile likelihood from afar, the adjusted one nearby.

    The plain profile takes delays too short: with hundreds of people's baselines free, whatever slow part of the
    effect they can mimic they take (Neyman and Scott's problem). Half the log determinant of the information of the
    free coefficients puts that right (Cox and Reid, "Parameter orthogonality and approximate conditional inference",
    JRSS B 1987). A branching counts in it on the scale of an exponential prior with the mean that branchings have:
    without that scale, thousands of weak ties would outvote the likelihood for whatever delay tells least about them.
    """

    def loss(log_mean: float, scale: float) -> float:
        tried = replace(fit, kernel=exponential(float(np.exp(log_mean))))
        return float(solve(tried, some, warm=True, max_steps=25, turns=1, tie_scale=scale).losses[some].sum())

    low, high = np.log(shortest), np.log(longest)
    if first:
        points = np.linspace(low, high, 9)
        best = int(np.argmin([loss(point, 0.0) for point in points]))
        low, high = points[max(best - 1, 0)], points[min(best + 1, 8)]
        fit = solve(replace(fit, kernel=exponential(float(np.exp(points[best])))), some, warm=False)
    else:
        centre = np.log(fit.kernel.mean_s())
        low, high = max(low, centre - 0.4), min(high, centre + 0.4)
    scale = np.sqrt(2.0) * max(_mean_branching(fit, some), 1e-3)
    mean = float(np.exp(_golden(lambda point: loss(point, scale), low, high, steps=6 if first else 4)))
    return solve(replace(fit, kernel=exponential(mean)), some, warm=False)


def _mean_branching(fit: HawkesFit, some: Ints) -> float:
    """Mean branching of the ties into some people."""
    inward = np.isin(fit.ties.target, some)
    return float(fit.x_tie[inward].mean()) if inward.any() else 0.0


def _golden(loss: Callable[[float], float], low: float, high: float, steps: int) -> float:
    """Golden-section search for the least loss between two points."""
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(steps):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = loss(right)
    return float((low + high) / 2.0)


def without_own_past_if_idle(fit: HawkesFit, some: Ints) -> HawkesFit:
    """Drop the own past where it does not earn its coefficients (BIC over the sample): a nuisance costs precision."""
    keep = fit.n_patterns
    plain = solve(replace(fit, own=own_kernel([]), x_base=fit.x_base[:, :keep]), some, warm=False)
    gained = float(plain.losses[some].sum() - fit.losses[some].sum())
    used = int((fit.x_base[some, keep:] > 1e-6).sum())
    cost = 0.5 * used * np.log(max(len(fit.acts.times) / fit.acts.people, 2.0))
    return fit if gained > cost else plain


def relearn_baseline(fit: HawkesFit, some: Ints, seed: int) -> HawkesFit:
    """Learn rhythms and levels again, from each act's share that the baseline explains."""
    from swayline.influence.network.compiled import passes as _compiled

    weight, own_share = np.ones(len(fit.acts.times)), np.zeros(len(fit.acts.times))
    nothing = np.zeros((fit.acts.people, 0))
    over_people(_compiled.share_out, some, fit.solver_inputs(), fit.x_base, fit.x_tie, weight, own_share, nothing)
    grid, baseline = fit.baseline.grid, fit.baseline
    patterns = baseline.patterns
    index, person = _of(fit.acts, some)
    bins = grid.bins(fit.acts.times)
    common = _common(fit.acts, fit.ties, baseline, _mixtures_of_all(fit, weight), weight)
    if common is not None:  # rhythms and levels are of what is left
        weight = weight / np.maximum(common.at(fit.acts.person, bins), 1e-3)
    if grid.period > 1 and float(np.ptp(np.asarray(patterns, np.float64))) > 0:
        counts, hours = phase_counts(person, bins[index], weight[index], len(some), grid, None)
        patterns = best_patterns(
            counts, hours, fit.n_patterns, fit.pattern_width, generator(seed, "people", "patterns")
        )
    levels = learn_levels(
        fit.acts.person, bins, weight, fit.acts.people, grid, baseline.levels.shape[1], fit.trend_strength
    )
    return replace(fit, baseline=replace(baseline, patterns=patterns, levels=levels, common=common))


def _mixtures_of_all(fit: HawkesFit, weight: Floats) -> Floats:
    """(people, R) weights of the patterns; of people outside the sample, their acts in everybody's proportions."""
    known = fit.x_base[:, : fit.n_patterns]
    total = known.sum(axis=0)
    acts = np.bincount(fit.acts.person, weight, fit.acts.people)
    usual = acts[:, None] * (total / max(float(total.sum()), 1e-12))
    return np.where(known.sum(axis=1, keepdims=True) > 0, known, usual)


def _sample(acts: Acts, ties: Ties, sample: int, seed: int) -> Ints:
    """People with two acts and more, at most ``sample`` of them: shared parts are learned from these.

    Only where there are too many must they have ties too: rhythms that depend on who has ties would make fits with
    and without ties differ in more than the ties.
    """
    useful = np.flatnonzero(acts.counts >= 2)
    if len(useful) > sample and len(ties):
        useful = useful[np.diff(ties.pointer)[useful] > 0]
    if len(useful) == 0:
        useful = np.flatnonzero(acts.counts > 0)
    if len(useful) <= sample:
        return useful.astype(np.int64)
    return np.sort(generator(seed, "people", "sample").choice(useful, sample, replace=False)).astype(np.int64)


def _of(acts: Acts, people: Ints) -> tuple[Ints, Ints]:
    """Index of the acts of some people, and each act's place among those people."""
    counts = acts.counts[people]
    starts = acts.pointer[people]
    index = np.repeat(starts - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())
    return index.astype(np.int64), np.repeat(np.arange(len(people)), counts)
