"""Lists against several right answers agree with scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, ndcg_score, precision_score, recall_score

from swayline.metrics import ranking, relevance

N_ITEMS = 30


@pytest.fixture(scope="module")
def asked() -> tuple[np.ndarray, np.ndarray]:
    """(Q, I) scores without ties and what was right, at least one item a question."""
    rng = np.random.default_rng(0)
    scores = rng.permuted(np.tile(np.arange(N_ITEMS, dtype=float), (80, 1)), axis=1)
    truth = rng.random((80, N_ITEMS)) < 0.15
    truth[np.arange(80), rng.integers(0, N_ITEMS, 80)] = True
    return scores, truth


def hits(scores: np.ndarray, truth: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    lists = np.argsort(-scores, axis=1)[:, :k]
    offsets = np.concatenate([[0], np.cumsum(truth.sum(axis=1))])
    return relevance.hits_of(lists, offsets, np.nonzero(truth)[1])


@pytest.mark.parametrize("k", [1, 5, 10, N_ITEMS])
def test_precision_recall_f1_and_ndcg_agree_with_scikit_learn(asked: tuple[np.ndarray, np.ndarray], k: int) -> None:
    scores, truth = asked
    found = hits(scores, truth, k)
    shown = scores >= N_ITEMS - k
    for ours, theirs in (
        (relevance.precision, precision_score), (relevance.recall, recall_score), (relevance.f1, f1_score),
    ):  # fmt: skip
        assert ours(*found).mean() == pytest.approx(theirs(truth, shown, average="samples", zero_division=0))
    assert relevance.ndcg(*found).mean() == pytest.approx(ndcg_score(truth, scores, k=k))


def test_average_precision_agrees_with_scikit_learn_over_the_whole_list(asked: tuple[np.ndarray, np.ndarray]) -> None:
    scores, truth = asked
    ours = relevance.average_precision(*hits(scores, truth, N_ITEMS))
    assert ours == pytest.approx([average_precision_score(truth[q], scores[q]) for q in range(80)])


@pytest.mark.parametrize("k", [1, 4, 10])
def test_with_one_right_answer_they_are_the_metrics_of_its_rank(k: int) -> None:
    rng = np.random.default_rng(k)
    scores = rng.permuted(np.tile(np.arange(N_ITEMS, dtype=float), (60, 1)), axis=1)
    target = rng.integers(0, N_ITEMS, 60)
    found = hits(scores, np.eye(N_ITEMS, dtype=bool)[target], k)
    rank = ranking.ranks(scores, target)
    assert relevance.precision(*found) == pytest.approx(ranking.precision(*rank, k))
    assert relevance.recall(*found) == pytest.approx(ranking.recall(*rank, k))
    assert relevance.f1(*found) == pytest.approx(ranking.f1(*rank, k))
    assert relevance.average_precision(*found) == pytest.approx(ranking.average_precision(*rank, k))
    assert relevance.reciprocal_rank(*found) == pytest.approx(ranking.mrr(*rank, k))
    assert relevance.ndcg(*found) == pytest.approx(ranking.ndcg(*rank, k))


def test_repeated_answers_count_once_and_empty_places_never_hit() -> None:
    found, n = relevance.hits_of(np.array([[-1, 0]]), np.array([0, 3]), np.array([0, 0, 2]))
    assert (found.tolist(), n.tolist()) == ([[False, True]], [2])


def test_a_question_without_right_answers_has_no_recall_and_earns_nothing() -> None:
    found = relevance.hits_of(np.array([[3, 1]]), np.array([0, 0]), np.zeros(0, int))
    assert np.isnan(relevance.recall(*found)).all()
    for metric in (relevance.precision, relevance.f1, relevance.average_precision, relevance.ndcg):
        assert metric(*found).tolist() == [0.0]
