"""Lists against several right answers: precision, recall, F1, average precision, NDCG.

Shapes: Q questions, k places, R right answers over all questions::

    lists     (Q, k)   i7 i3 i9       relevant  offsets 0 2 …, items i3 i4 …
    hits      (Q, k)   0  1  0        n_relevant (Q,) 2 …

References
----------
Järvelin and Kekäläinen, "Cumulated Gain-Based Evaluation of IR Techniques", TOIS 2002 (NDCG).
Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, chapter 8 (the others).
"""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Hits = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


def hits_of(lists: np.ndarray, offsets: Counts, items: np.ndarray) -> tuple[Hits, Counts]:
    """Which places hold a right answer, and how many right answers each question has.

    Parameters
    ----------
    lists : (Q, k) int
        Items shown, best first; -1 marks an empty place.
    offsets, items : (Q + 1,), (R,) int
        Right answers of question ``q`` are ``items[offsets[q]:offsets[q + 1]]``; repeats count once.

    >>> hits, n = hits_of(np.array([[7, 3], [1, -1]]), np.array([0, 3, 4]), np.array([3, 4, 3, 2]))
    >>> hits.tolist(), n.tolist()
    ([[False, True], [False, False]], [2, 1])
    """
    n_questions = len(offsets) - 1
    width = 1 + max(int(items.max(initial=0)), int(lists.max(initial=0)))
    right = np.unique(np.repeat(np.arange(n_questions), np.diff(offsets)) * width + items)
    shown = np.arange(n_questions)[:, None] * width + lists
    hits = np.isin(shown, right) & (lists >= 0)
    return hits, np.bincount(right // width, minlength=n_questions).astype(np.int64)


def precision(hits: Hits, n_relevant: Counts) -> Values:
    """(Q,) share of the places that hold a right answer.

    >>> precision(np.array([[True, False]]), np.array([5])).tolist()
    [0.5]
    """
    share: Values = hits.mean(axis=1)
    return share


def recall(hits: Hits, n_relevant: Counts) -> Values:
    """(Q,) share of the right answers that are in the list; NaN where there is none.

    >>> recall(np.array([[True, False]]), np.array([5])).tolist()
    [0.2]
    """
    share: Values = hits.sum(axis=1) / np.where(n_relevant > 0, n_relevant, np.nan)
    return share


def f1(hits: Hits, n_relevant: Counts) -> Values:
    """(Q,) harmonic mean of precision and recall, 0 where nothing was found.

    >>> f1(np.array([[True, False]]), np.array([2])).tolist()
    [0.5]
    """
    value: Values = 2.0 * hits.sum(axis=1) / (hits.shape[1] + n_relevant)
    return value


def average_precision(hits: Hits, n_relevant: Counts) -> Values:
    """(Q,) mean over the right answers that could be there, min(k, all), of the precision at each one found.

    >>> average_precision(np.array([[True, False, True]]), np.array([2])).round(3).tolist()
    [0.833]
    """
    at = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    value: Values = (at * hits).sum(axis=1) / np.maximum(np.minimum(n_relevant, hits.shape[1]), 1)
    return value


def reciprocal_rank(hits: Hits, n_relevant: Counts) -> Values:
    """(Q,) 1 / place of the first right answer, 0 where there is none.

    >>> reciprocal_rank(np.array([[False, True], [False, False]]), np.array([1, 1])).tolist()
    [0.5, 0.0]
    """
    return np.where(hits.any(axis=1), 1.0 / (1 + hits.argmax(axis=1)), 0.0)


def ndcg(hits: Hits, n_relevant: Counts) -> Values:
    """(Q,) gain discounted by log2(place + 1), over that of the best possible list.

    >>> ndcg(np.array([[True, False]]), np.array([1])).tolist()
    [1.0]
    """
    discount = 1.0 / np.log2(np.arange(2, hits.shape[1] + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(n_relevant, hits.shape[1])]
    value: Values = (hits * discount).sum(axis=1) / np.where(ideal > 0, ideal, 1.0)
    return value
