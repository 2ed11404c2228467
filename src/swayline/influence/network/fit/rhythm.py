"""When people act anyway: personal rhythms and trends learned from everybody, so that likeness is not taken for sway.

Two people with the same weekly habits act near each other without either moving the other. What a person would do
alone is therefore described first, as a mixture of a few patterns that the whole log shares::

    pattern (168 hours of a week, or 24 of a day)   evenings   weekend mornings   office hours   ...
    person = .7 evenings + .2 weekend mornings + .1 even             (non-negative, sums to one)

and of slow hats over the log's span where people's own levels rise and fall. The number of patterns, their
smoothness and the number of hats are chosen by predicting weeks (days) that were left out.

References
----------
Hofmann, "Probabilistic Latent Semantic Analysis", UAI 1999 (the mixture and its EM).
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.types import Floats, Ints

HOUR_S = 3600.0
DAY_S = 86400.0
_EARNS = 3.0
"""Log-likelihood on left-out weeks that each further rhythm, or a trend, must earn: less is luck."""
_FLOOR = 0.02
"""Share of every pattern that is spread evenly, so that no hour is impossible."""


@dataclass(frozen=True)
class Grid:
    """The clock of a log: how fine its times are and which rhythm it can show.

    Parameters
    ----------
    lead_s : float
        Seconds from the grid's first bin (a Monday, 00:00 UTC) to the log's start.
    span_s : float
        Length of the log.
    bin_s : float
        Width of a bin.
    period : int
        Bins in a rhythm's period: 168 hours, 24 hours, 7 days, or 1 where no rhythm can be told.
    fold_s : float
        Length of the stretches that are left out in turn: weeks, days.
    """

    lead_s: float
    span_s: float
    bin_s: float
    period: int
    fold_s: float

    @property
    def n_bins(self) -> int:
        """Bins from the grid's start to the log's end."""
        return int((self.lead_s + self.span_s) // self.bin_s) + 1

    def bins(self, times: Floats) -> Ints:
        """The bin of each time (seconds since the log's start)."""
        return ((times + self.lead_s) / self.bin_s).astype(np.int64)

    def watched(self, begin_s: float, end_s: float, n_bins: int) -> Floats:
        """(n_bins,) seconds of each bin that lie between two moments of the log."""
        edges = np.arange(n_bins + 1) * self.bin_s - self.lead_s
        watched: Floats = np.diff(np.clip(edges, begin_s, end_s))
        return watched


def choose_grid(start_s: float, end_s: float, resolution: float) -> Grid:
    """Hours of the week for logs of four weeks and more, hours of the day from four days, days where times are dates.

    >>> choose_grid(1_600_000_000.0, 1_610_000_000.0, 1.0).period
    168
    """
    monday = 4 * DAY_S
    lead = (start_s - monday) % (7 * DAY_S)
    span = end_s - start_s
    if resolution > DAY_S or span < 4 * DAY_S:
        return Grid(lead, span, max(HOUR_S, resolution, min(span / 64, DAY_S)), 1, max(resolution, span / 16))
    bin_s = DAY_S if resolution >= DAY_S else HOUR_S
    if span >= 28 * DAY_S:
        return Grid(lead, span, bin_s, round(7 * DAY_S / bin_s), 7 * DAY_S)
    return Grid(lead, span, bin_s, round(DAY_S / bin_s), DAY_S)


def hat_places(grid: Grid, bins: Ints, n_hats: int) -> tuple[Ints, Floats]:
    """Between which two of ``n_hats`` knots over the span each bin lies, and how far towards the second.

    Beyond the log's end the last knot holds.
    """
    place = np.clip(((bins + 0.5) * grid.bin_s - grid.lead_s) / grid.span_s, 0.0, 1.0) * (n_hats - 1)
    left = np.minimum(place.astype(np.int64), n_hats - 2)
    return left, place - left


def _bumps(period: int, width: int) -> Floats:
    """(width bumps, period): periodic hats, each summing to one, evenly spread."""
    if period == 1:
        return np.ones((1, 1))
    count = max(period // width, 1)
    centres = (np.arange(count) + 0.5) * period / count
    gap = np.abs(np.arange(period) + 0.5 - centres[:, None])
    gap = np.minimum(gap, period - gap)
    hats = np.maximum(1.0 - gap / (period / count), 0.0) + 1e-12
    bumps: Floats = hats / hats.sum(axis=1, keepdims=True)
    return bumps


def learn_patterns(
    counts: Floats, hours: Floats, n_patterns: int, width: int, rng: np.random.Generator, steps: int = 150
) -> Floats:
    """Shared rhythms by EM on who acted when.

    Parameters
    ----------
    counts : (people, period) float
        Acts of each person in each bin of the period.
    hours : (period,) float
        How much time of each bin was watched, relative to its mean.
    n_patterns, width : int
        How many rhythms, and how many bins a smoothing bump spans.

    Returns
    -------
    (n_patterns, period) float64, rows summing to one.
    """
    period = counts.shape[1]
    bumps = _bumps(period, width)
    people = len(counts)
    total = counts.sum(axis=0)
    mixture = total @ bumps.T
    mixture /= max(mixture.sum(), 1e-12)
    # Start every pattern from the acts of a few people, so that patterns differ.
    mix: Floats = np.empty((n_patterns, len(bumps)))
    for k in range(n_patterns):
        some = (
            rng.choice(people, size=min(people, max(1, people // n_patterns)), replace=False)
            if k
            else np.arange(people)
        )
        own = (counts[some].sum(axis=0) + 1e-9) @ bumps.T
        mix[k] = 0.5 * mixture + 0.5 * own / own.sum() * rng.uniform(0.5, 1.5, len(bumps))
    mix /= mix.sum(axis=1, keepdims=True)
    theta: Floats = rng.dirichlet(np.ones(n_patterns), people)
    for _ in range(steps):
        patterns = mix @ bumps
        theta, share = _mixtures(counts, patterns * hours, theta, 1, 1.0)
        expected = theta @ (patterns * hours)
        ratio = counts / np.maximum(expected, 1e-12)
        weight = (theta.T @ (ratio * hours)) @ bumps.T * mix
        mix = (weight + 1e-9) / (weight + 1e-9).sum(axis=1, keepdims=True)
    learned: Floats = (1 - _FLOOR) * (mix @ bumps) + _FLOOR / period
    return learned[np.argsort(-share)]


def _mixtures(counts: Floats, patterns: Floats, theta: Floats, steps: int, strength: float) -> tuple[Floats, Floats]:
    """EM of each person's mixture over given patterns, drawn towards everybody's by ``strength`` acts."""
    share = theta.mean(axis=0)
    for _ in range(steps):
        ratio = counts / np.maximum(theta @ patterns, 1e-12)
        counted = theta * (ratio @ patterns.T)
        share = counted.sum(axis=0) / max(counted.sum(), 1e-12)
        theta = counted + strength * share + 1e-9
        theta /= theta.sum(axis=1, keepdims=True)
    return theta, share


def _fold(grid: Grid, bins: Ints) -> Ints:
    """0 or 1: which half of the log each bin belongs to, in alternating stretches."""
    fold: Ints = ((bins + 0.5) * grid.bin_s // grid.fold_s).astype(np.int64) % 2
    return fold


def phase_counts(
    person: Ints, bins: Ints, weight: Floats, people: int, grid: Grid, fold: int | None
) -> tuple[Floats, Floats]:
    """Acts of each person at each phase, and how long each phase was watched relative to the mean."""
    watched = grid.watched(0.0, grid.span_s, grid.n_bins)
    if fold is not None:
        weight = weight * (_fold(grid, bins) == fold)
        watched = watched * (_fold(grid, np.arange(grid.n_bins)) == fold)
    flat = np.bincount(person * grid.period + bins % grid.period, weight, people * grid.period).astype(np.float64)
    hours = np.bincount(np.arange(grid.n_bins) % grid.period, watched, grid.period).astype(np.float64)
    return flat.reshape(people, grid.period), np.maximum(hours, 1e-9) / max(float(hours.mean()), 1e-9)


def choose_patterns(
    person: Ints, bins: Ints, people: int, grid: Grid, rng: np.random.Generator
) -> tuple[Floats, int, float]:
    """Learn the shared rhythms, their number and smoothness chosen by predicting the weeks left out.

    Parameters
    ----------
    person, bins : (acts,) int64
        Who acted, and in which grid bin.

    Returns
    -------
    patterns : (R, period) float64
    width : int
        Bins that a smoothing bump spans.
    strength : float
        Acts' worth of everybody's mixture in each person's own. An eighth of what predicts best: a nuisance must be
        smoothed less than prediction asks for, or what it leaves over is taken for influence (Robinson, 1988).
    """
    if grid.period == 1:
        return np.ones((1, 1)), 1, 1.0
    even = np.ones(len(bins))
    folds = [phase_counts(person, bins, even, people, grid, fold) for fold in (0, 1)]
    widths = {168: (4, 6, 3, 2), 24: (4, 2)}.get(grid.period, (1,))

    def score(n_patterns: int, width: int) -> tuple[float, float]:
        totals = dict.fromkeys((0.5, 2.0, 8.0, 32.0), 0.0)
        for (counts, hours), (left, left_hours) in (folds, folds[::-1]):
            patterns = learn_patterns(counts, hours, n_patterns, width, np.random.default_rng(n_patterns), 60)
            for strength in totals:
                theta = np.full((people, n_patterns), 1.0 / n_patterns)
                theta, _ = _mixtures(counts, patterns * hours, theta, 40, strength)
                expected = theta @ (patterns * left_hours)
                expected /= expected.sum(axis=1, keepdims=True)
                totals[strength] += float((left * np.log(np.maximum(expected, 1e-12))).sum())
        best = max(totals, key=lambda strength: totals[strength])
        return totals[best], best

    scored = {(count, widths[0]): score(count, widths[0]) for count in (1, 2, 3, 4, 6, 8, 12) if count <= people}
    count = max(scored, key=lambda key: scored[key][0] - _EARNS * key[0])[0]
    scored |= {(count, width): score(count, width) for width in widths[1:]}
    (count, width), (reached, strength) = max(scored.items(), key=lambda pair: pair[1][0] - _EARNS * pair[0][0])
    flat = sum(float((left * np.log(hours / hours.sum())).sum()) for left, hours in folds)
    if reached - _EARNS * count <= flat:
        return np.full((1, grid.period), 1.0 / grid.period), widths[0], 1.0
    counts, hours = phase_counts(person, bins, even, people, grid, None)
    return best_patterns(counts, hours, count, width, rng), width, strength / 8.0


def best_patterns(counts: Floats, hours: Floats, count: int, width: int, rng: np.random.Generator) -> Floats:
    """The best of three starts of :func:`learn_patterns`: EM finds a nearby optimum, not the best one."""
    best: Floats = np.ones((1, counts.shape[1])) / counts.shape[1]
    best_fit = -np.inf
    for _ in range(3 if count > 1 else 1):
        patterns = learn_patterns(counts, hours, count, width, rng)
        theta, _ = _mixtures(counts, patterns * hours, np.full((len(counts), count), 1.0 / count), 40, 1.0)
        fit = float((counts * np.log(np.maximum(theta @ (patterns * hours), 1e-12))).sum())
        if fit > best_fit:
            best, best_fit = patterns, fit
    return best


def choose_trend(person: Ints, bins: Ints, people: int, grid: Grid) -> tuple[int, float]:
    """How many hats people's own levels need, and how strongly they lean on everybody's, by predicting left-out weeks.

    Returns
    -------
    n_hats : int
        1 where a steady level predicts best.
    strength : float
        Acts' worth of everybody's trend in each person's own.
    """
    fold_of = _fold(grid, bins)
    watched = grid.watched(0.0, grid.span_s, grid.n_bins)
    grid_fold = _fold(grid, np.arange(grid.n_bins))
    best = (_EARNS, 1, 1.0)
    steady = sum(float((fold_of == fold).sum()) * -np.log(watched[grid_fold == fold].sum()) for fold in (0, 1))
    for n_hats in (3, 6, 12, 24, 48):
        if grid.span_s / (n_hats - 1) < 2 * grid.fold_s:
            break
        for strength in (1.0, 4.0, 16.0):
            total = 0.0
            for fold in (0, 1):
                kept = fold_of == fold
                levels = learn_levels(
                    person[kept], bins[kept], np.ones(kept.sum()), people, grid, n_hats, strength, fold
                )
                left, share = hat_places(grid, bins[~kept], n_hats)
                who = person[~kept]
                height = levels[who, left] * (1 - share) + levels[who, left + 1] * share
                mass = levels @ _hat_mass(grid, n_hats, watched * (grid_fold != fold))
                total += float(np.log(np.maximum(height / mass[who], 1e-12)).sum())
            best = max(best, (total - steady, n_hats, strength))
    return best[1], best[2]


def _hat_mass(grid: Grid, n_hats: int, watched: Floats) -> Floats:
    """(n_hats,) seconds under each hat."""
    left, share = hat_places(grid, np.arange(grid.n_bins), n_hats)
    mass: Floats = np.bincount(left, watched * (1 - share), n_hats).astype(np.float64)
    return mass + np.bincount(left + 1, watched * share, n_hats)


def learn_levels(
    person: Ints, bins: Ints, weight: Floats, people: int, grid: Grid, n_hats: int, strength: float,
    fold: int | None = None, steps: int = 60,
) -> Floats:  # fmt: skip
    """Each person's slow level: heights of hats by EM, drawn towards everybody's trend by ``strength`` acts.

    Parameters
    ----------
    weight : (acts,) float
        How much of each act counts (its share that the baseline explains).
    fold : int, optional
        Which half of the log the acts come from.

    Returns
    -------
    (people, n_hats) float64, scaled so that each person's mean level over the span is one.
    """
    if n_hats == 1:
        return np.ones((people, 1))
    watched = grid.watched(0.0, grid.span_s, grid.n_bins)
    whole = _hat_mass(grid, n_hats, watched)
    seen = whole if fold is None else _hat_mass(grid, n_hats, watched * (_fold(grid, np.arange(grid.n_bins)) == fold))
    left, share = hat_places(grid, bins, n_hats)
    left_key, right_key = person * n_hats + left, person * n_hats + left + 1
    pooled = np.ones(n_hats)
    heights = np.ones((people, n_hats))
    for step in range(2 * steps):
        alone = step >= steps
        flat = heights.ravel() if alone else np.tile(pooled, people)
        at_left, at_right = flat[left_key] * (1 - share), flat[right_key] * share
        total = np.maximum(at_left + at_right, 1e-300)
        counted = np.bincount(left_key, weight * at_left / total, people * n_hats)
        counted += np.bincount(right_key, weight * at_right / total, people * n_hats)
        acts = counted.reshape(people, n_hats)
        if not alone:
            pooled = (acts.sum(axis=0) + 1e-6) / np.maximum(seen, 1e-9)
            continue
        lean = strength * pooled * seen / (pooled * seen).sum()
        heights = (acts + lean) / np.maximum(seen, 1e-9)
    scaled: Floats = heights / ((heights @ whole) / watched.sum())[:, None]
    return scaled
