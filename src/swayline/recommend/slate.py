"""The lists of a few people while they are made: what each step reads and writes.

::

    before a ranking    allowed (Q, I)    what may be shown; None while everything may
                        proposed (Q, I)   which steps of candidates named it; None while all come from one step
    after it            items (Q, P)      the pool, best first; -1 where nothing is left
                        scores (Q, P)     in the order of the items; -inf where nothing is left

Shapes: Q questions, I items, P places of the pool.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from swayline.core.types import Bools, Floats, Ints, ItemRows
from swayline.dataset import Sequences
from swayline.recommend.context import Context
from swayline.recommend.query import Query

MODEL, POPULAR, COLD = "model", "popular", "cold"
"""Where an item comes from: the model, what most people take, what is known of somebody without a history."""


@dataclass
class Slate:
    """What the steps work on.

    Attributes
    ----------
    context, queries : the model with what is known beside it, and (Q,) questions
    rows : (Q,) row of each user in the histories, -1 of somebody new
    history : Q histories, each asked at its moment
    pool : places kept after the ranking
    lost : why → (Q,) items that a step took out
    proposers : names of the steps of candidates, by bit of ``proposed``
    whole : bits of the steps that named everything
    drops : (Q,) bool, items of the history may not be shown; set by the step ``seen``
    fallback : (Q,) bool, the ranking is not the model's own
    sources : (Q,) where the items of a list come from where ``fallback`` is true
    placed : after each ordering step, its name and the items (Q, P) in its order
    reasons : (Q,) lists of words, where a step gave some
    lifted : (Q, I) by how much the people followed lift an item's score, where a step let them
    """

    context: Context
    queries: Sequence[Query]
    rows: Ints
    history: Sequences
    pool: int
    allowed: Bools | None = None
    proposed: npt.NDArray[np.uint32] | None = None
    proposers: list[str] = field(default_factory=list)
    whole: int = 0
    drops: Bools | None = None
    lost: dict[str, Ints] = field(default_factory=dict)
    items: ItemRows | None = None
    scores: Floats | None = None
    fallback: Bools | None = None
    sources: list[str] = field(default_factory=list)
    placed: list[tuple[str, ItemRows]] = field(default_factory=list)
    reasons: list[list[str]] | None = None
    lifted: Floats | None = None

    def __len__(self) -> int:
        return len(self.queries)

    def mask(self) -> Bools:
        """(Q, I) what may be shown, to be changed through :meth:`keep`."""
        if self.allowed is None:
            self.allowed = np.ones((len(self), self.context.n_items), bool)
        return self.allowed

    def keep(self, rows: Ints | slice, kept: Bools, why: str) -> None:
        """Take out of some rows what is not kept, and remember how many items each lost, and why."""
        mask = self.mask()
        before = mask[rows].sum(axis=1)
        mask[rows] &= kept
        lost = self.lost.setdefault(why, np.zeros(len(self), np.int64))
        lost[rows] += before - mask[rows].sum(axis=1)

    def propose(self, name: str, found: Bools) -> None:
        """Add candidates (Q, I) of a step."""
        if self.proposed is None:
            self.proposed = np.zeros((len(self), self.context.n_items), np.uint32)
        self.proposed[found] |= np.uint32(1 << len(self.proposers))
        self.proposers.append(name)

    def propose_all(self, name: str) -> None:
        """Everything is a candidate of this step."""
        self.whole |= 1 << len(self.proposers)
        self.proposers.append(name)

    def choosable(self) -> Bools | None:
        """(Q, I) what may be ranked: allowed, named by a step, not to be dropped as seen; None while all of it may.

        Items of the history are taken out here only where something else is, too: else the ranking does it.
        """
        named = self.proposed is not None and not self.whole
        if self.allowed is None and not named:
            return None
        found = self.mask().copy()
        if named and self.proposed is not None:
            found &= self.proposed > 0
        if self.drops is not None and self.drops.any():
            part = self.history.take(np.flatnonzero(self.drops))
            found[np.flatnonzero(self.drops)[part.users], part.items] = False
        return found

    def ranked(self, name: str, items: ItemRows, scores: Floats) -> None:
        """Set the pool."""
        self.items, self.scores = items, scores
        self.placed.append((name, items))

    def rescore(self, name: str, scores: Floats) -> None:
        """Order the pool by new scores (Q, P); equal ones keep their order."""
        assert self.items is not None
        given = np.where(self.items >= 0, scores, -np.inf)
        order = np.argsort(-given, axis=1, kind="stable")
        self.reorder(name, order, np.take_along_axis(given, order, axis=1))

    def reorder(self, name: str, order: npt.NDArray[np.int64], scores: Floats | None = None) -> None:
        """Put the pool's places (Q, P) in another order; each item keeps its score where none are given."""
        assert self.items is not None
        assert self.scores is not None
        if scores is None:
            self.scores = np.take_along_axis(np.asarray(self.scores, np.float64), order, axis=1)
        else:
            self.scores = scores
        self.items = np.take_along_axis(self.items, order, axis=1)
        self.placed.append((name, self.items))

    def lifted_by_people(self, by: Floats, of: Floats | None) -> None:
        """Remember how much (Q, P) people followed lift each place of the pool, in shares of ``of`` where given."""
        assert self.items is not None
        self.lifted = np.zeros((len(self), self.context.n_items))
        rows, places = np.nonzero(self.items >= 0)
        change = by if of is None else by * np.maximum(of, 0.0)
        self.lifted[rows, self.items[rows, places]] = change[rows, places]

    def named_by(self, name: str, rows: Ints, items: Ints) -> Bools:
        """(n,) whether a step of candidates alone named each item."""
        if self.proposed is None or self.whole or name not in self.proposers:
            return np.zeros(len(rows), bool)
        bit = np.uint32(1 << self.proposers.index(name))
        return np.asarray(self.proposed[rows, items] == bit, dtype=bool)

    def interest(self) -> tuple[Floats, Bools]:
        """(Q, P) scores in standard deviations of each person's own pool, and (Q, P) where there is an item.

        Steps that add something to a score add so many of these, whatever scale the model scores on.
        """
        assert self.items is not None
        assert self.scores is not None
        filled = self.items >= 0
        n = np.maximum(filled.sum(axis=1, keepdims=True), 1)
        scores = np.where(filled, self.scores, 0.0).astype(np.float64)
        mean = scores.sum(axis=1, keepdims=True) / n
        spread = np.sqrt((np.where(filled, scores - mean, 0.0) ** 2).sum(axis=1, keepdims=True) / n)
        return np.where(filled, (scores - mean) / np.where(spread > 0, spread, 1.0), -np.inf), filled

    def by_moment(self) -> dict[int | None, Ints]:
        """Moment in UTC microseconds (None: the end of the log) → rows of the questions asked then."""
        found: dict[int | None, list[int]] = {}
        for row, query in enumerate(self.queries):
            found.setdefault(moment_us(query), []).append(row)
        return {moment: np.array(rows) for moment, rows in found.items()}

    def grouped(self, key: Callable[[Query], object]) -> dict[object, Ints]:
        """Key of the questions → their rows, where the key is not None."""
        found: dict[object, list[int]] = {}
        for row, query in enumerate(self.queries):
            value = key(query)
            if value is not None:
                found.setdefault(value, []).append(row)
        return {value: np.array(rows) for value, rows in found.items()}


def moment_us(query: Query) -> int | None:
    """The moment of a question, UTC microseconds; None for the end of the log."""
    return None if query.at is None or isinstance(query.at, str) else round(query.at.timestamp() * 1e6)
