"""The Gaussian process of small tables: a planted effect and none, bent and growing outcomes. Run by ``make truth``."""

import numpy as np
import pytest

from swayline.causal.effect import estimate_effect

pytestmark = pytest.mark.truth
SEEDS = 120
CONTROLS = [f"x{k}" for k in range(4)]


def world(seed, effect, growing, n=160):
    """Two causes of treatment and outcome; the outcome bends in one, or grows ever faster along both."""
    rng = np.random.default_rng([8, seed])
    x = rng.normal(size=(n, 4))
    t = rng.random(n) < 1 / (1 + np.exp(-(0.8 * x[:, 0] + 0.6 * x[:, 1])))
    base = np.exp(0.7 * x[:, 0] + 0.5 * x[:, 1]) if growing else np.sin(1.5 * x[:, 0]) + 0.5 * x[:, 1]
    each = effect * (1 + 0.5 * x[:, 1])
    y = base + each * t + 0.5 * rng.normal(size=n)
    return {f"x{k}": x[:, k] for k in range(4)} | {"t": t, "y": y}, each


@pytest.mark.parametrize("growing", [False, True])
@pytest.mark.parametrize("effect", [1.0, 0.0])
def test_the_process_finds_a_planted_effect_and_none_where_there_is_none(effect, growing):
    errors, inside, widths, persons, naive, kinds = [], [], [], [], [], []
    for seed in range(SEEDS):
        table, each = world(seed, effect, growing)
        found = estimate_effect(table, "t", "y", CONTROLS, seed=seed)
        told = found.arms[0].estimates["gaussian process"]
        errors.append(told.value - effect)
        inside.append(told.low <= effect <= told.high)
        widths.append((told.high - told.low) / 3.92)
        low, high = found.effect_interval(table).T
        persons.append(np.mean((low <= each) & (each <= high)))
        naive.append(found.arms[0].estimates["difference in means"].value - effect)
        kinds.append(found.identified)
    print(
        f"effect {effect}, {'growing' if growing else 'bent'}: bias {np.mean(errors):+.4f}, error {np.std(errors):.3f}, "
        f"coverage {np.mean(inside):.3f}, of persons {np.mean(persons):.3f}, naive bias {np.mean(naive):+.3f}"
    )
    assert abs(np.mean(errors)) <= 0.03
    assert np.mean(inside) >= 0.90
    assert 0.7 <= np.std(errors) / np.mean(widths) <= 1.15
    assert 0.90 <= np.mean(persons) <= 0.995
    assert np.mean(naive) >= 0.5
    assert set(kinds) <= {"assumed", "no"}
