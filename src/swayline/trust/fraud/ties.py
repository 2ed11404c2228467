"""Followers who follow the same people as other followers do, and nobody of their own: bought ties.

A tie ``source → target`` says that the source can influence the target, so that the target follows the source. ::

    alike     two followers share at least three sources, most of both's, and far more than popularity would bring
    group     at least eight followers, each alike to at least seven others of the group
    bought    hardly any source of the group follows back or belongs to it: friends who know each other do

References
----------
Jiang et al., "CatchSync: Catching Synchronized Behavior in Large Directed Graphs", KDD 2014.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from swayline.core.errors import SchemaError, nearest
from swayline.core.names import SOURCE, TARGET
from swayline.core.types import Bools, Ints
from swayline.trust.acts import Floats
from swayline.trust.fraud.lockstep import groups_in_step
from swayline.trust.fraud.overlap import expected_shared, overlap

_LEAST_SHARED = 3
_LEAST_EXCESS = 0.6
_MOST_INSIDE = 0.2
_LEAST_OF_FOLLOWERS = 0.2


@dataclass(frozen=True)
class BoughtTies:
    """Who follows in a group, and whom.

    Parameters
    ----------
    people : list of str
        Everybody who stands in the ties.
    size : (N,) int64
        Members of the person's group of followers; 0 without one.
    follows : (N,) int64
        People each of them follows.
    bought : (N,) float64
        Share of a person's followers who belong to such groups; NaN without followers.
    """

    people: list[str]
    size: Ints
    follows: Ints
    bought: Floats


def find_bought_ties(ties: pa.Table) -> BoughtTies:
    """Look for groups of followers who follow alike.

    Raises
    ------
    SchemaError
        The table lacks ``source`` or ``target``.
    """
    for name in (SOURCE, TARGET):
        if name not in ties.column_names:
            raise SchemaError(f"the ties have no column {name!r}: {nearest(name, ties.column_names)}")
    people, source, target = _coded(ties)
    n = len(people)
    follows = sparse.csr_array((np.ones(len(source)), (target, source)), shape=(n, n))
    follows.setdiag(0.0)
    follows.sum_duplicates()
    follows.eliminate_zeros()
    follows.data[:] = 1.0
    left, right = _alike(follows)
    group, size = groups_in_step(left, right, n)
    size = np.where(_from_outside(follows, group), size, 0)
    followers = np.asarray(follows.sum(axis=0)).ravel()
    fake = np.asarray(follows[np.flatnonzero(size > 0)].sum(axis=0)).ravel()
    share = np.where(followers > 0, fake / np.maximum(followers, 1.0), np.nan)
    return BoughtTies(people, size, np.diff(follows.indptr).astype(np.int64), share)


def is_bought(found: BoughtTies) -> Bools:
    """(N,) people a fifth or more of whose followers, and at least eight, belong to such groups."""
    return np.nan_to_num(found.bought) >= _LEAST_OF_FOLLOWERS


def _coded(ties: pa.Table) -> tuple[list[str], Ints, Ints]:
    kept = ties.filter(pc.and_(pc.is_valid(ties[SOURCE]), pc.is_valid(ties[TARGET])))
    ends = [kept[name].cast(pa.string()).combine_chunks() for name in (SOURCE, TARGET)]
    both = pa.concat_arrays(ends).dictionary_encode()
    codes = np.asarray(both.indices, np.int64)
    return both.dictionary.to_pylist(), codes[: len(kept)], codes[len(kept) :]


def _alike(follows: sparse.csr_array) -> tuple[Ints, Ints]:
    shared = overlap(follows).matrix
    shared.data[shared.data < _LEAST_SHARED] = 0.0
    shared.eliminate_zeros()
    pairs = shared.tocoo()
    left, right = pairs.row.astype(np.int64), pairs.col.astype(np.int64)
    degree = np.diff(follows.indptr)
    close = pairs.data >= _LEAST_EXCESS * np.maximum(degree[left], degree[right])
    left, right = left[close], right[close]
    n_shared, expected = expected_shared(follows, left, right)
    excess = (n_shared - expected) / np.maximum(degree[left] - expected, 1e-9)
    kept = (excess >= _LEAST_EXCESS) & (n_shared - expected >= _LEAST_SHARED - 1)
    return left[kept], right[kept]


def _from_outside(follows: sparse.csr_array, group: Ints) -> Bools:
    """(N,) whether hardly any tie of a person's group stays in the group or is returned."""
    if not (group >= 0).any():
        return np.zeros(len(group), bool)
    coordinates = follows.tocoo()
    member = group[coordinates.row] >= 0
    row, column = coordinates.row[member], coordinates.col[member]
    inside = group[row] == group[column]
    returned = np.asarray(follows[column, row]).ravel() > 0
    total = np.bincount(group[row])
    close = np.bincount(group[row], inside | returned) / np.maximum(total, 1)
    outside: Bools = (group >= 0) & (close[np.maximum(group, 0)] < _MOST_INSIDE)
    return outside
