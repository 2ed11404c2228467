import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from swayline.core.errors import UsageError
from swayline.dataset import from_lists
from swayline.models import create, recommend, top_k


@settings(max_examples=200, deadline=None)
@given(
    hnp.arrays(np.int8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(-3, 3)),
    st.integers(1, 14),
)
def test_agrees_with_sorting_everything_and_ties_go_to_the_smaller_item(levels: np.ndarray, k: int) -> None:
    scores = levels.astype(np.float32)
    scores[levels == -3] = -np.inf
    items, values = top_k(scores, k)
    for row in range(len(scores)):
        order = sorted(range(scores.shape[1]), key=lambda item: (-scores[row, item], item))
        wanted = [item for item in order if scores[row, item] > -np.inf][:k]
        assert items[row].tolist() == wanted + [-1] * (k - len(wanted))
        assert values[row, : len(wanted)].tolist() == [scores[row, item] for item in wanted]
        assert np.isneginf(values[row, len(wanted) :]).all()


@pytest.mark.parametrize("n_items", [1280, 1281, 4000, 20_011])
def test_long_rows_with_ties_agree_with_sorting_everything(n_items: int) -> None:
    rng = np.random.default_rng(n_items)
    for levels in (2, 30, 100_000):
        scores = rng.integers(0, levels, (7, n_items)).astype(np.float32)
        scores[0] = -np.inf
        scores[1, 5:] = -np.inf
        items, _ = top_k(scores, 10)
        wanted = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        assert np.array_equal(items, np.where(np.isneginf(np.take_along_axis(scores, wanted, 1)), -1, wanted))


def test_excluding_leaves_the_scores_as_they_were() -> None:
    scores = np.ones((1, 3), np.float32)
    items, _ = top_k(scores, 2, from_lists([[0, 1]], 3))
    assert items.tolist() == [[2, -1]]
    assert (scores == 1).all()


@pytest.mark.parametrize("k", [0, -1])
def test_raises_when_k_is_not_positive(k: int) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        top_k(np.zeros((1, 3), np.float32), k)


def test_recommending_in_small_batches_changes_nothing() -> None:
    log = from_lists([[1, 2], [2], [], [0, 0, 3]], 5)
    model = create("item-knn").fit(log)
    whole, parts = recommend(model, log, 3), recommend(model, log, 3, batch=1)
    np.testing.assert_array_equal(whole[0], parts[0])
    np.testing.assert_array_equal(whole[1], parts[1])
    with pytest.raises(UsageError, match="batch"):
        recommend(model, log, 3, batch=0)
