"""The strength of influence is learned: high where ties decide what comes next, none where they do not."""

import numpy as np
import pyarrow as pa
import pytest

import swayline as sw
from swayline.core.errors import DataError, UsageError
from swayline.recommend import Context, learn_strengths


def _world(follows, seed=0):
    rng = np.random.default_rng(seed)
    n_users, n_items = 120, 40
    own = [rng.permutation(n_items)[:6] for _ in range(n_users)]
    friend = rng.integers(n_users, size=n_users)
    rows = [(f"u{u}", f"i{item}", 6 * u + place) for u in range(n_users) for place, item in enumerate(own[u])]
    users, items, times = zip(*rows, strict=True)
    model = sw.Recommender("item-knn").fit(sw.read_events(pa.table({"user": users, "item": items, "time": times})))
    ties = pa.table({"source": [f"u{one}" for one in friend], "target": [f"u{u}" for u in range(n_users)]})
    answers = {}
    for u in range(n_users):
        left = np.setdiff1d(own[friend[u]] if follows else np.arange(n_items), own[u])
        if len(left):
            answers[f"u{u}"] = f"i{rng.choice(left)}"
    return Context(model.bundle(), ties=ties), answers


def test_influence_weighs_where_people_follow_their_ties():
    context, answers = _world(follows=True)
    found = learn_strengths(context, answers)
    assert found.step.people >= 1.0
    assert found.quality[0.0, found.step.people] > 1.5 * found.quality[0.0, 0.0]


def test_what_was_chosen_is_never_worse_than_none_on_what_chose_it():
    context, answers = _world(follows=False)
    found = learn_strengths(context, answers)
    assert max(found.quality.values()) == found.quality[found.step.behaviors, found.step.people]
    assert (0.0, 0.0) in found.quality


def test_no_answers_and_no_zero_are_refused():
    context, answers = _world(follows=False)
    with pytest.raises(DataError, match="no held-out answer"):
        learn_strengths(context, {})
    with pytest.raises(UsageError, match="0 must be among"):
        learn_strengths(context, answers, strengths=(1.0,))
