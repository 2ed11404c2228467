"""Every metric agrees with the mean over all orders of tied items, and with scikit-learn."""

from itertools import pairwise, permutations
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import label_ranking_average_precision_score, ndcg_score, top_k_accuracy_score

from swayline.core.errors import UsageError
from swayline.metrics import auc, coverage, hit_rate, mrr, ndcg, ranks, recall, sparse_ranks


def by_hand(scores: np.ndarray, target: int, gain: object) -> float:
    """Mean of a gain of the target's place (from 1) over every order that the scores allow."""
    places = []
    for order in permutations(range(len(scores))):
        if all(scores[a] >= scores[b] for a, b in pairwise(order)):
            places.append(gain(order.index(target) + 1))  # type: ignore[operator]
    return float(np.mean(places))


@settings(max_examples=60, deadline=None)
@given(scores=st.lists(st.integers(0, 3), min_size=2, max_size=6), target=st.integers(0, 5), k=st.integers(1, 7))
def test_metrics_are_the_mean_over_all_orders_of_ties(scores: list[int], target: int, k: int) -> None:
    row = np.array(scores, float)
    target %= len(row)
    better, tied = ranks(row[None], np.array([target]))
    assert hit_rate(better, tied, k)[0] == pytest.approx(by_hand(row, target, lambda place: float(place <= k)))
    assert ndcg(better, tied, k)[0] == pytest.approx(by_hand(row, target, lambda place: (place <= k) / log2(place + 1)))
    assert mrr(better, tied)[0] == pytest.approx(by_hand(row, target, lambda place: 1 / place))
    assert mrr(better, tied, k)[0] == pytest.approx(by_hand(row, target, lambda place: (place <= k) / place))


@pytest.mark.parametrize("k", [1, 5, 10, 49])
@pytest.mark.parametrize("levels", [7, 10**9])
def test_metrics_agree_with_scikit_learn(k: int, levels: int) -> None:
    rng = np.random.default_rng(k)
    scores = rng.integers(0, levels, (200, 50)).astype(float)
    targets = rng.integers(0, 50, 200)
    truth = np.eye(50)[targets]
    better, tied = ranks(scores, targets)
    theirs = [ndcg_score(truth[[q]], scores[[q]], k=k) for q in range(200)]
    assert ndcg(better, tied, k) == pytest.approx(theirs)
    if levels > 50:
        assert hit_rate(better, tied, k).mean() == pytest.approx(
            top_k_accuracy_score(targets, scores, k=k, labels=np.arange(50))
        )
        assert mrr(better, tied).mean() == pytest.approx(label_ranking_average_precision_score(truth, scores))


def test_ranks_count_items_above_and_level() -> None:
    scores = np.array([[3.0, 1.0, 2.0, 2.0, 2.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    better, tied = ranks(scores, np.array([2, 4]))
    assert better.tolist() == [1, 0]
    assert tied.tolist() == [2, 4]


def test_a_model_that_scores_everything_alike_earns_what_chance_does() -> None:
    better, tied = ranks(np.zeros((1, 100)), np.array([42]))
    assert hit_rate(better, tied, 10)[0] == pytest.approx(0.10)
    assert mrr(better, tied)[0] == pytest.approx(sum(1 / place for place in range(1, 101)) / 100)


def test_no_number_earns_nothing() -> None:
    scores = np.array([[np.nan, 1.0, 0.0], [np.nan, 1.0, 0.0]])
    better, tied = ranks(scores, np.array([0, 1]))
    assert better.tolist() == [2, 1]
    assert tied.tolist() == [0, 0]


@pytest.mark.parametrize("k", [1, 3, 50])
def test_a_target_that_may_not_be_recommended_is_a_miss_however_long_the_list(k: int) -> None:
    scores = np.array([[-np.inf, -np.inf, 0.0], [-np.inf, -np.inf, -np.inf]])
    better, tied = ranks(scores, np.array([0, 2]))
    for value in (hit_rate(better, tied, k), ndcg(better, tied, k), mrr(better, tied, k), mrr(better, tied)):
        assert value.tolist() == [0.0, 0.0]
    assert auc(better, tied, np.array([1, 0])).tolist() == [0.0, 0.0]


def test_recall_is_the_hit_rate_with_one_target() -> None:
    assert recall is hit_rate


def test_coverage_counts_shown_items_once_and_no_empty_places() -> None:
    lists = np.random.default_rng(0).integers(-1, 20, (30, 5))
    assert coverage(lists, 40) == len({item for row in lists.tolist() for item in row if item >= 0}) / 40
    assert coverage(np.full((3, 2), -1), 10) == 0.0


def test_no_questions_are_no_error() -> None:
    better, tied = ranks(np.zeros((0, 5)), np.zeros(0, int))
    for metric in (hit_rate, ndcg, mrr):
        assert metric(better, tied, 10).shape == (0,)


@pytest.mark.parametrize("metric", [hit_rate, ndcg, mrr])
@pytest.mark.parametrize("k", [0, -1])
def test_raises_when_k_is_not_positive(metric: object, k: int) -> None:
    with pytest.raises(UsageError, match="k must be at least 1"):
        metric(np.array([0]), np.array([0]), k)  # type: ignore[operator]


def test_scores_that_are_mostly_zero_rank_as_if_they_were_written_out() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        n_items = int(rng.integers(2, 12))
        scores = rng.integers(-2, 3, (5, n_items)).astype(np.float32) * (rng.random((5, n_items)) < 0.6)
        hidden, targets = rng.random((5, n_items)) < rng.choice([0, 0.3]), rng.integers(0, n_items, 5)
        dense = ranks(np.where(hidden, -np.inf, scores), targets)
        found = sparse_ranks(sparse.csr_array(scores), targets, sparse.csr_array(hidden))
        assert all(np.array_equal(*both) for both in zip(dense, found, strict=True))
