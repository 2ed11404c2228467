"""Shocks that everybody feels are not taken for influence, and what is influence is still found (more: tests/truth)."""

import numpy as np
from scipy.stats import rankdata

from swayline.influence.network import PeopleInfluence
from swayline.testing.people_worlds import log_of, people_world

SIZE = {"people": 60, "weeks": 16, "acts": 90.0}


def judged(shock, seed, **settings):
    """(ties,) estimate, whether influence is claimed, whether the interval holds the truth, the truth."""
    world = people_world(seed, shock=shock, **(SIZE | settings))
    people = PeopleInfluence("buy", channels=False).fit(log_of(world)[0])
    rows = [row for row in people.ledger_.to_pylist() if row["estimand"] == "excitation"]
    truth = {(f"p{s:03d}", f"p{t:03d}"): b for s, t, b in zip(world.source, world.target, world.branching, strict=True)}
    real = np.array([truth[row["cause"], row["effect"]] for row in rows])
    estimate, low, high = (np.array([row[name] for row in rows], float) for name in ("estimate", "ci_low", "ci_high"))
    claimed = (low > 0) & np.array([row["identified"] == "assumed" for row in rows])
    return estimate, claimed, (low <= real) & (real <= high), real


def auc(estimate, sways):
    n, m = sways.sum(), (~sways).sum()
    return (rankdata(estimate)[sways].sum() - n * (n + 1) / 2) / (n * m)


def test_news_and_sales_are_not_taken_for_influence():
    parts = [judged(shock, 0) for shock in ("news", "sale days")]
    assert all(auc(estimate, real > 0) > 0.92 for estimate, _, _, real in parts)
    _, claimed, covered, real = (np.concatenate(column) for column in zip(*parts, strict=True))
    assert claimed[real == 0].mean() <= 0.05
    assert claimed[real > 0].mean() >= 0.5
    assert covered[real > 0].mean() >= 0.88
