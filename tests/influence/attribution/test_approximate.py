import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.dataset import from_lists
from swayline.influence.attribution.approximate import attribute, rank_agreement
from swayline.models import create


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    lists = [((int(start) + np.arange(n)) % 12).tolist() for start, n in rng.integers(1, 10, (60, 2))]
    return from_lists(lists, 12)


@pytest.fixture(scope="module")
def model(world):
    return create(
        "transformer", embedding_dim=16, n_blocks=2, max_epochs=15, batch_tokens=128, repeats=False, max_length=6
    ).fit(world)


QUESTIONS = np.array([3, 8, 3]), np.array([1, 5, 9])


def test_integrated_gradients_add_up_to_the_logit_less_that_of_no_items(model, world):
    import torch

    users, items = QUESTIONS
    parts = attribute(model, world, users, items, "integrated-gradients").events
    network = model._network
    for question in range(3):
        alone = world.take(users[[question]])
        (_, batch), = model._scorer.batches(alone)  # fmt: skip
        with torch.no_grad():
            none = network.embedded(torch.full_like(batch.items, 12))
            nothing = network(batch, last_only=True, embedded=none) @ network.answers().T
        total = parts.score_change[parts.recommendation == question].sum()
        expected = model.score(alone)[0, items[question]] - float(nothing[0, items[question]])
        assert total == pytest.approx(expected, abs=0.02)


def test_a_gradient_is_the_slope_of_the_logit(model, world):
    import torch

    alone = world.take(np.array([3]))
    found = attribute(model, world, np.array([3]), np.array([1]), "gradient").events.score_change
    network = model._network
    (_, batch), = model._scorer.batches(alone)  # fmt: skip
    at = int(batch.last[0])
    step = 1e-2
    with torch.no_grad():
        read = network.embedded(batch.items)
        away = read - network.embedded(torch.full_like(batch.items, 12))
        answers = network.answers(torch.tensor([1]))
        logits = []
        for sign in (1, -1):
            moved = read.clone()
            moved[at] += sign * step * away[at]
            logits.append(float(network(batch, last_only=True, embedded=moved) @ answers[0]))
    assert found[-1] == pytest.approx((logits[0] - logits[1]) / (2 * step), rel=0.02)


def test_attention_is_shared_out_and_events_that_are_not_read_get_none(model, world):
    long = from_lists([list(range(10)), [1]], 12)
    parts = attribute(model, long, np.array([0, 1]), np.array([1, 1]), "attention").events
    mine = parts.score_change[parts.recommendation == 0]
    assert (mine[:4] == 0).all()
    assert (mine[4:] > 0).all()
    assert mine.sum() < 1
    gradient = attribute(model, long, np.array([0]), np.array([1]), "gradient").events.score_change
    assert (gradient[:4] == 0).all()
    assert gradient[4:].any()


def test_shapley_values_of_a_sum_are_its_terms_without_error_and_add_up_elsewhere(world):
    knn = create("item-knn", decay=1.0).fit(world)
    users, items = QUESTIONS
    parts, exact = (attribute(knn, world, users, items, method) for method in ("shapley", "removal"))
    np.testing.assert_allclose(parts.events.score_change, exact.events.score_change, atol=1e-6)
    assert parts.error.max() < 1e-6
    chain = create("markov-chain").fit(world)
    parts = attribute(chain, world, users, items, "shapley", permutations=8)
    empty = chain.score(from_lists([[]], 12))[0]
    for question in range(3):
        total = parts.events.score_change[parts.events.recommendation == question].sum()
        assert total == pytest.approx(
            chain.score(world)[users[question], items[question]] - empty[items[question]], abs=1e-5
        )


def test_shapley_errors_are_as_large_as_the_draws_differ(world):
    chain = create("markov-chain", decay=0.5).fit(world)
    user = np.array([int(world.lengths.argmax())])
    drawn = [attribute(chain, world, user, np.array([5]), "shapley", seed=seed, permutations=12) for seed in range(30)]
    spread = np.std([one.events.score_change for one in drawn], axis=0)
    told = np.mean([one.error for one in drawn], axis=0)
    kept = spread > 1e-6
    assert kept.any()
    assert 0.6 < np.median(told[kept] / spread[kept]) < 1.6


def test_answers_that_agree_rank_alike(model, world):
    users, items = np.argsort(-world.lengths)[:3], np.array([1, 5, 9])
    exact = attribute(model, world, users, items).events
    assert rank_agreement(exact, exact) == pytest.approx(1.0)
    said = attribute(model, world, users, items, "integrated-gradients").events
    assert (np.abs(rank_agreement(exact, said)) <= 1).all()


def test_a_model_without_gradient_or_a_word_nobody_knows_is_refused(world):
    knn = create("item-knn").fit(world)
    with pytest.raises(UsageError, match="item-knn has no gradient.*ask removal or shapley"):
        attribute(knn, world, *QUESTIONS, "gradient")
    with pytest.raises(UsageError, match="no attention"):
        attribute(knn, world, *QUESTIONS, "attention")
    with pytest.raises(UsageError, match="did you mean 'shapley'"):
        attribute(knn, world, *QUESTIONS, "shaply")
    with pytest.raises(UsageError, match="at least 4 permutations"):
        attribute(knn, world, *QUESTIONS, "shapley", permutations=2)
    hidden = create("transformer", embedding_dim=8, max_epochs=1, objective="masked", repeats=False).fit(world)
    with pytest.raises(UsageError, match="objective masked"):
        attribute(hidden, world, *QUESTIONS, "gradient")
