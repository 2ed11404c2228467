"""A signal: two matrices whose rows, multiplied, say how alike an account of A and one of B are.

Shapes: N accounts of A, M of B, C pairs of accounts, K candidates an account.
"""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from swayline.core.types import Floats, Ints

Matrix: TypeAlias = Any
"""A sparse or a dense matrix."""
_BLOCK_CELLS = 16_000_000


@dataclass(frozen=True)
class Signal:
    """How alike accounts are in one respect: rows of ``a`` times rows of ``b``.

    Parameters
    ----------
    name : str
        What the links table calls it.
    a, b : (N, F) and (M, F)
        Sparse or dense; products below zero count as none.
    parts : dict
        The same in parts, looked at for candidates alone.
    """

    name: str
    a: Matrix
    b: Matrix
    parts: dict[str, tuple[Matrix, Matrix]] = field(default_factory=dict)

    def best(self, k: int, open_a: Ints, open_b: Ints) -> tuple[Ints, Ints, Floats, Floats, Floats]:
        """(rows, columns, scores, row's best, column's best): the ``k`` best open accounts of B for each of A's."""
        rows, columns, scores = [], [], []
        best_a, best_b = np.zeros(self.a.shape[0], np.float32), np.zeros(self.b.shape[0], np.float32)
        other = self.b[open_b].T
        other = other.tocsr() if sparse.issparse(other) else other
        k = min(k, len(open_b))
        step = max(1, _BLOCK_CELLS // max(len(open_b), 1))
        for start in range(0, len(open_a) if k else 0, step):
            some = open_a[start : start + step]
            block = self.a[some] @ other
            block = np.maximum(block.toarray() if sparse.issparse(block) else block, 0).astype(np.float32)
            places = np.argpartition(-block, k - 1, axis=1)[:, :k]
            values = np.take_along_axis(block, places, axis=1)
            best_a[some] = values.max(axis=1)
            best_b[open_b] = np.maximum(best_b[open_b], block.max(axis=0))
            held = values > 0
            rows.append(np.repeat(some, k)[held.ravel()])
            columns.append(open_b[places][held])
            scores.append(values[held])
        if not rows:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), best_a, best_b
        return np.concatenate(rows), np.concatenate(columns), np.concatenate(scores), best_a, best_b

    def at(self, rows: Ints, columns: Ints) -> Floats:
        """(C,) the products of pairs."""
        return products(self.a, self.b, rows, columns)


def products(a: Matrix, b: Matrix, rows: Ints, columns: Ints) -> Floats:
    """(C,) row of ``a`` times row of ``b``, for each pair.

    >>> products(np.eye(2), np.ones((1, 2)), np.array([1]), np.array([0])).tolist()
    [1.0]
    """
    found = np.zeros(len(rows), np.float64)
    for start in range(0, len(rows), 100_000):
        some = slice(start, start + 100_000)
        left, right = a[rows[some]], b[columns[some]]
        if sparse.issparse(left) and sparse.issparse(right):
            found[some] = np.asarray(left.multiply(right).sum(axis=1)).ravel()
        else:
            left, right = (one.toarray() if sparse.issparse(one) else one for one in (left, right))
            found[some] = np.einsum("cf,cf->c", left, right)
    return np.maximum(found, 0)
