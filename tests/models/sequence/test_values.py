"""Values of events as what the sequence model reads, and as what it foretells."""

import dataclasses

import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.dataset import Sequences, from_lists, last_out
from swayline.models import create, load_model
from swayline.models.sequence.batching.value_inputs import features

SMALL = {
    "embedding_dim": 16, "n_heads": 1, "n_blocks": 1, "max_length": 10, "dropout": 0.0, "neighbours": False,
    "batch_tokens": 512, "learning_rate": 1e-2, "averaging": 0.9,
}  # fmt: skip


def rated(n_users: int = 200, seed: int = 0, n_items: int = 20) -> Sequences:
    """Generous and severe people; items from 10 on are worth two stars more than the others."""
    rng = np.random.default_rng(seed)
    items = [rng.permutation(n_items)[:9].tolist() for _ in range(n_users)]
    leaning = rng.normal(0, 0.5, n_users)
    values = [
        [2 + 2 * (item >= 10) + own + rng.normal(0, 0.2) for item in row]
        for row, own in zip(items, leaning, strict=True)
    ]
    return from_lists(items, n_items, values=values)


@pytest.fixture(scope="module")
def split():
    return last_out(rated())


@pytest.fixture(scope="module")
def fitted(split):
    return create("transformer", **SMALL, max_epochs=6, values=True, value_loss=0.5).fit(split.train, split.valid)


def test_the_usual_value_is_of_the_events_up_to_it_and_of_no_other_person():
    values = np.array([1.0, np.nan, 3.0, -2.0])
    found = features(values, np.array([0, 0, 0, 1]))
    assert np.allclose(found[:, 2], [1 / 6, 1 / 6, 4 / 7, -2 / 6])
    assert found[1].tolist()[:2] == [0.0, 0.0]
    assert found[:, 3].tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize("objective", ["next-item", "masked"])
def test_a_log_without_values_teaches_the_same_weights_to_the_bit(split, objective):
    plain = dataclasses.replace(split.train, values=None)
    one, other = (
        create("transformer", **SMALL, max_epochs=1, objective=objective, **asked).fit(plain)
        for asked in ({}, {"values": True, "value_loss": 0.5})
    )
    assert np.array_equal(one.score(plain), other.score(plain))


def test_the_defaults_do_not_move_because_a_log_has_values(split):
    one, other = (
        create("transformer", **SMALL, max_epochs=1).fit(train)
        for train in (split.train, dataclasses.replace(split.train, values=None))
    )
    assert np.array_equal(one.score(split.train), other.score(split.train))


def test_foretells_what_an_item_is_worth_to_whom(fitted, split):
    test = split.test
    found = fitted.values(test.history, test.items)
    rmse = np.sqrt(((found - test.values) ** 2).mean())
    people = np.array([test.history.values[test.history.of(row)].mean() for row in range(len(test))])
    assert rmse < 0.6 * np.sqrt(((people - test.values) ** 2).mean())
    assert rmse < 0.45


def test_what_is_liked_ranks_above_what_is_only_met(fitted, split):
    meets, likes = fitted.score(split.test.history), fitted.score_liked(split.test.history, at_least=4.0)
    lifted = likes - meets
    assert lifted[:, 10:].mean() > lifted[:, :10].mean() + 1
    assert (lifted <= 0).all()  # a chance never adds to a log


def test_turning_all_values_round_changes_what_comes_next(split):
    """The next item follows the value of the one before, so that only who reads values can know it."""
    rng = np.random.default_rng(1)
    values = rng.integers(1, 6, (300, 8)).astype(float)
    items = np.zeros((300, 8), int)
    items[:, 1:] = np.where(values[:, :-1] > 3, rng.integers(0, 5, (300, 7)), rng.integers(5, 10, (300, 7)))
    log = from_lists(items.tolist(), 10, values=values.tolist())
    model = create("transformer", **SMALL, max_epochs=25, repeats=False, values=True).fit(log)
    turned = dataclasses.replace(log, values=6 - log.values)
    last = values[:, -1]
    for history, high in ((log, last > 3), (turned, 6 - last > 3)):
        scores = model.score(history)
        guessed = scores[:, :5].mean(1) > scores[:, 5:].mean(1)
        sure = last != 3
        assert (guessed == high)[sure].mean() > 0.9


@pytest.mark.parametrize("weights", ["fp32", "int8"])
def test_what_is_saved_foretells_the_same(split, tmp_path, weights):
    model = create("transformer", **SMALL, max_epochs=2, values=True, value_loss=0.5, weights=weights)
    model.fit(split.train, split.valid)
    model.save(tmp_path)
    again, test = load_model(tmp_path), split.test
    assert np.allclose(model.values(test.history, test.items), again.values(test.history, test.items), atol=1e-5)
    assert np.allclose(model.score(test.history), again.score(test.history), atol=1e-5)


def test_event_by_event_reads_the_values_that_the_whole_history_has(fitted, split):
    test = split.test
    place = np.arange(len(test.history.items)) - np.repeat(test.history.offsets[:-1], test.history.lengths)
    before = test.history.keep(place < np.repeat(test.history.lengths - 1, test.history.lengths)).take(np.arange(6))
    whole = test.history.take(np.arange(6))
    newest = whole.offsets[1:] - 1
    told, untold = fitted.stream(before), fitted.stream(before)
    told.add(whole.items[newest], values=whole.values[newest])
    untold.add(whole.items[newest])
    assert np.allclose(told.score(), fitted.score(whole), atol=1e-4)
    assert not np.allclose(untold.score(), fitted.score(whole), atol=1e-4)


def test_a_model_that_foretells_no_values_says_how_to_get_one(split):
    model = create("transformer", **SMALL, max_epochs=1).fit(split.train)
    with pytest.raises(UsageError, match="value_loss"):
        model.values(split.test.history, split.test.items)
