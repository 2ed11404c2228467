"""Pairs of people who share items, without the cost of comparing everybody on what everybody has.

Shapes: U people, I items, N pairs of people.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from swayline.core.types import Ints
from swayline.trust.acts import Floats

MOST_PRODUCTS = 40_000_000
"""Pairs of people that may meet over an item, summed over the items."""


@dataclass(frozen=True)
class Overlap:
    """Who shares how many items with whom.

    Parameters
    ----------
    matrix : (U, U) sparse
        Items shared, without a diagonal.
    items_left_out : int
        The most popular items, which were not looked at because too many people share them.
    """

    matrix: sparse.csr_array
    items_left_out: int


def overlap(met: sparse.csr_array, rows: Ints | None = None) -> Overlap:
    """(U, U) shared columns of a matrix of 0 and 1; the most popular columns are left out where they cost too much.

    Parameters
    ----------
    rows : (R,) int, optional
        Whose rows are wanted; by default everybody's. Those of the others are empty.
    """
    sizes = np.bincount(met.indices, minlength=met.shape[1]).astype(np.float64)
    order = np.argsort(sizes, kind="stable")
    asked = met if rows is None else _only(met, rows)
    own = np.bincount(asked.indices, minlength=met.shape[1])
    affordable = np.cumsum(sizes[order] * own[order]) <= MOST_PRODUCTS
    kept = np.sort(order[affordable])
    found = (asked[:, kept] @ met[:, kept].T).tocsr()
    found.setdiag(0.0)
    found.eliminate_zeros()
    return Overlap(found, int((sizes[order[~affordable]] > 0).sum()))


def _only(met: sparse.csr_array, rows: Ints) -> sparse.csr_array:
    chosen = np.zeros(met.shape[0])
    chosen[rows] = 1.0
    found = (sparse.diags_array(chosen) @ met).tocsr()
    found.eliminate_zeros()
    return found


def strongest(found: sparse.csr_array, most: int, divide: Floats | None = None) -> tuple[Ints, Ints]:
    """The ``most`` largest entries of each row: rows and columns.

    Parameters
    ----------
    divide : (U,) float, optional
        By what each column is divided before it is compared.
    """
    data = found.data if divide is None else found.data / divide[found.indices]
    rows, places = [], []
    for row, (start, end) in enumerate(pairwise(found.indptr.tolist())):
        own = np.arange(start, end)
        if end - start > most:
            own = own[np.argpartition(-data[start:end], most - 1)[:most]]
        rows.append(np.full(len(own), row))
        places.append(own)
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(rows), found.indices[np.concatenate(places)].astype(np.int64)


def expected_shared(met: sparse.csr_array, left: Ints, right: Ints) -> tuple[Floats, Floats]:
    """(N,) items that each left person shares with the right one, and as many as their numbers alone would bring.

    An item j of the left person is among the right one's with chance 1 - exp(-items(right) · met(j) / all pairs).
    """
    degree = np.diff(met.indptr).astype(np.float64)
    popularity = np.bincount(met.indices, minlength=met.shape[1]) / max(met.nnz, 1)
    shared, expected = np.zeros(len(left)), np.zeros(len(left))
    step = max(1, 4_000_000 // max(1, int(degree.max(initial=1.0))))
    for start in range(0, len(left), step):
        part = slice(start, start + step)
        sizes = degree[left[part]].astype(np.int64)
        own = met[left[part]]
        row = np.repeat(np.arange(len(sizes)), sizes)
        chance = 1.0 - np.exp(-degree[right[part]][row] * popularity[own.indices])
        expected[part] = np.bincount(row, chance, minlength=len(sizes))
        shared[part] = np.asarray(own.multiply(met[right[part]]).sum(axis=1)).ravel()
    return shared, expected
