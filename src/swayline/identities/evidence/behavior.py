"""Behaviour: which items two accounts took, what goes with them, and when they act.

References
----------
Salton and Buckley 1988 (TF-IDF); Eckart and Young 1936 (truncated SVD as taste).
"""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse
from scipy.sparse.linalg import svds

from swayline.core.names import ITEM, TIME, USER
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.identities.evidence.signal import Matrix, Signal
from swayline.identities.platform import Platform
from swayline.numerics.tfidf import unit_rows

_TASTE = 48
_NEAR = 3
"""Items so many events apart in one account's order go together."""
_NEIGHBOURS = 40
_WEEK_H = 168
_SMALL_CELLS = 30_000_000


Taught = Callable[[Ints], list[Signal]]
"""Signals that known links teach, from those links alone."""


def signals_of_behavior(a: Platform, b: Platform, seed: int) -> Iterator[Signal]:
    """The signals that both logs give by themselves."""
    if a.events is None or b.events is None:
        return
    items, left, right = _both(a, b)
    if _share(left, right):
        weights = _idf(left, right)
        one, other = (unit_rows(sparse.csr_array(matrix @ sparse.diags_array(weights))) for matrix in (left, right))
        yield Signal("items", _dense(one), _dense(other))
        near = _goes_with(a, b, items)
        yield Signal("neighbouring items", _dense(unit_rows(sparse.csr_array(one @ near))), _dense(other))
        taste = _taste(sparse.vstack([one, other]).tocsr(), seed)
        yield Signal("taste", taste[: len(a)], taste[len(a) :])
    yield from _rhythms(a, b)


def taught_by_links(a: Platform, b: Platform, seed: int) -> Taught | None:
    """How taste on one platform translates into taste on another that has none of its items; None where it has some."""
    if a.events is None or b.events is None:
        return None
    _, left, right = _both(a, b)
    if _share(left, right):
        return None
    sides = []
    for matrix in (left, right):
        held = matrix[:, np.flatnonzero(np.asarray(matrix.sum(axis=0)).ravel())]
        weights = _idf(held, held[:0])
        sides.append(_taste(unit_rows(sparse.csr_array(held @ sparse.diags_array(weights))), seed).astype(np.float64))
    return lambda known: [_translated(sides[0], sides[1], known)] if len(known) else []


def _both(a: Platform, b: Platform) -> tuple[pa.Array, sparse.csr_array, sparse.csr_array]:
    """Items of either log, and (N, I), (M, I) log counts."""
    assert a.events is not None
    assert b.events is not None
    items = pc.unique(pa.concat_arrays([_ids(a.events), _ids(b.events)]))
    return items, _counts(a, items), _counts(b, items)


def _dense(matrix: sparse.csr_array) -> Matrix:
    """The matrix, dense where it is small: products of full rows are many times faster so."""
    return matrix.toarray() if np.prod(matrix.shape) <= _SMALL_CELLS else matrix


def _share(left: sparse.csr_array, right: sparse.csr_array) -> bool:
    """Whether an item is in both logs."""
    return bool((np.asarray(left.sum(axis=0)).ravel() * np.asarray(right.sum(axis=0)).ravel()).any())


def _ids(events: pa.Table) -> pa.Array:
    return events[ITEM].cast(pa.string()).combine_chunks()


def _counts(platform: Platform, items: pa.Array) -> sparse.csr_array:
    """(N, I) log counts of acts."""
    assert platform.events is not None
    rows = platform.rows(platform.events[USER].combine_chunks())
    columns = np.asarray(pc.index_in(_ids(platform.events), value_set=items), np.int64)
    counts = sparse.coo_array((np.ones(len(rows), np.float32), (rows, columns)), (len(platform), len(items))).tocsr()
    counts.sum_duplicates()
    counts.data = np.log1p(counts.data)
    return counts


def _idf(left: sparse.csr_array, right: sparse.csr_array) -> Floats:
    held = np.bincount(left.indices, minlength=left.shape[1]) + np.bincount(right.indices, minlength=right.shape[1])
    return np.asarray(np.log((1 + left.shape[0] + right.shape[0]) / (1 + held)), np.float32)


def _goes_with(a: Platform, b: Platform, items: pa.Array) -> sparse.csr_array:
    """(I, I) how strongly an item stands near another in the order of either log, the strongest of each."""
    total = sparse.csr_array((len(items), len(items)), dtype=np.float32)
    for platform in (a, b):
        assert platform.events is not None
        rows = platform.rows(platform.events[USER].combine_chunks())
        order = np.argsort(rows, kind="stable")
        rows, columns = rows[order], np.asarray(pc.index_in(_ids(platform.events), value_set=items), np.int64)[order]
        for step in range(1, _NEAR + 1):
            same = rows[step:] == rows[:-step]
            ends = columns[:-step][same], columns[step:][same]
            total = (
                total + sparse.coo_array((np.full(int(same.sum()), 1 / step, np.float32), ends), total.shape).tocsr()
            )
    total = (total + total.T).tocsr()
    total.setdiag(0)
    total.eliminate_zeros()
    sums = np.maximum(np.asarray(total.sum(axis=1)).ravel(), 1e-9)
    scaled = (sparse.diags_array(sums**-0.5) @ total @ sparse.diags_array(sums**-0.5)).tocsr()
    return _strongest(scaled, _NEIGHBOURS)


def _strongest(matrix: sparse.csr_array, k: int) -> sparse.csr_array:
    """The ``k`` largest entries of each row."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((-matrix.data, rows))
    place = np.arange(len(order)) - matrix.indptr[rows[order]]
    kept = order[place < k]
    return sparse.coo_array((matrix.data[kept], (rows[kept], matrix.indices[kept])), matrix.shape).tocsr()


def _taste(weighted: sparse.csr_array, seed: int) -> Floats:
    """(N, D) unit rows of a truncated SVD."""
    size = min(_TASTE, min(weighted.shape) - 1)
    start = generator(seed, "taste").normal(size=min(weighted.shape))
    left, values, _ = svds(weighted.astype(np.float64), k=size, v0=start)
    found = left * np.sqrt(values)
    return _unit(found)


def _translated(left: Floats, right: Floats, known: Ints) -> Signal:
    """Canonical directions of the people who are known on both platforms join taste here and there (Hotelling 1936)."""
    one, other = left - left[known[:, 0]].mean(axis=0), right - right[known[:, 1]].mean(axis=0)
    roots = []
    for side, at in ((one, 0), (other, 1)):
        people = side[known[:, at]]
        spread = people.T @ people / len(known)
        values, vectors = np.linalg.eigh(spread + np.trace(spread) / len(spread) * np.eye(len(spread)))
        roots.append(vectors @ np.diag(values**-0.5) @ vectors.T)
    cross = roots[0] @ (one[known[:, 0]].T @ other[known[:, 1]] / len(known)) @ roots[1]
    u, strength, v = np.linalg.svd(cross)
    left_taste, right_taste = one @ roots[0] @ u * strength, other @ roots[1] @ v.T
    return Signal("translated taste", _unit(left_taste), _unit(right_taste))


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


def _rhythms(a: Platform, b: Platform) -> Iterator[Signal]:
    """Hours of the week, and days on which both acted."""
    logs = [platform.events for platform in (a, b)]
    if any(log is None or TIME not in log.column_names or log[TIME].null_count for log in logs):
        return
    hours, days = [], []
    for platform in (a, b):
        assert platform.events is not None
        rows = platform.rows(platform.events[USER].combine_chunks())
        seconds = np.asarray(pc.cast(platform.events[TIME], pa.int64()), np.int64) // 1_000_000
        shape = (len(platform), _WEEK_H)
        hour = sparse.coo_array((np.ones(len(rows)), (rows, seconds // 3600 % _WEEK_H)), shape).toarray()
        hour = hour + hour.sum(axis=0) / max(len(rows), 1)
        root = np.sqrt(hour / hour.sum(axis=1, keepdims=True))
        hours.append(root.astype(np.float32))
        days.append((rows, seconds // 86_400))
    mean = (hours[0].mean(axis=0) + hours[1].mean(axis=0)) / 2
    yield Signal("hours of the week", hours[0] - mean, hours[1] - mean)
    yield _days(days, len(a), len(b))


def _days(days: list[tuple[Ints, Ints]], n: int, m: int) -> Signal:
    first = min(int(one.min()) for _, one in days)
    width = max(int(one.max()) for _, one in days) - first + 1
    matrices = []
    for (rows, when), size in zip(days, (n, m), strict=True):
        held = sparse.coo_array((np.ones(len(rows), np.float32), (rows, when - first)), (size, width)).tocsr()
        held.sum_duplicates()
        held.data[:] = 1
        matrices.append(held)
    weights = _idf(*matrices)
    one, other = (unit_rows(sparse.csr_array(matrix @ sparse.diags_array(weights))) for matrix in matrices)
    return Signal("days", one, other)
