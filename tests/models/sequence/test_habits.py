import numpy as np
import pytest
import torch

from swayline.dataset import from_lists
from swayline.models import create
from swayline.models.sequence.batching.layout import bin_width, place
from swayline.models.sequence.heads.habits import habits, met
from swayline.models.sequence.objectives import OBJECTIVES

CPU = torch.device("cpu")
ITEMS = [[3, 3, 5, 3], [5], [], [4, 5, 3]]
BEHAVIORS = [[0, 1, 2, 0], [1], [], [2, 2, 2]]


def arranged(objective: str = "next-item", training: bool = False):
    history = from_lists(ITEMS, 9, behaviors=BEHAVIORS, n_behaviors=3)
    layout, _ = place(history.lengths + 1, bin_width(12))
    return OBJECTIVES[objective](history, layout, 12, False, CPU, np.random.default_rng(0) if training else None)


@pytest.mark.parametrize("objective", ["next-item", "masked", "encoder-decoder"])
def test_a_question_counts_the_whole_history_and_no_other(objective: str) -> None:
    batch = arranged(objective)
    shares = torch.tensor([0.5, 0.3, 0.2])
    found = habits(batch, shares)[batch.last]
    for row, behaviors in enumerate(BEHAVIORS):
        done = np.bincount(behaviors, minlength=3) + 10 * shares.numpy()
        assert found[row].numpy() == pytest.approx(np.log(done / (done.sum() - done)), abs=1e-5)


def test_what_was_done_to_the_item_itself_is_counted() -> None:
    batch = arranged()
    asked = torch.zeros_like(batch.items)
    asked[batch.last] = torch.tensor([3, 5, 1, 8])
    assert torch.expm1(met(batch, asked, 3))[batch.last].round().tolist() == [[2, 1, 0], [0, 1, 0], [0] * 3, [0] * 3]


def test_training_counts_nothing_that_comes_later() -> None:
    batch = arranged(training=True)
    width = batch.visible.shape[-1]
    start = int(batch.last[0]) - 3  # the first history: its start and three events read, the fourth predicted
    assert start % width + 3 < width
    flat = torch.full((3,), 1 / 3)
    done = [habits(batch, flat)[start + step] for step in range(4)]
    for step, found in enumerate(done):
        counts = np.bincount(BEHAVIORS[0][:step], minlength=3) + 10 / 3
        assert found.numpy() == pytest.approx(np.log(counts / (counts.sum() - counts)), abs=1e-5)
    again = torch.expm1(met(batch, batch.targets, 3))[start : start + 4].round().tolist()
    assert again == [[0, 0, 0], [1, 0, 0], [0, 0, 0], [1, 1, 0]]


def test_a_person_of_habit_is_known_by_it() -> None:
    """Everybody has a rate of buying of their own, and items say nothing."""
    rng = np.random.default_rng(1)
    rates = rng.beta(0.6, 0.6, 300)
    items = [rng.integers(0, 30, 20).tolist() for _ in rates]
    behaviors = [(rng.random(20) < rate).astype(int).tolist() for rate in rates]
    model = create("transformer", embedding_dim=16, behavior_loss=0.2, max_epochs=2)
    history = from_lists(items, 30, behaviors=behaviors, n_behaviors=2)
    model.fit(history)
    said = model.behavior_probabilities(history, rng.integers(0, 30, len(rates)))[:, 1]
    assert np.corrcoef(said, rates)[0, 1] > 0.95
