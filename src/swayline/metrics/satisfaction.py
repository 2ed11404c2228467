"""Signs that people were content, where nobody asked them: they came back, they stayed.

Both are proxies: a page left open is no joy, and a broken thing is looked at again too. They stand beside the hit
rates, never in their place.

References
----------
Fox et al., "Evaluating Implicit Measures to Improve Web Search", TOIS 2005; Yi et al., "Beyond Clicks: Dwell Time for
Personalization", RecSys 2014.
"""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
LONGEST_DWELL_S = 30 * 60.0
"""A longer pause is an absence (the web analytics convention for the end of a session)."""


def comes_back(users: np.ndarray, items: np.ndarray) -> Values:
    """(E,) 1 where the same user acts on the same item again later; events are in time order.

    >>> comes_back(np.array([1, 1, 1, 2]), np.array([7, 8, 7, 7])).tolist()
    [1.0, 0.0, 0.0, 0.0]
    """
    keys = users.astype(np.int64) * (int(items.max(initial=0)) + 1) + items
    order = np.lexsort((np.arange(len(keys)), keys))
    ordered = keys[order]
    again = np.zeros(len(keys))
    again[order[:-1]] = ordered[:-1] == ordered[1:]
    return again


def repeat_rate(users: np.ndarray, items: np.ndarray) -> float:
    """Share of the (user, item) pairs that were acted on more than once.

    >>> repeat_rate(np.array([1, 1, 1, 2]), np.array([7, 8, 7, 7])).__round__(3)
    0.333
    """
    pairs = np.stack([users, items])
    counts = np.unique(pairs, axis=1, return_counts=True)[1]
    return float((counts > 1).mean()) if len(counts) else float("nan")


def dwell_s(users: np.ndarray, times_us: np.ndarray, longest_s: float = LONGEST_DWELL_S) -> Values:
    """(E,) seconds until the same user's next event; NaN where none follows within ``longest_s``.

    Parameters
    ----------
    users, times_us : (E,) int
        Events by user, then in time order, as histories hold them; times in microseconds.

    >>> dwell_s(np.array([1, 1, 2]), np.array([0, 5_000_000, 6_000_000])).tolist()
    [5.0, nan, nan]
    """
    dwell = np.full(len(users), np.nan)
    if len(users) < 2:
        return dwell
    gap = np.diff(times_us) / 1e6
    follows = (users[1:] == users[:-1]) & (gap <= longest_s)
    dwell[:-1][follows] = gap[follows]
    return dwell
