"""Branching held stable: a fit whose acts do not bring acts without end, as likely as its bound allows.

A Hawkes process dies out where the spectral radius of its branching is below one. Maximum likelihood does not know
that: an outbreak that the log's end cuts off asks for more than one act per act. With ``w`` the leading vector of the
branching of people who can reach each other, the radius is below ``limit`` where everybody's received branching is::

    sum_j a_ij w_j  <=  limit w_i           for every person i           (Collatz and Wielandt)

which is one linear bound a person: each takes the likeliest branching within it, by a price on what it receives that is
raised until the bound holds. People outside such an outbreak pay nothing.
"""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from swayline.core.errors import UsageError
from swayline.core.types import Floats, Ints
from swayline.influence.network.fit.goodness import branching, spectral_radius
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.fit.solve import solve

_STEPS, _CLOSE = 40, 1e-3


def held_stable(fit: HawkesFit, limit: float = 0.95) -> HawkesFit:
    """A fit whose branching has at most the given spectral radius; the fit itself where it has.

    Parameters
    ----------
    limit : float
        Above 0 and below 1. At .95 one act brings at most about 20 in all.

    Raises
    ------
    UsageError
        The limit is out of range.
    """
    if not 0 < limit < 1:
        raise UsageError(f"the largest spectral radius must lie between 0 and 1, not {limit}")
    whole = branching(fit)
    if spectral_radius(whole) <= limit:
        return fit
    _, group = connected_components(whole > 0, directed=True, connection="strong")
    weight, radius = _leading(_within(whole, group), group)
    bound = radius[group] > limit
    low, high = np.zeros(len(group)), np.full(len(group), np.inf)
    price = np.where(bound, 1.0, 0.0)
    for _ in range(_STEPS):
        received = _within(branching(fit), group) @ weight / weight
        over = bound & (received > limit * (1.0 + 1e-6))
        # A bound that holds at no price, or just so, is left alone.
        idle = ~over & ((price < 1e-6) | (received > limit * (1.0 - _CLOSE)))
        if price.any() and bool(idle.all()) and np.isfinite(high[price > 0]).all():
            break
        low, high = np.where(over, price, low), np.where(~over & bound, price, high)
        known = np.where(np.isfinite(high), high, 0.0)
        middle = np.where(np.isfinite(high), (low + known) / 2, np.maximum(4.0 * low, 1.0))
        price = np.where(bound & ~idle, middle, price)
        fit = _solved(fit, group, price, weight)
    return _solved(fit, group, np.where(np.isfinite(high), high, price), weight)


def _solved(fit: HawkesFit, group: Ints, price: Floats, weight: Floats) -> HawkesFit:
    """Fitted again where each person pays for what it receives within its group."""
    within = group[fit.ties.target] == group[fit.ties.source]
    tie = price[fit.ties.target] * weight[fit.ties.source] * within
    # The prior of mixed rhythms is drawn from everybody who is solved.
    some = price > 0 if fit.n_patterns == 1 else np.ones(len(price), bool)
    return solve(fit, np.flatnonzero(some).astype(np.int64), warm=False, price=(tie, price * weight))


def _within(matrix: csr_array, group: Ints) -> csr_array:
    """The branching between people of one group."""
    rows, columns = matrix.nonzero()
    inside = group[rows] == group[columns]
    data = np.asarray(matrix[rows[inside], columns[inside]]).ravel()
    return csr_array((data, (rows[inside], columns[inside])), shape=matrix.shape)


def _leading(matrix: csr_array, group: Ints, steps: int = 300) -> tuple[Floats, Floats]:
    """The leading vector of every group's block, and its eigenvalue, by power iteration shifted off periodic blocks."""
    groups = int(group.max()) + 1
    vector, size = np.ones(matrix.shape[0]), np.ones(groups)
    for _ in range(steps):
        vector = matrix @ vector + 0.1 * vector
        size = np.maximum(np.sqrt(np.bincount(group, vector**2, groups)), 1e-300)
        vector = vector / size[group]
    return np.maximum(vector, 1e-12), size - 0.1
