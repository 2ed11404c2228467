import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from swayline.dataset import from_lists
from swayline.models.sequence.batches import batches, pack

CPU = torch.device("cpu")
HISTORIES = st.lists(st.lists(st.integers(0, 8), max_size=12), min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(HISTORIES, st.integers(1, 6), st.booleans())
def test_every_history_stands_there_once_behind_a_start(rows: list[list[int]], most: int, from_end: bool) -> None:
    batch = pack(from_lists(rows, 9), most, from_end, CPU)
    for row, end in zip(rows, batch.last.tolist(), strict=True):
        read = row[-most:] if row else []
        span = slice(end - len(read), end + 1)
        assert batch.items[span].tolist() == [9, *read]
        places = list(range(len(read) + 1))
        assert batch.positions[span].tolist() == (places[::-1] if from_end else places)
    assert len(batch.items) == sum(min(len(row), most) + 1 for row in rows)


@settings(max_examples=100, deadline=None)
@given(HISTORIES, st.integers(1, 6))
def test_groups_cover_all_tokens_and_come_back_in_place(rows: list[list[int]], most: int) -> None:
    batch = pack(from_lists(rows, 9), most, False, CPU)
    assert batch.groups[0].start == 0
    assert batch.groups[-1].stop == len(batch.items)
    for group in batch.groups:
        tokens = torch.arange(group.stop - group.start)
        assert group.rows % 8 == 0 or group.width == 1
        assert torch.equal(tokens[group.spread][group.gather], tokens)


def test_the_last_event_is_only_predicted() -> None:
    batch = pack(from_lists([[4, 5, 6], [7]], 9), 2, False, CPU, targets=True)
    assert batch.items.tolist() == [9, 4, 5, 9]
    assert batch.targets is not None
    assert batch.targets.tolist() == [4, 5, 6, 7]


def test_the_last_events_are_predicted_where_a_history_is_too_long() -> None:
    batch = pack(from_lists([[1, 2, 3, 4, 5]], 9), 2, False, CPU, targets=True)
    assert batch.items.tolist() == [9, 3, 4]
    assert batch.targets is not None
    assert batch.targets.tolist() == [3, 4, 5]


def test_batches_hold_every_user_whole_once_and_exactly_as_many_tokens() -> None:
    lengths = np.random.default_rng(0).integers(0, 30, 1000)
    parts = list(batches(lengths, 20, 500, np.random.default_rng(1)))
    assert {int((read + 1).sum()) for _, read in parts[:-1]} == {500}
    assert int((parts[-1][1] + 1).sum()) <= 500
    whole = [user for users, read in parts for user in users[read + 1 == np.minimum(lengths[users], 21)]]
    assert sorted(set(whole)) == np.flatnonzero(lengths > 0).tolist()
    assert sum(len(users) for users, _ in parts) - len(set(whole)) <= len(parts)


def test_a_history_longer_than_a_batch_makes_the_batch_longer() -> None:
    ((users, read),) = batches(np.array([100]), 50, 10, np.random.default_rng(0))
    assert users.tolist() == [0]
    assert read.tolist() == [50]


def test_no_user_with_an_event_gives_no_batch() -> None:
    assert list(batches(np.zeros(3, np.int64), 5, 10, np.random.default_rng(0))) == []
