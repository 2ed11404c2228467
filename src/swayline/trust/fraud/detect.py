"""From signals to a table: a score and a reason for each person and each item.

A score of .5 or more is a flag: something that chance, taste, a household or an import does not explain. Below it the
score only orders who to look at first. A flag is a question to somebody who knows the log; nothing is dropped here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from swayline.core.names import KIND, REASON, SCORE
from swayline.core.types import Bools, Ints
from swayline.engine import Engine
from swayline.events import EventLog
from swayline.trust.acts import Acts, Floats
from swayline.trust.fraud.lockstep import LEAST_GROUP
from swayline.trust.fraud.signals import Campaign, Signals, look
from swayline.trust.fraud.ties import BoughtTies, find_bought_ties, is_bought

ID, FLAGGED = "id", "flagged"
FINDINGS = pa.schema(
    [(KIND, pa.string()), (ID, pa.string()), (SCORE, pa.float64()), (FLAGGED, pa.bool_()), (REASON, pa.string())]
)
"""One row a person (``user``) and item (``item``), the most suspicious first."""
USER_KIND, ITEM_KIND = "user", "item"
FLAG_FROM = 0.5
_MOST_UNFLAGGED = 0.49
_WHOLE_COPY = 0.9
_CONTRARY = 0.95
"""What contradicting everybody counts beside choices drawn at random."""


@dataclass(frozen=True)
class Fraud:
    """What was found.

    Parameters
    ----------
    table : pa.Table
        Columns of :data:`FINDINGS`.
    notes : tuple of str
        What could not be asked of this log, a sentence each.
    unjudged : int
        People with too few items that others met too for their choices to be judged.
    """

    table: pa.Table
    notes: tuple[str, ...] = ()
    unjudged: int = 0

    def flagged(self, kind: str = USER_KIND) -> list[str]:
        """Ids of the people (or items) flagged."""
        rows = self.table.filter(pc.and_(pc.equal(self.table[KIND], kind), self.table[FLAGGED]))
        names: list[str] = rows[ID].to_pylist()
        return names

    def scores(self, kind: str = USER_KIND) -> dict[str, float]:
        """Id → score."""
        rows = self.table.filter(pc.equal(self.table[KIND], kind))
        return dict(zip(rows[ID].to_pylist(), rows[SCORE].to_pylist(), strict=True))


def detect_fraud(engine: Engine, log: EventLog, ties: pa.Table | None = None, seed: int = 0) -> Fraud:
    """Judge every person and item of a log, without labels.

    Parameters
    ----------
    ties : pa.Table, optional
        ``source`` influences ``target``: whether followers were bought is asked too.

    Raises
    ------
    EmptyLogError
        No event names an item.
    SchemaError
        The ties lack a column.
    """
    acts = Acts.of(log.events)
    signals = look(engine, log.events, acts, seed)
    people = _People(acts, signals)
    rows = people.rows()
    bought = None if ties is None else find_bought_ties(ties)
    if bought is not None:
        rows = _with_ties(rows, bought)
    rows += _item_rows(acts, signals, people)
    rows.sort(key=in_order)
    unjudged = int(np.isnan(signals.taste.evidence).sum())
    return Fraud(pa.Table.from_pylist(rows, FINDINGS), tuple(_notes(acts, signals, bought, unjudged)), unjudged)


def _row(kind: str, name: str, score: float, reason: str) -> dict[str, Any]:
    score = round(float(min(max(score, 0.0), 1.0)), 4)
    return {KIND: kind, ID: name, SCORE: score, FLAGGED: score >= FLAG_FROM, REASON: reason}


def in_order(row: dict[str, Any]) -> tuple[float, bool, str]:
    """The most suspicious first, people before items."""
    return -row[SCORE], row[KIND] != USER_KIND, row[ID]


class _People:
    """Scores and reasons of everybody."""

    def __init__(self, acts: Acts, signals: Signals) -> None:
        self.acts, self.signals = acts, signals
        self.score = _weak(signals)
        self.reasons: list[list[str]] = [[] for _ in acts.users]
        self._of_campaigns()
        self._of_lockstep()
        for at, why in signals.machines.items():
            self._raise(at, 0.8, why)
        for writer in np.flatnonzero(signals.texts).tolist():
            self._raise(writer, 0.8, f"wrote, word by word, what {signals.texts[writer] - 1:,} other accounts wrote")
        self._of_doubles()

    def _raise(self, at: int, score: float, why: str) -> None:
        """Two independent reasons are more than one."""
        old = self.score[at]
        self.score[at] = 1.0 - (1.0 - old) * (1.0 - score) if old >= FLAG_FROM else max(old, score)
        self.reasons[at].append(why)

    def _of_campaigns(self) -> None:
        told: set[tuple[int, str]] = set()
        for one in sorted(self.signals.campaigns, key=lambda campaign: campaign.did == "met it"):
            targets = one.targets
            rank = _ranks(one.evidence)
            for at in np.flatnonzero(targets.members):
                if (int(at), one.who) in told:
                    continue
                told.add((int(at), one.who))
                item = int(targets.item_of[at])
                why = (
                    f"one of {targets.n_suspicious[item]:,} people {one.who} and who {one.did} "
                    f"({self.acts.items[item]!r}; chance would bring {targets.expected[item]:.1f})"
                )
                self._raise(int(at), 0.6 + 0.35 * float(rank[at]), why)

    def _of_lockstep(self) -> None:
        lockstep = self.signals.lockstep
        for at in np.flatnonzero(lockstep.size):
            why = (
                f"one of {lockstep.size[at]:,} people who meet the same items within {_span(lockstep.window_s)} of "
                f"each other ({lockstep.together[at]:,} items)"
            )
            self._raise(int(at), 0.6 + 0.35 * float(1.0 - LEAST_GROUP / (LEAST_GROUP + lockstep.size[at])), why)

    def _of_doubles(self) -> None:
        """Doubles of somebody are said to be doubles, and accused of nothing."""
        copies = self.signals.copies
        for at in np.flatnonzero(np.nan_to_num(copies.excess) >= _WHOLE_COPY):
            if self.score[at] < FLAG_FROM:
                other = self.acts.users[int(copies.double[at])]
                self.reasons[at].append(
                    f"has nearly all items in common with {other!r}: a household, a second account or a copy, which "
                    "cannot be told"
                )

    def rows(self) -> list[dict[str, Any]]:
        """A row a person."""
        return [
            _row(USER_KIND, name, self.score[at], "; ".join(self.reasons[at]))
            for at, name in enumerate(self.acts.users)
        ]


def _weak(signals: Signals) -> Floats:
    """(U,) the order of everybody who is not flagged, below .5.

    By company; where the taste of most can be judged by odd choices and ratings too, whichever says more.
    """
    odd = np.maximum(_ranks(signals.taste.evidence), _CONTRARY * _ranks(signals.contrary))
    trusted = 0.5
    if np.isnan(signals.taste.evidence).mean() > 0.5:
        odd, trusted = np.zeros(len(odd)), 1.0
    weak: Floats = _MOST_UNFLAGGED * np.maximum(odd**6, trusted * signals.company**2)
    return weak


def _ranks(values: Floats) -> Floats:
    """(U,) place among those who have a value, from 0 to 1; 0 for the others."""
    known = ~np.isnan(values)
    found = np.zeros(len(values))
    if known.any():
        found[known] = stats.rankdata(values[known]) / int(known.sum())
    return found


def _span(seconds: float) -> str:
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            n = round(seconds / size)
            return f"{n} {name}{'' if n == 1 else 's'}"
    return f"{max(1, round(seconds))} seconds"


def _with_ties(rows: list[dict[str, Any]], bought: BoughtTies) -> list[dict[str, Any]]:
    """The rows with what their ties say; people who stand in ties alone get a row."""
    of = {one[ID]: one for one in rows}
    for at, name in enumerate(bought.people):
        one = of.setdefault(name, _row(USER_KIND, name, 0.0, ""))
        if bought.size[at]:
            why = (
                f"follows {bought.follows[at]:,} people as {bought.size[at] - 1:,} others do, none of whom they know "
                "otherwise: looks like bought followers"
            )
            of[name] = _row(USER_KIND, name, max(one[SCORE], 0.85), _and(one[REASON], why))
    for buyer in np.flatnonzero(is_bought(bought)).tolist():
        name = bought.people[buyer]
        why = (
            f"{bought.bought[buyer]:.0%} of the followers look bought; whether by this person or by somebody else "
            "cannot be told"
        )
        one = of[name]
        score = max(one[SCORE], _MOST_UNFLAGGED)
        of[name] = _row(USER_KIND, name, score, _and(one[REASON], why))
    return list(of.values())


def _and(first: str, second: str) -> str:
    return f"{first}; {second}" if first else second


def _item_rows(acts: Acts, signals: Signals, people: _People) -> list[dict[str, Any]]:
    flagged = people.score >= FLAG_FROM
    share = (acts.matrix[np.flatnonzero(flagged)].sum(axis=0)) / np.maximum(acts.met, 1)
    score = _MOST_UNFLAGGED * np.asarray(share, np.float64).ravel()
    reasons: list[list[str]] = [[] for _ in acts.items]
    for one in signals.campaigns:
        for item in np.flatnonzero(one.targets.p_value < 1.0):
            score[item] = max(score[item], _of_target(one, int(item)))
            reasons[item].append(
                f"{one.targets.n_suspicious[item]:,} people {one.who} {one.did}; chance would bring "
                f"{one.targets.expected[item]:.1f}"
            )
    for shared, n, size in _shared_in_step(acts, signals.lockstep.group):
        score[shared] = max(score[shared], 0.7)
        reasons[shared].append(f"{n:,} of a group of {size:,} people in step met it")
    return [_row(ITEM_KIND, name, score[at], "; ".join(reasons[at])) for at, name in enumerate(acts.items)]


def _of_target(one: Campaign, item: int) -> float:
    """From .6 to 1: how far beyond chance."""
    return 1.0 - 0.4 * float(one.targets.expected[item] / max(int(one.targets.n_suspicious[item]), 1))


def _shared_in_step(acts: Acts, group: Ints) -> list[tuple[int, int, int]]:
    """Item, members of a group in step who met it, size of the group: items that most of a group met."""
    found = []
    for label in np.unique(group[group >= 0]):
        members: Bools = group == label
        count = np.asarray(acts.matrix[np.flatnonzero(members)].sum(axis=0)).ravel()
        size = int(members.sum())
        found += [(int(item), int(count[item]), size) for item in np.flatnonzero(count >= 0.6 * size)]
    return found


def _notes(acts: Acts, signals: Signals, bought: BoughtTies | None, unjudged: int) -> list[str]:
    found = []
    if unjudged:
        found.append(
            f"{unjudged:,} of {len(acts.users):,} people have too few items that others met too for "
            "their choices to be judged."
        )
    if acts.pair_values is None:
        found.append("The log has no ratings, so nothing is said of praise and blame.")
    if signals.lockstep.why_not:
        found.append(signals.lockstep.why_not)
    if signals.lockstep.bulk.any():
        found.append(
            f"{int(signals.lockstep.bulk.sum()):,} people's events stand at moments that many share, as a coarse "
            "clock or an import makes them: how fast and with whom they acted cannot be told."
        )
    if bought is None:
        found.append("No ties were given, so nothing is said of bought followers.")
    return found
