from dataclasses import replace

import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.dataset import from_lists
from swayline.influence.attribution.covisits import people_behind
from swayline.models import create


@pytest.fixture(scope="module")
def train():
    rng = np.random.default_rng(0)
    return from_lists([rng.choice(12, size=int(n), replace=True).tolist() for n in rng.integers(1, 9, 40)], 12)


def without(train, person):
    kept = train.users != person
    return train.keep(kept)


@pytest.mark.parametrize("settings", [{}, {"backward": 0.0, "decay": 1.0, "shrinkage": 0.0}, {"returns": 0.5}], ids=str)
def test_counting_without_a_person_is_what_a_refit_without_them_scores(train, settings):
    """Of 12 items every neighbour is kept, so that a refit keeps the same."""
    model = create("item-knn", **settings).fit(train)
    history = from_lists([[3, 5, 3, 9]], 12)
    found = people_behind(model, train, history, 7)
    returned = model.chosen_.returns * np.zeros(1)
    assert found.part.sum() + returned == pytest.approx(model.score(history)[0, 7], abs=1e-5)
    for person in range(0, 40, 5):
        again = create("item-knn", **settings).fit(without(train, person))
        change = float(model.score(history)[0, 7] - again.score(history)[0, 7])
        assert found.change[person] == pytest.approx(change, abs=1e-5)


def test_somebody_who_never_met_the_item_or_its_neighbours_adds_nothing(train):
    model = create("item-knn").fit(from_lists([[0, 1], [0, 1], [4, 5]], 6))
    log = from_lists([[0, 1], [0, 1], [4, 5]], 6)
    found = people_behind(model, log, from_lists([[0]], 6), 1)
    assert found.part[2] == found.change[2] == 0.0
    assert found.part[0] == pytest.approx(found.part[1])
    assert found.change[0] > 0


def test_other_models_and_counts_by_value_are_refused(train):
    history = from_lists([[1]], 12)
    with pytest.raises(UsageError, match="explain item-knn, not ease"):
        people_behind(create("ease").fit(train), train, history, 2)
    valued = replace(train, values=np.random.default_rng(0).integers(1, 6, len(train.items)).astype(float))
    model = create("item-knn", value_weight=0.5, values="rating").fit(valued)
    with pytest.raises(UsageError, match="value_weight=0"):
        people_behind(model, valued, replace(history, values=np.array([4.0])), 2)


def test_products_of_gradients_are_those_of_autograd(train):
    import torch

    model = create("transformer", embedding_dim=8, n_blocks=1, max_epochs=2, batch_tokens=64, repeats=False).fit(train)
    history, item = from_lists([[3, 5], [1]], 12), np.array([7, 2])
    found = model.gradient_products(train, history, item)
    network = model._network
    with torch.no_grad():
        table = network.answers()

    def gradient(sequences, targets):
        """Of the cross-entropy of targets (row, place) in a table of answers of its own."""
        answers = table.clone().requires_grad_()
        total = 0.0
        for place, target in targets:
            (_, batch), = model._scorer.batches(sequences.take(np.array([0])).keep(np.arange(len(sequences.items)) < place))  # fmt: skip
            with torch.no_grad():
                state = network(batch, last_only=True)
            total = total + torch.nn.functional.cross_entropy(state @ answers.T, torch.tensor([int(target)]))
        return torch.autograd.grad(total, answers)[0]

    for person in (0, 7, 21):
        own = train.take(np.array([person]))
        of_train = gradient(own, list(enumerate(own.items)))
        for question in range(2):
            one = history.take(np.array([question]))
            of_question = gradient(one, [(len(one.items), item[question])])
            assert found[person, question] == pytest.approx(float((of_train * of_question).sum()), rel=1e-3, abs=1e-5)
