"""Who joins a cascade next: a small network over what earlier cascades, ties and the clock say about everybody.

A cascade is its members in the order they joined. For every candidate, eleven kinds of evidence are counted (how often
and how soon it followed the members, how alike the cascades it joined are, how it is tied to them, how active it is
and was of late); a network of one hidden layer, learned on questions from the earlier cascades themselves, weighs them
by how far the cascade has got.

References
----------
Goyal, Bonchi and Lakshmanan, "Learning Influence Probabilities in Social Networks", WSDM 2010 (pair counts, partial
credits). Covington, Adams and Sargin, "Deep Neural Networks for YouTube Recommendations", RecSys 2016 (sampled
softmax over candidates, corrected for how they were drawn).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from swayline.core.errors import UsageError
from swayline.core.extras import require
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.numerics.training_loop import Descent, Limits, train

EVIDENCE = (
    "follows", "follows_ever", "follows_at_once", "joined_before", "overlap", "ties", "ties_counted", "root_tie",
    "acts", "acts_month", "acts_year",
)  # fmt: skip
"""Columns of :meth:`FittedAdopter.evidence`."""

_DRAWN_SEEN, _DRAWN_UNSEEN = 240, 60
_SMALL = np.array([1e-3] * 8 + [0.05] * 3)
Past = tuple[Ints, Ints, Floats, Ints, Ints, Ints]


@dataclass(frozen=True)
class NextAdopter:
    """A ranking of who joins next.

    Parameters
    ----------
    as_of : bool
        Whether a question sees only what happened before it. Without, earlier cascades are known whole, even what
        happened in them later (the usual protocol of this task); with it times must be given.
    hidden, n_networks, n_epochs : int
        Width of a network, how many are averaged, and how often each sees the questions.
    learning_rate : float
    questions : int
        At most so many questions to learn from, drawn at random.
    seed : int
    """

    as_of: bool = False
    hidden: int = 32
    n_networks: int = 3
    n_epochs: int = 12
    learning_rate: float = 3e-3
    questions: int = 6000
    seed: int = 0

    def fit(
        self, cascades: Sequence[Ints], people: int, ties: tuple[Ints, Ints] | None = None,
        times: Sequence[Floats] | None = None,
    ) -> "FittedAdopter":  # fmt: skip
        """Learn from earlier cascades.

        Parameters
        ----------
        cascades : sequence of (members,) int
            In the order of joining.
        people : int
            How many people there are; rows run from 0.
        ties : (sources, targets), optional
            Who could draw in whom.
        times : sequence of (members,) float, optional
            Unix seconds of joining; order alone is used where left out, and evidence of late activity is empty.

        Raises
        ------
        UsageError
            There is no cascade with two members, a member lies outside 0..people-1, or times are missing or not as
            many as members.
        MissingExtraError
            numba is not installed.
        """
        require("numba", extra="people")
        past = _past(cascades, people, times, self.as_of)
        asked = [(c, k) for c, cascade in enumerate(cascades) for k in range(1, len(cascade))]
        if not asked:
            raise UsageError("no cascade has two members: there is nothing to learn who joins next from")
        rng = generator(self.seed, "spread", "adopters")
        if len(asked) > self.questions:
            asked = [asked[k] for k in rng.choice(len(asked), self.questions, replace=False)]
        blank = FittedAdopter(self, past, _network(ties, people), (), np.zeros(0), np.ones(0), people)
        rows, corrections = _examples(blank, cascades, times, asked, rng)
        mean, spread = rows.mean(axis=(0, 1)), rows.std(axis=(0, 1)) + 1e-6
        networks = _learned(self, (rows - mean) / spread, corrections)
        return replace(blank, networks=networks, mean=mean, spread=spread)


@dataclass(frozen=True)
class FittedAdopter:
    """What earlier cascades say, and how it is weighed; see :class:`NextAdopter`."""

    settings: NextAdopter
    past: Past
    network: tuple[Ints, Ints]
    networks: tuple[tuple[Floats, Floats, Floats], ...]
    mean: Floats
    spread: Floats
    people: int

    def knowing(self, cascades: Sequence[Ints], times: Sequence[Floats] | None = None) -> "FittedAdopter":
        """The same weights over a longer past (all cascades, the earlier ones among them)."""
        return replace(self, past=_past(cascades, self.people, times, self.settings.as_of))

    def evidence(self, members: Ints, now: float | None = None, skipped: int = -1) -> Floats:
        """(people, 11) counts, in the order of :data:`EVIDENCE`.

        Parameters
        ----------
        members : (k,) int
            Who joined so far, in order.
        now : float, optional
            Unix seconds of the question; what was known before it counts where the settings say ``as_of``.
        skipped : int
            A past cascade to leave out: the very one that the question is about.
        """
        from swayline.influence.diffusion.compiled import adopters as _compiled

        out = np.zeros((self.people, len(EVIDENCE)))
        at = np.inf if now is None or not self.settings.as_of else float(now)
        ties_ptr, ties_to = self.network
        _compiled.evidence(self.past, ties_ptr, ties_to, np.asarray(members, np.int64), at, skipped, out)
        if not self.settings.as_of:
            out[:, 9:] = 0.0
            if now is not None:
                out[:, 9:] = self._lately(float(now), skipped)
        return out

    def _lately(self, now: float, skipped: int) -> Floats:
        """(people, 2) recent acts before ``now``, where the rest of the evidence is of all time."""
        from swayline.influence.diffusion.compiled import adopters as _compiled

        out = np.zeros((self.people, len(EVIDENCE)))
        _compiled._activity(self.past, now, skipped, out)
        lately: Floats = out[:, 9:]
        return lately

    def scores(self, members: Ints, now: float | None = None) -> Floats:
        """(people,) score of everybody as the next to join, -inf for those who already did.

        Examples
        --------
        >>> past = [np.array([0, 1, 2])] * 6 + [np.array([3, 4])] * 6
        >>> fitted = NextAdopter(n_epochs=60).fit(past, people=6)
        >>> int(fitted.scores(np.array([3])).argmax())
        4
        """
        rows = (_transformed(self.evidence(members, now), len(members)) - self.mean) / self.spread
        score: Floats = np.zeros(self.people)
        for first, bias, second in self.networks:
            score += np.maximum(rows @ first + bias, 0.0) @ second
        score[members] = -np.inf
        return score


def _past(cascades: Sequence[Ints], people: int, times: Sequence[Floats] | None, as_of: bool) -> Past:
    if len(cascades) == 0:
        raise UsageError("no cascade to learn from")
    lengths = [len(cascade) for cascade in cascades]
    if times is not None and [len(moments) for moments in times] != lengths:
        raise UsageError("times must be one for every member of every cascade")
    if times is None and as_of:
        raise UsageError("what was known before a question needs times: give them, or as_of=False")
    who = np.concatenate(cascades).astype(np.int64)
    if who.min() < 0 or who.max() >= people:
        raise UsageError(f"members run from {who.min()} to {who.max()}, outside 0 to {people - 1}")
    when = np.zeros(len(who)) if times is None else np.concatenate(times).astype(np.float64)
    pointer = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    cascade = np.repeat(np.arange(len(cascades)), lengths)
    place = np.arange(len(who)) - pointer[cascade]
    order = np.lexsort((when, who))
    own = np.searchsorted(who[order], np.arange(people + 1)).astype(np.int64)
    return pointer, who, when, own, cascade[order], place[order]


def _network(ties: tuple[Ints, Ints] | None, people: int) -> tuple[Ints, Ints]:
    source, target = (np.zeros(0, np.int64), np.zeros(0, np.int64)) if ties is None else ties
    keys = np.unique(np.asarray(source, np.int64) * people + np.asarray(target, np.int64))
    return np.searchsorted(keys // people, np.arange(people + 1)).astype(np.int64), keys % people


def _transformed(counts: Floats, size: int) -> Floats:
    """(..., 12) logarithms of the evidence and of how many have joined."""
    logs = np.log(counts + _SMALL)
    return np.concatenate([logs, np.full((*logs.shape[:-1], 1), np.log(size))], axis=-1)


def _examples(
    blank: FittedAdopter, cascades: Sequence[Ints], times: Sequence[Floats] | None, asked: list[tuple[int, int]],
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Rows of one who joined and 300 who did not (Q, 301, 12), and the logarithm of how many each stands for."""
    width = 1 + _DRAWN_SEEN + _DRAWN_UNSEEN
    rows = np.empty((len(asked), width, len(EVIDENCE) + 1), np.float32)
    corrections = np.full((len(asked), width), -np.inf, np.float32)
    for q, (c, k) in enumerate(asked):
        members, joined = cascades[c][:k], cascades[c][k]
        counts = blank.evidence(members, None if times is None else float(times[c][k - 1]), c)
        others = np.ones(blank.people, bool)
        others[members] = others[joined] = False
        seen = others & (counts[:, :9].sum(axis=1) > 0)
        drawn, at = np.full(width, joined), 1
        corrections[q, 0] = 0.0
        for pool, most in ((np.flatnonzero(seen), _DRAWN_SEEN), (np.flatnonzero(others & ~seen), _DRAWN_UNSEEN)):
            some = pool if len(pool) <= most else rng.choice(pool, most)
            drawn[at : at + len(some)] = some
            corrections[q, at : at + len(some)] = np.log(max(len(pool), 1) / max(len(some), 1))
            at += len(some)
        rows[q] = _transformed(counts[drawn], k)
    return rows, corrections


def _learned(settings: NextAdopter, rows: Floats, corrections: Floats) -> tuple[tuple[Floats, Floats, Floats], ...]:
    """First weights, biases and second weights of each network, by softmax over the rows of a question."""
    inputs, lifts = torch.from_numpy(rows.astype(np.float32)), torch.from_numpy(corrections)
    return tuple(_network_of(settings, inputs, lifts, settings.seed + k) for k in range(settings.n_networks))


def _network_of(settings: NextAdopter, inputs: Any, lifts: Any, seed: int) -> tuple[Floats, Floats, Floats]:
    draws = torch.Generator().manual_seed(seed)
    size = inputs.shape[2]
    first = torch.randn(size, settings.hidden, generator=draws) / size**0.5
    bias, second = torch.zeros(settings.hidden), torch.randn(settings.hidden, generator=draws) / settings.hidden**0.5
    network = torch.nn.ParameterList([first, bias, second])

    def losses(_: int) -> Iterator[tuple[Any, int]]:
        first, bias, second = network
        for part in torch.randperm(len(inputs), generator=draws).split(64):  # type: ignore[no-untyped-call]
            score = torch.relu(inputs[part] @ first + bias) @ second + lifts[part]
            yield torch.nn.functional.cross_entropy(score, torch.zeros(len(part), dtype=torch.long)), len(part)

    descent = Descent(torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=1e-3))
    train(network, losses, descent, Limits(settings.n_epochs), "train next adopter")
    learned = [part.detach().numpy().astype(np.float64) for part in network]
    return learned[0], learned[1], learned[2]
