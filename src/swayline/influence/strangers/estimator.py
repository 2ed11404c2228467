"""What strangers' reviews do to the next person: the public estimator."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from swayline.core.errors import IdentificationError, SchemaError, UsageError, nearest
from swayline.core.showing.estimator import InfluenceEstimator
from swayline.core.showing.pictures import effects_picture
from swayline.core.time import seconds_of
from swayline.core.types import Ints
from swayline.events import as_log
from swayline.events.outcome import JUDGING
from swayline.influence.contagion.reading import SocialLog, horizon_of, read_social
from swayline.influence.strangers.authors import Authors, authors_of
from swayline.influence.strangers.ledger import in_words, ledger_rows
from swayline.influence.strangers.reading import Reading, measured, visits
from swayline.influence.strangers.rows import reviews_of, rows_of, untied
from swayline.ledger import ledger

_DAY_S = 86400.0
_TICKS = 30


class Strangers(InfluenceEstimator):
    """What people read and see from those they are not tied to: reviews on top, and authors.

    Parameters
    ----------
    outcome : str, optional
        A behaviour, or a condition on its value (``rate>=4``); by default what was liked in a log of ratings, else the
        deepest of the funnel.
    reviews : sequence of str, optional
        Behaviours whose values others can read; by default ratings and reviews.
    horizon : str or float, optional
        The outcome counts within so long of coming to the item, where it is not the coming itself. By default 7 days.
    within : str or float, optional
        People who came to one item within one such period are compared. By default a day, or 30 coarse ticks.
    author : str
        Column of the items table that says whose they are.
    seed : int

    Attributes
    ----------
    ledger_ : pa.Table
        Rows ``content_effect`` of the reviews' valence beside the association, and ``reach`` of each author.
    reading_, authors_ : what was found; None where the log has no reviews with values, or no authors

    Notes
    -----
    A good item has good reviews and is bought: the naive figure is quality. Within an item and a day quality hardly
    moves, and whether a lenient or a strict stranger wrote just before is chance: the writers' leniency on other items
    is the instrument. The placebo is the leniency of those who write next, whom nobody has read yet.

    References
    ----------
    Muchnik, Aral & Taylor, "Social influence bias", Science 2013. Kling, "Incarceration length, employment and
    earnings" (leniency as an instrument), AER 2006.
    """

    draw = staticmethod(effects_picture)

    def __init__(
        self, outcome: str | None = None, *, reviews: Sequence[str] = (), horizon: str | float | None = None,
        within: str | float | None = None, author: str = "author", seed: int = 0,
    ) -> None:  # fmt: skip
        self.outcome = outcome
        self.reviews = reviews
        self.horizon = horizon
        self.within = within
        self.author = author
        self.seed = seed

    def check_words(self) -> None:
        """Refuse options that no log could answer to.

        Raises
        ------
        UsageError
            A duration is none.
        """
        seconds_of(self.horizon, "horizon")
        seconds_of(self.within, "within")

    def fit(self, log: Any, ties: Any = None, items: Any = None) -> "Strangers":
        """Measure what strangers do.

        Raises
        ------
        SchemaError, UsageError, OutcomeError
            There are no times or items; a name is not in the log.
        IdentificationError
            There are neither reviews nor authors to compare, or too few.
        """
        self.check_words()
        log = as_log(log, ties=ties, items=items)
        split, self.outcome_ = log.split_by_outcome(self.outcome)
        social = read_social(split.events, log.ties, self.outcome_, log.items)
        self.read_, self.horizon_s_ = social, horizon_of(social, self.horizon)
        coarse = _TICKS * social.tick_s if social.tick_s >= 3600 else _DAY_S
        self.within_s_ = seconds_of(self.within, "within") or coarse
        why: list[str] = []
        self.reading_: Reading | None = _or_why(lambda: self._reading(social), why)
        self.authors_: Authors | None = _or_why(
            lambda: authors_of(social, log.items, self.author, self.horizon_s_, self.seed), why
        )
        if self.reading_ is None and self.authors_ is None:
            raise IdentificationError("; ".join(why))
        self.notes_ = tuple(why)
        self.ledger_: pa.Table = ledger(
            ledger_rows(self.reading_, self.authors_, social, self.horizon_s_, self.within_s_)
        )
        return self

    def in_words(self) -> list[str]:
        """The answers as lines for people."""
        lines = in_words(self.reading_, self.authors_, self.outcome_, self.within_s_)
        return [*lines, *self.notes_]

    def _reading(self, social: SocialLog) -> Reading:
        judging = self._judging(social)
        reviews = reviews_of(social, judging)
        if not len(reviews.item):
            raise IdentificationError("no event that others could read has a value: there are no reviews to compare")
        item, person, time, y = visits(social, judging, self.horizon_s_)
        free = untied(social, judging, item, person, time)
        rows = rows_of(social, reviews, (item[free], person[free], time[free], y[free]), self.within_s_)
        usable = np.isfinite(rows.seen) & np.isfinite(rows.lenient)
        return measured(rows.take(usable), self.seed)

    def _judging(self, social: SocialLog) -> Ints:
        """Numbers of the behaviours that others can read, halves of a condition included."""
        base = [name.split("<")[0].split(">")[0].split("=")[0].split("!")[0] for name in social.behaviors]
        wanted = tuple(self.reviews) or JUDGING
        for word in self.reviews:
            if word not in base:
                raise UsageError(f"behavior {word!r} is not in the log; {nearest(word, sorted(set(base)))}")
        return np.array([at for at, name in enumerate(base) if name in wanted], np.int64)


def _or_why(work: Any, why: list[str]) -> Any:
    try:
        return work()
    except (IdentificationError, SchemaError) as error:
        why.append(str(error))
        return None
