import numpy as np
import pytest
import torch

from swayline.models.sequence.losses import softmax
from swayline.models.sequence.losses.softmax import candidate_softmax
from swayline.models.sequence.optimize.negatives import draw


def plain_softmax(states, table, targets, items, log_weights):
    """The same loss, written out."""
    logits = states @ table[items].T + log_weights
    logits = logits.masked_fill(items[None, :] == targets[:, None], -torch.inf)
    own = (states * table[targets]).sum(1, keepdim=True)
    return (torch.logsumexp(torch.cat([own, logits], 1), 1) - own[:, 0]).mean()


@pytest.mark.parametrize("at_once", [1, 64, 1 << 20])
@pytest.mark.parametrize("n", [5, 40])
@pytest.mark.parametrize("in_batch", [False, True])
def test_loss_and_gradients_are_those_of_the_loss_written_out(
    monkeypatch, at_once: int, n: int, in_batch: bool
) -> None:
    monkeypatch.setattr(softmax, "_LOGITS_AT_ONCE", dict.fromkeys(("cpu", "gpu"), at_once))
    monkeypatch.setattr(softmax, "_ROWS", 1)
    torch.manual_seed(0)
    states, table = torch.randn(50, 8, requires_grad=True), torch.randn(40, 8, requires_grad=True)
    targets = torch.randint(40, (50,))
    share = torch.bincount(targets, minlength=40) / 50
    predicted = torch.arange(50) < 45
    generator = torch.Generator().manual_seed(1)
    drawn = draw(targets, predicted, n, share if in_batch else None, True, 40, generator)
    wanted = plain_softmax(states[:45], table, targets[:45], drawn.items, drawn.log_weights)
    expected = torch.autograd.grad(wanted, (states, table))
    answers, candidates = table[targets], table[drawn.items]
    found = candidate_softmax(states, answers, candidates, drawn.log_weights, drawn.columns, predicted.float())
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    for ours, theirs in zip(torch.autograd.grad(found, (states, table)), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_with_the_whole_catalogue_it_is_cross_entropy() -> None:
    torch.manual_seed(0)
    states, table, targets = torch.randn(20, 8), torch.randn(30, 8), torch.randint(30, (20,))
    wanted = torch.nn.functional.cross_entropy(states @ table.T, targets)
    found = candidate_softmax(states, table[targets], table, torch.zeros(1), targets, torch.ones(20))
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)


def test_huge_logits_stay_finite() -> None:
    states, table = torch.full((3, 4), 100.0, requires_grad=True), torch.eye(4) * 1000
    targets = torch.tensor([0, 1, 2])
    loss = candidate_softmax(states, table[targets], table, torch.zeros(1), targets, torch.ones(3))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(states.grad).all()


@pytest.mark.parametrize("in_batch", [False, True])
def test_the_weighted_sample_stands_for_the_whole_sum(in_batch: bool) -> None:
    """E Σ over the sample of weight · f = Σ over the catalogue of f, for the targets drawn by their shares too."""
    torch.manual_seed(0)
    share = torch.tensor(np.random.default_rng(0).dirichlet(np.ones(30)))
    value = torch.rand(30, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    sums = []
    for _ in range(4000):
        targets = torch.multinomial(share, 8, replacement=True, generator=generator)
        drawn = draw(targets, targets >= 0, 6, share if in_batch else None, True, 30, generator)
        sums.append(float((drawn.log_weights.double().exp() * value[drawn.items]).sum()))
    error = np.std(sums) / np.sqrt(len(sums))
    assert np.mean(sums) == pytest.approx(float(value.sum()), abs=4 * error)


def test_candidates_are_unique_and_know_where_each_target_stands() -> None:
    targets = torch.tensor([3, 3, 7, 99])
    for n_items in (100, 300_000):
        drawn = draw(targets, targets >= 0, 50, None, False, n_items, torch.Generator().manual_seed(0))
        assert len(drawn.items) == len(drawn.items.unique()) == 50
        for target, column in zip(targets.tolist(), drawn.columns.tolist(), strict=True):
            assert (drawn.items[column] == target) if column >= 0 else target not in drawn.items
