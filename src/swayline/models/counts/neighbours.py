"""The largest entries of each row of a sparse matrix."""

import numpy as np
from scipy import sparse


def nearest(matrix: sparse.csr_array, most: int) -> sparse.csr_array:
    """The ``most`` largest entries of each row; ties go to the smaller column.

    >>> nearest(sparse.csr_array([[3.0, 1.0, 3.0], [0.0, 2.0, 0.0]]), 1).toarray().tolist()
    [[3.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """
    matrix.sort_indices()
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    counts = np.diff(matrix.indptr).astype(np.int64)
    kept = np.ones(len(rows), bool)
    # Only rows with too many entries are sorted; columns stand in order, and the sort keeps that order among ties.
    long = np.flatnonzero(counts[rows] > most)
    order = long[np.lexsort((-matrix.data[long], rows[long]))]
    sizes = np.where(counts > most, counts, 0)
    starts = np.cumsum(sizes) - sizes
    kept[order] = np.arange(len(order)) - starts[rows[order]] < most
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=matrix.shape[0]))])
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], offsets), shape=matrix.shape)
