"""Ranking quality over the whole catalogue, as pure functions of a target's rank.

A rank is two whole numbers per question, so that ties cannot be gamed::

    better (Q,)   items that score above the target
    tied   (Q,)   other items that score the same

A target that may not be recommended (its score is -inf) stands in no place: ``better`` is :data:`UNRANKED`, and every
metric counts a miss.

Every metric returns (Q,) values: its expectation over all orders of the tied items, which is the plain metric where
nothing ties. One target a question, so recall@k is the hit rate.

References
----------
McSherry and Najork, "Computing Information Retrieval Performance Measures Efficiently in the Presence of Tied
Scores", ECIR 2008.
Krichene and Rendle, "On Sampled Metrics for Item Recommendation", KDD 2020 (why the whole catalogue is ranked).
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from swayline.core.errors import UsageError

Values = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

UNRANKED = np.iinfo(np.int64).max // 2
"""``better`` of a target that may not be recommended: beyond any list, however long."""


def ranks(scores: np.ndarray, targets: np.ndarray) -> tuple[Counts, Counts]:
    """Where each target stands among all items.

    Parameters
    ----------
    scores : (Q, I) float
        A score for every item; -inf for items that may not be recommended.
    targets : (Q,) int
        The item that came.

    Returns
    -------
    better, tied : (Q,) int64
        Items above the target, and other items level with it. A NaN score counts as above every number; a target
        whose own score is -inf is :data:`UNRANKED`.

    >>> better, tied = ranks(np.array([[0.5, 0.9, -np.inf]] * 2), np.array([0, 2]))
    >>> better.tolist() == [1, UNRANKED], tied.tolist()
    (True, [0, 0])
    """
    target = scores[np.arange(len(targets)), targets][:, None]
    below = (scores < target).sum(axis=1)
    level = np.maximum((scores == target).sum(axis=1), 1)
    missing = np.isneginf(target[:, 0])
    return np.where(missing, UNRANKED, scores.shape[1] - below - level), np.where(missing, 0, level - 1)


def sparse_ranks(scores: sparse.csr_array, targets: np.ndarray, hidden: sparse.csr_array) -> tuple[Counts, Counts]:
    """:func:`ranks` of scores that are mostly 0, without writing the zeros.

    Parameters
    ----------
    scores : (Q, I) sparse
        What is not stored scores 0.
    hidden : (Q, I) sparse bool
        Items that may not be recommended.

    >>> scores, nothing = sparse.csr_array([[0.0, 2.0, 1.0, 0.0]]), sparse.csr_array((1, 4), dtype=bool)
    >>> [one.tolist() for one in sparse_ranks(scores, np.array([0]), nothing)]
    [[2], [1]]
    """
    n, width = scores.shape
    stored = np.repeat(np.arange(n), np.diff(scores.indptr))
    keys, banned = (
        stored * width + scores.indices,
        np.unique(np.repeat(np.arange(n), np.diff(hidden.indptr)) * width + hidden.indices),
    )
    kept = ~np.isin(keys, banned) if len(banned) else np.ones(len(keys), dtype=bool)
    row, value = stored[kept], scores.data[kept]
    wanted = np.arange(n) * width + targets
    at = np.flatnonzero(keys[kept] == wanted[row])
    own = np.zeros(n, scores.dtype)
    own[row[at]] = value[at]
    zeros = width - np.bincount(row, minlength=n) - np.bincount(banned // width, minlength=n)
    better = np.bincount(row[value > own[row]], minlength=n) + np.where(own < 0, zeros, 0)
    level = np.bincount(row[value == own[row]], minlength=n) + np.where(own == 0, zeros, 0)
    missing = np.isin(wanted, banned)
    return np.where(missing, UNRANKED, better), np.where(missing, 0, level - 1)


def _expected(better: Counts, tied: Counts, gain: Values) -> Values:
    """Mean of ``gain`` (by place from 0, zero beyond its end) over the places a target can take."""
    total = np.concatenate([[0.0], np.cumsum(gain)])
    first = np.minimum(better, len(gain))
    last = np.minimum(better + tied + 1, len(gain))
    # Differences of sums lose the last digits, which the plain metric of an untied target need not.
    plain = np.append(gain, 0.0)[first]
    value: Values = np.where(tied == 0, plain, (total[last] - total[first]) / (tied + 1))
    return value


def _positive(k: int) -> int:
    if k < 1:
        raise UsageError(f"k must be at least 1, not {k}")
    return k


def hit_rate(better: Counts, tied: Counts, k: int) -> Values:
    """(Q,) 1 where the target is among the first ``k``, else 0.

    >>> hit_rate(np.array([0, 9, 10]), np.array([0, 0, 0]), k=10).tolist()
    [1.0, 1.0, 0.0]
    """
    return _expected(better, tied, np.ones(_positive(k)))


recall = hit_rate
"""With one target a question, recall@k is the hit rate."""


def ndcg(better: Counts, tied: Counts, k: int) -> Values:
    """(Q,) 1 / log2(place + 1) where the target is among the first ``k``, else 0 (one target: the ideal is 1).

    >>> ndcg(np.array([0, 2]), np.array([0, 0]), k=10).tolist()
    [1.0, 0.5]
    """
    return _expected(better, tied, 1.0 / np.log2(np.arange(2, _positive(k) + 2)))


def mrr(better: Counts, tied: Counts, k: int | None = None) -> Values:
    """(Q,) 1 / place of the target; 0 beyond ``k`` where one is given.

    >>> mrr(np.array([0, 3]), np.array([0, 0])).tolist()
    [1.0, 0.25]
    """
    last = np.where(better < UNRANKED, better + tied, 0)
    longest = _positive(k) if k is not None else int(last.max(initial=0)) + 1
    return _expected(better, tied, 1.0 / np.arange(1, longest + 1))


def precision(better: Counts, tied: Counts, k: int) -> Values:
    """(Q,) share of the ``k`` places that hold the target: 1 / k where it is there.

    >>> precision(np.array([0, 9, 10]), np.array([0, 0, 0]), k=10).tolist()
    [0.1, 0.1, 0.0]
    """
    return hit_rate(better, tied, k) / k


def f1(better: Counts, tied: Counts, k: int) -> Values:
    """(Q,) harmonic mean of precision and recall: 2 / (k + 1) where the target is among the first ``k``.

    >>> f1(np.array([0, 9]), np.array([0, 0]), k=3).tolist()
    [0.5, 0.0]
    """
    return 2.0 * hit_rate(better, tied, k) / (k + 1)


average_precision = mrr
"""With one target a question, average precision is the reciprocal rank."""


def auc(better: Counts, tied: Counts, n_candidates: Counts | int) -> Values:
    """(Q,) chance that the target stands above another candidate drawn at random, level ones counting half.

    Parameters
    ----------
    n_candidates : (Q,) int or int
        Items that could be recommended, the target among them; with no other, the chance is .5. A target that may
        not be recommended stands below all of them: 0.

    >>> auc(np.array([0, 4, 2]), np.array([0, 0, 1]), n_candidates=5).tolist()
    [1.0, 0.0, 0.375]
    """
    others = np.broadcast_to(np.asarray(n_candidates) - 1, better.shape)
    above: Values = np.where(others > 0, 1.0 - (better + tied / 2) / np.maximum(others, 1), 0.5)
    return np.where(better < UNRANKED, above, 0.0)
