"""How well clicks are foretold, and lists put in the order of attractiveness."""

import numpy as np
import numpy.typing as npt

from swayline.models.clicks.attraction import Attraction
from swayline.models.clicks.lists import ClickLists

Floats = npt.NDArray[np.float64]


def click_perplexity(chances: Floats, lists: ClickLists) -> float:
    """Two to the mean of -log₂ of the chance given to what happened, a place at a time, then averaged over places.

    1 is a perfect foretelling, 2 is a toss.

    Parameters
    ----------
    chances : (L, K) chance of a click.

    Examples
    --------
    >>> from swayline.models.clicks.lists import lists_from_words
    >>> click_perplexity(np.full((2, 2), 0.5), lists_from_words(["a b", "b a"], ["0 1", "1 0"]))
    2.0
    """
    right = np.where(lists.clicked, chances, 1 - chances)
    with np.errstate(divide="ignore"):
        bits = -np.log2(np.clip(right, 1e-12, 1.0))
    shown = lists.shown
    places = [float(bits[shown[:, k], k].mean()) for k in range(shown.shape[1]) if shown[:, k].any()]
    return float(np.mean(2.0 ** np.array(places)))


def reranked(lists: ClickLists, attraction: Attraction, trust: float = 0.0) -> npt.NDArray[np.int64]:
    """(L, K) places of each list in a new order: by attractiveness, with a share of trust in the order it came in.

    Parameters
    ----------
    trust : float
        Added to an item's log odds of attraction for each halving of its place's number: 0 trusts clicks alone; a
        large one leaves the order as it was.
    """
    a = np.clip(attraction.at(lists), 1e-9, 1 - 1e-9)
    prior = -trust * np.log2(np.arange(1, a.shape[1] + 1))
    score = np.where(lists.shown, np.log(a / (1 - a)) + prior, -np.inf)
    return np.argsort(-score, axis=1, kind="stable")
