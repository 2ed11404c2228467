"""Controls of 150 to 1,000 levels that move treatment and outcome: 100 seeds each. Run by ``make truth``."""

import numpy as np
import pytest

from swayline.causal.effect import estimate_effect

pytestmark = pytest.mark.truth
SEEDS = 100


def world(levels, seed, dose, effect, rows=20):
    """Twenty rows a level; a control beside it that goes with the level."""
    rng = np.random.default_rng([levels, seed])
    level = rng.integers(0, levels, levels * rows)
    moves = rng.normal(size=levels)[level]
    x = 0.5 * moves + rng.normal(size=len(level))
    push = moves + 0.5 * x
    t = push + rng.normal(size=len(level)) if dose else (rng.random(len(level)) < 1 / (1 + np.exp(-push))).astype(float)
    return {
        "city": [f"c{k}" for k in level],
        "x": x,
        "t": t,
        "y": effect * t + moves + 0.5 * x + rng.normal(size=len(level)),
    }


@pytest.mark.parametrize("levels", [150, 300, 1000])
@pytest.mark.parametrize("dose", [False, True])
@pytest.mark.parametrize("effect", [1.0, 0.0])
def test_levels_are_held_fixed_and_intervals_cover(levels, dose, effect):
    found = [
        estimate_effect(world(levels, seed, dose, effect), "t", "y", ["city", "x"], learner="linear", seed=seed)
        for seed in range(SEEDS)
    ]
    errors = np.array([one.estimate.value for one in found]) - effect
    cover = np.mean([one.estimate.low <= effect <= one.estimate.high for one in found])
    spread = np.mean([one.estimate.se for one in found])
    assumed = np.mean([one.identified == "assumed" for one in found])
    print(
        f"{levels} levels, {'dose' if dose else 'arms'}, effect {effect}: bias {errors.mean():+.4f}, error "
        f"{errors.std():.4f}, standard error {spread:.4f}, coverage {cover:.2f}, assumed {assumed:.2f}"
    )
    assert abs(errors.mean()) < 0.01
    assert cover >= 0.89  # .93 less what a hundred seeds may miss by
    assert assumed >= 0.9
