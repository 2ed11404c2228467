import numpy as np
import pytest

from swayline.causal.policy.uplift import auuc, best_arm, gain_curve, policy_value, qini
from swayline.core.errors import UsageError


@pytest.fixture(scope="module")
def experiment():
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=20_000), rng.random(20_000) < 0.5
    return x, t, (rng.random(20_000) < 0.2 + 0.1 * t * (x > 0)).astype(float)


def test_sorting_by_the_true_effect_is_worth_what_was_planted(experiment):
    x, t, y = experiment
    score = (x > 0).astype(float)
    # All gain comes from the first half: area 3/8 of .1 instead of 1/4.
    assert qini(score, t, y) == pytest.approx(0.05 * (0.75 - 0.5), abs=0.004)
    assert auuc(score, t, y) == pytest.approx(0.05 * 0.75, abs=0.006)


def test_sorting_at_random_is_worth_nothing_and_backwards_less(experiment):
    x, t, y = experiment
    assert qini(np.random.default_rng(1).random(len(y)), t, y) == pytest.approx(0, abs=0.004)
    assert qini(-(x > 0).astype(float), t, y) < -0.008


def test_equal_scores_do_not_depend_on_the_order_of_rows(experiment):
    _, t, y = experiment
    assert qini(np.zeros(len(y)), t, y) == pytest.approx(0, abs=1e-12)


def test_the_curve_ends_at_the_difference_of_means(experiment):
    x, t, y = experiment
    assert gain_curve(x, t, y)[-1] / len(y) == pytest.approx(y[t].mean() - y[~t].mean())


def test_a_policy_is_worth_the_mean_of_what_it_chooses():
    pseudo = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert policy_value(np.array([1, 0]), pseudo).value == 1.0
    assert best_arm(np.array([[0.2], [0.2]]), cost=np.array([0.3])).tolist() == [0, 0]


def test_refuses_one_arm():
    with pytest.raises(UsageError, match="both arms"):
        gain_curve(np.zeros(3), np.ones(3, dtype=bool), np.zeros(3))
