"""When a question is asked is read where it is known, and nothing of when its answer came."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.models.sequence.test_inputs_and_head import SECOND, WAITING, questions, waiting

from swayline.dataset import from_lists, last_out, time_cut
from swayline.models import create, load_model
from swayline.models.sequence.batching.request import draw_moments, seconds_away
from swayline.models.sequence.layers.away import Away


@pytest.mark.parametrize("repeats", [False, True])
def test_who_is_known_to_be_away_for_long_gets_what_follows_long_waits(repeats: bool) -> None:
    """Item 1 follows waits of 5,000 s, item 2 waits of 2 s: asked after ten minutes only the first is left."""
    history, asked = waiting()
    model = create("transformer", repeats=repeats, request_time=True, **WAITING).fit(history)
    last = asked.history.times[asked.history.offsets[1:] - 1]
    away = model.score(replace(asked.history, asked_at=last + 600 * SECOND))
    assert (away.argmax(1) == 1).mean() > 0.95
    unknown = np.exp(model.score(asked.history))
    share = (unknown[:, 1] / unknown.sum(1)).mean()
    assert 0.3 < share < 0.7, "asked by nobody knows when, both are as likely as they are"


def test_the_answers_own_time_changes_nothing() -> None:
    history, asked = waiting()
    model = create("transformer", **WAITING | {"max_epochs": 2}).fit(history)
    assert asked.history.asked_at is None
    later = replace(asked.history, answered_at=asked.history.answered_at + 10**9 * SECOND)
    assert np.array_equal(model.score(asked.history), model.score(later))


def test_without_request_time_the_moment_of_asking_changes_nothing() -> None:
    history, asked = waiting()
    model = create("transformer", request_time=False, **WAITING | {"max_epochs": 2}).fit(history)
    moved = asked.history.asked(int(history.times.max()) + 10**6 * SECOND)
    assert np.array_equal(model.score(asked.history), model.score(moved))


def test_the_moment_is_read_by_default_where_people_return() -> None:
    times = [[SECOND * (1_600_000_000 + step) for step in range(6)]] * 30
    for items, reads in (([1, 2, 1, 2, 3, 1], True), ([1, 2, 3, 4, 5, 6], False)):
        model = create("transformer", **WAITING | {"max_epochs": 1}).fit(from_lists([items] * 30, 7, times=times))
        assert model.chosen_["request_time"] is model.chosen_["repeats"] is reads


@pytest.mark.parametrize("weights", ["fp32", "int8"])
def test_what_is_read_of_the_moment_survives_saving(tmp_path, weights: str) -> None:
    history, asked = waiting()
    model = create("transformer", weights=weights, request_time=True, **WAITING | {"max_epochs": 3}).fit(history)
    moved = asked.history.asked(int(history.times.max()) + 10**6 * SECOND)
    scores = model.score(moved)
    assert not np.allclose(scores, model.score(asked.history))
    model.save(tmp_path / "model")
    assert np.array_equal(load_model(tmp_path / "model").score(moved), scores)


def test_moments_lie_between_an_event_and_the_next_one() -> None:
    rng = np.random.default_rng(0)
    times = np.sort(rng.integers(1, 10**15, 10_000))
    following = times + rng.integers(0, 10**12, len(times))
    drawn = draw_moments(times, following, rng)
    known = drawn > 0
    assert abs(known.mean() - 0.5) < 0.02
    assert ((drawn >= times) & (drawn <= following))[known].all()
    within = np.log1p((drawn - times)[known] / 1e6) / np.log1p((following - times)[known] / 1e6)
    assert abs(np.median(within) - 0.5) < 0.02, "evenly in the logarithm"


def test_time_splits_ask_at_their_cut_and_last_events_are_asked_at_no_known_moment() -> None:
    sequences = from_lists([[1, 2, 3, 4], [2, 3, 4]], 5, times=[[10, 20, 30, 45], [15, 25, 50]])
    split = time_cut(sequences, 40, 22)
    assert split.test.history.asked_at.tolist() == [40, 40]
    assert split.valid.history.asked_at.tolist() == [22, 22]
    assert split.test.history.answered_at.tolist() == [45, 50]
    assert last_out(sequences).test.history.asked_at is None
    assert questions(from_lists([[1, 2, 3]], 5)).history.asked(7).asked_at is None, "an ordered log has no moments"


def test_unknown_moments_leave_states_as_they_are() -> None:
    away = Away(4)
    states = torch.randn(3, 4)
    seconds = seconds_away(torch.tensor([0, 5 * SECOND, 9 * SECOND]), torch.tensor([SECOND, 0, 2 * SECOND]))
    assert seconds.tolist() == [-1, -1, 7]
    moved = away(states, seconds)
    assert torch.equal(moved[:2], states[:2])
    assert not torch.allclose(moved[2], states[2])
