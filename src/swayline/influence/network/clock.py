"""How fine a log's clock is, and times drawn within what it leaves open.

Times that are whole days say on which day somebody acted and no more. Taken at their word, every act falls on the
stroke of midnight: acts of one day never explain each other, and those of the next come after exactly a day. Drawn
uniformly within the day, several times over, they say what the clock can tell; the draws' spread says what it cannot
(Rubin, "Multiple Imputation for Nonresponse in Surveys", 1987).
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.types import Bools, Floats

DAY_S = 86400.0
FINEST_S = 1e-6
_UNITS = (DAY_S, 3600.0, 60.0, 1.0)
_ON_IT = 0.95
"""Share of the times that must lie on a clock's ticks."""
_TICKS = 2
"""Places of a unit where its ticks may lie: one, and another in summer."""
COARSE_S = 60.0
"""From here on times are drawn within a tick."""


@dataclass(frozen=True)
class Clock:
    """The clock of a log.

    Parameters
    ----------
    unit_s : float
        Seconds from tick to tick: a month, a week, a day, an hour, a minute, a second, or finer (1e-6).
    phases_s : tuple of float
        Where in a unit the ticks lie (midnight elsewhere is not midnight UTC).
    """

    unit_s: float
    phases_s: tuple[float, ...] = (0.0,)

    @property
    def is_coarse(self) -> bool:
        """Whether times are drawn within a tick."""
        return self.unit_s >= COARSE_S

    def on_tick(self, times_s: Floats) -> Bools:
        """(n,) whether each time lies on a tick, so that it may have been any time up to the next."""
        if self.unit_s > DAY_S:
            return np.ones(len(times_s), bool)
        phase = np.mod(times_s, self.unit_s)
        near = [np.minimum(np.abs(phase - at), self.unit_s - np.abs(phase - at)) < 1e-3 for at in self.phases_s]
        return np.asarray(np.logical_or.reduce(near), bool)

    def drawn(self, times_s: Floats, rng: np.random.Generator) -> Floats:
        """(n,) each time moved to somewhere within its tick; times between ticks stay."""
        if not self.is_coarse:
            return times_s
        return np.where(self.on_tick(times_s), times_s + rng.random(len(times_s)) * self.unit_s, times_s)


def clock_of(times_s: Floats) -> Clock:
    """The coarsest clock on whose ticks nearly all times lie.

    >>> clock_of(np.array([0.0, 86400.0, 864000.0])).unit_s, clock_of(np.array([0.0, 61.0])).unit_s
    (86400.0, 1.0)
    >>> clock_of(np.array([57600.0, 144000.0, 316800.0]))  # midnight in Beijing
    Clock(unit_s=86400.0, phases_s=(57600.0,))
    """
    times = np.asarray(times_s, np.float64)
    moments = np.unique(times)
    gap = float(np.diff(moments).min()) if len(moments) > 1 else 0.0
    for unit in _UNITS:
        phases, counts = np.unique(np.round(np.mod(times, unit), 3) % unit, return_counts=True)
        most = np.argsort(-counts, kind="stable")[:_TICKS]
        most = most[counts[most] > 0.01 * len(times)]
        if counts[most].sum() < _ON_IT * len(times) or (unit > 1.0 and len(moments) < 2 * len(most)):
            continue
        if len(most) > 1 and unit < DAY_S:
            most = most[:1]
            if counts[most].sum() < _ON_IT * len(times):
                continue
        at = tuple(sorted(float(phase) for phase in phases[most]))
        if unit == DAY_S and gap >= 27 * DAY_S:
            return Clock(30 * DAY_S, at)
        return Clock(7 * DAY_S, at) if unit == DAY_S and gap >= 7 * DAY_S - 3601.0 else Clock(unit, at)
    return Clock(FINEST_S)


def order_kept(mean_s: float, unit_s: float) -> float:
    """Share of effects that still come after their cause when both are drawn anew within their ticks.

    An effect of the same tick is drawn ahead of its cause every second time. How many are of the same tick follows from
    the delays (exponential), whose mean among the drawn is what a fit finds.

    Parameters
    ----------
    mean_s : float
        Mean delay as fitted on drawn times.

    Examples
    --------
    >>> round(order_kept(4 * 86400.0, 86400.0), 2), round(order_kept(0.4 * 86400.0, 86400.0), 2)
    (0.94, 0.53)
    """
    true = np.geomspace(0.02, 50.0, 60)  # ticks
    phase, place = (np.arange(40) + 0.5) / 40, (np.arange(400) + 0.5) / 400
    found, kept = np.empty(len(true)), np.empty(len(true))
    for at, mean in enumerate(true):
        ticks = np.floor(phase[:, None] - mean * np.log1p(-place)[None]).ravel()
        same = float((ticks == 0).mean())
        later = float(ticks[ticks > 0].sum()) / len(ticks)
        kept[at] = 1.0 - same / 2.0
        found[at] = (later + same / 2.0 / 3.0) / kept[at]  # two draws of one tick lie a third of it apart
    return float(np.interp(mean_s / unit_s, found, kept))
