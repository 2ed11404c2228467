"""Of equal models none is called worse than the best more often than promised."""

import numpy as np
import pytest
from scipy import stats

from swayline.evaluation import compare_all

pytestmark = pytest.mark.truth


@pytest.mark.parametrize("n_models", [2, 5, 10, 20])
@pytest.mark.parametrize("share", [0.0, 0.7])
def test_false_claims_about_equal_models_stay_at_5_of_100(n_models, share):
    false = 0
    for seed in range(500):
        rng = np.random.default_rng([seed, n_models])
        place = np.sqrt(share) * rng.normal(size=(300, 1)) + np.sqrt(1 - share) * rng.normal(size=(300, n_models))
        rank = np.floor(stats.norm.cdf(place) / 0.12 * 10)
        values = np.where(rank < 10, 1 / np.log2(rank + 2), 0.0)
        false += (compare_all(values, rng, n_flips=400).p_values <= 0.05).any()
    assert false / 500 < 0.07  # 5% and two standard errors
