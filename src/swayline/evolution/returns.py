"""Every event is a return, to an item that the person had before, or a discovery.

At the start of a log all is discovery, since what came before is unknown; the share of returns is told from the day on
by which half of the people had been seen for a while.
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.types import Bools, Ints
from swayline.evolution.acts import Acts

RETURN, DISCOVERY = "return", "discovery"


@dataclass(frozen=True)
class Returns:
    """Returns and discoveries by bin of time."""

    starts: list[str]
    returns: list[int]
    discoveries: list[int]


def is_return(acts: Acts) -> Bools:
    """(N,) whether the person had the item before; False of events without an item."""
    key = acts.user * (len(acts.items) + 1) + acts.item + 1
    seen = np.ones(len(acts), bool)
    seen[np.unique(key, return_index=True)[1]] = False
    return np.asarray(seen & (acts.item >= 0))


def by_bin(acts: Acts, bins: Ints, n_bins: int) -> tuple[list[int], list[int]]:
    """Returns and discoveries of each bin."""
    again, has = is_return(acts), acts.item >= 0
    return (
        np.bincount(bins[again], minlength=n_bins).tolist(),
        np.bincount(bins[has & ~again], minlength=n_bins).tolist(),
    )
