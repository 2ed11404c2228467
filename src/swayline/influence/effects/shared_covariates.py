"""What was known at every moment that any comparison asks about: computed once, taken from by all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.rng import generator
from swayline.engine import Engine
from swayline.influence.effects import covariates as history
from swayline.influence.effects.episodes import Episodes, Flags, Int64s, Timeline
from swayline.influence.effects.sequence_state import SequenceState

Floats = npt.NDArray[np.float64]
_OF_PAIR = "own on item: "


@dataclass(frozen=True)
class Design:
    """Episodes of one treatment, compared one way.

    Attributes
    ----------
    compared : which of the episodes stand in the comparison, shape (n,)
    quoted : whether its rows are the ones to quote
    early : share of the outcomes that came by the landmark
    """

    episodes: Episodes
    compared: Flags
    label: str
    quoted: bool
    early: float

    @property
    def is_landmark(self) -> bool:
        """Whether outcomes are counted from a landmark on."""
        return self.episodes.kind == "landmark"


@dataclass(frozen=True)
class Known:
    """Controls of moments, in order of time, shape (m,) each.

    Attributes
    ----------
    order : order numbers of the events that the moments are of
    time : microseconds
    controls : a row a moment, known strictly before it
    happened, earlier : the person's own outcomes in the horizon before the moment, and before that
    """

    order: Int64s
    time: Int64s
    controls: pa.Table = field(repr=False)
    happened: Floats = field(repr=False)
    earlier: Floats = field(repr=False)

    def at(self, order: Int64s) -> Int64s:
        """Rows of the moments of order numbers."""
        return np.searchsorted(self.order, order)

    def take(self, order: Int64s, is_opening: bool) -> pa.Table:
        """Controls of order numbers; an opening has nothing before it on its pair, and so no counts of that."""
        names = [name for name in self.controls.column_names if not (is_opening and name.startswith(_OF_PAIR))]
        return self.controls.select(names).take(pa.array(self.at(order)))


@dataclass(frozen=True)
class Sides:
    """The tables that say what items and people are."""

    items: pa.Table | None = None
    users: pa.Table | None = None

    @classmethod
    def of(cls, log: Any, items: pa.Table | None, users: pa.Table | None) -> "Sides":
        """Those given, else the log's own."""
        own = getattr(log, "items", None), getattr(log, "users", None)
        return cls(own[0] if items is None else items, own[1] if users is None else users)


def look_up(
    engine: Engine, line: Timeline, events: pa.Table, sides: Sides, outcome: str, orders: Sequence[Int64s],
    horizon_s: float, state: SequenceState | None,
) -> Known:  # fmt: skip
    """Controls of all the order numbers that several comparisons ask about."""
    order = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *orders]))
    moments = history.moments(line, order, line.column("u")[order], line.column("i")[order])
    table = history.controls(engine, line, moments, outcome, sides.items, pair=True, users=sides.users)
    for name, values in history.context(line, events, order).items():
        table = table.append_column(name, values)
    if state is not None:
        for name, numbers in state.controls(line, moments).items():
            table = table.append_column(name, pa.array(numbers))
    happened, earlier = history.own_outcomes(engine, line, moments, outcome, int(horizon_s * 1e6))
    return Known(order, moments.time, table, happened, earlier)


def draw(line: Timeline, users: Int64s, most_rows: int, seed: int) -> Flags:
    """Which rows stay where there are more than ``most_rows``: those of whole users, the same whatever is asked."""
    if len(users) <= most_rows:
        return np.ones(len(users), dtype=bool)
    drawn = generator(seed, "users").random(len(line.users)) < most_rows / len(users)
    return np.asarray(drawn[users])
