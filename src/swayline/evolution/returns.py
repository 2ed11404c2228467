"""Every act is a return, to an item that the person had at an earlier moment, or a discovery.

Rows of one person, item and moment are one act: the first of them counts. At the start of a log all is discovery,
since what came before is unknown; the share of returns is told from the day on by which half of the people had been
seen for a while.
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
    """(N,) whether the person had the item at an earlier moment; False of events without an item, and of repeats."""
    return np.asarray(_is_act(acts) & ~_is_first(_pair(acts)) & (acts.item >= 0))


def by_bin(acts: Acts, bins: Ints, n_bins: int) -> tuple[list[int], list[int]]:
    """Returns and discoveries of each bin."""
    again, fresh = is_return(acts), _is_first(_pair(acts)) & (acts.item >= 0)
    return (
        np.bincount(bins[again], minlength=n_bins).tolist(),
        np.bincount(bins[fresh], minlength=n_bins).tolist(),
    )


def _pair(acts: Acts) -> Ints:
    return acts.user * (len(acts.items) + 1) + acts.item + 1


def _is_act(acts: Acts) -> Bools:
    """(N,) the first row of each person, item and moment."""
    moment = np.unique(acts.time_us, return_inverse=True)[1]
    pair = np.unique(_pair(acts), return_inverse=True)[1]
    return _is_first(pair * (int(moment.max(initial=0)) + 1) + moment)


def _is_first(key: Ints) -> Bools:
    """(N,) where each value stands first."""
    first = np.zeros(len(key), bool)
    first[np.unique(key, return_index=True)[1]] = True
    return first
