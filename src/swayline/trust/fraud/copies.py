"""People whose items are nearly all another person's: copies of a profile, members of a household, moved accounts.

Being a copy accuses nobody: families share an account's habits, and people move from one account to another. What a
campaign of copies cannot hide is the item that all of them add to what they copied. So the items that a person has
*beyond* the most similar other person are looked at, over everybody who has such a double (:mod:`.targets`).

    excess(u)  =  max over v:  (shared(u, v) - expected(u, v)) / (whole(u, v) - expected(u, v))

where ``expected`` is what the numbers of both and the popularity of the items would bring. ``whole`` is items(u) where
little is expected, else the geometric mean of both people's numbers: the busiest have most of anybody's items anyway.
Shapes: U people, I items.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from swayline.core.types import Ints
from swayline.trust.acts import Acts, Floats
from swayline.trust.fraud.overlap import expected_shared, overlap, strongest

LEAST_ITEMS = 8
_CANDIDATES = 8
_LITTLE = 0.2
"""Share of a person's items that may be expected at another for "nearly all are there" to say anything."""


@dataclass(frozen=True)
class Copies:
    """How much of each person stands in another's history.

    Parameters
    ----------
    excess : (U,) float64
        Share of the items that another has, beyond chance; NaN where it cannot be told.
    double : (U,) int64
        The most similar other person; -1 where there is none.
    beyond : (U, I) sparse
        The pairs that the double does not have.
    """

    excess: Floats
    double: Ints
    beyond: sparse.csr_array


def find_copies(acts: Acts) -> Copies:
    """Look for the most similar other person of everybody with at least :data:`LEAST_ITEMS` items."""
    met, n_users = acts.matrix, len(acts.users)
    # Both the largest overlap and the largest relative to the other's size are looked at: a copy of a small profile
    # shares less than everybody shares with the busiest.
    able = acts.degree >= LEAST_ITEMS
    shared = overlap(met, np.flatnonzero(able)).matrix
    raw = strongest(shared, _CANDIDATES)
    relative = strongest(shared, _CANDIDATES, np.sqrt(np.maximum(acts.degree, 1.0)))
    left, right = np.concatenate([raw[0], relative[0]]), np.concatenate([raw[1], relative[1]])
    n_shared, expected = expected_shared(met, left, right)
    size = acts.degree[left].astype(np.float64)
    whole = np.where(expected < _LITTLE * size, size, np.maximum(size, np.sqrt(size * acts.degree[right])))
    excess = (n_shared - expected) / np.maximum(whole - expected, 1e-9)
    best, double = np.full(n_users, np.nan), np.full(n_users, -1, np.int64)
    best[able] = 0.0
    order = np.argsort(excess, kind="stable")
    best[left[order]], double[left[order]] = excess[order], right[order]
    return Copies(best, double, _beyond(met, double))


def _beyond(met: sparse.csr_array, double: Ints) -> sparse.csr_array:
    others = met[np.maximum(double, 0)]
    others = sparse.diags_array((double >= 0).astype(np.float64)) @ others
    found = (met - met.multiply(others)).tocsr()
    found.eliminate_zeros()
    return found
