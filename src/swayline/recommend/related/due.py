"""What is due: devices, refills and habits by their rhythm, and when to remind.

::

    P(acts on day D)   prior odds × how the gaps lie × how the weekdays lie      (each shrunk to the pair's own rate)
    P(hour | day)      hours of its acts, smoothed over the neighbours
    P(slot | not yet)  P(day) · mass of the slot / (1 - P(day) · mass before the slot)

A pair is one person with one item and one behaviour. Acts of one day are one act of that day, at its first hour.

Shapes: K pairs, D days, A acts of a pair.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError, UsageError, shown
from swayline.core.names import BEHAVIOR, ITEM, TIME, USER
from swayline.core.time import check_zone
from swayline.core.types import Floats, Ints

_DAY_US, _HOUR_US = 86_400_000_000, 3_600_000_000
LEAST_ACTS = 5
"""Days with an act that a rhythm is told from."""
_SHRINK = 2.0
_NEIGHBOUR = 0.25
"""What an act adds to the hour before and after it."""
_MOST_GAP = 60
HOURS = 24


@dataclass(frozen=True)
class Rhythm:
    """When one person does one thing.

    Attributes
    ----------
    last : the day of its last act, in days since 1970 on the clock asked
    gaps : (A - 1,) days between acts
    weekday : (7,) log-odds that a weekday adds, Monday first
    hours : (24,) share of the acts in each hour
    rate : acts a day
    """

    last: int
    gaps: Ints
    weekday: Floats
    hours: Floats
    rate: float

    def chance(self, day: int) -> float:
        """The chance of an act on a day, if there was none since the last one known."""
        since = day - self.last
        if since <= 0:
            return 0.0
        left = self.gaps >= since
        hazard = (float((self.gaps == since).sum()) + _SHRINK * self.rate) / (float(left.sum()) + _SHRINK)
        hazard = min(max(hazard, 1e-6), 1 - 1e-6)
        odds = np.log(hazard / (1 - hazard)) + self.weekday[(day + 3) % 7]
        return float(1 / (1 + np.exp(-odds)))

    def slot(self, day: int, hour: int, ahead: int) -> float:
        """The chance of the act within hours ``hour`` to ``hour + ahead`` of a day, if it did not come before."""
        chance = self.chance(day)
        inside = float(self.hours[hour : hour + ahead].sum())
        return chance * inside / max(1.0 - chance * float(self.hours[:hour].sum()), 1e-9)


@dataclass
class Due:
    """Learns the rhythm of every person with every item, and says what is due.

    Parameters
    ----------
    timezone : str
        The clock that days and hours are read from.
    ahead : int
        A reminder speaks of so many hours from the full hour on which it comes.
    threshold : float
        It comes where the act is at least so likely within them.
    behaviors : tuple of str
        Behaviours that have a rhythm; all by default.

    Attributes
    ----------
    rhythms_ : dict
        (user, item, behaviour) → :class:`Rhythm`, of pairs with acts on 5 days and more.
    """

    timezone: str = "UTC"
    ahead: int = 2
    threshold: float = 0.5
    behaviors: tuple[str, ...] = ()
    rhythms_: dict[tuple[str, str, str], Rhythm] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_zone(self.timezone)
        if not 1 <= self.ahead <= HOURS:
            raise UsageError(f"ahead is {shown(self.ahead)}: give hours from 1 to {HOURS}")
        if not 0 < self.threshold < 1:
            raise UsageError(f"threshold is {shown(self.threshold)}: give a chance between 0 and 1")

    def fit(self, events: pa.Table) -> Self:
        """Learn from a log's events.

        Raises
        ------
        DataError
            The log has no times.
        """
        keys, days, hours = _acts(events, self.timezone, self.behaviors)
        self.rhythms_ = {}
        if not len(days):
            return self
        begun, ended = int(days.min()), int(days.max())
        ends = np.flatnonzero(np.r_[[key != before for key, before in zip(keys[1:], keys[:-1], strict=True)], True]) + 1
        for start, end in zip(np.r_[0, ends[:-1]].tolist(), ends.tolist(), strict=True):
            own, first = np.unique(days[start:end], return_index=True)
            if len(own) >= LEAST_ACTS:
                self.rhythms_[keys[start]] = _rhythm(own, hours[start:end][first], max(begun, int(own[0])), ended)
        return self

    def at(self, moment: datetime) -> pa.Table:
        """``user``, ``item``, ``behavior``, ``probability``: what a reminder would speak of in a full hour.

        Pairs that acted on that day are not due; the likeliest come first.
        """
        local = moment.astimezone(ZoneInfo(self.timezone))
        day = (local.date() - datetime(1970, 1, 1).date()).days
        found = [(*key, rhythm.slot(day, local.hour, self.ahead)) for key, rhythm in self.rhythms_.items()]
        return _table([one for one in found if one[3] >= self.threshold])

    def within_a_day(self, moment: datetime) -> pa.Table:
        """The same over the 24 hours from a moment, each pair once, with ``hour``: when the reminder comes."""
        best: dict[tuple[str, str, str], tuple[float, int]] = {}
        start = moment.astimezone(ZoneInfo(self.timezone)).replace(minute=0, second=0, microsecond=0)
        for ahead in range(HOURS):
            local = start + timedelta(hours=ahead)
            day = (local.date() - datetime(1970, 1, 1).date()).days
            for key, rhythm in self.rhythms_.items():
                chance = rhythm.slot(day, local.hour, self.ahead)
                if key not in best and chance >= self.threshold:
                    best[key] = (chance, local.hour)
        table = _table([(*key, chance) for key, (chance, _) in best.items()])
        keys = zip(table[USER].to_pylist(), table[ITEM].to_pylist(), table[BEHAVIOR].to_pylist(), strict=True)
        return table.append_column("hour", pa.array([best[key][1] for key in keys], pa.int64()))

    def judged(self, events: pa.Table) -> dict[str, float | int]:
        """Precision and recall of the reminders over later events, learned before them, updated day by day.

        A reminder is right where the act comes within its hours; an act of a pair with a rhythm is found where a
        reminder came within the hours before it. A pair is reminded of once a day at most.
        """
        keys, days, hours = _acts(events, self.timezone, self.behaviors)
        first: dict[tuple[str, str, str], dict[int, int]] = {}
        for key, day, hour in zip(keys, days.tolist(), hours.tolist(), strict=True):
            if key in self.rhythms_:
                first.setdefault(key, {}).setdefault(day, hour)
        span = range(int(days.min()), int(days.max()) + 1) if len(days) else range(0)
        reminded = right = 0
        for key, rhythm in self.rhythms_.items():
            sent, hits = _reminded(rhythm, first.get(key, {}), span, self.ahead, self.threshold)
            reminded, right = reminded + sent, right + hits
        acts = sum(len(one) for one in first.values())
        return {
            "reminders": reminded, "right": right, "acts": acts, "pairs": len(self.rhythms_),
            "precision": right / reminded if reminded else float("nan"),
            "recall": right / acts if acts else float("nan"),
        }  # fmt: skip


def _reminded(rhythm: Rhythm, acts: dict[int, int], days: range, ahead: int, threshold: float) -> tuple[int, int]:
    """Reminders over some days, and how many were right; what was done is known from the next hour on."""
    sent = right = 0
    for day in days:
        done = acts.get(day, HOURS)
        for hour in range(min(done + 1, HOURS)):
            if rhythm.slot(day, hour, ahead) >= threshold:
                sent += 1
                right += hour <= done < hour + ahead
                break
        if day in acts:
            rhythm = Rhythm(day, rhythm.gaps, rhythm.weekday, rhythm.hours, rhythm.rate)
    return sent, right


def _rhythm(days: Ints, hours: Ints, begun: int, ended: int) -> Rhythm:
    """From the days of one pair's acts (A,) and their hours (A,); the pair is watched from its first act on."""
    watched = np.arange(begun, ended + 1)
    rate = len(days) / max(len(watched), 1)
    acted = np.bincount((days + 3) % 7, minlength=7)
    chances = np.bincount((watched + 3) % 7, minlength=7)
    shrunk = (acted + _SHRINK * rate) / (chances + _SHRINK)
    shrunk, usual = np.clip(shrunk, 1e-3, 1 - 1e-3), min(max(rate, 1e-3), 1 - 1e-3)
    mass = np.bincount(hours, minlength=HOURS).astype(np.float64)
    smooth = mass + _NEIGHBOUR * (np.roll(mass, 1) + np.roll(mass, -1))
    weekday = np.log(shrunk / (1 - shrunk)) - np.log(usual / (1 - usual))
    return Rhythm(int(days[-1]), np.minimum(np.diff(days), _MOST_GAP), weekday, smooth / smooth.sum(), rate)


def _acts(events: pa.Table, timezone: str, behaviors: tuple[str, ...]) -> tuple[list[tuple[str, str, str]], Ints, Ints]:
    """Keys, days and hours on a clock of events with an item, by key and time."""
    if TIME not in events.column_names or events[TIME].null_count:
        raise DataError("the log has no times, so that no rhythm can be told")
    known = events.filter(events[ITEM].is_valid()).select([USER, ITEM, BEHAVIOR, TIME])
    if behaviors:
        known = known.filter(pc.is_in(known[BEHAVIOR].cast(pa.string()), value_set=pa.array(behaviors)))
    known = known.set_column(2, BEHAVIOR, known[BEHAVIOR].cast(pa.string()))
    known = known.sort_by([(USER, "ascending"), (ITEM, "ascending"), (BEHAVIOR, "ascending"), (TIME, "ascending")])
    here = pc.local_timestamp(known[TIME].cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", timezone)))
    micros = here.cast(pa.int64()).to_numpy()
    keys = list(zip(*(known[name].cast(pa.string()).to_pylist() for name in (USER, ITEM, BEHAVIOR)), strict=True))
    return keys, micros // _DAY_US, micros % _DAY_US // _HOUR_US


def _table(rows: list[tuple[str, str, str, float]]) -> pa.Table:
    rows = sorted(rows, key=lambda one: (-one[3], one[:3]))
    kinds = {USER: pa.string(), ITEM: pa.string(), BEHAVIOR: pa.string(), "probability": pa.float64()}
    return pa.table({name: pa.array([row[at] for row in rows], kind) for at, (name, kind) in enumerate(kinds.items())})
