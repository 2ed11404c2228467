"""Of equal models none is called worse than the best more often than promised."""

import numpy as np
import pytest
from scipy import stats

from swayline.evaluation import compare_all

pytestmark = pytest.mark.truth
SEEDS = 500


def questions(n_models: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """NDCG@10 of 300 questions of as many people; models go together by ``share``."""
    place = np.sqrt(share) * rng.normal(size=(300, 1)) + np.sqrt(1 - share) * rng.normal(size=(300, n_models))
    return ndcg(place)


ASKED = {
    "alike": lambda rng: np.full(120, 7),
    "long-tailed": lambda rng: np.maximum(1, np.round(7 * np.exp(1.2 * rng.normal(size=120) - 0.72))).astype(int),
    "heavy-tailed": lambda rng: np.minimum(300, np.ceil(2 * rng.pareto(1.1, size=120) + 1)).astype(int),
    "three people ask half": lambda rng: np.r_[[150] * 3, [4] * 117],
}
"""How often each of 120 people is asked."""


def questions_of_people(n_models: int, asked: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """NDCG@10 of 120 people, and who was asked.

    Each model suits some people and not others, alike on average: half of the variance that models do not share.
    """
    user = np.repeat(np.arange(120), ASKED[asked](rng))
    suits = rng.normal(size=(120, n_models))[user]
    own = np.sqrt(0.5) * suits + np.sqrt(0.5) * rng.normal(size=(len(user), n_models))
    return ndcg(np.sqrt(0.4) * rng.normal(size=(len(user), 1)) + np.sqrt(0.6) * own), user


def ndcg(place: np.ndarray) -> np.ndarray:
    """A normal place as the discounted gain of a rank; 12% are in the list of ten."""
    rank = np.floor(stats.norm.cdf(place) / 0.12 * 10)
    return np.where(rank < 10, 1 / np.log2(rank + 2), 0.0)


@pytest.mark.parametrize("n_models", [2, 5, 10, 20])
@pytest.mark.parametrize("share", [0.0, 0.7])
def test_false_claims_about_equal_models_stay_at_5_of_100(n_models, share):
    false = 0
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, n_models])
        false += (compare_all(questions(n_models, share, rng), rng, n_flips=400).p_values <= 0.05).any()
    assert false / SEEDS < 0.07  # 5% and two standard errors


@pytest.mark.parametrize("n_models", [2, 5, 10, 20])
@pytest.mark.parametrize("asked", list(ASKED))
def test_false_claims_stay_there_where_people_are_asked_many_times(n_models, asked):
    false = blind = 0
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, n_models, 1])
        values, user = questions_of_people(n_models, asked, rng)
        false += (compare_all(values, rng, user, n_flips=400).p_values <= 0.05).any()
        blind += (compare_all(values, rng, n_flips=400).p_values <= 0.05).any()
    print(
        f"{n_models} models, {asked}: false claims {false / SEEDS:.3f}, with questions taken as independent {blind / SEEDS:.3f}"
    )
    assert false / SEEDS < 0.07
    assert blind > false  # the world is one in which clusters matter
