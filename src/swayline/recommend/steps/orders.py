"""Orders of a pool that weigh interest against what a list is as a whole.

Shapes: Q questions, P places of the pool, G groups of items; -1 marks an empty place or no group.
"""

from collections.abc import Callable

import numpy as np

from swayline.core.types import Bools, Floats, Ints, ItemRows

_SMALL = 0.01
"""Share of the wanted distribution mixed into the list's, so that no logarithm is of zero."""


def unit_interest(items: ItemRows, scores: Floats) -> tuple[Floats, Bools]:
    """(Q, P) interest from 0 (the pool's last) to 1 (its first), and where there is an item."""
    filled = items >= 0
    low = np.where(filled, scores, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    high = np.where(filled, scores, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    width = np.where(filled.any(axis=1, keepdims=True) & (high > low), high - low, 1.0)
    return np.where(filled, (np.where(filled, scores, 0.0) - np.where(filled, low, 0.0)) / width, 0.0), filled


def standard_interest(items: ItemRows, scores: Floats) -> Floats:
    """(Q, P) scores in standard deviations of each person's own pool; -inf where there is no item."""
    filled = items >= 0
    n = np.maximum(filled.sum(axis=1, keepdims=True), 1)
    plain = np.where(filled, scores, 0.0).astype(np.float64)
    mean = plain.sum(axis=1, keepdims=True) / n
    spread = np.sqrt((np.where(filled, plain - mean, 0.0) ** 2).sum(axis=1, keepdims=True) / n)
    return np.where(filled, (plain - mean) / np.where(spread > 0, spread, 1.0), -np.inf)


def calibrated(items: ItemRows, scores: Floats, own: Ints, wanted: Floats, strength: float, depth: int) -> Ints:
    """(Q, P) places in an order whose first ``depth`` follow the wanted shares of groups.

    Greedy on (1 - strength) · interest - strength · KL(wanted ‖ list).

    Parameters
    ----------
    own : (Q, P) int
        Group of the item at each place.
    wanted : (Q, G) float
        Shares of the groups that each list should have.

    References
    ----------
    Steck, "Calibrated Recommendations", RecSys 2018.
    """
    relevance, filled = unit_interest(items, scores)
    counts = np.zeros((len(items), wanted.shape[1]))

    def gain(step: Ints) -> Floats:
        total = int(step[0]) + 1
        before = _SMALL * wanted + (1 - _SMALL) * counts / total + 1e-12
        saved = wanted * np.log1p((1 - _SMALL) / total / before)
        own_saved = np.where(own >= 0, saved[np.arange(len(items))[:, None], np.maximum(own, 0)], 0.0)
        # The rest of the divergence is the same for every item of a row.
        return (1.0 - strength) * relevance + strength * own_saved

    def chosen(rows: Ints, place: Ints) -> None:
        picked = own[rows, place]
        has = picked >= 0
        counts[rows[has], picked[has]] += 1

    return greedily(filled, depth, gain, chosen)


def greedily(filled: Bools, depth: int, gain: Callable[[Ints], Floats], chosen: Callable[[Ints, Ints], None]) -> Ints:
    """(Q, P) places in the order in which a greedy choice takes them; beyond ``depth`` they keep theirs."""
    n, width = filled.shape
    rows = np.arange(n)
    taken = ~filled
    order = np.empty((n, width), np.int64)
    depth = min(width, depth)
    for step in range(depth):
        worth = np.where(taken, -np.inf, gain(np.array([step])))
        place = worth.argmax(axis=1)
        order[:, step] = place
        chosen(rows, place)
        taken[rows, place] = True
    return _completed(order, depth, width)


def _completed(order: Ints, depth: int, width: int) -> Ints:
    """The chosen places, then those left in their own order; a row with nothing left repeats no place."""
    for row in order:
        first = list(dict.fromkeys(row[:depth].tolist()))
        taken = set(first)
        row[:] = [*first, *(place for place in range(width) if place not in taken)]
    return order


def parity_offsets(items: ItemRows, scores: Floats, groups: Ints, deserved: Floats, k: int, rounds: int = 40) -> Floats:
    """(G,) what has to be added to the standardised interest in each group for it to get the attention it deserves.

    Each round moves every group by the logarithm of deserved over shown; groups that deserve nothing stay.

    Parameters
    ----------
    groups : (I,) int
        Group of each item.
    deserved : (G,) float
        Shares of attention, summing to 1.

    References
    ----------
    Singh and Joachims, "Fairness of Exposure in Rankings", KDD 2018; the offsets are the multipliers of its constraint.
    """
    interest = standard_interest(items, scores)
    own = np.where(items >= 0, groups[np.maximum(items, 0)], -1)
    weights = 1.0 / np.log2(np.arange(2, k + 2))
    offsets = np.zeros(len(deserved))
    for turn in range(rounds):
        moved = interest + np.where(own >= 0, offsets[np.maximum(own, 0)], 0.0)
        first = np.take_along_axis(own, np.argsort(-moved, axis=1, kind="stable")[:, :k], axis=1)
        known = first >= 0
        shown = np.bincount(
            first[known], np.broadcast_to(weights[: first.shape[1]], first.shape)[known], minlength=len(deserved)
        )
        shares = (shown + 1e-3) / (shown + 1e-3).sum()
        step = 0.5 / (1.0 + turn / 8.0)
        offsets += np.where(deserved > 0, step * np.log(np.maximum(deserved, 1e-3) / shares), 0.0)
    return offsets
