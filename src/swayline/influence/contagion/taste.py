"""How near a person's taste is to that of an item's people, as acts before the moment tell it.

At a few dates the acts up to then are factorised (a truncated SVD of people × items); an item is the mean of those who
had acted on it before the moment, so that items nobody knew at the date have a place too.

Shapes: U people, I items, A acts, K dimensions.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.influence.contagion.reading import Floats, SocialLog, slices

DATES = 8
DIMENSIONS = 12
_POWERS = 4


class Taste:
    """Nearness of people to items as of any moment."""

    def __init__(self, log: SocialLog, seed: int) -> None:
        self.log = log
        rows = np.flatnonzero(log.item >= 0)
        self.time, self.person, self.item = log.time[rows], log.person[rows], log.item[rows]
        self.dates = np.unique(np.quantile(self.time, np.arange(1, DATES) / DATES))
        rng = generator(seed, "contagion", "taste")
        self.people = [self._factors(date, rng) for date in self.dates]
        ties = sparse.csr_matrix((np.ones(len(log.source)), (log.target, log.source)), (log.people, log.people))
        sizes = np.maximum(np.asarray(ties.sum(axis=1)).ravel(), 1.0)
        self.ties = [ties @ one / sizes[:, None] for one in self.people]
        self._index()

    def _factors(self, date: float, rng: np.random.Generator) -> Floats:
        """(U, K) tastes, rows of length 1 or 0, of acts before a date."""
        before = self.time < date
        shape = (self.log.people, len(self.log.items))
        matrix = sparse.csr_matrix((np.ones(int(before.sum())), (self.person[before], self.item[before])), shape)
        matrix.data = np.log1p(matrix.data)
        fame = np.maximum(matrix.getnnz(axis=0), 1)
        matrix = matrix @ sparse.diags(np.log(1 + self.log.people / fame))
        basis = rng.normal(size=(shape[1], min(DIMENSIONS, *shape)))
        for _ in range(_POWERS):
            basis = np.linalg.qr(matrix.T @ (matrix @ basis))[0]
        found = matrix @ basis
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.maximum(length, 1e-12))

    def _index(self) -> None:
        """Acts by item, and by category, each then by time: for sums over those before a moment."""
        self.moments = np.unique(self.time)
        category = self.log.item_category()
        kinds = [self.item] + ([category[self.item] + 1] if len(self.log.categories) else [])
        self.groups = [_Group(kind, self.person, self.time, self.moments, self.log.people) for kind in kinds]
        order = np.argsort(self.log.target, kind="stable")
        self.source, self.begin = self.log.source[order], slices(self.log.target[order], self.log.people)
        self.of_item = category + 1

    def nearness(self, person: Ints, item: Ints, time: Floats, spans_s: Sequence[float]) -> dict[str, Floats]:
        """Products of tastes with those of an item's people, each (n,); 0 before the first date.

        Of the person, and of the ties' mean: with the mean of all who ever acted on the item. Of the person: with the
        sum of those who acted on the item, or its category, in each span before: what people alike do just now. The
        person and the ties are never among those people.
        """
        at = np.searchsorted(self.dates, time, side="left") - 1
        found: dict[str, Floats] = {}
        for date, (mine, theirs) in enumerate(zip(self.people, self.ties, strict=True)):
            rows = np.flatnonzero(at == date)
            asked = (person[rows], item[rows], time[rows])
            for name, values in self._at_date(mine, theirs, asked, spans_s):
                found.setdefault(name, np.zeros(len(person)))[rows] = values
        return found

    def _at_date(
        self, mine: Floats, theirs: Floats, asked: tuple[Ints, Ints, Floats], spans_s: Sequence[float]
    ) -> Iterator[tuple[str, Floats]]:
        person, item, time = asked
        own, close = mine[person], self._close(person)
        for of, codes, group in zip(("item", "category"), (item, self.of_item[item]), self.groups, strict=False):
            sums = group.sums(mine[self.person])
            if of == "item":
                every = _others(group, sums, mine, (codes, None, None), close)
                every /= np.maximum(np.linalg.norm(every, axis=1, keepdims=True), 1e-12)
                yield "own: nearness to the item", (own * every).sum(axis=1)
                yield "ties: nearness to the item", (theirs[person] * every).sum(axis=1)
                yield "ties: nearest to the item", _nearest(mine, every, close, len(person))
            for word, span in zip(("just now", "lately"), spans_s, strict=True):
                late = (own * _others(group, sums, mine, (codes, time - span, time), close)).sum(axis=1)
                yield f"people alike: acts on the {of} {word}", np.sign(late) * np.log1p(np.abs(late))

    def _close(self, person: Ints) -> tuple[Ints, Ints]:
        """Each row with its person and each of the person's sources: rows and people."""
        count = np.diff(self.begin)[person]
        row = np.repeat(np.arange(len(person)), count)
        ends = np.cumsum(count)
        at = self.begin[person[row]] + np.arange(int(count.sum())) - np.repeat(ends - count, count)
        return np.concatenate([np.arange(len(person)), row]), np.concatenate([person, self.source[at]])


def _others(
    group: "_Group", sums: Floats, mine: Floats, asked: tuple[Ints, Floats | None, Floats | None],
    close: tuple[Ints, Ints],
) -> Floats:  # fmt: skip
    """(n, K) sums of tastes over a group's acts in a span, without those of the person and the ties."""
    (codes, start, end), (row, near) = asked, close
    total = group.between(sums, codes, start, end)
    count = group.count(codes[row], near, *(None if one is None else one[row] for one in (start, end)))
    some = np.flatnonzero(count)
    np.subtract.at(total, row[some], count[some, None] * mine[near[some]])
    return total


def _nearest(mine: Floats, every: Floats, close: tuple[Ints, Ints], n: int) -> Floats:
    """(n,) the nearest of each row's ties to its item; -1 where there is none."""
    row, near = (one[n:] for one in close)  # the first n are the people themselves
    found = np.full(n, -1.0)
    np.maximum.at(found, row, (mine[near] * every[row]).sum(axis=1))
    return found


class _Group:
    """Acts sorted by a group and then time; and by a group's person."""

    def __init__(self, group: Ints, person: Ints, time: Floats, moments: Floats, people: int) -> None:
        self.order = np.lexsort((time, group))
        self.moments, self.width, self.people = moments, len(moments) + 1, people
        tick = np.searchsorted(moments, time)
        self.keys = group[self.order] * self.width + tick[self.order]
        self.own_keys = np.sort((group * people + person) * self.width + tick)

    def sums(self, of: Floats) -> Floats:
        """Running sums of a row an act, (A + 1, K)."""
        return np.concatenate([np.zeros((1, of.shape[1])), np.cumsum(of[self.order], axis=0)])

    def between(self, sums: Floats, group: Ints, start: Floats | None, end: Floats | None) -> Floats:
        """(n, K) sums of each group from ``start`` until before ``end``; None: ever."""
        begin, stop = self._run(self.keys, group, start, end)
        return np.asarray(sums[stop] - sums[begin])

    def count(self, group: Ints, person: Ints, start: Floats | None, end: Floats | None) -> Ints:
        """(n,) acts of each person in each group in the same span."""
        begin, stop = self._run(self.own_keys, group * self.people + person, start, end)
        return stop - begin

    def _run(self, keys: Ints, group: Ints, start: Floats | None, end: Floats | None) -> tuple[Ints, Ints]:
        low = 0 if start is None else np.searchsorted(self.moments, start)
        high = self.width - 1 if end is None else np.searchsorted(self.moments, end)
        return np.searchsorted(keys, group * self.width + low), np.searchsorted(keys, group * self.width + high)
