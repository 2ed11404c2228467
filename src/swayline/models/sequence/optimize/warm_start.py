"""First item embeddings that already know which items go together.

A table of random numbers spends its first epochs learning what counting shows at once. So the table starts as the
factors of the positive pointwise mutual information of items met by the same people (near pairs counting more)::

    PMI (i, j)  =  log( pairs(i, j) · Σ c^¾ / (c_i · c_j^¾) )  · pairs / (pairs + 1)  ≈  e_i · e_j

and training goes on from there. (Measured on Beauty's validation users, before any training: the product of the last
item's factors with all others ranks at NDCG@10 .06, random numbers at .001.)

Shapes: I items, D width.

References
----------
Levy and Goldberg, "Neural Word Embedding as Implicit Matrix Factorization", NIPS 2014.
Halko, Martinsson and Tropp, "Finding Structure with Randomness", SIAM Review 2011 (the factorisation).
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from swayline.core.rng import generator
from swayline.dataset import Sequences
from swayline.models.counts.cooccurrence import pairs
from swayline.numerics.cores import each_part

Factors = npt.NDArray[np.float32]

_CLOSENESS = 0.8
_SMOOTHING = 0.75
_EXTRA = 32
_ROUNDS = 4
_NOTHING = 1e-14
"""Of the largest column's square: what is less is rounding."""
_ROWS = 4096
"""Rows of the likeness that one core multiplies at a time."""
MOST_ITEMS = 200_000
"""Beyond this many items the factorisation would take longer than it saves."""


def first_items(train: Sequences, dim: int, row_norm: float, seed: int) -> Factors | None:
    """(I, D) factors with rows of mean norm ``row_norm``; None where nothing goes together or I is too large."""
    if train.n_items > MOST_ITEMS:
        return None
    likeness = _likeness(train)
    if not likeness.nnz:
        return None
    factors = np.zeros((train.n_items, dim), np.float32)
    found = _factors(likeness, min(dim, train.n_items), generator(seed, "warm start"))
    factors[:, : found.shape[1]] = found
    norms = np.linalg.norm(factors, axis=1)
    scaled: Factors = factors * np.float32(row_norm / norms[norms > 0].mean())
    return scaled


def _likeness(train: Sequences) -> sparse.csr_array:
    """(I, I) symmetric positive mutual information, doubtful where a pair was seen once."""
    later = pairs(train, _CLOSENESS)
    both = (later + later.T).tocsr()
    both.setdiag(0.0)
    both.eliminate_zeros()
    total = np.asarray(both.sum(axis=1)).ravel()
    smooth = total**_SMOOTHING
    row = np.repeat(np.arange(len(total)), np.diff(both.indptr))
    information = np.log(both.data * smooth.sum() / (total[row] * smooth[both.indices]))
    values = np.maximum(information, 0.0) * both.data / (both.data + 1.0)
    matrix = sparse.csr_array((values.astype(np.float32), both.indices, both.indptr), shape=both.shape)
    return ((matrix + matrix.T) * 0.5).tocsr()


def _orthonormal(block: Factors) -> Factors:
    """An orthonormal basis (I, k) of the columns of a block, by way of their products: a tenth of what QR costs.

    Twice, since the products square what rounding loses (Yamamoto et al., "Roundoff Error Analysis of the CholeskyQR2
    Algorithm", ETNA 2015). Columns that add nothing to the others are left as they come out.
    """
    for _ in range(2):
        values, vectors = np.linalg.eigh(sum(_squares(part) for part in np.array_split(block, -(-len(block) // _ROWS))))
        scaled = vectors / np.sqrt(np.maximum(values, values[-1] * _NOTHING))
        block = block @ scaled.astype(np.float32)
    return block


def _squares(part: Factors) -> npt.NDArray[np.float64]:
    """(k, k) products of the columns of some rows, in double."""
    wide = part.astype(np.float64)
    found: npt.NDArray[np.float64] = wide.T @ wide
    return found


def _factors(matrix: sparse.csr_array, k: int, rng: np.random.Generator) -> Factors:
    """(I, k) the leading eigenvectors, each times the root of its eigenvalue."""
    width = min(matrix.shape[0], k + _EXTRA)
    parts = [matrix[start : start + _ROWS] for start in range(0, matrix.shape[0], _ROWS)]

    def times(block: Factors) -> Factors:
        return np.concatenate(each_part(lambda part: part @ block, parts))

    basis = _orthonormal(times(rng.standard_normal((matrix.shape[0], width), dtype=np.float32)))
    for _ in range(_ROUNDS):
        basis = _orthonormal(times(times(basis)))
    values, vectors = np.linalg.eigh(basis.T @ times(basis))
    order = np.argsort(-values)[:k]
    factors: Factors = (basis @ vectors[:, order]) * np.sqrt(np.maximum(values[order], 0.0))
    return factors.astype(np.float32)
