"""A log in which few events return, yet seen items stay: the default must not lose to its own neighbours."""

import numpy as np
import pytest

from swayline.dataset import from_lists, last_out, returns_share, seen_leave
from swayline.metrics import ndcg, ranks
from swayline.models import create
from swayline.models.sequence.for_data import for_data
from swayline.models.sequence.settings import TransformerSettings

N_ITEMS, N_TOPICS = 300, 30


@pytest.fixture(scope="module")
def split():
    """Ten events a person within a few topics; one in sixteen goes back to an item the person had."""
    rng = np.random.default_rng(3)
    rows = []
    for _ in range(500):
        topics = rng.choice(N_TOPICS, 3, replace=False)
        ordered = (rng.permutation(N_ITEMS // N_TOPICS) * N_TOPICS + rng.choice(topics) for _ in iter(int, 1))
        row = [int(next(ordered)[0])]
        while len(row) < 10:
            fresh = next(item for step in ordered for item in step.tolist() if item not in row)
            row.append(int(rng.choice(row)) if rng.random() < 0.054 else int(fresh))
        rows.append(row)
    return last_out(from_lists(rows, N_ITEMS))


def quality(model, split):
    return ndcg(*ranks(model.score(split.test.history), split.test.items), k=10)


def test_returns_are_learned_where_seen_items_stay(split):
    """The share of *all* events is below 5%, that of the events that could return is above: one rule decides both."""
    train = split.train
    of_all = 1 - len(np.unique(train.users * train.n_items + train.items)) / len(train.items)
    assert of_all < 0.05 < returns_share(train)
    assert not seen_leave(train)
    assert for_data(TransformerSettings(), train).repeats


def test_the_default_does_not_lose_to_its_own_neighbours_by_more_than_chance(split):
    model = create("transformer", embedding_dim=32, max_epochs=6, learning_rate=5e-3).fit(split.train, split.valid)
    neighbours = create("item-knn").fit(split.train, split.valid)
    gap = quality(model, split) - quality(neighbours, split)
    assert gap.mean() > -2 * gap.std() / np.sqrt(len(gap))
    # A person's own items come to about the share of answers that they are, neither first nor last.
    chance = np.exp(model.score(split.test.history))
    chance /= chance.sum(axis=1, keepdims=True)
    history = split.test.history
    seen = np.zeros_like(chance, bool)
    seen[history.users, history.items] = True
    assert 0.02 < (chance * seen).sum(axis=1).mean() < 0.15


def test_a_gate_that_training_placed_wrong_is_put_right_by_validation(split, monkeypatch):
    """The gate moved by two after training comes back to where answers are likeliest."""
    from swayline.models.sequence import fitting

    off = fitting.train

    def trained(network, *arguments):
        done = off(network, *arguments)
        network.repeats.set_log_odds(network.repeats.log_odds + 2.0)
        return done

    settings = {"embedding_dim": 16, "max_epochs": 3, "learning_rate": 5e-3, "neighbours": False}
    plain = create("transformer", **settings).fit(split.train, split.valid)
    monkeypatch.setattr(fitting, "train", trained)
    wrong = create("transformer", **settings).fit(split.train, split.valid)
    odds = [model._scorer.network.repeats.log_odds for model in (plain, wrong)]
    assert abs(odds[1] - odds[0]) <= 0.51
