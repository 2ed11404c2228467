from dataclasses import replace

import numpy as np
import pytest

from swayline.core.errors import EmptyLogError, UsageError
from swayline.influence.network.acts import make_acts, make_ties
from swayline.influence.network.fit.goodness import (
    branching,
    goodness_of_fit,
    held_out_log_likelihood,
    rescaled_gaps,
    spectral_radius,
)
from swayline.influence.network.fit.hawkes import Solving, fit_hawkes
from swayline.influence.network.fit.intervals import tie_estimates
from swayline.influence.network.fit.kernels import Delays, exponential, start_kernel
from swayline.influence.network.fit.solve import solve

START = 1_599_436_800.0
SPAN = 60 * 86400.0


def pair_world(seed: int, sway: float, acts: int = 250, delay_s: float = 7200.0):
    """Four people; 0 moves 1, nobody else moves anybody; ties 0→1, 2→1, 2→3."""
    rng = np.random.default_rng(seed)
    times = [rng.uniform(0, SPAN, acts) for _ in range(4)]
    children = rng.poisson(sway, acts)
    follow = np.repeat(times[0], children) + rng.exponential(delay_s, children.sum())
    times[1] = np.concatenate([times[1], follow[follow < SPAN]])
    person = np.repeat(np.arange(4), [len(t) for t in times])
    log = make_acts(person, np.concatenate(times) + START, 4, START, START + SPAN)
    return log, make_ties(np.array([0, 2, 2]), np.array([1, 1, 3]), 4)


@pytest.fixture(scope="module")
def fitted():
    acts, ties = pair_world(0, sway=0.5)
    return fit_hawkes(acts, ties, kernel=exponential(7200.0), rounds=2)


def naive_log_likelihood(fit, end_s=None):
    """By the definition: every pair of acts, and the baseline integrated bin by bin."""
    acts, total = fit.acts, 0.0
    mass = fit.baseline.mass(0.0, acts.span_s)
    rates = fit.baseline.rates()
    bins = fit.baseline.bins(acts.times)
    level = fit.baseline.level_at(acts.person, bins)
    for i in range(acts.people):
        run = slice(acts.pointer[i], acts.pointer[i + 1])
        weights = fit.x_base[i, : fit.n_patterns]
        lam = (rates[fit.baseline.phases(bins[run])] @ weights) * level[run]
        total -= mass[i] @ weights
        parents = [(i, fit.own[1, s], fit.x_base[i, fit.n_patterns + s]) for s in range(fit.own.shape[1])]
        parents += [
            (fit.ties.source[t], fit.kernel.lows[0], fit.x_tie[t])
            for t in range(fit.ties.pointer[i], fit.ties.pointer[i + 1])
        ]
        for j, rate, weight in parents:
            source = acts.times[acts.pointer[j] : acts.pointer[j + 1]]
            lags = acts.times[run][:, None] - source[None]
            lam = lam + weight * np.where(lags > 0, rate * np.exp(-rate * np.maximum(lags, 0)), 0).sum(axis=1)
            total -= weight * (1 - np.exp(-rate * (acts.span_s - source))).sum()
        total += np.log(lam).sum()
    return total


def test_log_likelihood_is_exact(fitted):
    empty = replace(fitted, acts=replace(fitted.acts, end_s=fitted.acts.start_s))
    seen, n = held_out_log_likelihood(empty, fitted.acts)
    assert n == len(fitted.acts.times)
    assert seen == pytest.approx(naive_log_likelihood(fitted), rel=1e-9)


def test_the_fit_is_a_maximum(fitted):
    _rate, _shape = fitted.prior(np.arange(4))
    best = naive_log_likelihood(fitted)
    for change in (0.02, -0.02):
        moved = replace(fitted, x_tie=fitted.x_tie + np.array([change, 0, 0]))
        assert naive_log_likelihood(moved) < best


def test_finds_the_planted_tie_and_no_other(fitted):
    ties = tie_estimates(fitted)
    assert ties.low[0] < 0.5 < ties.high[0]
    assert ties.low[0] > 0.2
    assert ties.p_value[0] < 1e-6
    assert ties.low[1:].tolist() == [0.0, 0.0]
    assert (ties.p_value < 0.05).tolist() == (ties.low > 0).tolist()
    assert ties.sound.all()


def test_profile_ends_lie_where_the_likelihood_has_fallen_by_half_the_quantile(fitted):
    ties = tie_estimates(fitted, "profile")

    def reached(value):
        held = replace(fitted, x_tie=np.array([value, 0.0, 0.0]))
        # The other coefficients of person 1, by EM with the tie held.
        from swayline.influence.network.compiled import passes as _compiled
        from swayline.influence.network.compiled import solver as _compiled_solver

        columns, c, shapes = _compiled._problem(1, held.solver_inputs(), fitted.prior(np.arange(4)))
        x = np.concatenate([fitted.x_base[1], [value, fitted.x_tie[1]]])
        return _compiled_solver.newton(columns, c, shapes, x, fitted.x_base.shape[1], 100, 1e-10)

    best = reached(float(fitted.x_tie[0]))
    for end in (ties.low[0], ties.high[0]):
        assert 2 * (reached(float(end)) - best) == pytest.approx(3.841, rel=0.03)


def test_information_intervals_agree_with_profile_ones(fitted):
    profile, cheap = tie_estimates(fitted, "profile"), tie_estimates(fitted, "information")
    assert cheap.high[0] == pytest.approx(profile.high[0], rel=0.15)


def test_learns_the_delay():
    acts, ties = pair_world(1, sway=0.8)
    fit = fit_hawkes(acts, ties, rounds=2)
    assert fit.kernel.mean_s() == pytest.approx(7200.0, rel=0.4)


@pytest.mark.parametrize("name", ["sum-of-exponentials", "histogram"])
def test_flexible_kernels_stay_kernels_and_see_the_delay(name):
    acts, ties = pair_world(2, sway=0.8)
    fit = fit_hawkes(acts, ties, kernel=name, rounds=1)
    assert fit.kernel.weights.sum() == pytest.approx(1.0)
    assert fit.kernel.mass(np.array([1e12]))[0] == pytest.approx(1.0)
    assert fit.x_tie[0] == pytest.approx(0.8, abs=0.35)
    assert 0.3 * 7200 < fit.kernel.quantile(0.5) < 2.5 * 7200


@pytest.mark.parametrize("solver", ["em", "accelerated"])
def test_first_order_solvers_reach_the_newton_optimum(fitted, solver):
    other = solve(replace(fitted, solver=solver), np.arange(4), warm=False)
    assert other.x_tie == pytest.approx(fitted.x_tie, abs=0.01)
    assert other.losses.sum() == pytest.approx(fitted.losses.sum(), rel=1e-5)


def test_penalties_remove_ties():
    acts, ties = pair_world(3, sway=0.3)
    settings = {"kernel": exponential(7200.0), "rounds": 1}
    free = fit_hawkes(acts, ties, **settings)
    assert fit_hawkes(acts, ties, solving=Solving(sparsity=40.0), **settings).x_tie[0] < free.x_tie[0]
    assert fit_hawkes(acts, ties, solving=Solving(sparsity=1e6), **settings).x_tie.max() < 1e-6
    grouped = fit_hawkes(acts, ties, solving=Solving(group=1e6, solver="accelerated"), **settings)
    assert grouped.x_tie.max() < 1e-6


def test_rescaled_gaps_are_exponential_for_a_right_model_and_not_for_a_wrong_one(fitted):
    gaps = rescaled_gaps(fitted)
    assert gaps.mean() == pytest.approx(1.0, abs=0.1)
    assert goodness_of_fit(fitted).p_value > 0.01
    bursty = np.concatenate([START + k * 86400 * 2 + np.arange(10.0) * 60 for k in range(30)])
    acts = make_acts(np.concatenate([np.zeros(300, int), [1]]), np.append(bursty, START + SPAN), 2, START, START + SPAN)
    plain = fit_hawkes(acts, make_ties(np.array([1]), np.array([0]), 2), rhythm=False, own_past=False, rounds=1)
    assert goodness_of_fit(plain).ks > 0.3


def test_branching_radius_is_that_of_the_matrix(fitted):
    dense = branching(fitted).toarray()
    assert spectral_radius(branching(fitted)) == pytest.approx(np.abs(np.linalg.eigvals(dense)).max(), abs=0.02)


def test_a_source_that_never_acts_is_unknown_not_zero():
    acts, _ = pair_world(0, 0.0)
    silent = make_acts(acts.person, acts.times + START, 5, START, START + SPAN)
    fit = fit_hawkes(silent, make_ties(np.array([4, 0]), np.array([1, 1]), 5), rounds=1, kernel=exponential(7200.0))
    ties = tie_estimates(fit)
    assert np.isnan(ties.estimate[1])
    assert not ties.sound[1]


def test_a_target_that_never_acts_has_a_finite_upper_end():
    acts, _ = pair_world(0, 0.0)
    silent = make_acts(acts.person, acts.times + START, 5, START, START + SPAN)
    fit = fit_hawkes(silent, make_ties(np.array([0]), np.array([4]), 5), rounds=1, kernel=exponential(7200.0))
    ties = tie_estimates(fit)
    assert ties.estimate[0] == pytest.approx(0.0, abs=1e-9)
    # No act in answer to 250: the likelihood falls by 1.92 at 1.92 / 250.
    assert ties.high[0] == pytest.approx(1.92 / 250, rel=0.05)


def test_refuses_misuse():
    acts, ties = pair_world(0, 0.0)
    with pytest.raises(UsageError, match="newton"):
        fit_hawkes(acts, ties, solving=Solving(solver="newtn"))
    with pytest.raises(UsageError, match="accelerated"):
        fit_hawkes(acts, ties, solving=Solving(group=1.0))
    with pytest.raises(UsageError, match="negative"):
        fit_hawkes(acts, ties, solving=Solving(sparsity=-1.0))
    with pytest.raises(UsageError, match="exponential"):
        start_kernel("exponental", 1.0, 2.0)
    with pytest.raises(EmptyLogError, match="one moment"):
        make_acts(np.array([0, 1]), np.array([5.0, 5.0]), 2)
    with pytest.raises(EmptyLogError, match="no act"):
        make_acts(np.zeros(0, int), np.zeros(0), 2)


def test_ties_are_distinct_and_never_to_oneself():
    ties = make_ties(np.array([1, 1, 0, 2]), np.array([0, 0, 0, 1]), 3)
    assert ties.source.tolist() == [1, 2]
    assert ties.pointer.tolist() == [0, 1, 2, 2]


def test_kernel_quantiles_invert_its_mass():
    kernel = Delays("sum-of-exponentials", np.array([1.0, 0.1]), np.zeros(2), np.array([0.5, 0.5]))
    assert kernel.mass(np.array([kernel.quantile(0.7)]))[0] == pytest.approx(0.7, abs=1e-3)


def test_a_person_of_one_act_leaves_its_ties_wide_but_not_without_end():
    """One act cannot tell rhythm from tie: the information is singular, and what the acts bound must bound it."""
    rng = np.random.default_rng(0)
    times = [np.sort(rng.uniform(0, SPAN, 40)) for _ in range(3)]
    times[1] = times[0][5:6] + 600.0
    person = np.repeat(np.arange(3), [len(one) for one in times])
    acts = make_acts(person, np.concatenate(times), 3, 0.0, SPAN)
    fit = fit_hawkes(
        acts, make_ties(np.array([0, 2]), np.array([1, 1]), 3), kernel=exponential(3600.0), rhythm=False, own_past=False
    )
    cheap, profile = (tie_estimates(fit, interval) for interval in ("information", "profile"))
    assert (cheap.high < 0.2).all()
    assert cheap.high == pytest.approx(profile.high, rel=0.6)
    assert (cheap.low <= cheap.estimate).all()
    assert (cheap.received_error < 0.1).all()


def test_sources_that_cannot_be_told_apart_are_never_surely_above_zero():
    """Two people who always act within a second: which of them is followed is not known, whatever the information."""
    rng = np.random.default_rng(1)
    lead = np.sort(rng.uniform(0, SPAN, 30))
    times = [lead, lead[:20] + 600.0, lead + 1e-3]
    person = np.repeat(np.arange(3), [len(one) for one in times])
    acts = make_acts(person, np.concatenate(times), 3, 0.0, SPAN)
    ties = make_ties(np.array([0, 2]), np.array([1, 1]), 3)
    fit = fit_hawkes(acts, ties, kernel=exponential(3600.0), rhythm=False, own_past=False)
    found = tie_estimates(fit, "information")
    assert (found.low < 0.05).all()
    assert (found.high > 0.5).all()
