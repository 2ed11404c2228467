"""What everybody would do alone: shared rhythms, their own slow levels, and what everybody feels at once."""

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np

from swayline.core.types import Floats, Ints
from swayline.influence.network.acts import Acts
from swayline.influence.network.fit.common import Common
from swayline.influence.network.fit.rhythm import Grid, hat_places


@dataclass(frozen=True, eq=False)
class Baseline:
    """What everybody would do alone: shared rhythms times each person's own slow level times what everybody feels.

    Parameters
    ----------
    grid : Grid
    patterns : (R, period) float64
        Shared rhythms, each summing to one.
    strength : float
        How many acts' worth everybody's mixture counts for in each person's own.
    levels : (people, M) float64
        Heights of each person's hats; their mean over the span is one. M = 1 is a steady level.
    common : Common, optional
        Days and hours in which everybody acts more or less.
    """

    grid: Grid
    patterns: Floats
    strength: float
    levels: Floats
    common: Common | None = None

    @property
    def is_steady(self) -> bool:
        """Whether everybody acts at one rate throughout."""
        flat = self.grid.period == 1 and len(self.patterns) == 1 and self.levels.shape[1] == 1
        return flat and self.common is None

    def bins(self, times: Floats) -> Ints:
        """The grid bin of each time (zero where it makes no difference)."""
        return np.zeros(len(times), np.int64) if self.is_steady else self.grid.bins(times)

    def phases(self, bins: Ints) -> Ints:
        """Where in the period each bin lies."""
        return bins % self.grid.period if self.grid.period > 1 else np.zeros_like(bins)

    def rates(self) -> Floats:
        """(period, R): rate of each pattern at each phase, 1/s, such that it brings about one act over the span."""
        rates: Floats = self.patterns.T * (self.grid.period / self.grid.span_s)
        return np.ascontiguousarray(rates, np.float64)

    def level_at(self, person: Ints, bins: Ints) -> Floats:
        """The person's own level at each act, times what everybody feels there."""
        at: Floats = np.ones(len(bins))
        if self.levels.shape[1] > 1:
            left, share = hat_places(self.grid, bins, self.levels.shape[1])
            at = self.levels[person, left] * (1 - share) + self.levels[person, left + 1] * share
        return at if self.common is None else at * self.common.at(person, bins)

    @cached_property
    def _levels_held(self) -> "WeakKeyDictionary[Acts, Floats]":
        return WeakKeyDictionary()

    @cached_property
    def _mass_held(self) -> dict[tuple[float, float], Floats]:
        return {}

    def levels_of(self, acts: Acts) -> Floats:
        """(acts,) the level at each act of a log; held as long as the log is."""
        if acts not in self._levels_held:
            self._levels_held[acts] = self.level_at(acts.person, self.bins(acts.times))
        return self._levels_held[acts]

    def mass(self, begin_s: float, end_s: float) -> Floats:
        """(people, R): what each pattern brings about between two moments."""
        if (begin_s, end_s) not in self._mass_held:
            self._mass_held[begin_s, end_s] = self._mass(begin_s, end_s)
        return self._mass_held[begin_s, end_s]

    def _mass(self, begin_s: float, end_s: float) -> Floats:
        n_bins = int((self.grid.lead_s + end_s) // self.grid.bin_s) + 1
        watched = self.grid.watched(begin_s, end_s, n_bins)
        rates = self.rates()[self.phases(np.arange(n_bins))] * watched[:, None]
        hats = self.hats(n_bins)
        if self.common is None or self.common.own is None:
            felt = rates if self.common is None else rates * _padded(self.common.of(np.zeros(0, np.int64)), n_bins).T
            alike: Floats = self.levels @ (hats @ felt)
            return alike
        mass = np.empty((len(self.levels), rates.shape[1]))
        for people, seen in self.common.in_blocks(np.arange(len(self.levels))):
            mass[people] = (_padded(seen, n_bins) * (self.levels[people] @ hats)) @ rates
        return mass

    def hats(self, n_bins: int) -> Floats:
        """(M, n_bins) how much each knot of the levels counts in each bin."""
        n_hats = self.levels.shape[1]
        if n_hats == 1:
            return np.ones((1, n_bins))
        hats, bins = np.zeros((n_hats, n_bins)), np.arange(n_bins)
        left, share = hat_places(self.grid, bins, n_hats)
        hats[left, bins] = 1 - share
        hats[left + 1, bins] = share
        return hats


def _padded(rates: Floats, n_bins: int) -> Floats:
    """Common rates over more or fewer bins; 1 where nothing was learned."""
    if rates.shape[1] >= n_bins:
        return rates[:, :n_bins]
    return np.concatenate([rates, np.ones((len(rates), n_bins - rates.shape[1]))], axis=1)
