"""Instruments, doses, orders, mediation, policies and graphs with planted answers: 500 small seeds each."""

import numpy as np
import pytest

from swayline.causal.effect import estimate_effect
from swayline.causal.estimate.estimators import aipw, contrast, partial_slope
from swayline.causal.estimate.instruments import two_stage
from swayline.causal.estimate.joint import mediate
from swayline.causal.identify.graph import adjust, read_graph
from swayline.causal.nuisance.cross_fitting import Learning, crossfit_all, default_learners, folds, nuisances
from swayline.causal.policy.learn_policy import learn_policy
from swayline.causal.table.folds import FoldedDesign

pytestmark = pytest.mark.truth
SEEDS = 500


def covers(name, estimates, truth, bias=0.01):
    """Print and check bias and coverage of estimates of one truth."""
    values = np.array([one.value for one in estimates])
    share = np.mean([one.low <= truth <= one.high for one in estimates])
    print(f"{name}: truth {truth}, bias {values.mean() - truth:+.4f}, coverage {share:.3f}, sd {values.std():.3f}")
    assert abs(values.mean() - truth) <= bias
    assert 0.93 <= share <= 0.97


def instrument_world(seed, effect, pull, n=800):
    """z moves t, an unseen u moves t and y, a seen x all of them; four rows a person share half of u."""
    rng = np.random.default_rng([11, seed])
    x = rng.normal(size=n)
    person = np.arange(n) // 4
    u = (rng.normal(size=n) + rng.normal(size=n // 4)[person]) / np.sqrt(2)
    z = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(float)
    t = (rng.random(n) < 1 / (1 + np.exp(-(2 * pull * (z - 0.5) + u + 0.5 * x)))).astype(float)
    return {"x": x, "z": z, "t": t, "y": effect * t + u + x + 0.5 * rng.normal(size=n), "person": person}


@pytest.mark.parametrize("effect", [0.5, 0.0])
def test_a_strong_instrument(effect):
    found, naive = [], []
    for seed in range(SEEDS):
        one = estimate_effect(
            instrument_world(seed, effect, pull=1.2), "t", "y", ["x"], instrument="z", clusters="person",
            learner="linear", seed=seed,
        )  # fmt: skip
        found.append(one.by_instrument[0].found.quoted())
        naive.append(one.estimate.value)
    covers("2sls, strong", found, effect, bias=0.02)
    print(f"adjusted without the instrument: bias {np.mean(naive) - effect:+.3f}")
    assert abs(np.mean(naive) - effect) > 0.1


def test_a_weak_instrument_keeps_the_anderson_rubin_interval_honest():
    plain, held, interval, unbounded, gaps = [], [], [], 0, 0
    for seed in range(SEEDS):
        w = instrument_world(seed, 0.5, pull=0.1)
        x = np.column_stack([np.ones(len(w["x"])), w["x"]])
        z, t, y = (w[k] - x @ np.linalg.lstsq(x, w[k], rcond=None)[0] for k in ("z", "t", "y"))
        one = two_stage(z, t, y, w["person"].astype(np.int64))
        held.append(one.holds(0.5))
        interval.append(one.low <= 0.5 <= one.high)
        plain.append(one.estimate.low <= 0.5 <= one.estimate.high)
        unbounded += not np.isfinite(one.low)
        gaps += one.gap is not None
    print(
        f"2sls, weak: Anderson-Rubin set {np.mean(held):.3f}, its ends alone {np.mean(interval):.3f}, normal interval "
        f"{np.mean(plain):.3f}; without an end {unbounded / SEEDS:.3f}, with a gap {gaps / SEEDS:.3f}"
    )
    assert 0.93 <= np.mean(held) <= 0.97
    assert np.mean(interval) >= np.mean(held)
    assert gaps > 0


def behaviour_world(seed, dose, direct, n=800):
    """Controls move a dose and a treatment; part of the treatment runs through a mediator; two rows a person."""
    rng = np.random.default_rng([12, seed])
    x = rng.normal(size=(n, 4))
    views = rng.poisson(np.exp(0.3 * x[:, 0])).astype(float)
    t = (rng.random(n) < 1 / (1 + np.exp(-x[:, 0] - 0.5 * x[:, 1]))).astype(float)
    m = (rng.random(n) < 0.2 + 0.4 * t + 0.1 * (x[:, 1] > 0)).astype(float)
    chance = np.clip(0.15 + 0.08 * (x[:, 0] > 0) + dose * np.minimum(views, 5) + direct * t + 0.2 * m, 0, 1)
    return x, views, t, m, (rng.random(n) < chance).astype(float), np.arange(n) // 2


def residuals(x, columns, person, seed):
    fold = folds(len(x), 5, person, np.random.default_rng(seed))
    learners = default_learners(x, range(x.shape[1]), False, "linear", seed)[0]
    targets = np.column_stack(columns)
    return (targets - crossfit_all(FoldedDesign(x, fold), targets, learners)[0]).T


@pytest.mark.parametrize(("dose", "direct"), [(0.05, 0.1), (0.0, 0.0)])
def test_dose_and_mediation(dose, direct):
    doses, parts = [], []
    for seed in range(SEEDS):
        x, views, t, m, y, person = behaviour_world(seed, dose, direct)
        capped = np.minimum(views, 5)
        d, tt, mm, yy = residuals(x, (capped, t, m, y), person, seed)
        doses.append(partial_slope(d, yy, person))
        parts.append(mediate(tt, mm, yy, person))
    covers("dose", doses, dose)
    covers("direct", [one.direct for one in parts], direct)
    covers("through", [one.through for one in parts], 0.2 * 0.4)


def aipw_of(table, controls, seed):
    """AIPW with linear learners and nothing beside it."""
    x = np.column_stack([table[name] for name in controls])
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    arm = table["t"].astype(np.int64)
    fold = folds(len(x), 5, None, np.random.default_rng(seed), arm)
    found = nuisances(FoldedDesign(x, fold), table["y"], arm, 2, range(x.shape[1]), learning=Learning("linear", seed))
    return aipw(contrast(x, table["y"], arm, 1, found, None, "ate"))


@pytest.mark.parametrize("effect", [1.0, 0.0])
def test_the_graph_picks_what_to_adjust_for(effect):
    found, blind = [], []
    graph = read_graph("age -> t; age -> y; far -> y; t -> m -> y; t -> after; y -> after")
    for seed in range(SEEDS):
        rng = np.random.default_rng([13, seed])
        age, far = rng.normal(size=(2, 400))
        t = rng.random(400) < 1 / (1 + np.exp(-age))
        m = effect * t + rng.normal(size=400)
        y = m + age + far + rng.normal(size=400)
        table = {"age": age, "far": far, "t": t, "m": m, "y": y, "after": y + t + rng.normal(size=400)}
        measured = ["age", "far", "m", "after"]
        chosen = adjust(graph, "t", "y", measured).controls
        assert chosen is not None
        found.append(aipw_of(table, chosen, seed))
        if seed < 50:
            blind.append(aipw_of(table, measured, seed).value)
    covers("aipw by the graph", found, effect, bias=0.03)
    print(f"adjusting for everything: bias {np.mean(blind) - effect:+.3f}")
    assert abs(np.mean(blind) - effect) > 0.2


def policy_world(seed, spread, people, n=600):
    """Three arms at random; the first helps where x0 > 0 and harms elsewhere, the second helps a little everywhere.

    With ``people`` the arm is drawn for a person, whose three rows share half of the noise.
    """
    rng = np.random.default_rng([14, seed])
    x = rng.normal(size=(n, 3))
    arm, person = rng.integers(0, 3, size=n), np.arange(n)
    noise = rng.normal(size=n)
    if people:
        person = np.arange(n) // 3
        arm, noise = arm[person], (noise + rng.normal(size=n)[person]) / np.sqrt(2)
    effect = np.column_stack([np.zeros(n), spread * np.sign(x[:, 0]), np.full(n, 0.1 * (spread > 0))])
    y = 0.5 * x[:, 1] + effect[np.arange(n), arm] + noise
    words = np.array(["none", "a", "b"])
    table = {f"x{k}": x[:, k] for k in range(3)} | {"arm": words[arm], "y": y, "person": person}
    return table, dict(zip(words, effect.T, strict=True))


@pytest.mark.parametrize("people", [False, True])
@pytest.mark.parametrize("spread", [0.5, 0.0])
def test_the_value_of_a_learned_policy(spread, people):
    held, gains = [], []
    for seed in range(SEEDS):
        table, effect = policy_world(seed, spread, people, n=900 if people else 600)
        found = learn_policy(
            table, "arm", "y", ["x0", "x1", "x2"], randomised=True, learner="linear", seed=seed,
            clusters="person" if people else None,
        )  # fmt: skip
        of_arm = np.stack([effect[word] for word in found.arms])
        truth = of_arm[found.choice, found.rows][found.valued].mean()
        gain = found.gain
        held.append((gain.low <= truth <= gain.high, gain.value - truth, gain.low > 0, gain.se))
        gains.append(truth)
    share, bias, claimed, error = np.mean(held, axis=0)
    print(
        f"policy, spread {spread}, people {people}: coverage {share:.3f}, bias {bias:+.4f}, claimed {claimed:.3f}, "
        f"standard error {error:.3f}, mean true gain {np.mean(gains):.3f}"
    )
    assert 0.93 <= share <= 0.97
    assert abs(bias) <= 0.01
    assert (np.mean(gains) > 0.15) == (spread > 0)
    assert spread > 0 or claimed <= 0.04
