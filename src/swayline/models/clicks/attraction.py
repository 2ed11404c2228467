"""How attractive an item is to a query, where most pairs were hardly ever seen: shrunk to the item's, that to all's.

::

    all       a₀ = clicks / looks
    item      a(d)   = (clicks(d)   + m₁ a₀)   / (looks(d)   + m₁)
    pair      a(q,d) = (clicks(q,d) + m₂ a(d)) / (looks(q,d) + m₂)

Looks are expected ones, as the click model tells them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.models.clicks.lists import ClickLists

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Attraction:
    """Attractiveness of pairs of query and item.

    Parameters
    ----------
    overall : float
        That of an item never seen.
    of_item : (items,) shrunk to ``overall``.
    pairs : (pairs,) sorted codes ``query * items + item`` that were seen.
    of_pair : (pairs,) shrunk to the item's.
    """

    overall: float
    of_item: Floats
    pairs: Ints
    of_pair: Floats

    def at(self, lists: ClickLists) -> Floats:
        """(L, K) attractiveness of what was shown; 0 in places that hold nothing."""
        items = np.clip(lists.items, 0, None)
        known = np.where(
            items < len(self.of_item), self.of_item[np.minimum(items, len(self.of_item) - 1)], self.overall
        )
        code = pair_codes(lists)
        at = np.minimum(np.searchsorted(self.pairs, code), len(self.pairs) - 1)
        seen = self.pairs[at] == code
        return np.where(lists.shown, np.where(seen, self.of_pair[at], known), 0.0)


def pair_codes(lists: ClickLists) -> Ints:
    """(L, K) a code for each pair of query and item."""
    return lists.queries[:, None] * max(len(lists.item_names), 1) + np.clip(lists.items, 0, None)


def shrunk(lists: ClickLists, hits: Floats, looks: Floats, item_strength: float, pair_strength: float) -> Attraction:
    """Attractiveness from expected attractions and looks.

    Parameters
    ----------
    hits : (L, K) chance that the place attracted, looked at.
    looks : (L, K) chance that it was looked at.
    item_strength, pair_strength : looks that a prior is worth.
    """
    shown = lists.shown
    overall = float(hits[shown].sum() / max(looks[shown].sum(), 1e-12))
    items = lists.items[shown]
    n = len(lists.item_names)
    of_item = (np.bincount(items, hits[shown], n) + item_strength * overall) / (
        np.bincount(items, looks[shown], n) + item_strength
    )
    pairs, where = np.unique(pair_codes(lists)[shown], return_inverse=True)
    prior = of_item[pairs % max(n, 1)]
    of_pair = (np.bincount(where, hits[shown]) + pair_strength * prior) / (
        np.bincount(where, looks[shown]) + pair_strength
    )
    return Attraction(overall, np.clip(of_item, 1e-6, 1 - 1e-6), pairs, np.clip(of_pair, 1e-6, 1 - 1e-6))
