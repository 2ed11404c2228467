import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.influence.diffusion.adopters import EVIDENCE, NextAdopter

CHAINS = [np.array([0, 1, 2])] * 8 + [np.array([3, 4])] * 8


def test_ranks_who_followed_before_above_who_did_not():
    fitted = NextAdopter(n_epochs=40).fit(CHAINS, people=7)
    assert int(fitted.scores(np.array([0])).argmax()) == 1
    assert int(fitted.scores(np.array([3])).argmax()) == 4
    assert np.isneginf(fitted.scores(np.array([0, 1]))[[0, 1]]).all()


def test_counts_the_evidence_it_names():
    ties = (np.array([0, 0]), np.array([5, 2]))
    found = NextAdopter(n_epochs=1).fit(CHAINS, 7, ties).evidence(np.array([0]))
    column = {name: found[:, k] for k, name in enumerate(EVIDENCE)}
    assert column["follows_ever"][1] == pytest.approx(8 / (5 + 8))
    assert column["follows"][2] == pytest.approx(0.9 * 8 / 13)
    assert column["ties"].tolist() == [0, 0, 1, 0, 0, 1, 0]
    assert column["acts"].tolist() == [8, 8, 8, 8, 8, 0, 0]


def test_as_of_sees_nothing_that_came_later():
    times = [np.array([10.0, 20.0, 30.0]) + 100 * k for k in range(8)] + [np.array([5000.0, 5001.0])] * 8
    fitted = NextAdopter(as_of=True, n_epochs=1).fit(CHAINS, 7, times=times)
    before = fitted.evidence(np.array([3]), now=4000.0)
    assert before[4].sum() == 0
    assert fitted.evidence(np.array([3]), now=6000.0)[4, 1] > 0
    assert fitted.evidence(np.array([0]), now=125.0)[2, 1] == pytest.approx(1 / 7)


def test_ties_are_learned_where_they_tell():
    rng = np.random.default_rng(0)
    cascades = [np.array([u, (u + 1) % 40]) for u in rng.integers(0, 40, 300)]
    ties = (np.arange(40), (np.arange(40) + 1) % 40)
    fitted = NextAdopter(n_epochs=20).fit(cascades[:200], 40, ties)
    right = [int(fitted.scores(c[:1]).argmax()) == c[1] for c in cascades[200:]]
    assert np.mean(right) > 0.9


def test_ranks_at_chance_where_joining_is_random():
    rng = np.random.default_rng(1)
    cascades = [rng.choice(60, 5, replace=False) for _ in range(160)]
    fitted = NextAdopter(n_epochs=3).fit(cascades[:120], 60)
    ranks = [(fitted.scores(c[:k]) > fitted.scores(c[:k])[c[k]]).sum() for c in cascades[120:] for k in range(1, 5)]
    assert np.mean(ranks) == pytest.approx(28, abs=4)


def test_refuses_misuse():
    with pytest.raises(UsageError, match="no cascade"):
        NextAdopter().fit([], 3)
    with pytest.raises(UsageError, match="outside"):
        NextAdopter().fit([np.array([0, 9])], 3)
    with pytest.raises(UsageError, match="two members"):
        NextAdopter().fit([np.array([0])], 3)
    with pytest.raises(UsageError, match="times"):
        NextAdopter(as_of=True).fit(CHAINS, 7)
