"""The fit: personal baselines, own past, shared delays and a branching for every tie, by exact maximum likelihood.

The intensity of person i's acts is::

    lambda_i(t) = level_i(t) * sum_k w_ik pattern_k(hour of week)  +  own past
                  +  sum_j a_ij sum_{s in acts of j} g(t - s)

``a_ij`` is how many acts of i one act of j causes directly. Given the shared parts (patterns, levels, kernel g) every
person is a small concave problem, solved exactly; the shared parts are learned in turn from a sample of people, each
act counting for the baseline only by the share that the baseline explains.

References
----------
Hawkes, "Spectra of some self-exciting and mutually exciting point processes", Biometrika 1971.
Ogata, "Statistical models for earthquake occurrences and residual analysis", JASA 1988.
Zhou, Zha and Song, "Learning social infectivity in sparse low-rank networks using Hawkes processes", AISTATS 2013.
Lewis and Mohler, "A nonparametric EM algorithm for multiscale Hawkes processes", 2011.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from swayline.core.errors import UsageError, nearest
from swayline.core.extras import require
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.influence.network.acts import Acts, Kernel, Ties, resolution_s
from swayline.influence.network.fit.kernels import Delays, delay_range, exponential, start_kernel
from swayline.influence.network.fit.rhythm import (
    Baseline,
    Grid,
    best_patterns,
    choose_grid,
    choose_patterns,
    choose_trend,
    learn_levels,
    phase_counts,
)
from swayline.influence.network.fit.solver_inputs import (
    Coefficients,
    Method,
    Penalty,
    Prior,
    SolverInputs,
    solver_inputs,
)
from swayline.influence.network.fit.threads import over_people

SOLVERS = {"newton": 0, "em": 1, "accelerated": 2}
_OWN_MEANS_S = (600.0, 3 * 3600.0, 2 * 86400.0)


@dataclass(frozen=True)
class HawkesFit:
    """A fitted model of who moves whom.

    Parameters
    ----------
    acts : Acts
    ties : Ties
    baseline : Baseline
        Shared rhythms and personal levels.
    pattern_width : int
        Bins that a smoothing bump of the rhythms spans.
    trend_strength : float
        Acts' worth of everybody's trend in each person's own.
    own : Kernel
        Exponentials by which a person's own past acts bring more (bursts, sessions); possibly none.
    kernel : Delays
        Delays along ties.
    x_base : (people, R + S) float64
        Weights of the patterns and of the own past.
    x_tie : (T,) float64
        Branching of every tie.
    losses : (people,) float64
        Negative penalised log-likelihood of each person.
    sparsity, group : float
        Penalties used.
    solver : str
    """

    acts: Acts
    ties: Ties
    baseline: Baseline
    pattern_width: int
    trend_strength: float
    own: Kernel
    kernel: Delays
    x_base: Floats
    x_tie: Floats
    losses: Floats
    sparsity: float
    group: float
    solver: str

    @property
    def n_patterns(self) -> int:
        """How many shared rhythms the baseline mixes."""
        return len(self.baseline.patterns)

    def solver_inputs(self, begin_s: float = 0.0) -> SolverInputs:
        """The arrays that compiled passes read."""
        return solver_inputs(self.acts, self.ties, self.baseline, self.own, self.kernel.compiled(), begin_s)

    def prior(self, people: Ints) -> Prior:
        """Gamma prior of the baseline weights: rates (everybody, R + S) and shapes (R + S,).

        The mixture of the given people counts for ``strength`` acts; rates are such that nobody's total level moves.
        """
        n = self.n_patterns
        if n == 1:
            return Prior(np.zeros_like(self.x_base), np.zeros(self.x_base.shape[1]))
        weights = self.x_base[:, :n]
        share = weights[people].sum(axis=0) / max(weights[people].sum(), 1e-9)
        rate = np.zeros_like(self.x_base)
        rate[:, :n] = self.baseline.strength / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
        shape = np.zeros(self.x_base.shape[1])
        shape[:n] = self.baseline.strength * np.maximum(share, 1e-4)
        return Prior(rate, shape)


def fit_hawkes(
    acts: Acts,
    ties: Ties,
    *,
    kernel: str | Delays = "exponential",
    sparsity: float = 0.0,
    group: float = 0.0,
    solver: str = "newton",
    rounds: int = 3,
    sample: int = 2000,
    rhythm: bool = True,
    own_past: bool = True,
    seed: int = 0,
) -> HawkesFit:
    """Fit the model.

    Parameters
    ----------
    acts, ties : Acts, Ties
    kernel : str or Delays
        ``exponential`` (its mean delay is learned), ``sum-of-exponentials`` or ``histogram`` (their weights are
        learned), or a kernel to take as it is.
    sparsity : float
        L1 weight on every tie, in acts; 0 is maximum likelihood.
    group : float
        Weight on the norm of all ties into a person: people who follow nobody lose all their ties at once. Needs
        ``solver="accelerated"``.
    solver : str
        ``newton`` (exact, the default), ``em``, ``accelerated`` (proximal gradient).
    rounds : int
        How often the shared parts are learned in turn.
    sample : int
        People from whom the shared parts are learned.
    rhythm, own_past : bool
        Whether baselines follow shared rhythms and trends, and a person's own past; without them they are constant.

    Raises
    ------
    UsageError
        An unknown solver or kernel, a negative penalty, or a group penalty with another solver.
    MissingExtraError
        numba is not installed.
    """
    require("numba", extra="people")
    _checked(sparsity, group, solver, rounds)
    penalties = {"sparsity": sparsity, "group": group, "solver": solver}
    setting = _Shared.of(acts, ties, kernel, sample, rhythm, own_past, seed)
    fit = _unfitted(acts, ties, kernel, setting, penalties)
    if isinstance(kernel, Delays) and not rhythm and not own_past:  # nothing shared is left to learn
        return solve(fit, np.arange(acts.people), warm=False)
    with task("who sways whom", total=rounds + 1) as bar:
        for step in range(rounds):
            fit = solve(fit, setting.some, warm=False)
            if not isinstance(kernel, Delays):
                fit = _learn_kernel(fit, setting.some, setting.shortest, setting.longest, first=step == 0)
            if step == 0 and setting.own_means:
                fit = _without_own_past_if_idle(fit, setting.some)
            if rhythm and step < rounds - 1:
                fit = _relearn_baseline(fit, setting.some, seed + step)
            bar.advance()
        fit = solve(fit, np.arange(acts.people), warm=False)
        bar.advance()
    return fit


@dataclass(frozen=True)
class _Shared:
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
    ) -> "_Shared":
        settled = isinstance(kernel, Delays) and not rhythm and not own_past
        finest = 1.0 if settled else resolution_s(acts.times + acts.start_s)
        shortest, longest = delay_range(acts.span_s, finest)
        grid = choose_grid(acts.start_s, acts.end_s, finest)
        grid = grid if rhythm else replace(grid, period=1)
        own_means = [mean for mean in _OWN_MEANS_S if shortest <= mean <= longest] if own_past else []
        return cls(_sample(acts, ties, sample, seed), shortest, longest, grid, rhythm, own_means, seed)


def _unfitted(
    acts: Acts, ties: Ties, kernel: str | Delays, setting: _Shared, penalties: dict[str, Any]
) -> HawkesFit:  # fmt: skip
    """Where the fit starts: first rhythms and delays, every coefficient zero."""
    baseline, width, trend = _first_baseline(acts, setting.grid, setting.some, setting.rhythm, setting.seed)
    delays = kernel if isinstance(kernel, Delays) else start_kernel(kernel, setting.shortest, setting.longest)
    x_base = np.zeros((acts.people, len(baseline.patterns) + len(setting.own_means)))
    return HawkesFit(
        acts, ties, baseline, width, trend, _own_kernel(setting.own_means), delays, x_base, np.zeros(len(ties)),
        np.zeros(acts.people), **penalties,
    )  # fmt: skip


def _checked(sparsity: float, group: float, solver: str, rounds: int) -> None:
    if solver not in SOLVERS:
        raise UsageError(f"solver {solver!r} is unknown: {nearest(solver, SOLVERS)}")
    if sparsity < 0 or group < 0:
        raise UsageError(f"penalties must not be negative: sparsity {sparsity}, group {group}")
    if group > 0 and solver != "accelerated":
        raise UsageError(f"a group penalty needs solver 'accelerated', not {solver!r}")
    if rounds < 1:
        raise UsageError(f"rounds must be at least 1, not {rounds}")


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


def _first_baseline(acts: Acts, grid: Grid, some: Ints, rhythm: bool, seed: int) -> tuple[Baseline, int, float]:
    if not rhythm:
        return Baseline(grid, np.ones((1, 1)), 1.0, np.ones((acts.people, 1))), 1, 1.0
    index, person = _of(acts, some)
    bins = grid.bins(acts.times[index])
    patterns, width, strength = choose_patterns(person, bins, len(some), grid, generator(seed, "people", "patterns"))
    n_hats, trend_strength = choose_trend(person, bins, len(some), grid)
    levels = learn_levels(
        acts.person, grid.bins(acts.times), np.ones(len(acts.times)), acts.people, grid, n_hats, trend_strength
    )
    return Baseline(grid, patterns, strength, levels), width, trend_strength


def _own_kernel(means_s: list[float]) -> Kernel:
    rates = 1.0 / np.array(means_s, np.float64) if means_s else np.zeros(0)
    return np.stack([np.zeros(len(rates)), rates, np.zeros(len(rates)), np.ones(len(rates))])


def solve(
    fit: HawkesFit, people: Ints, warm: bool, max_steps: int = 60, turns: int = 4, tie_scale: float = 0.0,
    price: tuple[Floats, Floats] | None = None,
) -> HawkesFit:  # fmt: skip
    """Fit the given people's coefficients, the shared parts held still.

    The prior that draws a person's rhythm to everybody's depends on the answer; it settles in a few turns.
    ``tie_scale`` above zero adds half the log determinant of the information to the losses, every branching on that
    scale (the adjusted profile likelihood). ``price``: what a unit of each tie (T,) and of each person's own past
    (people,) costs beside the penalties.
    """
    from swayline.influence.network.compiled import passes as _compiled

    if fit.baseline.is_steady and fit.own.shape[1] == 0 and len(fit.ties) == 0:
        return _steady(fit)
    coefficients = Coefficients(fit.x_base.copy(), fit.x_tie.copy(), fit.losses.copy())
    if not coefficients.x_base.any():
        coefficients.x_base[:, : fit.n_patterns] = 0.8 * np.maximum(fit.acts.counts, 1)[:, None] / fit.n_patterns
    inputs = fit.solver_inputs()
    penalty = Penalty(fit.sparsity + (np.zeros(len(fit.ties)) if price is None else price[0]), float(fit.group))
    steps = max_steps if fit.solver == "newton" else 20 * max_steps
    for turn in range(1 if fit.n_patterns == 1 else turns):
        prior = replace(fit, x_base=coefficients.x_base).prior(people)
        if price is not None:
            prior.rate[:, fit.n_patterns :] += price[1][:, None]
        method = Method(SOLVERS[fit.solver], warm or turn > 0, steps, tie_scale)
        over_people(_compiled.fit_people, people, inputs, prior, penalty, method, coefficients)
    return replace(fit, **coefficients._asdict())


def _steady(fit: HawkesFit) -> HawkesFit:
    """Where a person has one steady rate and nothing else, it is likeliest to be the acts over the span."""
    counts = fit.acts.counts
    rate = np.maximum(counts, 1) / fit.acts.span_s
    return replace(fit, x_base=counts[:, None].astype(np.float64), losses=counts * (1.0 - np.log(rate)))


def _learn_kernel(fit: HawkesFit, some: Ints, shortest: float, longest: float, first: bool) -> HawkesFit:
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


def _without_own_past_if_idle(fit: HawkesFit, some: Ints) -> HawkesFit:
    """Drop the own past where it does not earn its coefficients (BIC over the sample): a nuisance costs precision."""
    keep = fit.n_patterns
    plain = solve(replace(fit, own=_own_kernel([]), x_base=fit.x_base[:, :keep]), some, warm=False)
    gained = float(plain.losses[some].sum() - fit.losses[some].sum())
    used = int((fit.x_base[some, keep:] > 1e-6).sum())
    cost = 0.5 * used * np.log(max(len(fit.acts.times) / fit.acts.people, 2.0))
    return fit if gained > cost else plain


def _relearn_baseline(fit: HawkesFit, some: Ints, seed: int) -> HawkesFit:
    """Learn rhythms and levels again, from each act's share that the baseline explains."""
    from swayline.influence.network.compiled import passes as _compiled

    weight, own_share = np.ones(len(fit.acts.times)), np.zeros(len(fit.acts.times))
    nothing = np.zeros((fit.acts.people, 0))
    over_people(_compiled.share_out, some, fit.solver_inputs(), fit.x_base, fit.x_tie, weight, own_share, nothing)
    grid, baseline = fit.baseline.grid, fit.baseline
    patterns = baseline.patterns
    index, person = _of(fit.acts, some)
    bins = grid.bins(fit.acts.times)
    if grid.period > 1 and float(np.ptp(np.asarray(patterns, np.float64))) > 0:
        counts, hours = phase_counts(person, bins[index], weight[index], len(some), grid, None)
        patterns = best_patterns(
            counts, hours, fit.n_patterns, fit.pattern_width, generator(seed, "people", "patterns")
        )
    levels = learn_levels(
        fit.acts.person, bins, weight, fit.acts.people, grid, baseline.levels.shape[1], fit.trend_strength
    )
    return replace(fit, baseline=replace(baseline, patterns=patterns, levels=levels))
