import numpy as np
import pytest
import torch

from swayline.dataset import from_lists
from swayline.models import create, recommend, top_k, topk
from swayline.models.sequence.serving import blocked
from swayline.models.sequence.serving.int8 import Rounded


@pytest.fixture(scope="module")
def history():
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, 40, rng.integers(0, 9)).tolist() for _ in range(30)]
    return from_lists([*rows, [0, 0, 7], []], 40)


@pytest.mark.parametrize("weights", ["fp32", "int8"])
@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("exclude", [False, True])
def test_blocks_of_items_give_the_lists_of_whole_rows(
    history, weights: str, repeats: bool, exclude: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = create("transformer", embedding_dim=16, max_epochs=3, repeats=repeats, weights=weights).fit(history)
    wanted, values = top_k(model.score(history), 6, history if exclude else None)
    monkeypatch.setattr(blocked, "SCORES_AT_ONCE", dict.fromkeys(("cpu", "gpu"), 1))
    monkeypatch.setattr(blocked, "_NARROWEST", 7)
    monkeypatch.setattr(topk, "_LONG_ROW", 10)
    items, found = recommend(model, history, 6, exclude_seen=exclude)
    assert np.allclose(found, values, atol=1e-4)
    assert (items == wanted).mean() > 0.99  # two scores a rounding apart may change places


def test_equal_scores_stand_in_the_order_of_the_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocked, "SCORES_AT_ONCE", dict.fromkeys(("cpu", "gpu"), 1))
    monkeypatch.setattr(blocked, "_NARROWEST", 3)
    catalogue = torch.tensor([[1.0], [2.0], [2.0], [1.0], [2.0], [2.0], [0.0]])
    items, values = blocked.best_of(torch.ones(2, 1), catalogue, None, 3, from_lists([[1], []], 7))
    assert items.tolist() == [[2, 4, 5], [1, 2, 4]]
    assert values.tolist() == [[2.0] * 3] * 2


def test_fewer_items_than_places_leave_gaps() -> None:
    catalogue = Rounded.of(torch.tensor([[1.0], [2.0]]))
    items, values = blocked.best_of(torch.ones(1, 1), catalogue, None, 4, from_lists([[0]], 2))
    assert items.tolist() == [[1, -1, -1, -1]]
    assert np.isneginf(values[0, 1:]).all()
