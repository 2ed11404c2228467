from datetime import UTC, datetime

import numpy as np
import pytest

from swayline.dataset import Dataset, Vocabulary, from_lists
from swayline.influence.attribution import behavior_rows, event_rows, remove_behavior, remove_events


class Additive:
    """Score of item i = sum over the history of weight[behaviour] × affinity[event item, i]: removals are known."""

    name = "additive"

    def __init__(self, affinity, weights):
        self.affinity, self.weights = np.array(affinity, np.float32), np.array(weights, np.float32)
        self.asked = 0

    def score(self, history):
        self.asked += len(history)
        out = np.zeros((len(history), history.n_items), np.float32)
        np.add.at(out, history.users, self.weights[history.behaviors][:, None] * self.affinity[history.items])
        return out


@pytest.fixture
def world():
    affinity = np.arange(16, dtype=np.float32).reshape(4, 4)
    histories = from_lists([[0, 1, 2], [3]], 4, behaviors=[[0, 1, 0], [1]], n_behaviors=2)
    return Additive(affinity, [1.0, 10.0]), histories


def test_event_change_is_what_the_event_adds(world):
    model, histories = world
    removed = remove_events(model, histories, np.array([0, 1]), np.array([3, 0]))
    assert removed.recommendation.tolist() == [0, 0, 0, 1]
    assert removed.position.tolist() == [0, 1, 2, 3]
    assert removed.score_change == pytest.approx([3.0, 70.0, 11.0, 120.0])


def test_only_the_last_events_are_taken_out_when_asked(world):
    model, histories = world
    removed = remove_events(model, histories, np.array([0]), np.array([3]), last=1)
    assert removed.position.tolist() == [2]


def test_each_edited_history_is_scored_once_for_all_its_recommendations(world):
    model, histories = world
    remove_events(model, histories, np.array([0, 0, 0, 0]), np.array([0, 1, 2, 3]))
    assert model.asked == 1 + 3


def test_one_recommendation_may_belong_to_any_user_in_any_order(world):
    model, histories = world
    forward = remove_events(model, histories, np.array([0, 1]), np.array([3, 0]))
    backward = remove_events(model, histories, np.array([1, 0]), np.array([0, 3]))
    assert sorted(forward.score_change) == pytest.approx(sorted(backward.score_change))
    assert backward.position.tolist() == [3, 0, 1, 2]


def test_behaviour_change_is_the_sum_of_its_events_and_a_zero_weight_moves_nothing(world):
    model, histories = world
    score, rank = remove_behavior(model, histories, np.array([0]), np.array([3]), behavior=1)
    assert score == pytest.approx([70.0])
    model.weights[1] = 0.0
    score, rank = remove_behavior(model, histories, np.array([0]), np.array([3]), behavior=1)
    assert score == pytest.approx([0.0])
    assert rank == pytest.approx([0.0])


def test_rank_change_counts_places_lost():
    # Behaviour 1 alone lifts item 0 to the top; without it item 0 is last of three.
    model = Additive([[0, 1, 2], [5, 0, 0], [0, 0, 0]], [1.0, 1.0])
    histories = from_lists([[0, 1]], 3, behaviors=[[0, 1]], n_behaviors=2)
    score, rank = remove_behavior(model, histories, np.array([0]), np.array([0]), behavior=1)
    assert (score.tolist(), rank.tolist()) == ([5.0], [2.0])


def test_rows_name_events_and_recommendations_as_the_ledger_says(world):
    model, _ = world
    day = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp() * 1e6)
    histories = from_lists([[0, 1]], 4, behaviors=[[0, 1]], times=[[day, day]], n_behaviors=2)
    dataset = Dataset(
        Vocabulary.of(["u|1"]), Vocabulary.of(["a", "b", "c", "d"]), Vocabulary.of(["view", "cart"]), histories, False
    )
    users, items = np.array([0]), np.array([3])
    removed = remove_events(model, histories, users, items)
    rows = event_rows(dataset, histories, ["u|1"], users, items, removed, {1: "e-7"}).to_pylist()
    assert [row["cause"] for row in rows] == ["a|view|2026-01-31T12:00:00Z", "e-7"]
    assert {row["effect"] for row in rows} == {"u%7C1|d"}
    assert {(row["estimand"], row["unit"], row["channel"]) for row in rows} == {("score_change", "logit", "model")}


def test_behaviour_rows_have_intervals_over_users_and_skip_what_cannot_be_removed():
    rng = np.random.default_rng(0)
    model = Additive(rng.random((5, 5)), [1.0, 2.0, 1.0])
    lists = [rng.integers(0, 5, 4).tolist() for _ in range(40)]
    histories = from_lists(lists, 5, behaviors=[[0, 1, 0, 1]] * 40, n_behaviors=3)
    dataset = Dataset(
        Vocabulary.of(map(str, range(40))),
        Vocabulary.of("abcde"),
        Vocabulary.of(["view", "cart", "share"]),
        histories,
        True,
    )
    rows = behavior_rows(model, dataset, histories, np.arange(40), np.zeros(40, np.int64)).to_pylist()
    assert {row["cause"] for row in rows} == {"view", "cart"}
    assert all(row["n"] == 40 and row["ci_low"] <= row["estimate"] <= row["ci_high"] for row in rows)
