"""Known links teach what each signal is worth, fold by fold, so that every figure is about links that were hidden.

A fold of the known links is hidden: candidates and signals are made as if it were unknown, and its accounts are
questions with a known answer. Answers to all folds' questions weigh the signals; believed links then are witnesses in
the graph for the next round.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from swayline.core.rng import generator
from swayline.core.types import Bools, Floats, Ints
from swayline.identities.candidates import Candidates, find_candidates, ranks_within
from swayline.identities.chooser import Chooser, fit_chooser
from swayline.identities.evidence.behavior import Taught
from swayline.identities.evidence.network import signal_of_network
from swayline.identities.evidence.signal import Signal
from swayline.identities.platform import Platform
from swayline.identities.reliability import Reliability, reliability

_FOLDS = 4
_BELIEVED = 0.05
"""From this probability on a link is a witness, with its probability as its weight."""

Ties = tuple[sparse.csr_array, sparse.csr_array] | None
Allowed = Callable[[Ints, Ints, Platform, Platform], Bools] | None
Sizes = tuple[Floats, Floats]


@dataclass(frozen=True)
class Witnesses:
    """What depends on links.

    Parameters
    ----------
    ties : pair of adjacency matrices, optional
        The two graphs.
    taught : callable, optional
        Signals that known links teach.
    """

    ties: Ties = None
    taught: Taught | None = None

    def signals(self, known: Ints, pairs: Ints, belief: Floats) -> list[Signal]:
        """The signals that links give: known ones teach, believed ones (``pairs``) are witnesses in the graphs."""
        graph = [] if self.ties is None else [signal_of_network(*self.ties, pairs, belief)]
        return [*graph, *([] if self.taught is None else self.taught(known))]


@dataclass(frozen=True)
class Learned:
    """Candidates of every open account with their probabilities.

    Parameters
    ----------
    candidates : Candidates
    chances : (C,) float64
        Probability that a pair is one person's, shared out among the accounts of A that claim one of B.
    chooser : Chooser
        What each signal is worth.
    reliability : Reliability
        Hidden links found again.
    """

    candidates: Candidates
    chances: Floats
    chooser: Chooser
    reliability: Reliability

    def words(self, at: int) -> str:
        """What speaks for a pair: the signals by what they add to its worth over the account's mean candidate."""
        found = self.candidates
        lo, hi = np.searchsorted(found.rows, [found.rows[at], found.rows[at] + 1])
        gain = (found.x[at] - found.x[lo:hi].mean(axis=0)) / self.chooser.scale * self.chooser.weights
        totals: dict[str, float] = {}
        for name, value in zip(found.names, gain, strict=True):
            totals[name.partition(":")[0]] = totals.get(name.partition(":")[0], 0.0) + float(value)
        best = sorted(((value, name) for name, value in totals.items() if name in found.scores), reverse=True)
        parts = [f"{name} {found.scores[name][at]:.2f} ({value:+.1f})" for value, name in best[:3] if value > 0.05]
        return "; ".join(parts) or "no signal by itself"

    def runners_up(self, chosen: Ints, overlap: float) -> tuple[Ints, Floats]:
        """The next best account of B for each chosen pair, -1 where there is none, and its probability."""
        found, ids, said = self.candidates, [], []
        for at in chosen.tolist():
            lo, hi = np.searchsorted(found.rows, [found.rows[at], found.rows[at] + 1])
            others = np.array([one for one in range(lo, hi) if one != at], np.int64)
            best = others[np.argmax(self.chances[others])] if len(others) else -1
            ids.append(int(found.columns[best]) if best >= 0 else -1)
            said.append(float(self.chances[best]) * overlap if best >= 0 else 0.0)
        return np.array(ids, np.int64), np.array(said, np.float64)

    def apply(
        self,
        signals: Sequence[Signal],
        fixed: Ints,
        sizes: Sizes,
        allowed: Allowed,
        platforms: tuple[Platform, Platform],
    ) -> "Learned":
        """The same weights on other accounts, by the same signals."""
        candidates = _candidates(signals, fixed, sizes, allowed, platforms)
        return replace(self, candidates=candidates, chances=_shared(candidates, self.chooser))


def learn(
    signals: Sequence[Signal], witnesses: Witnesses, known: Ints, sizes: Sizes, allowed: Allowed,
    platforms: tuple[Platform, Platform], rounds: int, seed: int, *, transductive: bool = True,
) -> Learned:  # fmt: skip
    """Weigh the signals by known links and say how likely every candidate of an open account is.

    Parameters
    ----------
    signals : sequence of Signal
        What does not depend on links.
    witnesses : Witnesses
        What depends on links: graphs, and signals that links teach.
    known : (S, 2) int64
        Known links.
    transductive : bool
        Whether accounts outside known links are asked about; else the candidates are those of the hidden links.
    """
    fold = generator(seed, "link folds").permutation(len(known)) % _FOLDS
    worlds = [known[fold != at] for at in range(_FOLDS)] + ([known] if transductive else [])
    believed: list[tuple[Ints, Floats]] = [(world, np.ones(len(world))) for world in worlds]
    chooser = None
    for _ in range(rounds if witnesses.ties is not None else 1):
        found = []
        for world, (pairs, weight) in zip(worlds, believed, strict=True):
            found.append(
                _candidates([*signals, *witnesses.signals(world, pairs, weight)], world, sizes, allowed, platforms)
            )
        asked = [_questions(one, known[fold == at]) for at, one in enumerate(found[:_FOLDS])]
        chooser = _fit(asked)
        believed = [
            _witnesses(world, one, _shared(one, chooser)) for world, one in zip(worlds, found, strict=True)
        ]  # fmt: skip
    assert chooser is not None
    told = _judged(asked, [known[fold == at] for at in range(_FOLDS)])
    last = found[-1]
    return Learned(last, _shared(last, chooser), chooser, told)


def _candidates(
    signals: Sequence[Signal], fixed: Ints, sizes: Sizes, allowed: Allowed, platforms: tuple[Platform, Platform]
) -> Candidates:
    open_a = np.setdiff1d(np.arange(len(sizes[0])), fixed[:, 0])
    open_b = np.setdiff1d(np.arange(len(sizes[1])), fixed[:, 1])
    may = None if allowed is None else lambda rows, columns: allowed(rows, columns, *platforms)
    return find_candidates(signals, open_a, open_b, sizes, may)


_Asked = tuple[Ints, Floats, Bools]
"""(account, columns, whether it is the counterpart) of every candidate of a hidden link's account."""


def _questions(candidates: Candidates, hidden: Ints) -> _Asked:
    here = np.isin(candidates.rows, hidden[:, 0])
    partner = np.full(int(max(candidates.rows.max(initial=0), hidden[:, 0].max(initial=0))) + 1, -1)
    partner[hidden[:, 0]] = hidden[:, 1]
    rows = candidates.rows[here]
    return rows, candidates.x[here], partner[rows] == candidates.columns[here]


def _fit(asked: Sequence[_Asked]) -> Chooser:
    return fit_chooser(*(np.concatenate([one[at] for one in asked]) for at in range(3)))


def _shared(candidates: Candidates, chooser: Chooser) -> Floats:
    """Probabilities of which no account of B gets more than 1 in all."""
    chances = chooser.chances(candidates.rows, candidates.x)
    claimed = np.bincount(candidates.columns, chances, minlength=int(candidates.columns.max(initial=0)) + 1)
    return np.asarray(chances / np.maximum(claimed[candidates.columns], 1.0))


def _witnesses(world: Ints, candidates: Candidates, chances: Floats) -> tuple[Ints, Floats]:
    kept = chances > _BELIEVED
    pairs = np.stack([candidates.rows[kept], candidates.columns[kept]], axis=1)
    return np.concatenate([world, pairs]), np.r_[np.ones(len(world)), chances[kept]]


def _judged(asked: Sequence[_Asked], hidden: Sequence[Ints]) -> Reliability:
    """Each fold's questions answered by weights that were learned from the other folds."""
    said, right, place = [], [], []
    for at, (rows, x, true) in enumerate(asked):
        others = [one for other, one in enumerate(asked) if other != at]
        chances = _fit(others).chances(rows, x)
        rank = ranks_within(rows, -chances)
        best = rank == 0
        top = dict(zip(rows[best].tolist(), zip(chances[best].tolist(), true[best].tolist(), strict=True), strict=True))
        where = dict(zip(rows[true].tolist(), rank[true].tolist(), strict=True))
        for account in hidden[at][:, 0].tolist():
            one = top.get(account, (0.0, False))
            said.append(one[0])
            right.append(one[1])
            place.append(where.get(account, np.inf))
    return reliability(np.array(said), np.array(right, bool), np.array(place))
