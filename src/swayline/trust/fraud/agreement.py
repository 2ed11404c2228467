"""People who give the highest value to the same little-known items, and the company they keep.

Bought reviews praise the same things. ::

    agreements(u)  Σ over v:  max(both gave the highest value to - 1 - expected, 0)       one in common is no pattern
    praise(u)      mean value, few events leaning to everybody's mean
    own(u)         mean of both as ranks among all people
    company(u)     three rounds of:  (own + agreement-weighted mean of the others' company) / 2

It orders people; it convicts nobody. Where the log has no ratings, how few items a person has and how little known
these are is what is left (new and thin accounts). Shapes: U people, I items.

References
----------
Rayana and Akoglu, "Collective Opinion Spam Detection: Bridging Review Networks and Metadata", KDD 2015: reviewers are
judged with those around them.
"""

import numpy as np
from scipy import sparse, stats

from swayline.trust.acts import Acts, Floats
from swayline.trust.fraud.overlap import overlap

_ROUNDS = 3
_LEAN = 2.0


def company(acts: Acts) -> Floats:
    """(U,) where each person stands among all, from 0 to 1 (most like bought reviewers or thin accounts)."""
    values = acts.pair_values
    return _thin(acts) if values is None else _praising(acts, values)


def _praising(acts: Acts, values: Floats) -> Floats:
    people, items = acts.pairs
    known = ~np.isnan(values)
    top = known & (values >= np.nanmax(values))
    shape = (len(acts.users), len(acts.items))
    praised = sparse.csr_array((np.ones(int(top.sum())), (people[top], items[top])), shape=shape)
    graph = _agreements(praised)
    total = np.asarray(graph.sum(axis=1)).ravel()
    n = np.bincount(people[known], minlength=shape[0])
    mean = float(values[known].mean())
    praise = np.bincount(people[known], values[known] - mean, minlength=shape[0]) / (n + _LEAN)
    own = (_ranks(total) + _ranks(praise)) / 2.0
    found = own
    for _ in range(_ROUNDS):
        others = np.where(total > 0, (graph @ found) / np.maximum(total, 1e-12), 0.0)
        found = (own + others) / 2.0
    return _ranks(found)


def _agreements(praised: sparse.csr_array) -> sparse.csr_array:
    """(U, U) agreements of each pair beyond one and beyond chance."""
    graph = overlap(praised).matrix.astype(np.float64)
    degree = np.diff(praised.indptr).astype(np.float64)
    popularity = np.bincount(praised.indices, minlength=praised.shape[1]) / max(praised.nnz, 1)
    rows = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    expected = degree[rows] * degree[graph.indices] * float((popularity**2).sum())
    graph.data = np.maximum(graph.data - 1.0 - expected, 0.0)
    graph.eliminate_zeros()
    return graph


def _thin(acts: Acts) -> Floats:
    people, items = acts.pairs
    n = np.maximum(acts.degree, 1)
    known = np.bincount(people, np.log(np.maximum(acts.met[items], 1)), minlength=len(acts.users)) / n
    return _ranks(_ranks(-acts.degree.astype(np.float64)) + 0.5 * _ranks(-known))


def _ranks(values: Floats) -> Floats:
    ranks: Floats = stats.rankdata(values) / len(values)
    return ranks
