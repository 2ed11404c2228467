"""Halves of rows or clusters: too few are refused."""

import numpy as np
import pytest

from swayline.causal.heterogeneity.dr_learner import learn_effects
from swayline.core.errors import IdentificationError


@pytest.mark.parametrize("clusters", [np.zeros(40, np.int64), np.arange(40) % 4])
def test_too_few_clusters_to_halve_are_told(clusters) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(IdentificationError, match="at least 5 clusters"):
        learn_effects(rng.normal(size=(40, 2)), rng.normal(size=40), None, clusters, [0, 1], rng)
