import numpy as np
import pytest
import torch

from swayline.core.errors import ConfigError
from swayline.dataset import from_lists
from swayline.models import create, load_model
from swayline.models.sequence.heads.repeat_head import Returns
from swayline.models.sequence.losses.softmax import candidate_softmax


def test_the_mixed_loss_and_its_gradients_are_those_written_out() -> None:
    torch.manual_seed(0)
    states, table = torch.randn(50, 8, requires_grad=True), torch.randn(30, 8, requires_grad=True)
    new, again = torch.rand(50, requires_grad=True), torch.rand(50, requires_grad=True)
    targets, weights = torch.randint(30, (50,)), (torch.arange(50) < 40).float()
    chance = new * (states @ table.T).softmax(1)[torch.arange(50), targets] + again
    expected = -(chance.log() * weights).sum() / 40
    found = candidate_softmax(states, table[targets], table, torch.zeros(1), targets, weights, new.log(), again.log())
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    wanted = torch.autograd.grad(expected, (states, table, new, again))
    for ours, theirs in zip(torch.autograd.grad(found, (states, table, new, again)), wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_a_mixture_is_a_probability_and_adds_what_returns() -> None:
    logits = torch.randn(2, 6)
    again = torch.tensor([[0.1, 0.2, 0.1, 0.0], [0.0, 0.0, 0.0, 0.0]])
    items = torch.tensor([[4, 0, 4, 0], [0, 0, 0, 0]])
    log_new = torch.tensor([0.6, 1.0]).log()
    found = Returns(log_new, again, items).mixed(logits.clone()).exp()
    expected = logits.softmax(1) * log_new.exp()[:, None]
    expected[0, 4] += 0.2
    expected[0, 0] += 0.2
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found.sum(1), torch.ones(2))


def returning(n_users: int = 300, n_items: int = 3000, seed: int = 0, told: bool = False):
    """Hardly anybody shares an item with anybody, and most events go back to the event before the last one.

    ``told`` says what was done and when.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n_users):
        row = rng.integers(0, n_items, 2).tolist()
        for _ in range(10):
            row.append(row[-2] if rng.random() < 0.8 else int(rng.integers(n_items)))
        rows.append(row)
    if not told:
        return from_lists(rows, n_items)
    times = [(1_000_000 * np.cumsum(rng.integers(1, 10_000, len(row)))).tolist() for row in rows]
    return from_lists(rows, n_items, [rng.integers(0, 3, len(row)).tolist() for row in rows], times, 3)


def test_returning_to_items_that_nobody_else_met_is_learned_where_the_log_shows_it() -> None:
    history, asked = returning(), returning(100, seed=1)
    hits = {}
    for repeats in (None, False):
        model = create(
            "transformer", repeats=repeats, embedding_dim=16, max_epochs=15, batch_tokens=512, learning_rate=5e-3
        ).fit(history)
        best = model.score(asked).argmax(1)
        hits[repeats] = float((best == asked.items[asked.offsets[1:] - 2]).mean())
    assert hits[None] > 0.7
    assert hits[False] < 0.6


def test_probabilities_sum_to_one_and_single_items_score_the_same_saved_and_streamed(tmp_path) -> None:
    model = create("transformer", embedding_dim=16, max_epochs=2, repeats=True, max_length=20)
    model.fit(returning(50, 60, told=True))
    asked = returning(9, 60, seed=2, told=True)
    scores = model.score(asked)
    assert np.allclose(np.exp(scores).sum(1), 1.0, atol=1e-4)
    assert np.allclose(model.score_items(asked, np.arange(9)), scores[np.arange(9), np.arange(9)], atol=1e-5)
    model.save(tmp_path)
    assert np.array_equal(load_model(tmp_path).score(asked), scores)
    place = np.arange(len(asked.items)) - np.repeat(asked.offsets[:-1], asked.lengths)
    stream = model.stream(asked.keep(place < np.repeat(asked.lengths - 1, asked.lengths)))
    last = asked.offsets[1:] - 1
    stream.add(asked.items[last], asked.behaviors[last], asked.times[last])
    assert np.allclose(stream.score(), scores, atol=1e-4)


def test_an_empty_history_is_answered_from_the_catalogue() -> None:
    model = create("transformer", embedding_dim=16, max_epochs=2, repeats=True).fit(returning(50, 60))
    assert np.allclose(np.exp(model.score(from_lists([[]], 60))).sum(), 1.0, atol=1e-4)


def test_a_loss_without_probabilities_cannot_mix() -> None:
    with pytest.raises(ConfigError, match="loss"):
        create("transformer", repeats=True, loss="bpr")


def bought(n_users: int, seed: int):
    """Three items are met; the one that was bought (behaviour 1) among them comes again, wherever it stood."""
    rng = np.random.default_rng(seed)
    rows, done = [], []
    for _ in range(n_users):
        items, which = rng.choice(2000, 3, replace=False).tolist(), int(rng.integers(3))
        rows.append([*items, items[which]])
        done.append([int(place == which) for place in range(3)] + [0])
    return from_lists(rows, 2000, done, n_behaviors=2)


def test_what_was_done_to_an_item_says_whether_it_comes_again() -> None:
    model = create("transformer", repeats=True, behaviors=False, embedding_dim=16, max_epochs=20, batch_tokens=512)
    model.fit(bought(500, 0))
    asked = bought(200, 1)
    place = np.arange(len(asked.items)) % 4
    best = model.score(asked.keep(place < 3)).argmax(1)
    assert (best == asked.items[place == 3]).mean() > 0.9
