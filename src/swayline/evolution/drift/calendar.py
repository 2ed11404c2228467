"""The bins that drift is looked for in, and the season that each bin stands in.

::

    log of          bins          season of a bin
    21 to 120 days  days          weekday
    longer          weeks         none; month of the year where the log holds two years
    months alone    four weeks    none; month of the year where the log holds two years

Three weeks are the least: in less, a weekday cannot be distinguished from a change.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from swayline.core.types import Ints
from swayline.evolution.acts import Acts

LEAST_DAYS = 21
_DAILY = 120
_MOST_BINS = 156
_TWO_YEARS = 730
_MOST_EMPTY = 0.2
"""The share of empty bins from which on a log has gaps, and how much happened a day is not asked."""


@dataclass(frozen=True)
class Calendar:
    """How days fall into bins.

    Attributes
    ----------
    first_day : the day that the first bin begins with
    width : days a bin
    season : (G,) number of the season of each bin
    n_seasons : how many seasons there are
    empty : share of bins in which nothing happened
    """

    first_day: int
    width: int
    season: Ints
    n_seasons: int
    empty: float

    def __len__(self) -> int:
        return len(self.season)

    def bins(self, day: Ints) -> Ints:
        """The bin of each day."""
        return np.minimum((day - self.first_day) // self.width, len(self) - 1)

    def start(self, acts: Acts, index: int) -> datetime:
        """When a bin begins, UTC."""
        return acts.moment(self.first_day + self.width * int(index))

    @property
    def has_gaps(self) -> bool:
        """Whether so many bins are empty that counts a day say nothing."""
        return self.empty > _MOST_EMPTY


def calendar(acts: Acts) -> Calendar:
    """The bins of a log that is long enough."""
    width = 1 if acts.n_days <= _DAILY else 7 * int(np.ceil(acts.n_days / 7 / _MOST_BINS))
    if acts.resolution == "month":
        width = max(width, 28)
    n = -(-acts.n_days // width)
    if width > 1 and acts.n_days % width:
        n -= 1  # the last bin would be cut short; its days count with the one before
    days = acts.first_day + width * np.arange(n)
    season, n_seasons = np.zeros(n, np.int64), 1
    if width == 1:
        season, n_seasons = (days + 3) % 7, 7  # 1 January 1970 was a Thursday; Monday is 0
    elif acts.n_days >= _TWO_YEARS:
        season, n_seasons = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12, 12
    counts = np.bincount(np.minimum((acts.day - acts.first_day) // width, n - 1), minlength=n)
    return Calendar(acts.first_day, width, season.astype(np.int64), n_seasons, float((counts == 0).mean()))
