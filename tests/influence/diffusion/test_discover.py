import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.influence.diffusion.discover import discover_cascade_ties


def cascades(seed, p, people=60, out=2, n=500, topics=4):
    """People of a topic join its cascades in random order; along ``out`` ties each, followers come right behind."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, topics, people)
    ties = {(u, v) for u in range(people) for v in rng.choice(people, out, replace=False) if u != v}
    along = {u: [v for a, v in ties if a == u] for u in range(people)}
    made = []
    for _ in range(n):
        about = rng.integers(topics)
        fond = rng.random(people) < np.where(topic == about, 0.35, 0.03)
        queue, joined = list(rng.permutation(np.flatnonzero(fond))), []
        while queue:
            u = queue.pop(0)
            if u in joined:
                continue
            joined.append(int(u))
            drawn = [v for v in along[u] if v not in joined and rng.random() < p]
            queue = drawn + queue
        if len(joined) > 1:
            made.append(np.array(joined))
    return made, ties


def test_finds_who_draws_whom_in_and_little_else():
    made, ties = cascades(0, 0.5)
    found = discover_cascade_ties(made, 60)
    kept = set(zip(found.source.tolist(), found.target.tolist(), strict=True))
    assert len(kept & ties) > 0.8 * len(ties)
    assert len(kept - ties) <= 0.1 * len(kept)
    right = [(s, t) in ties for s, t in zip(found.source.tolist(), found.target.tolist(), strict=True)]
    assert found.probability[right].mean() == pytest.approx(0.5, abs=0.04)
    assert ((found.low <= 0.5) & (found.high >= 0.5))[right].mean() > 0.8
    assert ((found.low <= found.probability) & (found.probability <= found.high)).all()
    assert (found.q_value <= 0.05).all()


def test_shared_interests_are_not_called_influence():
    kept = [len(discover_cascade_ties(cascades(seed, 0.0)[0], 60).source) for seed in range(5)]
    assert sum(kept) <= 1


def test_people_who_join_late_are_not_called_followers():
    rng = np.random.default_rng(3)
    late = np.linspace(0, 1, 30)
    made = [
        some[np.argsort(late[some] + rng.normal(0, 0.5, len(some)))]
        for some in (rng.permutation(30)[:10] for _ in range(500))
    ]
    assert len(discover_cascade_ties(made, 30).source) <= 2


def test_refuses_misuse():
    with pytest.raises(UsageError, match="no cascade"):
        discover_cascade_ties([], 3)
    with pytest.raises(UsageError, match="twice"):
        discover_cascade_ties([np.array([0, 1, 0])], 3)
    with pytest.raises(UsageError, match="memory"):
        discover_cascade_ties([np.array([0, 1])], 3, memory=1.0)
