import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from swayline.dataset import from_lists
from swayline.models.sequence.batching.layout import batches, bin_width, place
from swayline.models.sequence.objectives import next_item

CPU = torch.device("cpu")
HISTORIES = st.lists(st.lists(st.integers(0, 8), max_size=12), min_size=1, max_size=12)


def packed(rows: list[list[int]], most: int, from_end: bool = False, targets: bool = False):
    history = from_lists(rows, 9)
    layout, left = place(np.minimum(history.lengths - targets, most) + 1, bin_width(most))
    assert not len(left)
    return next_item.arrange(history, layout, most, from_end, CPU, np.random.default_rng(0) if targets else None)


@settings(max_examples=100, deadline=None)
@given(HISTORIES, st.integers(1, 6), st.booleans())
def test_every_history_stands_there_once_behind_a_start(rows: list[list[int]], most: int, from_end: bool) -> None:
    batch = packed(rows, most, from_end)
    for row, end in zip(rows, batch.last.tolist(), strict=True):
        read = row[-most:]
        span = slice(end - len(read), end + 1)
        assert batch.items[span].tolist() == [9, *read]
        places = list(range(len(read) + 1))
        assert batch.positions[span].tolist() == (places[::-1] if from_end else places)
    assert int((batch.items != 9).sum()) == sum(min(len(row), most) for row in rows)


@settings(max_examples=100, deadline=None)
@given(HISTORIES, st.integers(1, 6))
def test_a_token_sees_its_own_history_up_to_itself_and_nothing_else(rows: list[list[int]], most: int) -> None:
    batch = packed(rows, most)
    n_bins, _, width, _ = batch.visible.shape
    seen = torch.zeros(n_bins * width, n_bins * width, dtype=torch.bool)
    for number, block in enumerate(batch.visible[:, 0]):
        seen[number * width : (number + 1) * width, number * width : (number + 1) * width] = block
    for row, end in zip(rows, batch.last.tolist(), strict=True):
        start = end - min(len(row), most)
        for token in range(start, end + 1):
            assert seen[token].nonzero().squeeze(1).tolist() == list(range(start, token + 1))
    assert seen.any(dim=1).all(), "a token that sees nothing has no softmax"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 16), min_size=1, max_size=40), st.integers(1, 6))
def test_bins_never_overflow_or_overlap(tokens: list[int], n_bins: int) -> None:
    layout, left = place(np.array(tokens), 16, n_bins)
    taken = np.zeros(layout.n_bins * 16, int)
    for start, size in zip(layout.starts, tokens, strict=True):
        if start >= 0:
            assert start // 16 == (start + size - 1) // 16
            taken[start : start + size] += 1
    assert taken.max() <= 1
    assert left.tolist() == np.flatnonzero(layout.starts < 0).tolist()


def test_the_last_event_is_only_predicted() -> None:
    batch = packed([[4, 5, 6], [7]], 2, targets=True)
    assert batch.targets is not None
    assert batch.weights is not None
    real = batch.weights > 0
    assert batch.items[real].tolist() == [9, 4, 5, 9]
    assert batch.targets[real].tolist() == [4, 5, 6, 7]


def test_the_last_events_are_predicted_where_a_history_is_too_long() -> None:
    batch = packed([[1, 2, 3, 4, 5]], 2, targets=True)
    assert batch.targets is not None
    assert batch.weights is not None
    assert batch.items[batch.weights > 0].tolist() == [9, 3, 4]
    assert batch.targets[batch.weights > 0].tolist() == [3, 4, 5]


def test_batches_hold_every_user_with_an_event_once_in_one_shape_and_are_full() -> None:
    lengths = np.random.default_rng(0).integers(0, 30, 1000)
    parts = list(batches(lengths, 20, 480, np.random.default_rng(1)))
    users = np.concatenate([users for users, _ in parts])
    assert sorted(users) == np.flatnonzero(lengths > 0).tolist()
    assert {(layout.n_bins, layout.width) for _, layout in parts} == {(20, 24)}
    filled = sum(np.minimum(lengths[users], 21).sum() for users, _ in parts[:-1]) / (480 * (len(parts) - 1))
    assert filled > 0.9
    again = list(batches(lengths, 20, 480, np.random.default_rng(2)))
    assert not np.array_equal(np.concatenate([users for users, _ in again]), users)


def test_no_user_with_an_event_gives_no_batch() -> None:
    assert list(batches(np.zeros(3, np.int64), 5, 10, np.random.default_rng(0))) == []
