"""Short rules from the log, and the rule beside each row: the model is its own reason.

::

    had i                      then j        people who had i, and j later   /  people who had i
    had i, directly then i'    then j        the same of two events in a row
    confidence     lower end of Wilson's interval of that share, so that few people prove little
    score (j)      the highest confidence of a rule that the last events of the history meet, else a little popularity

An event is its item and its behaviour. A rule counts people, each once, and looks at most 50 events ahead. How sure it
must be and how many last events may meet rules are chosen on validation questions.

Shapes: Q histories, I items, A antecedents, R rules.

References
----------
Agrawal, Imieliński and Swami, "Mining Association Rules between Sets of Items in Large Databases", SIGMOD 1993.
Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 1927.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from swayline.core.errors import ArtifactError
from swayline.core.settings import Count, NotNegative, checked
from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.counts import stored_matrix
from swayline.models.counts.cooccurrence import REACH
from swayline.models.counts.history_matrix import ages
from swayline.models.protocol import Scores
from swayline.models.tuning import choose, judge_of

_CHOICES: dict[str, tuple[float, ...]] = {"window": (5, 1, 2, 20, 1000), "sureness": (1.0, 0.3, 2.0)}
_POPULAR = 1e-3
"""Of a rule's confidence at most: popularity breaks ties and answers where no rule is met."""
_RULES_AT_ONCE = 1 << 22


@checked
@dataclass(frozen=True)
class RulesSettings:
    """Numbers left to validation (None), and how many people make a rule.

    Parameters
    ----------
    window : int, optional
        Last events of a history that may meet a rule.
    sureness : float, optional
        Standard errors that a confidence is lowered by.
    min_people : int
        Fewer make no rule.
    """

    window: Count | None = None
    sureness: NotNegative | None = None
    min_people: Annotated[int, Field(ge=1)] = 2


@dataclass(frozen=True)
class Chosen:
    """The settings with nothing left open; the defaults are what is taken without validation questions."""

    window: int = 5
    sureness: float = 1.0


@dataclass(frozen=True)
class Rule:
    """What a row rests on.

    Parameters
    ----------
    had : tuple of (item, behaviour) row numbers
        One event, or two in a row.
    people, of : int
        So many of so many who had it went on to the item.
    confidence : float
        The lower end of that share.
    """

    had: tuple[tuple[int, int], ...]
    people: int
    of: int
    confidence: float


@dataclass(frozen=True)
class Counted:
    """People by rule: ``had`` (A,) codes of antecedents in order, how many had each (A,), and then each item (A, I)."""

    had: Ints
    people: Ints
    then: sparse.csr_array


class Rules:
    """The next item by the surest rule that the history meets."""

    name: ClassVar[str] = "rules"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[RulesSettings]] = RulesSettings

    def __init__(self, settings: RulesSettings | None = None) -> None:
        self.settings = settings or RulesSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Count who went from what to what, and choose what was left open."""
        judge, counted = judge_of(valid), lru_cache(maxsize=1)(partial(self._count, train))
        found = (lambda trial: judge(self._become(train, trial, counted))) if judge else None
        return self._become(train, choose(self.name, self.settings, Chosen, _CHOICES, found, rounds=1), counted)

    def refit(self, train: Sequences) -> Self:
        """Count again with the choices already made."""
        return self._become(train, self.chosen_, partial(self._count, train))

    def _count(self, train: Sequences) -> Counted:
        return _counted(train, self.settings.min_people)

    def _become(self, train: Sequences, chosen: Chosen, counted: Callable[[], Counted]) -> Self:
        self.chosen_, self.n_behaviors_ = chosen, train.n_behaviors
        self.counted_ = counted()
        counts = np.bincount(train.items, minlength=train.n_items) + 1.0
        self.share_ = (counts / counts.sum()).astype(np.float32)
        self.confidence_ = self._confidence()
        return self

    def _confidence(self) -> sparse.csr_array:
        found, of = self.counted_.then.copy(), self.counted_.people
        found.data = wilson_low(found.data, np.repeat(of, np.diff(found.indptr)), self.chosen_.sureness)
        return found

    def score(self, history: Sequences) -> Scores:
        """(Q, I) the confidence of the surest rule met, and popularity's small share."""
        scores: Scores = np.zeros((len(history), len(self.share_)), np.float32)
        row, at = self._met(history)
        sizes = np.diff(self.confidence_.indptr)[at]
        start = 0
        while start < len(at):
            end = max(start + 1, int(np.searchsorted(np.cumsum(sizes[start:]), _RULES_AT_ONCE)) + start)
            some = self.confidence_[at[start:end]]
            rows = np.repeat(row[start:end], np.diff(some.indptr))
            np.maximum.at(scores, (rows, some.indices), some.data.astype(np.float32))
            start = end
        scores += np.float32(_POPULAR) * self.share_
        return scores

    def rule(self, history: Sequences, row: int, item: int) -> Rule | None:
        """The surest rule by which a history leads to an item; of equals the later event's. None where none is met."""
        _, at = self._met(history.take(np.array([row])))
        if not len(at):
            return None
        column = self.confidence_[:, [item]].toarray()[at, 0]
        if column.max() <= 0:
            return None
        best = int(at[np.flatnonzero(column == column.max())[-1]])
        code, base = int(self.counted_.had[best]), len(self.share_) * self.n_behaviors_
        first, last = divmod(code, base + 1)
        events = [one for one in (first - 1, last - 1) if one >= 0]
        return Rule(
            tuple(divmod(one, self.n_behaviors_) for one in events), int(self.counted_.then[best, item]),
            int(self.counted_.people[best]), float(column.max()),
        )  # fmt: skip

    def _met(self, history: Sequences) -> tuple[Ints, Ints]:
        """(M,) rows of histories and the antecedents that their last events meet, older events first."""
        had = self.counted_.had
        if not len(had) or not len(history.items):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        row, codes = _antecedents(history, ages(history) < self.chosen_.window)
        at = np.minimum(np.searchsorted(had, codes), len(had) - 1)
        met = had[at] == codes
        return row[met], at[met]

    def save(self, folder: Path) -> None:
        """Write the rules as compressed sparse rows."""
        learned = {
            "n_items": len(self.share_), "n_behaviors": self.n_behaviors_, "n_antecedents": len(self.counted_.had),
            "chosen": dataclasses.asdict(self.chosen_),
        }  # fmt: skip
        arrays = stored_matrix.as_arrays(self.counted_.then) | {
            "had": self.counted_.had, "people": self.counted_.people, "share": self.share_,
        }  # fmt: skip
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        n_items, n_behaviors, n = artifact.sizes_of(folder, stored, "n_items", "n_behaviors", "n_antecedents")
        vectors: stored_matrix.Expected = {
            "had": ((n,), "int64"), "people": ((n,), "int64"), "share": ((n_items,), "float32"),
        }  # fmt: skip
        artifact.check_arrays(folder, stored, stored_matrix.expected(n) | vectors)
        had, people = stored.arrays["had"], stored.arrays["people"]
        if (np.diff(had) <= 0).any() or (people < 1).any():
            raise ArtifactError(f"{folder / artifact.WEIGHTS_FILE}: had and people hold no rules in order")
        model = cls(artifact.settings_of(folder, stored, RulesSettings))
        model.chosen_ = artifact.part_of(folder, stored, "chosen", Chosen)
        model.n_behaviors_, model.share_ = n_behaviors, stored.arrays["share"]
        then = stored_matrix.from_arrays(folder, stored.arrays, (n, n_items))
        model.counted_ = Counted(had, people, then)
        model.confidence_ = model._confidence()
        return model


def wilson_low(hits: Floats, of: Ints | Floats, z: float) -> Floats:
    """The lower end of Wilson's interval of shares.

    >>> wilson_low(np.array([5.0, 50.0]), np.array([10, 100]), 1.0).round(3).tolist()
    [0.349, 0.45]
    """
    share = hits / of
    spread = z * np.sqrt(share * (1 - share) / of + (z / (2 * np.asarray(of, float))) ** 2)
    found: Floats = np.maximum((share + z * z / (2 * of) - spread) / (1 + z * z / of), 0.0)
    return found


def _antecedents(history: Sequences, kept: np.ndarray) -> tuple[Ints, Ints]:
    """Rows and codes of single events and of two in a row, where the (last) event is kept; by place."""
    base = np.int64(history.n_items) * history.n_behaviors
    events = history.items * np.int64(history.n_behaviors) + history.behaviors + 1
    users, place = history.users, np.flatnonzero(kept)
    follows = place[(place > 0)]
    follows = follows[users[follows - 1] == users[follows]]
    at = np.concatenate([place, follows])
    codes = np.concatenate([events[place], events[follows - 1] * (base + 1) + events[follows]])
    order = np.argsort(at, kind="stable")
    return users[at[order]], codes[order]


def _counted(train: Sequences, min_people: int) -> Counted:
    """People who had each antecedent, and who had each item later."""
    base = np.int64(train.n_items) * train.n_behaviors
    events = train.items * np.int64(train.n_behaviors) + train.behaviors + 1
    users, ends, place = train.users, np.repeat(train.offsets[1:], train.lengths), np.arange(len(train.items))
    pair = np.zeros(len(events), np.int64)
    follows = np.flatnonzero(np.diff(users, prepend=-1) == 0)
    pair[follows] = events[follows - 1] * (base + 1) + events[follows]
    owner = np.concatenate([users, users[follows]])
    had, code = np.unique(np.concatenate([events, pair[follows]]), return_inverse=True)
    people = np.bincount(np.unique(code * np.int64(len(train)) + owner) // max(1, len(train)), minlength=len(had))
    enough = people >= min_people
    number = np.where(enough, np.cumsum(enough) - 1, -1)
    alone, joined = np.full(len(events), -1), np.full(len(events), -1)
    alone[:], joined[follows] = number[code[: len(events)]], number[code[len(events) :]]
    keys = []
    longest = int(train.lengths.max(initial=0))
    for distance in range(1, min(REACH, longest - 1) + 1):
        first = np.flatnonzero(place + distance < ends)
        for of in (alone, joined):
            some = first[of[first] >= 0]
            rule = of[some].astype(np.int64) * train.n_items + train.items[some + distance]
            keys.append(rule * np.int64(len(train)) + users[some])
    once = np.unique(np.concatenate(keys)) if keys else np.zeros(0, np.int64)
    rules, n = np.unique(once // max(1, len(train)), return_counts=True)
    kept = n >= min_people
    row, column = np.divmod(rules[kept], np.int64(max(1, train.n_items)))
    shape = (int(enough.sum()), train.n_items)
    then = sparse.csr_array((n[kept].astype(np.float32), (row, column)), shape=shape)
    return Counted(had[enough].astype(np.int64), people[enough].astype(np.int64), then)
