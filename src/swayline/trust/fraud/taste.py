"""Whose choices hang together as those of people do, and whose look drawn at random.

For each pair of a person and an item, the item's likeness to the rest of the person's items is compared with that of
items which are met about as often. The share of comparisons that the own item wins is near .5 for random choices,
however popular, and well above it for people, who have a taste::

    won(u)       mean over the own items j and drawn items k of the same popularity:  [likeness(u, j) > likeness(u, k)],
                 an item that few people met weighing more (log U / met): to choose what everybody chooses says little
    evidence(u)  (median of everybody - won(u)) / sqrt(spread of everybody² + 1 / 12 n(u))

What a person adds to the likenesses themselves is taken out before. Shapes: U people, I items, P pairs.

References
----------
Mobasher et al., "Toward Trustworthy Recommender Systems: An Analysis of Attack Models and Algorithm Robustness",
ACM TOIT 2007: fillers of shilling profiles are drawn at random.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.trust.acts import Acts, Floats

LEAST_ITEMS = 10
"""Items below which a person's taste cannot be told."""
_LEAST_PEOPLE = 3
_MOST_ITEMS = 4_000
_MOST_OF_ONE = 200
_DRAWS, _NEAR = 10, 15
_BLOCK = 1_000
_MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class Taste:
    """How unlike a taste each person's choices are.

    Parameters
    ----------
    evidence : (U,) float64
        Standard deviations below what is usual; NaN where too little is known.
    won : (U,) float64
        Share of comparisons won.
    """

    evidence: Floats
    won: Floats


def taste(acts: Acts, seed: int = 0) -> Taste:
    """Judge everybody with at least :data:`LEAST_ITEMS` items that others met too."""
    n_users = len(acts.users)
    kept = _judged_items(acts.met)
    unknown = np.full(n_users, np.nan)
    if len(kept) < 2 * _NEAR:
        return Taste(unknown, unknown.copy())
    some = acts.matrix[:, kept].tocsr()
    likeness, learned = _likeness(some, seed)
    won, n = _won(some, likeness, learned, seed)
    judged = n >= LEAST_ITEMS
    if judged.sum() < 20:
        return Taste(unknown, unknown.copy())
    middle = float(np.median(won[judged]))
    below = middle - won[judged & (won <= middle)]
    spread = _MAD_TO_SD * float(np.median(below)) if len(below) else 0.0
    evidence = (middle - won) / np.sqrt(spread**2 + 1.0 / (12.0 * np.maximum(n, 1)))
    return Taste(np.where(judged, evidence, np.nan), np.where(judged, won, np.nan))


def _judged_items(met: Ints) -> Ints:
    """Items that enough people met; the most popular where they are too many."""
    order = np.argsort(-met, kind="stable")[:_MOST_ITEMS]
    return np.sort(order[met[order] >= _LEAST_PEOPLE])


def _likeness(some: sparse.csr_array, seed: int) -> tuple[Floats, sparse.csr_array]:
    """(I, I) cosines of who met both, a person weighing 1 / items; and (U, I) the pairs they were counted on."""
    learned = _at_most(some, _MOST_OF_ONE, seed)
    sizes = np.maximum(np.diff(learned.indptr), 1)
    scaled = sparse.diags_array(1.0 / np.sqrt(sizes)) @ learned
    both = (scaled.T @ scaled).toarray().astype(np.float32)
    rarity = _rarity(some).astype(np.float32)
    both *= rarity[:, None] * rarity[None, :]
    np.fill_diagonal(both, 0.0)
    return both, learned


def _rarity(some: sparse.csr_array) -> Floats:
    met = np.bincount(some.indices, minlength=some.shape[1])
    rarity: Floats = 1.0 / np.sqrt(np.maximum(met, 1.0))
    return rarity


def _at_most(some: sparse.csr_array, most: int, seed: int) -> sparse.csr_array:
    """At most so many pairs of each person, drawn at random."""
    rows = np.repeat(np.arange(some.shape[0]), np.diff(some.indptr))
    order = np.lexsort((generator(seed, "taste", "sample").random(len(rows)), rows))
    place = np.arange(len(rows)) - some.indptr[rows]
    kept = order[place < most]
    return sparse.csr_array((np.ones(len(kept)), (rows[kept], some.indices[kept])), shape=some.shape)


def _won(some: sparse.csr_array, likeness: Floats, learned: sparse.csr_array, seed: int) -> tuple[Floats, Ints]:
    """(U,) share of comparisons won, and how many items were compared."""
    rng = generator(seed, "taste", "draws")
    rarity = _rarity(some)
    telling = np.log(some.shape[0] * rarity**2)
    order = np.argsort(np.bincount(some.indices, minlength=some.shape[1]), kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    won, n = np.zeros(some.shape[0]), np.diff(some.indptr).astype(np.int64)
    weight = 1.0 / np.maximum(np.diff(learned.indptr), 1)
    own_sum = weight * np.asarray(learned @ rarity).ravel()
    for start in range(0, some.shape[0], _BLOCK):
        block, used = some[start : start + _BLOCK], learned[start : start + _BLOCK].toarray()
        like = block @ likeness
        rows = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        items = block.indices.astype(np.int64)
        mine = rarity[items] * (own_sum[start + rows] - weight[start + rows] * rarity[items])
        own = like[rows, items] - used[rows, items] * mine
        met = block.toarray() > 0
        better, asked = np.zeros(len(rows)), np.zeros(len(rows))
        for _ in range(_DRAWS):
            step = rng.integers(1, _NEAR + 1, len(rows)) * rng.choice([-1, 1], len(rows))
            other = order[_mirrored(rank[items] + step, len(order))]
            new = ~met[rows, other]
            better += new * ((own > like[rows, other]) + 0.5 * (own == like[rows, other]))
            asked += new
        share = np.where(asked > 0, better / np.maximum(asked, 1.0), 0.5)
        weighed = np.bincount(rows, telling[items], minlength=block.shape[0])
        won[start : start + _BLOCK] = np.bincount(rows, telling[items] * share, minlength=block.shape[0]) / np.maximum(
            weighed, 1e-12
        )
    return won, n


def _mirrored(place: Ints, n: int) -> Ints:
    place = np.abs(place)
    return np.where(place >= n, 2 * n - 2 - place, place)
