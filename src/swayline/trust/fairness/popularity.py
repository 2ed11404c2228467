"""How much more popular lists are than what the person takes, by the month or quarter of the question.

Popularity of an item is the natural logarithm of one more than its people; a lift of .69 is twice as many people.

References
----------
Abdollahpouri et al., "The Unfairness of Popularity Bias in Recommendation", RMSE at RecSys 2019.
"""

import numpy as np
import numpy.typing as npt

from swayline.core.types import ItemRows
from swayline.dataset import NO_TIME, Sequences, Targets
from swayline.metrics.fairness import popularity_lift
from swayline.trust.fairness.groups import Groups

_MOST_MONTHS = 24
MONTH, QUARTER = "month", "quarter"


def lift_of(lists: ItemRows, targets: Targets, known: Sequences) -> npt.NDArray[np.float64]:
    """(Q,) how much more popular each list is than its person's history."""
    pairs = np.unique(known.users * np.int64(known.n_items) + known.items)
    of_item = np.log1p(np.bincount(pairs % known.n_items, minlength=known.n_items).astype(np.float64))
    history = targets.history
    usual = np.bincount(history.users, of_item[history.items], len(history)) / np.maximum(history.lengths, 1)
    return popularity_lift(lists, usual, of_item)


def periods_of(targets: Targets) -> Groups | None:
    """The month of each question, the quarter where there are more than two years of them; None without times."""
    timed = targets.times != NO_TIME
    if not timed.any():
        return None
    months = targets.times[timed].astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    by = MONTH if months.max() - months.min() < _MOST_MONTHS else QUARTER
    found, numbers = np.unique(months if by == MONTH else months // 3, return_inverse=True)
    years = 1970 + found // (12 if by == MONTH else 4)
    parts = found % (12 if by == MONTH else 4) + 1
    names = [f"{year}-{part:02}" if by == MONTH else f"{year} Q{part}" for year, part in zip(years, parts, strict=True)]
    of = np.full(len(targets), -1, np.int64)
    of[timed] = numbers
    return Groups(by, names, of)
