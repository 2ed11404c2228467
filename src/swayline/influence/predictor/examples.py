"""A person at a date: the last acts as a sequence, counts and ties as numbers, what the next days brought as label.

Nothing says who the person is, so that what is learned serves people and ties never seen.

Shapes: N examples, L steps, F numbers.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from swayline.core.types import Bools, Ints
from swayline.influence.contagion.covariates import Counts
from swayline.influence.contagion.exposures import FirstActs
from swayline.influence.contagion.reading import Floats, SocialLog
from swayline.influence.predictor.labels import Gains

STEPS = 32
"""Acts of a person that are read, the latest ones."""
MOST_CATEGORIES = 200
NAMES = (
    "followers", "sources", "pagerank", "acts", "acts lately", "adoptions", "adoptions lately", "followers' acts",
    "followers' acts lately", "past reach an act", "past reach", "time since",
)  # fmt: skip
"""The numbers of an example, in order."""
FOLLOWERS, PAGERANK, PAST = NAMES.index("followers"), NAMES.index("pagerank"), NAMES.index("past reach")


@dataclass(frozen=True)
class Examples:
    """People at dates.

    Attributes
    ----------
    person : (N,)
    date : (N,) Unix seconds
    behavior, category : (N, L) codes from 1, the latest last; 0 where there is no act, or a rare category
    ago, age : (N, L) log of days before the date; log of people who had acted on the item by then
    numbers : (N, F), see :data:`NAMES`
    label : (N,) acts of others brought in the horizon after the date, NaN where it is not watched
    """

    person: Ints
    date: Floats
    behavior: Ints
    category: Ints
    ago: Floats
    age: Floats
    numbers: Floats
    label: Floats

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: Bools | Ints) -> "Examples":
        """Some examples."""
        return Examples(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def join(parts: list[Examples]) -> Examples:
    """Examples of several dates as one."""
    names = Examples.__dataclass_fields__
    return Examples(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class ExampleMaker:
    """Examples of a log at any date."""

    def __init__(self, log: SocialLog, acts: FirstActs, found: Gains, horizon_s: float) -> None:
        self.log, self.found, self.horizon_s = log, found, horizon_s
        self.order = np.lexsort((log.time, log.person))
        self.begin = np.searchsorted(log.person[self.order], np.arange(log.people + 1))
        moments = np.unique(log.time)
        adopter = acts.pair // len(log.items)
        self.own = Counts(log.person, log.time, moments)
        self.adoptions = Counts(adopter, acts.time, moments)
        of_item = log.item_category()
        category = np.where(log.item >= 0, of_item[log.item], -1)
        common = np.argsort(-np.bincount(category[category >= 0], minlength=1), kind="stable")[:MOST_CATEGORIES]
        number = np.zeros(max(len(log.categories), 1) + 1, np.int64)
        number[common] = np.arange(1, len(common) + 1)
        self.category = number[category]  # -1 reads the last place, which is 0
        self.n_categories, self.n_behaviors = len(common) + 1, len(log.behaviors) + 1
        self.fame = self._fame()
        ones = np.ones(len(log.source))
        self.out = sparse.csr_matrix((ones, (log.source, log.target)), (log.people, log.people))
        self.pagerank = pagerank(self.out)

    def _fame(self) -> Floats:
        """(E,) acts on each event's item before it."""
        order = np.lexsort((self.log.time, self.log.item))
        item = self.log.item[order]
        new = np.flatnonzero(np.diff(item, prepend=-2) != 0)
        rank = np.arange(len(item)) - np.repeat(new, np.diff(np.append(new, len(item))))
        found = np.empty(len(item))
        found[order] = rank
        return found

    def at(self, date: float, people: Ints | None = None) -> Examples:
        """Everybody who acted before a date and has a tie that leaves, as of that date."""
        log = self.log
        every = np.arange(log.people) if people is None else people
        acts = self.own.before(every, np.full(len(every), date))
        who = every[(acts > 0) & (np.diff(self.out.indptr)[every] > 0)]
        stop = self.begin[who] + self.own.before(who, np.full(len(who), date))
        at = stop[:, None] - STEPS + np.arange(STEPS)
        real = at >= self.begin[who][:, None]
        event = self.order[np.where(real, at, 0)]
        ago = np.where(real, np.log1p((date - log.time[event]) / 86400.0), 0.0)
        return Examples(
            who, np.full(len(who), date), np.where(real, log.behavior[event] + 1, 0),
            np.where(real, self.category[event], 0), ago, np.where(real, np.log1p(self.fame[event]), 0.0),
            self._numbers(who, date), self._label(who, date),
        )  # fmt: skip

    def _numbers(self, who: Ints, date: float) -> Floats:
        everybody, when = np.arange(self.log.people), np.full(self.log.people, date)
        acts, late = self.own.before(everybody, when), self.own.within(everybody, when, self.horizon_s)
        adopted = self.adoptions.before(everybody, when)
        adopted_late = self.adoptions.within(everybody, when, self.horizon_s)
        known = self.found.time + self.horizon_s <= date
        past = np.bincount(self.found.person[known], self.found.gained[known], self.log.people)
        times = np.bincount(self.found.person[known], minlength=self.log.people)
        since = self.own.since(everybody, when, self.log.end_s - self.log.start_s)
        columns = [
            np.diff(self.out.indptr), np.asarray(self.out.sum(axis=0)).ravel(), self.pagerank * self.log.people, acts,
            late, adopted, adopted_late, self.out @ acts, self.out @ late,
        ]  # fmt: skip
        whole = [np.log1p(one) for one in columns] + [past / (times + 5.0), np.arcsinh(past), np.log1p(since)]
        return np.stack(whole, axis=1)[who]

    def _label(self, who: Ints, date: float) -> Floats:
        """What acts of the horizon after the date brought within one more."""
        inside = (self.found.time >= date) & (self.found.time < date + self.horizon_s)
        total = np.bincount(self.found.person[inside], self.found.gained[inside], self.log.people)[who].astype(
            np.float64
        )
        return total if date + 2 * self.horizon_s <= self.log.end_s else np.full(len(who), np.nan)


def pagerank(out: sparse.csr_matrix, damping: float = 0.85, rounds: int = 60) -> Floats:
    """(U,) PageRank of who is followed: each person's rank goes to those whose acts it sees.

    >>> fans = sparse.csr_matrix(np.array([[0, 1, 1], [0, 0, 0], [0, 0, 0]]))  # 1 and 2 see 0
    >>> pagerank(fans).round(2).tolist()
    [0.57, 0.21, 0.21]
    """
    n = out.shape[0]
    seen = out.T.tocsr()
    degree = np.asarray(seen.sum(axis=1)).ravel()
    share = np.full(n, 1.0 / n)
    for _ in range(rounds):
        spread = seen.T @ np.where(degree > 0, share / np.maximum(degree, 1.0), 0.0)
        share = (1 - damping) / n + damping * (spread + share[degree == 0].sum() / n)
    return np.asarray(share, dtype=np.float64)
