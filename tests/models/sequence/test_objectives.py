import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from swayline.dataset import Sequences, from_lists
from swayline.models.sequence.batching.layout import bin_width, place
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.batching.windows import windows
from swayline.models.sequence.objectives import OBJECTIVES, encoder_decoder, masked

CPU = torch.device("cpu")
HISTORIES = st.lists(st.lists(st.integers(0, 8), min_size=1, max_size=12), min_size=1, max_size=12)


def arranged(arrange, history: Sequences, most: int = 12, rng: np.random.Generator | None = None) -> Packed:
    sizes = np.minimum(history.lengths, most + 1) if rng is not None else np.minimum(history.lengths, most) + 1
    layout, left = place(sizes, bin_width(most))
    assert not len(left)
    return arrange(history, layout, most, False, CPU, rng)


def seen_by(batch: Packed, token: int) -> list[int]:
    width = batch.visible.shape[-1]
    found = batch.visible[token // width, 0, token % width].nonzero().squeeze(1)
    return (found + token // width * width).tolist()


@settings(max_examples=50, deadline=None)
@given(HISTORIES, st.integers(1, 6), st.integers(0, 5))
def test_masked_training_hides_what_it_asks_and_shows_the_rest(rows: list[list[int]], most: int, seed: int) -> None:
    batch = arranged(masked.arrange, from_lists(rows, 9), most, np.random.default_rng(seed))
    assert batch.targets is not None
    assert batch.weights is not None
    for row, end in zip(rows, batch.last.tolist(), strict=True):
        read = row[-(most + 1) :]
        span = slice(end - len(read) + 1, end + 1)
        asked = batch.weights[span] > 0
        assert asked.any(), "every history asks something"
        known = np.where(asked, batch.targets[span], batch.items[span])
        assert known.tolist() == read
        assert (batch.items[span][asked] == 9).all(), "what is asked is hidden"
        assert seen_by(batch, end) == list(range(end - len(read) + 1, end + 1)), "both sides are seen"


def test_a_masked_question_ends_in_a_hidden_place() -> None:
    batch = arranged(masked.arrange, from_lists([[1, 2, 3], []], 9))
    assert batch.items[batch.last].tolist() == [9, 9]
    assert batch.items[batch.last[0] - 3 : batch.last[0]].tolist() == [1, 2, 3]


@settings(max_examples=50, deadline=None)
@given(HISTORIES, st.integers(0, 5))
def test_the_decoder_never_sees_what_it_predicts(rows: list[list[int]], seed: int) -> None:
    batch = arranged(encoder_decoder.arrange, from_lists(rows, 9), 12, np.random.default_rng(seed))
    assert batch.targets is not None
    assert batch.weights is not None
    for row, end in zip(rows, batch.last.tolist(), strict=True):
        start = end - len(row) + 1
        asked = (batch.weights[start : end + 1] > 0).nonzero().squeeze(1)
        assert len(asked), "every history is decoded from somewhere"
        assert asked.tolist() == list(range(int(asked[0]), len(row))), "the decoder goes on to the end"
        for place_ in asked.tolist():
            assert seen_by(batch, start + place_) == list(range(start, start + place_ + 1))


def test_a_question_to_the_encoder_decoder_is_read_both_ways() -> None:
    batch = arranged(encoder_decoder.arrange, from_lists([[1, 2, 3]], 9))
    end = int(batch.last[0])
    assert seen_by(batch, end - 3) == list(range(end - 3, end + 1))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 8), max_size=30), min_size=1, max_size=8), st.integers(1, 6))
def test_windows_hold_every_event_once_and_end_where_histories_end(rows: list[list[int]], most: int) -> None:
    history = from_lists(rows, 9)
    cut = windows(history, most)
    assert np.array_equal(cut.items, history.items)
    assert cut.offsets[0] == 0
    assert cut.offsets[-1] == len(history.items)
    assert cut.lengths.max(initial=0) <= most + 1
    assert set(history.offsets.tolist()) <= set(cut.offsets.tolist()), "no window crosses from one user to the next"


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_questions_of_one_history_do_not_depend_on_its_neighbours(name: str) -> None:
    alone = arranged(OBJECTIVES[name], from_lists([[1, 2, 3]], 9))
    beside = arranged(OBJECTIVES[name], from_lists([[1, 2, 3], [4, 5]], 9))
    for batch in (alone, beside):
        end = int(batch.last[0])
        assert sorted(batch.items[seen_by(batch, end)].tolist()) == [1, 2, 3, 9]
