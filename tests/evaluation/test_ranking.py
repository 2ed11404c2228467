from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from scipy.stats import binomtest

from swayline.core.errors import DataError
from swayline.dataset import from_lists, last_out
from swayline.evaluation import compare, rank_targets, repeats, summary


class Fixed:
    """Scores every history by one list."""

    name: ClassVar[str] = "fixed"

    def __init__(self, scores):
        self.scores = np.array(scores, np.float32)

    def fit(self, train, valid=None):
        return self

    def refit(self, train):
        return self

    def score(self, history):
        return np.tile(self.scores, (len(history), 1))

    def save(self, folder: Path) -> None: ...

    @classmethod
    def load(cls, folder: Path): ...


def _targets():
    return last_out(from_lists([[0, 1, 2, 3], [4, 1, 2, 0]], n_items=5)).test


def test_ranks_the_whole_catalogue_without_what_was_seen():
    ranking = rank_targets(Fixed([5, 4, 3, 2, 1]), _targets(), k=1, exclude_seen=True)
    # User 0 saw 0, 1, 2: only 3 and 4 are left, and 3 is the answer. User 1's answer 0 has the best score of all.
    assert ranking.values["hr@1"].tolist() == [1.0, 1.0]


def test_seen_items_stay_when_they_may_come_again():
    ranking = rank_targets(Fixed([5, 4, 3, 2, 1]), _targets(), k=1, exclude_seen=False)
    assert ranking.values["hr@1"].tolist() == [0.0, 1.0]
    assert ranking.values["mrr"].tolist() == [0.25, 1.0]


@pytest.mark.parametrize("k", [1, 5])
def test_a_return_is_a_miss_where_seen_items_leave_the_ranking(k):
    targets = last_out(from_lists([[0, 1, 2, 0]], n_items=4)).test
    values = rank_targets(Fixed([4, 3, 2, 1]), targets, k=k, exclude_seen=True).values
    assert {name: one.tolist() for name, one in values.items()} == {name: [0.0] for name in values}


def test_a_model_that_knows_nothing_gets_what_chance_gives():
    targets = last_out(from_lists([[0, 1, 2, 3]] * 4, n_items=100)).test
    ranking = rank_targets(Fixed(np.zeros(100)), targets, k=10, exclude_seen=False)
    assert ranking.values["hr@10"] == pytest.approx([0.1] * 4)


def test_summary_has_intervals_around_each_mean():
    ranking = rank_targets(Fixed([5, 4, 3, 2, 1]), _targets(), k=2, exclude_seen=False)
    metrics = summary(ranking, seed=0)["metrics"]
    assert metrics["recall@2"] == metrics["hr@2"]
    assert metrics["ndcg@2"]["ci_low"] <= metrics["ndcg@2"]["value"] <= metrics["ndcg@2"]["ci_high"]


def test_comparison_names_the_better_model_and_corrects_for_several():
    users = from_lists([[i % 7, (i + 1) % 7, (i + 2) % 7, 9] for i in range(60)], n_items=10)
    targets = last_out(users).test
    good, bad, worse = [0] * 9 + [1], [1] * 9 + [0], [2] * 9 + [0]
    rankings = {
        n: rank_targets(Fixed(s), targets, 5, False) for n, s in (("bad", bad), ("good", good), ("worse", worse))
    }
    rows = compare(rankings, "ndcg@5", seed=0)
    assert {row["baseline"] for row in rows} == {"bad", "worse"}
    assert all(row["p_raw"] <= row["p_value"] + 1e-3 for row in rows)
    assert all(row["model"] == "good" and row["ci_low"] > 0 and row["p_value"] < 0.01 for row in rows)


def test_says_when_nobody_can_be_asked():
    with pytest.raises(DataError, match="at least 3 events"):
        rank_targets(Fixed([1, 2]), last_out(from_lists([[0, 1]], n_items=2)).test, 10, True)


def test_repeats_counts_questions_whose_answer_was_seen():
    assert repeats(last_out(from_lists([[0, 1, 2, 0], [0, 1, 2, 3]], n_items=4)).test) == 0.5


def test_a_share_of_none_or_all_is_not_sure_and_one_user_has_no_interval():
    targets = last_out(from_lists([[0, 1, 2, 3]] * 30, n_items=5)).test
    metrics = summary(rank_targets(Fixed([5, 4, 3, 2, 1]), targets, k=1, exclude_seen=False), seed=0)["metrics"]
    # 0 of 30: the exact upper limit is 1 - .025 ** (1 / 30).
    assert (metrics["hr@1"]["value"], metrics["hr@1"]["ci_low"]) == (0.0, 0.0)
    assert metrics["hr@1"]["ci_high"] == pytest.approx(binomtest(0, 30).proportion_ci(method="exact").high)
    all_right = summary(rank_targets(Fixed([1, 2, 3, 9, 5]), targets, k=1, exclude_seen=False), seed=0)["metrics"]
    assert all_right["hr@1"]["ci_low"] == pytest.approx(binomtest(30, 30).proportion_ci(method="exact").low)
    alone = rank_targets(Fixed([1, 2, 3, 9, 5]), targets.take(np.array([0])), k=1, exclude_seen=False)
    assert summary(alone, seed=0)["metrics"]["hr@1"] == {"value": 1.0, "ci_low": None, "ci_high": None}
