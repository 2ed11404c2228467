"""Whether the probabilities hold: links that were hidden, found again, by what was said of them."""

from dataclasses import dataclass
from itertools import pairwise

from swayline.core.types import Bools, Floats

_EDGES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


@dataclass(frozen=True)
class Reliability:
    """Hidden links and what was said of them by a model that saw neither them nor their weights.

    Parameters
    ----------
    n : int
        Hidden links asked about.
    hits : dict
        k → share whose counterpart was among the first k.
    bins : list of dict
        ``low``, ``high``, ``n``, ``said`` (mean probability of the first candidate), ``true`` (share that was right).
    gap : float
        Expected calibration error: mean absolute difference of ``said`` and ``true``, by bin size.
    """

    n: int
    hits: dict[int, float]
    bins: list[dict[str, float]]
    gap: float

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return {
            "n": self.n,
            "hits": {str(k): value for k, value in self.hits.items()},
            "bins": self.bins,
            "gap": self.gap,
        }


def reliability(said: Floats, right: Bools, place: Floats) -> Reliability:
    """Compare what was said with what is.

    Parameters
    ----------
    said, right : (Q,)
        Probability of the first candidate, and whether it is the counterpart.
    place : (Q,)
        Place of the counterpart among the candidates, from 0; infinite where it is none of them.

    Examples
    --------
    >>> import numpy as np
    >>> reliability(np.array([0.6, 0.6]), np.array([True, False]), np.array([0.0, 3.0])).hits
    {1: 0.5, 10: 1.0}
    """
    bins = []
    gap = 0.0
    for low, high in pairwise(_EDGES):
        here = (said >= low) & ((said < high) | (high == 1.0))
        if here.any():
            one = {"low": low, "high": high, "n": int(here.sum()), "said": float(said[here].mean()),
                   "true": float(right[here].mean())}  # fmt: skip
            gap += one["n"] / len(said) * abs(one["said"] - one["true"])
            bins.append(one)
    hits = {k: float((place < k).mean()) if len(place) else 0.0 for k in (1, 10)}
    return Reliability(len(said), hits, bins, gap)
