"""What everybody feels at once: news, sale days, outages. A common rate of each day and hour, cross-fitted.

Two people who follow the same news act near each other, and neither moved the other. Beside a person's own rhythm and
level stands therefore what all others did in the same hour, beyond what their own baselines explain::

    common_i(b)  =  (acts in b + K d_i(b)) / (expected acts in b + K)       over everybody but i and those tied to i
    d_i(day)     =  the same over the whole day, drawn to 1 by K' acts

A person's own acts, and those of whoever may move the person, are left out: they would explain themselves. How strongly
days and hours lean on quiet (K', K; or not at all) is chosen by predicting each person's acts from the others'.

Shapes: N people, B bins of the grid.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from swayline.core.types import Floats, Ints
from swayline.influence.network.acts import Acts, Ties

_DAY_S = 86400.0
_STRENGTHS = (np.inf, 200.0, 60.0, 20.0, 6.0, 2.0)
"""Acts' worth of quiet in each day's (and hour's) rate; infinite: no common rate."""
_EARNS = 3.0
"""Log-likelihood on left-out people that each of the two rates must earn: less is luck."""
_LESS = 2.0
"""A nuisance is smoothed less than prediction asks for, or what it leaves over is taken for influence."""
_CELLS = 2_000_000
"""Numbers held at once."""
_CIRCLE = 0.005
"""Where everybody's circle is a smaller share of all acts, leaving it out changes nothing: one rate serves all."""


@dataclass(frozen=True, eq=False)
class Common:
    """The common rate of each bin, as each person should see it.

    Parameters
    ----------
    acts : (B,) float64
        Acts in each bin, each by the share that the baseline explains.
    expected : (B,) float64
        What the baselines alone expect there.
    own : (N, B) sparse
        The same acts by person; empty where one rate serves all.
    circle : (N, N) sparse
        Who is left out of whose rate: the person, and everybody tied to the person either way.
    day : (B,) int64
        The day of each bin.
    day_strength, hour_strength : float
        K' and K; infinite where there is no such rate.
    """

    acts: Floats
    expected: Floats
    own: csr_array | None
    circle: csr_array | None
    day: Ints
    day_strength: float
    hour_strength: float

    def carried(self, place: Ints, ties: Ties) -> "Common":
        """The same for a log with more people: ``place`` (N',) is where each stood, -1 for those who are new."""
        if self.own is None:
            return self
        known = np.flatnonzero(place >= 0)
        moved = csr_array((np.ones(len(known)), (known, place[known])), shape=(len(place), self.own.shape[0]))
        return replace(self, own=csr_array(moved @ self.own), circle=_circles(ties, len(place)))

    @cached_property
    def _shares(self) -> Floats:
        """(N,) share of all acts that each person's circle did."""
        assert self.own is not None
        assert self.circle is not None
        each = np.asarray(self.own.sum(axis=1)).ravel()
        return np.asarray(self.circle @ each) / max(float(each.sum()), 1e-12)

    def of(self, people: Ints) -> Floats:
        """(n, B) the rates that some people see, relative to what the baselines expect (or (1, B) for all alike)."""
        if self.own is None or self.circle is None:
            return self._rates(self.acts[None], self.expected[None])
        left_out = np.asarray((self.circle[people] @ self.own).toarray())
        kept = np.maximum(1.0 - self._shares[people], 1e-9)[:, None]
        return self._rates(np.maximum(self.acts - left_out, 0.0), self.expected * kept)

    def _rates(self, acts: Floats, expected: Floats) -> Floats:
        base = np.ones_like(acts)
        if np.isfinite(self.day_strength):
            starts = np.flatnonzero(np.diff(self.day, prepend=-1))
            done, due = (np.add.reduceat(one, starts, axis=1) for one in (acts, expected))
            daily = (done + self.day_strength) / (due + self.day_strength)
            base = daily[:, self.day - self.day[0]]
        if np.isfinite(self.hour_strength):
            base = (acts + self.hour_strength * base) / (expected + self.hour_strength)
        return base

    def at(self, person: Ints, bins: Ints) -> Floats:
        """The rate that each act's person sees in the act's bin; 1 beyond what was learned."""
        found = np.ones(len(bins))
        known = bins < len(self.acts)
        for rows, rates in self.in_blocks(np.unique(person)):
            inside = np.flatnonzero(known & np.isin(person, rows))
            place = np.searchsorted(rows, person[inside]) if len(rates) > 1 else np.zeros(len(inside), np.int64)
            found[inside] = rates[place, bins[inside]]
        return found

    def in_blocks(self, people: Ints) -> "list[tuple[Ints, Floats]]":
        """Rates of some people, block by block."""
        if self.own is None:
            return [(people, self.of(people))]
        step = max(_CELLS // len(self.acts), 1)
        return [(people[k : k + step], self.of(people[k : k + step])) for k in range(0, len(people), step)]


@dataclass(frozen=True, eq=False)
class Alone:
    """What the baselines say without a common rate, from which one is learned.

    Parameters
    ----------
    bins : (acts,) int64
        The grid bin of each act.
    weight : (acts,) float64
        The share of each act that the baseline explains.
    curves : (R, B) float64
        What each pattern brings about in each bin.
    mixtures : (N, R) float64
        Everybody's weights of the patterns.
    levels : (N, M) float64
        Heights of everybody's hats.
    hats : (M, B) float64
        Each hat at each bin.
    day : (B,) int64
    bin_s : float
    """

    bins: Ints
    weight: Floats
    curves: Floats
    mixtures: Floats
    levels: Floats
    hats: Floats
    day: Ints
    bin_s: float

    def of(self, people: Ints) -> Floats:
        """(n, B) expected acts of some people."""
        return np.asarray((self.mixtures[people] @ self.curves) * (self.levels[people] @ self.hats))

    def total(self) -> Floats:
        """(B,) of everybody together."""
        total = np.zeros(self.curves.shape[1])
        for r in range(len(self.curves)):
            total += self.curves[r] * (self.mixtures[:, r] @ self.levels @ self.hats)
        return total


def learn_common(acts: Acts, ties: Ties, alone: Alone) -> Common | None:
    """The common rate that best foretells each person's acts from the others'; None where none earns its place."""
    n, n_bins = acts.people, alone.curves.shape[1]
    done = np.bincount(alone.bins, alone.weight, n_bins).astype(np.float64)
    circle = _circles(ties, n)
    common = Common(done, alone.total(), None, None, alone.day, np.inf, np.inf)
    share = np.asarray(circle @ np.bincount(acts.person, alone.weight, n)).ravel() / max(float(done.sum()), 1e-12)
    if float(share.max(initial=0.0)) > _CIRCLE:
        own = csr_array((alone.weight, (acts.person, alone.bins)), shape=(n, n_bins))
        common = Common(done, common.expected, own, circle, alone.day, np.inf, np.inf)
    earned = 0.0
    for name in ("day_strength", "hour_strength"):
        if name == "hour_strength" and alone.bin_s >= _DAY_S:
            continue
        scored = {k: _foretold(acts, alone, _with(common, name, k)) for k in _STRENGTHS}
        best = max(scored, key=lambda k: scored[k])
        if scored[best] > earned + _EARNS:
            earned, common = scored[best], _with(common, name, best)
    if not np.isfinite(min(common.day_strength, common.hour_strength)):
        return None
    return replace(common, day_strength=common.day_strength / _LESS, hour_strength=common.hour_strength / _LESS)


def _circles(ties: Ties, people: int) -> csr_array:
    """(N, N) ones: everybody, and whoever is tied to them either way."""
    own = np.arange(people)
    rows = np.concatenate([ties.source, ties.target, own])
    columns = np.concatenate([ties.target, ties.source, own])
    circle = csr_array((np.ones(len(rows)), (rows, columns)), shape=(people, people))
    circle.data[:] = 1.0
    return circle


def _with(common: Common, name: str, strength: float) -> Common:
    return replace(common, day_strength=strength) if name == "day_strength" else replace(common, hour_strength=strength)


def _foretold(acts: Acts, alone: Alone, common: Common) -> float:
    """Log-likelihood that the common rate adds, each person's own total held: 0 where there is none."""
    if not np.isfinite(min(common.day_strength, common.hour_strength)):
        return 0.0
    people = np.flatnonzero(acts.counts > 0)
    each = np.bincount(acts.person, alone.weight, acts.people)
    rates = common.at(acts.person, alone.bins)
    if common.own is None:  # an act must not foretell itself
        k = common.hour_strength if np.isfinite(common.hour_strength) else common.day_strength
        rates = np.maximum(rates - alone.weight / (common.expected[alone.bins] + k), 1e-3)
    total = float((alone.weight * np.log(np.maximum(rates, 1e-12))).sum())
    for rows, seen in common.in_blocks(people):
        for part in np.array_split(rows, max(len(rows) * len(common.acts) // _CELLS, 1)):
            due = alone.of(part)
            shown = seen if len(seen) == 1 else seen[np.searchsorted(rows, part)]
            ratio = (due * shown).sum(axis=1) / np.maximum(due.sum(axis=1), 1e-12)
            total -= float((each[part] * np.log(np.maximum(ratio, 1e-12))).sum())
    return total
