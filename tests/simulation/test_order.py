"""The order of a simulated log holds more than popularity and co-occurrence: sequence models can learn it."""

import numpy as np
import pytest

from swayline.simulation import WorldSettings, world


@pytest.fixture(scope="module")
def views():
    frame = world(WorldSettings(users=1_000, items=300, events=60_000, seed=31)).events.to_pandas()
    viewed = frame[frame.behavior == "view"].sort_values(["user", "time"])
    return viewed.user.factorize()[0], viewed.item.factorize()[0]


def hit_rate(scores, target, k=10):
    mine = scores[np.arange(len(target)), target]
    return ((scores > mine[:, None]).sum(axis=1) < k).mean()


def test_transitions_predict_the_last_view_better_than_popularity_and_item_knn(views):
    user, item = views
    n_items = item.max() + 1
    last = np.append(user[1:] != user[:-1], True)
    ask = np.flatnonzero(last & np.append(False, user[1:] == user[:-1]))
    follows = np.flatnonzero((user[1:] == user[:-1]) & ~last[1:])
    transitions = np.zeros((n_items, n_items))
    np.add.at(transitions, (item[follows], item[follows + 1]), 1)
    seen = np.zeros((user.max() + 1, n_items))
    seen[user[~last], item[~last]] = 1
    popularity = np.bincount(item[~last], minlength=n_items).astype(float)
    together = seen.T @ seen
    norm = np.sqrt(np.maximum(seen.sum(axis=0), 1))
    cosine = together / norm[:, None] / norm
    np.fill_diagonal(cosine, 0)
    tiny = 1e-6 * popularity / popularity.max()
    popular = hit_rate(np.tile(popularity, (len(ask), 1)), item[ask])
    knn = hit_rate(seen[user[ask]] @ cosine, item[ask])
    chain = hit_rate(transitions[item[ask - 1]] + tiny, item[ask])
    assert chain > 1.3 * knn
    assert knn > 1.3 * popular
    assert chain > 0.5
