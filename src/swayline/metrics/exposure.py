"""What a recommender shows to everybody together: coverage, popularity bias, concentration, novelty.

Shapes: Q lists, k places, I items. -1 marks an empty place.

References
----------
Adomavicius and Kwon, "Improving Aggregate Recommendation Diversity", TKDE 2012 (coverage, Gini).
Abdollahpouri, Burke and Mobasher, "Managing Popularity Bias in Recommender Systems", FLAIRS 2019 (ARP).
Zhou et al., "Solving the Apparent Diversity-Accuracy Dilemma of Recommender Systems", PNAS 2010 (self-information).
"""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def coverage(lists: np.ndarray, n_items: int) -> float:
    """Share of the catalogue that appears in any of the lists.

    >>> coverage(np.array([[0, 1], [1, -1]]), n_items=4)
    0.5
    """
    shown = np.unique(lists)
    return float((shown >= 0).sum() / n_items)


def category_coverage(lists: np.ndarray, categories: np.ndarray) -> float:
    """Share of the categories that appear in any of the lists; NaN where no item has one.

    Parameters
    ----------
    categories : (I,) int
        The category of each item, -1 where it has none.

    >>> category_coverage(np.array([[0, 1], [1, -1]]), np.array([5, 5, 6, -1]))
    0.5
    """
    shown = np.unique(lists)
    known, seen = np.unique(categories), np.unique(categories[shown[shown >= 0]])
    n_known = int((known >= 0).sum())
    return float((seen >= 0).sum() / n_known) if n_known else float("nan")


def mean_over_list(lists: np.ndarray, of_item: np.ndarray) -> Values:
    """(Q,) mean over each list of a figure of its items; NaN for an empty list.

    With ``of_item`` the events of each item this is the list's average popularity (ARP).

    >>> mean_over_list(np.array([[0, 1], [1, -1]]), np.array([4.0, 2.0])).tolist()
    [3.0, 2.0]
    """
    filled = lists >= 0
    total = np.where(filled, of_item[lists], 0.0).sum(axis=1)
    n = filled.sum(axis=1)
    value: Values = total / np.where(n > 0, n, np.nan)
    return value


def self_information(users_of_item: np.ndarray, n_users: int) -> Values:
    """(I,) how surprising each item is, in bits: −log2 of the share of users who had it.

    One user is added to both, so that an item nobody had surprises most and not infinitely.

    >>> self_information(np.array([3, 0]), n_users=7).tolist()
    [1.0, 3.0]
    """
    bits: Values = np.log2((n_users + 1.0) / (np.asarray(users_of_item, np.float64) + 1.0))
    return bits


def gini(counts: np.ndarray) -> float:
    """How unequally something is spread: 0 all alike, near 1 all on one; NaN where there is nothing.

    >>> gini(np.array([1, 1, 1])), gini(np.array([0, 0, 0, 8]))
    (0.0, 0.75)
    """
    n, total = len(counts), counts.sum()
    if total <= 0:
        return float("nan")
    ascending = np.sort(counts)
    return float((2.0 * (np.arange(1, n + 1) * ascending).sum() / total - (n + 1)) / n)


def exposure_gini(lists: np.ndarray, n_items: int) -> float:
    """The Gini coefficient of how often each item of the catalogue is shown.

    >>> exposure_gini(np.array([[0, 1], [0, 1]]), n_items=2)
    0.0
    """
    return gini(np.bincount(lists[lists >= 0].ravel(), minlength=n_items))
