"""Items whose audience holds far more suspicious people than chance would bring there.

A single person with odd choices is nothing to accuse anybody of. A campaign shows where many odd people share one item.
Of the people S with the most evidence, so many are expected to meet an item::

    expected(j)  =  Σ over S of items(u)  ×  max(the item's share of everybody else's choices, 1 / items of the log)

and the item is a target where far more did (Poisson tail, corrected for every item and every size of S looked at).

Shapes: U people, I items, P pairs.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy import sparse, stats

from swayline.core.types import Bools, Ints
from swayline.trust.acts import Acts, Floats

SHARES = (0.005, 0.01, 0.02, 0.04, 0.08)
"""Sizes of S tried, as shares of the people judged."""
LEAST_PEOPLE = 5
"""Suspicious people below which an item is never a target: a family or a group of friends may be fewer."""
_WIDER = (0.0, 0.04, 0.08, 0.16, 0.32)
_FALSE = 1e-3
_TIMES_EXPECTED = 4.0
_TIMES_SHARE, _SHARE = 8.0, 0.3
"""A member of the audience must be suspicious so many times as often as elsewhere, or so often; odd people who follow a
fashion stay below."""


@dataclass(frozen=True)
class Targets:
    """Items that suspicious people share, and who these are.

    Parameters
    ----------
    p_value : (I,) float64
        Chance of so many suspicious people, corrected; 1 where nothing stands out.
    n_suspicious : (I,) int64
        Suspicious people among the audience.
    expected : (I,) float64
        As many would be expected.
    members : (U,) bool
        People who are suspicious and met a target.
    item_of : (U,) int64
        The target with the smallest p-value that each member met; -1 for everybody else.
    """

    p_value: Floats
    n_suspicious: Ints
    expected: Floats
    members: Bools
    item_of: Ints


def find_targets(acts: Acts, evidence: Floats, least: float, pairs: sparse.csr_array | None = None) -> Targets:
    """Look for items that people with evidence share.

    Parameters
    ----------
    evidence : (U,) float64
        How suspicious each person is; NaN where nothing is known.
    least : float
        Evidence below which nobody is suspicious, however few others are.
    pairs : (U, I) sparse, optional
        The pairs looked at; by default all.
    """
    pairs = acts.matrix if pairs is None else pairs
    n_items = len(acts.items)
    found = _none(len(acts.users), n_items)
    judged = np.flatnonzero(~np.isnan(evidence))
    order = judged[np.argsort(-evidence[judged], kind="stable")]
    audience = np.bincount(pairs[judged].indices, minlength=n_items)
    sizes = sorted({max(LEAST_PEOPLE, round(share * len(order))) for share in SHARES})
    for size in sizes:
        some = order[:size]
        some = some[evidence[some] >= least]
        if len(some) < LEAST_PEOPLE:
            continue
        count, expected = _counts(acts, pairs, some)
        chance = np.minimum(stats.poisson.sf(count - 1, expected) * n_items * len(sizes), 1.0)
        hit = (chance < _FALSE) & (count >= LEAST_PEOPLE) & (count >= _TIMES_EXPECTED * expected)
        hit &= count >= np.minimum(_TIMES_SHARE * len(some) / len(order), _SHARE) * audience
        found = _joined(found, some, pairs, hit, chance, count, expected)
    return _widened(acts, pairs, order[evidence[order] >= least], found)


def _counts(acts: Acts, pairs: sparse.csr_array, some: Ints) -> tuple[Ints, Floats]:
    count = np.bincount(pairs[some].indices, minlength=len(acts.items)).astype(np.int64)
    others = acts.met - np.bincount(acts.matrix[some].indices, minlength=len(acts.items))
    usual = others / max(others.sum(), 1)
    expected = float(count.sum()) * np.maximum(usual, 1.0 / len(acts.items))
    return count, expected


def _none(n_users: int, n_items: int) -> Targets:
    return Targets(
        np.ones(n_items), np.zeros(n_items, np.int64), np.zeros(n_items), np.zeros(n_users, bool),
        np.full(n_users, -1, np.int64),
    )  # fmt: skip


def _joined(
    found: Targets, some: Ints, pairs: sparse.csr_array, hit: Bools, chance: Floats, count: Ints, expected: Floats
) -> Targets:
    """What was found before with what this size of S shows."""
    if not hit.any():
        return found
    better = hit & (chance < found.p_value)
    p_value = np.where(better, chance, found.p_value)
    members, item_of = found.members.copy(), found.item_of.copy()
    part = pairs[some]
    rows, items = np.repeat(some, np.diff(part.indptr)), part.indices.astype(np.int64)
    met = hit[items]
    rows, items = rows[met], items[met]
    order = np.argsort(-p_value[items], kind="stable")
    item_of[rows[order]] = items[order]
    members[rows] = True
    return Targets(
        p_value, np.where(better, count, found.n_suspicious), np.where(better, expected, found.expected), members,
        item_of,
    )  # fmt: skip


def _widened(acts: Acts, pairs: sparse.csr_array, order: Ints, found: Targets) -> Targets:
    """Of a target's audience also those with less evidence, as long as chance would bring hardly any of them."""
    members, item_of = found.members.copy(), found.item_of.copy()
    columns = pairs.tocsc()
    for item in np.flatnonzero(found.p_value < 1.0):
        audience = np.zeros(len(acts.users), bool)
        audience[columns.indices[columns.indptr[item] : columns.indptr[item + 1]]] = True
        for low, high in pairwise(_WIDER):
            part = order[round(low * len(order)) : round(high * len(order))]
            count, expected = _counts(acts, pairs, part)
            if count[item] < max(3, _TIMES_EXPECTED * expected[item]):
                break
            new = part[audience[part] & ~members[part]]
            members[new], item_of[new] = True, item
    return replace(found, members=members, item_of=item_of)
