"""Which ties of whom acted on which item when: the moments at which a person could have been swayed.

::

    bob buys the lamp at 2; bob → ann, bob → cat        exposures   ann, lamp, 2, dose 1
    dan buys the lamp at 5; dan → ann                               cat, lamp, 2, dose 1
                                                                    ann, lamp, 5, dose 2
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.types import Bools, Ints
from swayline.influence.contagion.reading import Floats, SocialLog, slices


@dataclass(frozen=True)
class FirstActs:
    """The first act of each person on each item with one behaviour, by pair.

    ``pair`` is sorted, (A,); ``time`` Unix seconds, ``value`` NaN where there is none.
    """

    pair: Ints
    time: Floats
    value: Floats

    def time_of(self, pair: Ints) -> Floats:
        """(n,) when each pair's act was; infinity where there is none."""
        return _look_up(self.pair, self.time, pair, np.inf)


@dataclass(frozen=True)
class Exposures:
    """Moments at which a tie acted first on an item, by pair and then time, (X,).

    Attributes
    ----------
    pair : (person who could see it, item)
    time : Unix seconds
    dose : ties that had acted by then, this moment's included
    tie : the tie along which it runs (one of them, where several act at one moment)
    value : what the tie gave the item, NaN where nothing
    """

    pair: Ints
    time: Floats
    dose: Ints
    tie: Ints
    value: Floats

    def first_time(self, pair: Ints) -> Floats:
        """(n,) when the first tie of each pair acted; infinity where none did."""
        return _look_up(self.pair, self.time, pair, np.inf)

    def only(self, kept: Bools | Ints) -> "Exposures":
        """Some of them."""
        return Exposures(self.pair[kept], self.time[kept], self.dose[kept], self.tie[kept], self.value[kept])


def _look_up(keys: Ints, values: Floats, wanted: Ints, missing: float) -> Floats:
    """Value at the first row of each wanted key."""
    if not len(keys):
        return np.full(len(wanted), missing)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], missing)


def first_acts(log: SocialLog, behavior: int) -> FirstActs:
    """First acts of a behaviour on items that are known."""
    rows = np.flatnonzero((log.behavior == behavior) & (log.item >= 0))
    pair, at = np.unique(log.pair(log.person[rows], log.item[rows]), return_index=True)  # time rises: the first is kept
    return FirstActs(pair, log.time[rows][at], log.value[rows][at])


def exposures(log: SocialLog, acts: FirstActs, source: Ints | None = None, target: Ints | None = None) -> Exposures:
    """Every first act, handed along the ties that leave its person.

    Parameters
    ----------
    source, target : other ends of the log's ties, where ties are shuffled
    """
    source = log.source if source is None else source
    target = log.target if target is None else target
    order = np.argsort(source, kind="stable")
    begin = slices(source[order], log.people)
    person, item = np.divmod(acts.pair, len(log.items))
    count = np.diff(begin)[person]
    act = np.repeat(np.arange(len(acts.pair)), count)
    tie = order[begin[person[act]] + _within(count)]
    known = acts.time[act] >= log.tied_at[tie]
    act, tie = act[known], tie[known]
    pair, time = log.pair(target[tie], item[act]), acts.time[act]
    by = np.lexsort((time, pair))
    pair, time, tie, value = pair[by], time[by], tie[by], acts.value[act][by]
    new_pair = np.flatnonzero(np.diff(pair, prepend=-1) != 0)
    start = np.repeat(new_pair, np.diff(np.append(new_pair, len(pair))))
    dose = np.arange(len(pair)) - start + 1
    last = np.append((np.diff(pair) != 0) | (np.diff(time) != 0), True) if len(pair) else np.zeros(0, bool)
    return Exposures(pair, time, dose, tie, value).only(last)  # several at one moment are one, with all of them counted


def _within(count: Ints) -> Ints:
    """0, 1, … within runs of the given lengths."""
    ends = np.cumsum(count)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - count, count)


def received(log: SocialLog) -> tuple[Ints, Ints]:
    """Every event as each person sees it whom a tie joins to its doer: people and events, (R,) each."""
    order = np.argsort(log.source, kind="stable")
    begin = slices(log.source[order], log.people)
    count = np.diff(begin)[log.person]
    event = np.repeat(np.arange(len(log.person)), count)
    return log.target[order[begin[log.person[event]] + _within(count)]], event
