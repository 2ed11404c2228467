"""When people act, and where they stand: hours, weekdays, parts of the day, lifecycle.

Shapes: O owners.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.clock import Clock
from swayline.engine import Engine
from swayline.engine.operators import habits
from swayline.features.profiles.acts import Acts

PARTS = ("night", "morning", "afternoon", "evening")
"""From midnight, 6, 12 and 18 o'clock on the log's clock."""
NEW, ACTIVE, RETURNED, SLOWING, QUIET, ONCE = "new", "active", "returned", "slowing", "gone quiet", "seen once"
STAGES = (NEW, ACTIVE, RETURNED, SLOWING, QUIET, ONCE)
_LEAST_PAUSES = 3

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rhythm:
    """When each owner acts.

    Parameters
    ----------
    hours : (O, 24) int64
        Acts in each hour of the day.
    weekdays : (O, 7) int64
        Acts on each weekday, Monday first.
    clock : Clock
        What of the two the log's times can tell.
    """

    hours: Ints
    weekdays: Ints
    clock: Clock

    @property
    def parts(self) -> Ints:
        """(O, 4) acts in each part of the day."""
        return np.asarray(self.hours.reshape(len(self.hours), 4, 6).sum(axis=2))

    @property
    def weekend(self) -> Ints:
        """(O,) acts on Saturdays and Sundays."""
        return np.asarray(self.weekdays[:, 5:].sum(axis=1))

    @property
    def peak_hour(self) -> Ints:
        """(O,) the middle of the three hours in a row that hold most acts."""
        around = np.roll(self.hours, 1, axis=1) + self.hours + np.roll(self.hours, -1, axis=1)
        # Of equal threes, the one whose middle hour is busiest.
        return np.asarray((around * (self.hours.max() + 1) + self.hours).argmax(axis=1))


@dataclass(frozen=True)
class Pauses:
    """How long people stay away, in days: what tells a pause from having left.

    Parameters
    ----------
    middle, usual, long : int
        The median, 75% and 95% quantiles of all pauses between two active days of a person (at least 1, 1 and 2 days;
        of a log without any pause, a quarter of its length counts as long).
    n : int
        Pauses seen.
    """

    middle: int
    usual: int
    long: int
    n: int


def rhythm(engine: Engine, acts: str, who: str, n_owners: int, clock: Clock) -> Rhythm:
    """Hours and weekdays of each person (``u``) or item (``i``)."""
    tables = []
    for part, size in (("hour", 24), ("weekday", 7)):
        found = engine.collect(habits.by_clock(acts, who, part))
        grid = np.zeros((n_owners, size), np.int64)
        grid[found["owner"].to_numpy(), found["part"].to_numpy()] = found["n"].to_numpy()
        tables.append(grid)
    hours, weekdays = tables
    return Rhythm(hours, weekdays, clock)


def pauses_of(engine: Engine, acts: Acts, table: str) -> tuple[Pauses, pa.Table]:
    """How long people stay away, and ``owner, middle, n, came_back`` of each who ever paused."""
    engine.register("profile_pauses", engine.collect(habits.pauses(table)))
    one = engine.collect(habits.quantiles("profile_pauses", "gap", (0.5, 0.75, 0.95))).to_pylist()[0]
    n = int(engine.collect(engine.relation("profile_pauses").group([], n="count(*)"))["n"][0].as_py())
    quarter = max(2, round((acts.end_us - acts.start_us) / 86_400e6 / 4)) if acts.end_us and acts.start_us else 2
    found = Pauses(max(1, one["q0"] or 1), max(1, one["q1"] or 1), max(2, one["q2"] or quarter), n)
    own = engine.collect(habits.own_pauses("profile_pauses", acts.end_day - found.long, found.long))
    return found, own


def stages(
    first: Ints, last: Ints, days: Ints, own: pa.Table, pauses: Pauses, start_day: int, end_day: int
) -> list[str]:
    """(O,) where each person stands at the end of the log, by their own pauses and everybody's.

    Parameters
    ----------
    first, last, days : (O,) int64
        First and last active day, and how many there are.
    own : pa.Table
        ``owner, middle, n, came_back`` of :func:`pauses_of`.

    Notes
    -----
    A silence is ordinary up to twice the person's median pause (everybody's, with fewer than three of their own), at
    least the usual and at most the long pause of all. Beyond it a person is *slowing*; beyond the long pause, and four
    times the own median, *gone quiet* (*seen once*, with one active day). *New* is who came first within a long pause
    of the end, where the log reaches back far enough to tell; *returned*, who came back from a long pause as lately.
    """
    middle = np.full(len(first), pauses.middle, np.int64)
    came_back = np.zeros(len(first), bool)
    owners = own["owner"].to_numpy()
    enough = own["n"].to_numpy() >= _LEAST_PAUSES
    middle[owners[enough]] = own["middle"].to_numpy()[enough]
    came_back[owners] = own["came_back"].to_numpy() > 0
    silent = np.maximum(end_day - last, 0)
    is_active = silent <= np.clip(2 * middle, pauses.usual, pauses.long)
    is_quiet = silent > np.maximum(pauses.long, 4 * middle)
    is_new = (first > end_day - pauses.long) & (first > start_day + pauses.long)
    chosen = np.select(
        [is_quiet & (days == 1), is_quiet, is_new & is_active, ~is_active, came_back],
        [STAGES.index(name) for name in (ONCE, QUIET, NEW, SLOWING, RETURNED)],
        STAGES.index(ACTIVE),
    )
    return [STAGES[code] for code in chosen]
