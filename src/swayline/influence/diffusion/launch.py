"""Launches: which item to show whom first, so that showing and passing on together bring most adopters.

A person who is shown an item adopts it with a chance of their own; whoever adopts passes it along the ties, each with
its probability. Showing the item to several people near each other wastes showings, and items compete for people.

::

    gain of showing item i to person v  =  N / S · chance(v, i) · Σ over sets that hold v of Π (1 - chance(w, i))
                                                                     over those w of the set who are shown i already

over S reverse-reachable sets, of which a person's own say who would have reached them. Greedy under a budget, a cap of
items a person and a least number of showings an item (a matroid: at least half of the best plan there is).

Shapes: N people, I items, S sets.

References
----------
Kempe, Kleinberg & Tardos, "Maximizing the Spread of Influence through a Social Network", KDD 2003. Fisher, Nemhauser &
Wolsey, "An analysis of approximations for maximizing submodular set functions II", 1978 (matroids).
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.errors import UsageError
from swayline.core.extras import require
from swayline.core.types import Floats, Ints
from swayline.influence.diffusion.graph import Graph
from swayline.influence.diffusion.seeds import ReverseSets, more_sets

N_SETS = 1 << 17
MOST_CELLS = 200_000_000
"""People × items, and sets × items, at most."""


@dataclass(frozen=True)
class Launch:
    """Showings in the order of choice, (B,).

    Parameters
    ----------
    person, item : numbers
    gain : expected adopters that each adds, over the sets that did not choose it
    spread : expected adopters of the first 1 to B, over all items
    se : standard error of the last ``spread``, of the sets drawn
    """

    person: Ints
    item: Ints
    gain: Floats
    spread: Floats
    se: float


class Launches:
    """Plans launches on one graph, and says what any plan is expected to reach.

    Parameters
    ----------
    graph : Graph
    chance : (I, N) float
        Chance that a person who is shown an item adopts it, in [0, 1].
    n_sets : int
        Sets to choose by; as many again judge.
    seed : int

    Raises
    ------
    UsageError
        A chance lies outside [0, 1], or people × items are too many.
    MissingExtraError
        numba is not installed.

    Examples
    --------
    >>> from swayline.influence.diffusion.graph import make_graph
    >>> star = make_graph(np.zeros(9, int), np.arange(1, 10), np.full(9, 0.5), n=10)
    >>> Launches(star, np.ones((1, 10))).plan(1).person.tolist()
    [0]
    """

    def __init__(self, graph: Graph, chance: Floats, *, n_sets: int = N_SETS, seed: int = 0) -> None:
        require("numba", extra="people")
        self.graph, self.chance = graph, np.asarray(chance, np.float64)
        if self.chance.ndim != 2 or self.chance.shape[1] != graph.n:
            raise UsageError(f"chances must be (items, {graph.n} people), not {self.chance.shape}")
        if not (self.chance.size and self.chance.min() >= 0 and self.chance.max() <= 1):
            raise UsageError("chances of adopting what is shown must lie between 0 and 1")
        if len(self.chance) * max(graph.n, n_sets) > MOST_CELLS:
            raise UsageError(
                f"{len(self.chance):,} items at {graph.n:,} people are too many for one plan: launch fewer at once"
            )
        none = ReverseSets(np.zeros(1, np.int64), np.zeros(0, np.int32))
        halves = [
            more_sets(graph, none, n_sets, "independent-cascade", np.zeros(0, np.int64), None, None, 2 * seed + half)
            for half in (0, 1)
        ]
        self.chosen_by, self.judged_by = (_Holding(half, graph.n) for half in halves)

    def plan(self, budget: int, *, per_person: int = 1, least_share: float = 0.0) -> Launch:
        """Choose whom to show what, the best first.

        Parameters
        ----------
        budget : showings in all
        per_person : items that one person is shown at most
        least_share : each item gets at least this share of an equal part of the budget (1: all alike)

        Raises
        ------
        UsageError
            An option is out of range, or nobody may be shown anything.
        """
        if budget < 1 or per_person < 1 or not 0 <= least_share <= 1:
            raise UsageError(
                f"budget {budget} and per_person {per_person} must be at least 1, least_share {least_share} in [0, 1]"
            )
        n_items, n = self.chance.shape
        room = np.full(n, min(per_person, n_items))
        owed = np.full(n_items, int(least_share * budget / n_items))
        state = _Gains(self.chosen_by, self.chance)
        pairs: list[tuple[int, int]] = []
        while len(pairs) < budget:
            open_items = np.ones(n_items, bool) if budget - len(pairs) > owed.sum() else owed > 0
            person, item = state.best(open_items, room)
            if person < 0:
                if owed.any():  # nobody is left to whom the items that are owed showings can be shown
                    owed[:] = 0
                    continue
                break
            state.show(person, item)
            room[person] -= 1
            owed[item] = max(owed[item] - 1, 0)
            pairs.append((item, person))
        if not pairs:
            raise UsageError("nobody can be shown anything: every chance of adopting is zero")
        items, people = np.array(pairs, np.int64).T
        return self.judge(people, items)

    def most_followed(self, budget: int, *, per_person: int = 1) -> Launch:
        """What the same budget is expected to reach with the people whom most ties leave, items dealt in turn."""
        degree = np.diff(self.graph.out_ptr)
        people = np.argsort(-degree, kind="stable")
        n_items = len(self.chance)
        each = min(per_person, n_items)
        person = np.repeat(people, each)[:budget]
        item = (np.arange(len(person)) // each + np.arange(len(person)) % each) % n_items
        return self.judge(person, item)

    def judge(self, person: Ints, item: Ints) -> Launch:
        """What showings are expected to reach, by the half of the sets that chose nothing."""
        state = _Gains(self.judged_by, self.chance)
        gain = np.array([state.show(int(v), int(i)) for v, i in zip(person, item, strict=True)])
        met = (1.0 - state.left).sum(axis=0)
        se = float(met.std(ddof=1)) / np.sqrt(len(met)) * self.graph.n
        return Launch(person, item, gain, np.cumsum(gain), se)


class _Holding:
    """Sets, and for each person those that hold them."""

    def __init__(self, sets: ReverseSets, n: int) -> None:
        from swayline.influence.diffusion.compiled import reverse_sets as _compiled

        self.pointer, self.nodes, self.n = sets.pointer, sets.nodes, n
        self.start, self.sets = _compiled.inverted(sets.pointer, sets.nodes, n)

    def of(self, person: int) -> Ints:
        """Numbers of the sets that hold a person."""
        return np.asarray(self.sets[self.start[person] : self.start[person + 1]], np.int64)

    def members(self, sets: Ints) -> tuple[Ints, Ints]:
        """Members of some sets, and the place in ``sets`` of each."""
        count = np.diff(self.pointer)[sets]
        at = np.repeat(np.arange(len(sets)), count)
        ends = np.cumsum(count)
        within = np.arange(len(at)) - np.repeat(ends - count, count)
        return np.asarray(self.nodes[self.pointer[sets][at] + within], np.int64), at


class _Gains:
    """Gains of every showing beside those chosen, kept up to date."""

    def __init__(self, holding: _Holding, chance: Floats) -> None:
        self.holding, self.chance = holding, chance
        n_sets = len(holding.pointer) - 1
        self.scale = holding.n / n_sets
        self.left = np.ones((len(chance), n_sets))  # chance that nobody of a set adopted the item when shown it
        held = np.bincount(holding.nodes, minlength=holding.n).astype(np.float64)
        self.open = np.tile(held, (len(chance), 1))  # sum of ``left`` over the sets that hold each person
        self.shown = np.zeros(chance.shape, bool)
        self.tops: dict[int, int] = {}

    def best(self, open_items: np.ndarray, room: Ints) -> tuple[int, int]:
        """The person and the item of most gain; -1 where there is none."""
        found, most = (-1, -1), 0.0
        for item in np.flatnonzero(open_items):
            person = self.tops.get(int(item), -1)
            if person < 0 or room[person] < 1:
                worth = np.where((room > 0) & ~self.shown[item], self.chance[item] * self.open[item], -1.0)
                person = int(worth.argmax())
                self.tops[int(item)] = person
            gain = float(self.chance[item, person] * self.open[item, person])
            if room[person] > 0 and not self.shown[item, person] and gain > most + 1e-12:
                found, most = (person, int(item)), gain
        return found

    def show(self, person: int, item: int) -> float:
        """Show an item to a person; the expected adopters that it adds."""
        chance = float(self.chance[item, person])
        sets = self.holding.of(person)
        lost = chance * self.left[item, sets]
        self.left[item, sets] -= lost
        members, at = self.holding.members(sets)
        np.subtract.at(self.open[item], members, lost[at])
        self.shown[item, person] = True
        self.tops.pop(item, None)
        return float(lost.sum()) * self.scale
