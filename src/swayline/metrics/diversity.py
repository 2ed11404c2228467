"""How different the items of one list are from each other.

References
----------
Smyth and McClave, "Similarity vs. Diversity", ICCBR 2001; Ziegler et al., "Improving Recommendation Lists through Topic
Diversification", WWW 2005 (intra-list similarity).
"""

from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import sparse

Values = npt.NDArray[np.float64]
_PAIRS_AT_ONCE = 1 << 16


def intra_list_diversity(lists: np.ndarray, vectors: "sparse.csr_array | np.ndarray") -> Values:
    """(Q,) mean cosine distance over the pairs of items in each list; NaN for lists of fewer than two.

    Parameters
    ----------
    lists : (Q, k) int
        -1 marks an empty place.
    vectors : (I, d)
        What is known of each item: its users, its category, an embedding. A vector of zeros is unlike every other.

    >>> intra_list_diversity(np.array([[0, 1, 2]]), np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])).round(3).tolist()
    [0.667]
    """
    unit = _unit(sparse.csr_array(vectors))
    n_items = unit.shape[0]
    places = list(combinations(range(lists.shape[1]), 2))
    if not places:
        return np.full(len(lists), np.nan)
    first, second = (lists[:, [pair[at] for pair in places]].astype(np.int64) for at in (0, 1))
    both = (first >= 0) & (second >= 0)
    # Popular items stand side by side in many lists: each pair is compared once.
    keys, back = np.unique(
        np.minimum(first, second)[both] * n_items + np.maximum(first, second)[both], return_inverse=True
    )
    alike = np.zeros(len(keys))
    for start in range(0, len(keys), _PAIRS_AT_ONCE):
        some = keys[start : start + _PAIRS_AT_ONCE]
        alike[start : start + len(some)] = unit[some // n_items].multiply(unit[some % n_items]).sum(axis=1)
    distance = np.zeros(both.shape)
    distance[both] = 1.0 - alike[back]
    n_pairs = both.sum(axis=1)
    value: Values = distance.sum(axis=1) / np.where(n_pairs > 0, n_pairs, np.nan)
    return value


def _unit(vectors: "sparse.csr_array") -> "sparse.csr_array":
    length = np.sqrt(vectors.multiply(vectors).sum(axis=1))
    return sparse.csr_array(sparse.diags_array(1.0 / np.where(length > 0, length, 1.0)) @ vectors)
