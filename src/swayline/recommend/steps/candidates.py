"""Candidates: what may come into a list at all.

A chain with several steps of candidates takes their union, and each list says which of them named an item.

Shapes: Q questions, I items, U people.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.settings import require
from swayline.core.types import Bools, Floats
from swayline.models import top_k
from swayline.models.classical.recent_popular import decayed_counts, log_ages
from swayline.recommend.slate import MODEL, Slate
from swayline.recommend.steps.following import through_ties
from swayline.recommend.steps.protocol import CANDIDATES


@dataclass(frozen=True)
class Whole:
    """What the model would choose: the whole catalogue, or its best ``n`` of each person.

    Parameters
    ----------
    n : int, optional
        Everything by default.
    """

    name: ClassVar[str] = MODEL
    kind: ClassVar[str] = CANDIDATES
    n: int | None = None

    def __post_init__(self) -> None:
        require("n", self.n, 1)

    def __call__(self, slate: Slate) -> None:
        """Propose."""
        if self.n is None:
            slate.propose_all(self.name)
            return
        slate.propose(self.name, _best(slate.context.bundle.model.score(slate.history), self.n, least=-np.inf))


@dataclass(frozen=True)
class Neighbours:
    """What goes together with the items of the history.

    Parameters
    ----------
    n : int
        So many a person.
    """

    name: ClassVar[str] = "neighbours"
    kind: ClassVar[str] = CANDIDATES
    n: int = 100

    def __post_init__(self) -> None:
        require("n", self.n, 1)

    def __call__(self, slate: Slate) -> None:
        """Propose."""
        slate.propose(self.name, _best(slate.context.neighbours.score(slate.history), self.n))


@dataclass(frozen=True)
class Ties:
    """What the people met whom this person knows, those of more influence first.

    With a ledger that asked about ties, only what it supports counts (:mod:`.following`).

    Parameters
    ----------
    n : int
        So many a person.
    """

    name: ClassVar[str] = "ties"
    kind: ClassVar[str] = CANDIDATES
    n: int = 100

    def __post_init__(self) -> None:
        require("n", self.n, 1)

    def __call__(self, slate: Slate) -> None:
        """Propose."""
        slate.propose(self.name, _best(through_ties(slate).weight.toarray(), self.n))


@dataclass(frozen=True)
class Trending:
    """What is met most lately.

    Parameters
    ----------
    n : int
        So many.
    half_life : float
        Share of the log's span after which an event counts half.
    """

    name: ClassVar[str] = "trending"
    kind: ClassVar[str] = CANDIDATES
    n: int = 100
    half_life: float = 0.02

    def __post_init__(self) -> None:
        require("n", self.n, 1)
        require("half_life", self.half_life, 1e-6, 100.0)

    def __call__(self, slate: Slate) -> None:
        """Propose."""
        found = np.zeros((len(slate), slate.context.n_items), bool)
        for moment, rows in slate.by_moment().items():
            known = slate.context.until(moment)
            counts = slate.context.once(
                (self, moment), lambda known=known: decayed_counts(known, log_ages(known), self.half_life)
            )
            found[rows] = _best(np.asarray(counts)[None], self.n)
        slate.propose(self.name, found)


@dataclass(frozen=True)
class Cold:
    """Items that nobody, or hardly anybody, has met.

    Parameters
    ----------
    most_met : int
        Events that an item may have.
    """

    name: ClassVar[str] = "cold"
    kind: ClassVar[str] = CANDIDATES
    most_met: int = 0

    def __post_init__(self) -> None:
        require("most_met", self.most_met, 0)

    def __call__(self, slate: Slate) -> None:
        """Propose."""
        slate.propose(self.name, np.tile(slate.context.met <= self.most_met, (len(slate), 1)))


@dataclass(frozen=True)
class Own:
    """A list of the caller's: the query's ``candidates``, else these.

    Parameters
    ----------
    items : tuple of str
        Ids.
    """

    name: ClassVar[str] = "own"
    kind: ClassVar[str] = CANDIDATES
    items: tuple[str, ...] = ()

    def __call__(self, slate: Slate) -> None:
        """Propose.

        Raises
        ------
        UsageError
            An item does not exist.
        """
        found = np.zeros((len(slate), slate.context.n_items), bool)
        for row, query in enumerate(slate.queries):
            wanted = query.candidates if query.candidates is not None else self.items
            found[row] = rows_of_items(slate, tuple(str(one) for one in wanted), "candidates")
        slate.propose(self.name, found)


def rows_of_items(slate: Slate, ids: tuple[str, ...], what: str) -> Bools:
    """(I,) which items these are.

    Raises
    ------
    UsageError
        One is unknown.
    """

    def look_up() -> Bools:
        items = slate.context.bundle.dataset.items
        rows = items.rows(ids)
        if (rows < 0).any():
            first = ids[int(np.flatnonzero(rows < 0)[0])]
            n = int((rows < 0).sum())
            others = f" (nor are {n - 1:,} more of the {len(ids):,})" if n > 1 else ""
            raise UsageError(
                f"{what}: item {shown(first)} is not in the model's catalogue{others}:"
                f" {nearest(first, items.names[:2000])}"
            )
        found = np.zeros(slate.context.n_items, bool)
        found[rows] = True
        return found

    found: Bools = slate.context.once((what, ids), look_up)
    return found


def _best(scores: Floats, n: int, least: float = 0.0) -> Bools:
    """(Q, I) the best n above ``least`` of each row."""
    items, values = top_k(scores.astype(np.float32), min(n, scores.shape[1]))
    found = np.zeros(scores.shape, bool)
    rows, places = np.nonzero((items >= 0) & (values > least))
    found[rows, items[rows, places]] = True
    return found
