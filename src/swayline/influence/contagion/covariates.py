"""What was known strictly before a moment: of the person's own log, of the ties' logs, of the item.

Likeness moves a person and the ties alike, and it shows in both logs. The person's own acts say what the person would
do anyway; the ties' acts say how likely it was that one of them had acted. Either of the two is enough (AIPW).

Shapes: n rows; E events; R events as seen by each person whom a tie joins to their doer.
"""

import numpy as np
import pyarrow as pa

from swayline.core.types import Ints
from swayline.influence.contagion.exposures import FirstActs, received
from swayline.influence.contagion.reading import Floats, SocialLog
from swayline.influence.contagion.taste import Taste

WIDER, CLOSER = 4.0, 7.0
"""Recent acts are counted over one horizon, over so many, and over one such part of it."""


class Counts:
    """Events of groups (a person, a person's acts on a category, an item), counted before any moment."""

    def __init__(self, group: Ints, time: Floats, moments: Floats) -> None:
        self.moments = moments
        self.width = len(moments) + 1
        self.keys = np.sort(group * self.width + np.searchsorted(moments, time))

    def before(self, group: Ints, time: Floats) -> Ints:
        """(n,) events of each group strictly before each moment; none for a group of -1."""
        begin = np.searchsorted(self.keys, group * self.width)
        found = np.searchsorted(self.keys, group * self.width + np.searchsorted(self.moments, time)) - begin
        return np.where(group >= 0, found, 0)

    def within(self, group: Ints, time: Floats, span_s: float) -> Ints:
        """(n,) events of each group in the ``span_s`` before each moment."""
        return self.before(group, time) - self.before(group, time - span_s)

    def since(self, group: Ints, time: Floats, none_s: float) -> Floats:
        """(n,) seconds since the last event of each group before each moment; ``none_s`` where there is none."""
        at = np.searchsorted(self.keys, group * self.width + np.searchsorted(self.moments, time)) - 1
        last = self.keys[np.maximum(at, 0)]
        known = (at >= 0) & (last // self.width == group)
        return np.where(known, time - self.moments[np.minimum(last % self.width, len(self.moments) - 1)], none_s)


class Covariates:
    """Controls of any (person, item, moment) of a log."""

    def __init__(self, log: SocialLog, acts: FirstActs, horizon_s: float, seed: int) -> None:
        self.log, self.horizon_s = log, horizon_s
        moments = np.unique(log.time)
        self.of_item = log.item_category()
        self.n_categories = len(log.categories)
        category = np.where(log.item >= 0, self.of_item[log.item], -1)
        who, event = received(log)
        adopter, adopted = np.divmod(acts.pair, len(log.items))
        self.own = Counts(log.person, log.time, moments)
        self.own_category = self._by_category(log.person, category, log.time, moments)
        self.ties = Counts(who, log.time[event], moments)
        self.ties_category = self._by_category(who, category[event], log.time[event], moments)
        self.own_item = Counts(log.pair(log.person, log.item), log.time, moments)
        self.ties_item = Counts(log.pair(who, log.item[event]), log.time[event], moments)
        self.adoptions = Counts(adopter, acts.time, moments)
        self.fame = Counts(adopted, acts.time, moments)
        self.in_ties = np.bincount(log.target, minlength=log.people)
        self.taste = Taste(log, seed)

    def _by_category(self, person: Ints, category: Ints, time: Floats, moments: Floats) -> Counts:
        known = category >= 0
        return Counts(self.group(person[known], category[known]), time[known], moments)

    def group(self, person: Ints, category: Ints) -> Ints:
        """One number a (person, category); -1 where the category is unknown."""
        return np.where(category >= 0, person * max(self.n_categories, 1) + category, -1)

    def table(self, person: Ints, item: Ints, time: Floats) -> pa.Table:
        """Controls of n rows; columns that do not vary are left to the encoder to drop."""
        columns = self._of_people("own", self.own, self.own_category, person, item, time)
        columns |= self._of_people("ties", self.ties, self.ties_category, person, item, time)
        span = self.log.end_s - self.log.start_s
        columns["own: time since"] = np.log1p(self.own.since(person, time, span))
        columns["own: adoptions"] = np.log1p(self.adoptions.before(person, time))
        columns["own: recent adoptions"] = np.log1p(self.adoptions.within(person, time, WIDER * self.horizon_s))
        columns["ties: how many"] = np.log1p(self.in_ties[person])
        columns["item: adopters"] = np.log1p(self.fame.before(item, time))
        columns["item: recent adopters"] = np.log1p(self.fame.within(item, time, self.horizon_s))
        pair = self.log.pair(person, item)
        columns["own: acts on the item"] = np.log1p(self.own_item.before(pair, time))
        columns["ties: acts on the item"] = np.log1p(self.ties_item.before(pair, time))
        columns |= self.taste.nearness(person, item, time, (self.horizon_s / CLOSER, self.horizon_s))
        return pa.table(columns)

    def _of_people(
        self, whose: str, every: Counts, by_category: Counts, person: Ints, item: Ints, time: Floats
    ) -> dict[str, Floats]:
        """Counts of somebody's acts, of all and of the item's category, ever and lately, and the category's share."""
        spans = {"just now": self.horizon_s / CLOSER, "lately": self.horizon_s, "recently": WIDER * self.horizon_s}
        group = self.group(person, self.of_item[item])
        total, mine = every.before(person, time), by_category.before(group, time)
        found = {f"{whose}: acts": np.log1p(total)}
        found |= {f"{whose}: acts {word}": np.log1p(every.within(person, time, span)) for word, span in spans.items()}
        if not self.n_categories:
            return found
        found[f"{whose}: acts on the category"] = np.log1p(mine)
        found[f"{whose}: share of the category"] = (mine + 1.0) / (total + float(self.n_categories))
        return found | {
            f"{whose}: acts on the category {word}": np.log1p(by_category.within(group, time, span))
            for word, span in spans.items()
        }
