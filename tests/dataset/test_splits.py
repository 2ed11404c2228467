"""Splits ask what they say they ask, and the leakage check fails on every way of cheating."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swayline.core.errors import LeakageError, UsageError
from swayline.dataset import Sequences, Split, check_leakage, from_lists, last_out, sample, split_by_name, time_cut

TIMED = st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50)), max_size=8), min_size=1, max_size=8)


def timed(rows: list[list[tuple[int, int]]]) -> Sequences:
    ordered = [sorted(row, key=lambda one: one[1]) for row in rows]
    return from_lists(
        [[item for item, _ in row] for row in ordered], 10, times=[[time for _, time in row] for row in ordered]
    )


def history(targets: object, question: int) -> list[int]:
    sequences = targets.history  # type: ignore[attr-defined]
    return sequences.events[sequences.of(question)].tolist()


@given(st.lists(st.lists(st.integers(0, 9), max_size=8), max_size=8))
def test_last_out_asks_for_the_last_two_and_trains_on_the_rest(rows: list[list[int]]) -> None:
    sequences = from_lists(rows, n_items=10)
    split = last_out(sequences)
    asked = [user for user, row in enumerate(rows) if len(row) >= 3]
    assert split.test.users.tolist() == split.valid.users.tolist() == asked
    assert split.test.items.tolist() == [rows[user][-1] for user in asked]
    assert split.valid.items.tolist() == [rows[user][-2] for user in asked]
    for question, user in enumerate(asked):
        events = sequences.events[sequences.of(user)].tolist()
        assert history(split.test, question) == events[:-1]
        assert history(split.valid, question) == events[:-2]
    trained = [split.train.items[split.train.of(user)].tolist() for user in range(len(rows))]
    assert trained == [row[:-2] if len(row) >= 3 else row for row in rows]


@given(TIMED, st.integers(1, 50), st.integers(0, 49))
def test_a_time_cut_asks_for_the_first_event_after_it(rows: list[list[tuple[int, int]]], test: int, valid: int) -> None:
    valid = min(valid, test)
    sequences = timed(rows)
    split = time_cut(sequences, test, valid)
    assert (split.train.times < valid).all()
    for targets, cut, end in ((split.valid, valid, test), (split.test, test, 10**9)):
        expected = []
        for user in range(len(sequences)):
            times = sequences.times[sequences.of(user)]
            later = [at for at, time in enumerate(times) if cut <= time < end]
            if later and (times < cut).any():
                expected.append((user, int(sequences.events[sequences.of(user)][later[0]])))
        assert list(zip(targets.users.tolist(), targets.events.tolist(), strict=True)) == expected
        assert (targets.history.times < cut).all()
        assert (targets.times >= cut).all()


def test_the_default_validation_cut_leaves_nine_tenths_to_train() -> None:
    sequences = from_lists([[0] * 100], 1, times=[list(range(100))])
    split = time_cut(sequences, test_us=90)
    assert len(split.train.items) == 80
    assert split.valid.times.tolist() == [80]
    assert split.test.times.tolist() == [90]


def honest() -> Split:
    return last_out(from_lists([[1, 2, 3, 4, 5], [6, 7, 8], [1, 1]], 10, times=[[1, 2, 3, 4, 5], [1, 2, 3], [1, 2]]))


def with_history(split: Split, part: str, **columns: np.ndarray) -> Split:
    targets = getattr(split, part)
    return replace(split, **{part: replace(targets, history=replace(targets.history, **columns))})


def test_an_honest_split_passes() -> None:
    split = honest()
    assert check_leakage(split) is split


@pytest.mark.parametrize("part", ["valid", "test"])
def test_a_target_in_training_is_a_leak(part: str) -> None:
    split = honest()
    events = split.train.events.copy()
    events[0] = getattr(split, part).events[1]
    with pytest.raises(LeakageError, match=r"1 (validation|test) targets are in the training part"):
        check_leakage(replace(split, train=replace(split.train, events=events)))


@pytest.mark.parametrize("part", ["valid", "test"])
def test_an_answer_in_its_own_history_is_a_leak(part: str) -> None:
    split = honest()
    targets = getattr(split, part)
    events = targets.history.events.copy()
    events[0] = targets.events[0]
    with pytest.raises(LeakageError, match=r"holds its answer or something later .first: user row 0"):
        check_leakage(with_history(split, part, events=events))


@pytest.mark.parametrize("part", ["valid", "test"])
def test_a_history_from_the_future_is_a_leak(part: str) -> None:
    split = honest()
    times = getattr(split, part).history.times.copy()
    times[-1] = 99
    with pytest.raises(LeakageError, match=r"something later .first: user row 1"):
        check_leakage(with_history(split, part, times=times))


@pytest.mark.parametrize("part", ["valid", "test"])
def test_a_question_asked_after_its_answer_is_a_leak(part: str) -> None:
    split = honest()
    targets = getattr(split, part)
    asked_at = targets.times.copy()
    check_leakage(with_history(split, part, asked_at=asked_at))
    asked_at[-1] += 1
    with pytest.raises(LeakageError, match=r"asked after its answer came .first: user row 1"):
        check_leakage(with_history(split, part, asked_at=asked_at))


def test_a_later_event_in_an_ordered_history_is_a_leak() -> None:
    sequences = from_lists([[1, 2, 3, 4]], 10)
    split = last_out(sequences)
    wrong = replace(split, valid=replace(split.valid, history=split.test.history, events=split.valid.events - 1))
    with pytest.raises(LeakageError):
        check_leakage(wrong)


def test_test_answers_shown_in_validation_are_a_leak() -> None:
    split = honest()
    with pytest.raises(LeakageError, match="seen in validation"):
        check_leakage(replace(split, valid=split.test, test=split.test))


def test_training_after_the_cut_is_a_leak() -> None:
    split = time_cut(from_lists([[1, 2, 3, 4]], 10, times=[[1, 2, 3, 4]]), 4, 3)
    times = split.train.times.copy()
    times[-1] = 3
    with pytest.raises(LeakageError, match="at or after the validation cut"):
        check_leakage(replace(split, train=replace(split.train, times=times)))


def test_a_time_split_of_an_ordered_log_is_misuse() -> None:
    with pytest.raises(UsageError, match="last-out"):
        time_cut(from_lists([[1, 2, 3]], 10), 5)


@pytest.mark.parametrize(
    ("name", "cut"),
    [("last-out", "0.5"), ("random", None), ("time", "2"), ("time", "0"), ("time", "nan"), ("time", "soon")],
)
def test_a_split_that_means_nothing_is_misuse(name: str, cut: str | None) -> None:
    with pytest.raises(UsageError):
        split_by_name(from_lists([[1, 2, 3]], 10, times=[[1, 2, 3]]), name, cut)


def test_a_cut_is_a_share_or_a_date() -> None:
    day = 86_400_000_000
    sequences = from_lists([[1, 2, 3, 4]], 10, times=[[0, day, 2 * day, 3 * day]])
    assert split_by_name(sequences, "time", "1970-01-03").test.times.tolist() == [2 * day]
    assert split_by_name(sequences, "time", "0.5").test.times.tolist() == [2 * day]
    assert split_by_name(sequences, "last-out").test.items.tolist() == [4]


def test_a_sample_keeps_questions_whole_and_in_order() -> None:
    targets = last_out(from_lists([[n, n, n] for n in range(9)], 10)).test
    some = sample(targets, 4, np.random.default_rng(1))
    assert len(some) == len(set(some.users.tolist())) == 4
    assert some.users.tolist() == sorted(some.users.tolist())
    assert some.items.tolist() == some.users.tolist()
    assert sample(targets, 9, np.random.default_rng(1)) is targets


def test_every_question_carries_the_value_of_its_answer() -> None:
    sequences = from_lists([[1, 2, 3, 4], [5, 6, 7]], 9, values=[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, np.nan]])
    split = last_out(sequences)
    assert split.valid.values is not None
    assert split.valid.values.tolist() == [3.0, 6.0]
    assert split.test.values is not None
    np.testing.assert_array_equal(split.test.values, [4.0, np.nan])
    np.testing.assert_array_equal(split.test.take(np.array([1, 0])).values, [np.nan, 4.0])
    assert split.test.history.values is not None
    assert split.test.history.values.tolist() == [1.0, 2.0, 3.0, 5.0, 6.0]
    assert last_out(from_lists([[1, 2, 3]], 9)).test.values is None
