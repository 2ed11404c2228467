"""One counterpart for each account: the set of links with the largest total probability, no account in two."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from swayline.core.types import Floats, Ints


def assign(rows: Ints, columns: Ints, chances: Floats, at_least: float) -> Ints:
    """Which pairs are links: places among the pairs given.

    Parameters
    ----------
    rows, columns, chances : (C,)
        Pairs of accounts and their probability.
    at_least : float
        A link has at least this probability.

    Examples
    --------
    >>> pairs = np.array([0, 0, 1]), np.array([7, 8, 7])
    >>> assign(*pairs, np.array([0.6, 0.55, 0.58]), 0.5).tolist()
    [1, 2]
    """
    good = np.flatnonzero(chances >= max(at_least, 1e-9))
    if not len(good):
        return good
    _, left = np.unique(rows[good], return_inverse=True)
    _, right = np.unique(columns[good], return_inverse=True)
    n, m = int(left.max()) + 1, int(right.max()) + 1
    # A column of its own for each row is the choice of no link: it costs what a link of no probability would.
    costs = np.r_[2.0 - chances[good], np.full(n, 2.0)]
    table = sparse.coo_array((costs, (np.r_[left, np.arange(n)], np.r_[right, m + np.arange(n)])), (n, m + n))
    one, other = min_weight_full_bipartite_matching(sparse.csr_matrix(table))
    chosen = {(int(a), int(b)) for a, b in zip(one, other, strict=True) if b < m}
    return good[[at for at, pair in enumerate(zip(left.tolist(), right.tolist(), strict=True)) if pair in chosen]]
