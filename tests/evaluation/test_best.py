import numpy as np
import pytest

from swayline.evaluation.best import compare_all


def lists(n_models: int, seed: int, lead: float = 0.0, n: int = 200) -> np.ndarray:
    """NDCG of correlated models: mostly 0, a few large values; the first finds more by ``lead``."""
    rng = np.random.default_rng(seed)
    place = 0.7 * rng.normal(size=(n, 1)) + 0.7 * rng.normal(size=(n, n_models))
    hit = np.full(n_models, -1.2)
    hit[0] += lead
    return np.where(place < hit, 1 / np.log2(2 + np.maximum(0, 8 + 4 * (place - hit))), 0.0)


@pytest.mark.parametrize("n_models", [2, 10])
def test_of_equal_models_hardly_any_is_called_worse_than_the_best(n_models):
    rng = np.random.default_rng
    false = [(compare_all(lists(n_models, seed), rng(seed), n_flips=200).p_values <= 0.05).any() for seed in range(150)]
    assert np.mean(false) <= 0.10  # 5% and three standard errors; Holm's test of the best gives .15 at ten


def test_people_who_ask_most_of_the_questions_do_not_make_claims():
    users, rng = np.repeat(np.arange(120), [150] * 3 + [4] * 117), np.random.default_rng
    false = []
    for seed in range(80):
        suits = rng(seed).normal(size=(120, 10))[users]
        values = suits + rng(seed + 1000).normal(size=suits.shape)
        false.append((compare_all(values, rng(seed), users, n_flips=200).p_values <= 0.05).any())
    assert np.mean(false) <= 0.125  # 5% and three standard errors; signs flipped about the means give .44


def test_a_model_that_is_better_by_much_is_the_only_one_left():
    found = compare_all(lists(5, 1, lead=1.5, n=600), np.random.default_rng(0))
    assert found.best == 0
    assert (found.p_values > 0.05).tolist() == [True, False, False, False, False]
    assert all(found.interval(0, k)[0] > 0 for k in range(1, 5))


def test_a_users_questions_count_as_one():
    once = lists(3, 2)
    alone = compare_all(once, np.random.default_rng(0))
    copied = compare_all(np.repeat(once, 5, axis=0), np.random.default_rng(0), np.repeat(np.arange(len(once)), 5))
    assert copied.errors == pytest.approx(alone.errors)
    assert copied.p_values == pytest.approx(alone.p_values)


def test_copies_of_a_model_and_a_lone_user_are_not_told_apart():
    same = compare_all(np.repeat(lists(1, 3), 3, axis=1), np.random.default_rng(0))
    assert same.p_values.tolist() == [1.0, 1.0, 1.0]
    lone = compare_all(lists(3, 3), np.random.default_rng(0), np.zeros(200, np.int64))
    assert lone.p_values.tolist() == [1.0, 1.0, 1.0]


def test_many_users_are_judged_like_few():
    values = lists(4, 5, lead=0.05, n=25_000)
    many = compare_all(values, np.random.default_rng(0))
    some = compare_all(values[:20_000], np.random.default_rng(0))
    assert many.critical == pytest.approx(some.critical, abs=0.15)
