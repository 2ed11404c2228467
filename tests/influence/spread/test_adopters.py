import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.influence.spread.adopters import NextAdopter


def test_ranks_who_followed_before_above_who_did_not():
    cascades = [np.array([0, 1, 2])] * 5 + [np.array([3, 4])] * 8
    fitted = NextAdopter().fit(cascades, people=6)
    assert int(fitted.scores(np.array([0])).argmax()) == 1
    assert int(fitted.scores(np.array([3])).argmax()) == 4
    assert np.isneginf(fitted.scores(np.array([0, 1]))[[0, 1]]).all()


def test_recency_prefers_the_lately_active():
    cascades = [np.array([0, 1])] * 3 + [np.array([2, 3])] * 3
    fitted = NextAdopter(pair_weight=0.0, popularity_weight=0.0, recency_weight=1.0, halving=1.0).fit(
        cascades, people=5
    )
    scores = fitted.scores(np.array([4]))
    assert scores[2] > scores[0] > 0


def test_ties_count_when_asked_for():
    cascades = [np.array([0, 1])]
    ties = (np.array([2]), np.array([3]))
    fitted = NextAdopter(0.0, 0.0, 0.0, tie_weight=1.0).fit(cascades, 5, ties)
    assert int(fitted.scores(np.array([2])).argmax()) == 3


def test_refuses_misuse():
    with pytest.raises(UsageError, match="no cascade"):
        NextAdopter().fit([], 3)
    with pytest.raises(UsageError, match="outside"):
        NextAdopter().fit([np.array([0, 9])], 3)
