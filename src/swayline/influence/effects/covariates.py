"""What was known strictly before a moment: counts and recency of a person's own log, the item, the calendar.

At equal times a question stands before the events, so that nothing of its own moment is seen
(:mod:`swayline.engine.operators.asof`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.causal.table.frame import numeric
from swayline.core import names
from swayline.engine import Engine
from swayline.engine.operators import asof
from swayline.engine.relation import Expression
from swayline.influence.effects.episodes import Int64s, Timeline

Floats = npt.NDArray[np.float64]
MOST_BEHAVIORS = 12
"""Behaviours counted one by one, the most frequent first; all of them stand in the total."""
_HOUR_US, _DAY_US = 3_600_000_000, 86_400_000_000
RECENT = (("hour", _HOUR_US), ("day", _DAY_US))
MOST_CONTEXT = 30
"""A context column with more words than this is no context."""


@dataclass(frozen=True)
class Moments:
    """When and about whom to ask: one row an episode or trial, shapes (n,)."""

    order: Int64s
    user: Int64s
    unit: Int64s
    category: Int64s
    time: Int64s

    def table(self) -> pa.Table:
        """As the engine sees it; k is the row."""
        return pa.table(
            {
                "k": np.arange(len(self.order)), "u": self.user, "i": self.unit, "c": self.category, "t": self.time,
                "o": self.order,
            }
        )  # fmt: skip


def moments(log: Timeline, order: Int64s, user: Int64s, unit: Int64s) -> Moments:
    """The moments of events by their order numbers."""
    return Moments(order, user, unit, log.column("c")[order], log.column("t")[order])


def controls(engine: Engine, log: Timeline, at: Moments, outcome: str, items: pa.Table | None, pair: bool) -> pa.Table:
    """Controls of every moment, known strictly before it.

    Parameters
    ----------
    items : side table; its numeric columns become controls
    pair : whether the pair may have a history (trials), to be counted too

    Returns
    -------
    One row a moment: numbers, and words where the log has a context.
    """
    engine.register("behaviors_ev", log.table)
    engine.register("behaviors_q", at.table())
    counts = np.bincount(log.column("b"), minlength=len(log.behaviors))
    codes = sorted(int(code) for code in np.argsort(-counts, kind="stable")[:MOST_BEHAVIORS])
    columns: dict[str, npt.NDArray[np.float64] | pa.Array] = {}
    _add_own(engine, log, codes, ["u"], "own", columns, at.time, recency=True)
    _add_recent(engine, columns)
    if (at.category >= 0).any() and not np.array_equal(at.category, at.unit):
        _add_own(engine, log, codes, ["u", "c"], "own in category", columns, at.time, recency=False)
        _add_world(engine, log, outcome, "c", "category", columns, at.time)
    _add_world(engine, log, outcome, "i", "item", columns, at.time)
    if pair:
        _add_own(engine, log, codes, ["u", "i"], "own on item", columns, at.time, recency=False)
    _add_calendar(log, at.time, columns)
    return pa.table(columns | _item_columns(log, at.unit, items))


def _as_of(engine: Engine, keys: Sequence[str], values: Mapping[str, tuple[str, Expression]]) -> pa.Table:
    """Running aggregates over the events before each question, in the order of the questions."""
    return engine.collect(asof.before("behaviors_ev", "behaviors_q", keys, values))


def _hours(time: Int64s, last: pa.ChunkedArray, never: float) -> Floats:
    """log(1 + hours since), ``never`` where there was nothing."""
    known = np.asarray(last.to_numpy(), dtype=np.float64)
    return np.where(np.isnan(known), never, np.log1p(np.maximum(time - known, 0) / _HOUR_US))


def _never(log: Timeline) -> float:
    return float(np.log1p(2 * (log.end_us - log.start_us) / _HOUR_US))


def _add_own(
    engine: Engine, log: Timeline, codes: list[int], keys: Sequence[str], label: str,
    columns: dict[str, npt.NDArray[np.float64] | pa.Array], time: Int64s, recency: bool,
) -> None:  # fmt: skip
    """Counts (and recency) per behaviour of the person's own events."""
    values: dict[str, tuple[str, Expression]] = {f"n{code}": ("sum", asof.where_is("b", code)) for code in codes}
    values["one"] = ("sum", "1")
    if recency:
        values |= {f"l{code}": ("max", asof.where_is("b", code, "t", None)) for code in codes}
    found = _as_of(engine, keys, values)
    columns[f"{label}: events"] = np.log1p(found.column("one").to_numpy().astype(np.float64))
    for code in codes:
        word = log.behaviors[code]
        columns[f"{label}: {word}"] = np.log1p(found.column(f"n{code}").to_numpy().astype(np.float64))
        if recency:
            columns[f"{label}: time since {word}"] = _hours(time, found.column(f"l{code}"), _never(log))


def _add_world(
    engine: Engine, log: Timeline, outcome: str, key: str, label: str,
    columns: dict[str, npt.NDArray[np.float64] | pa.Array], time: Int64s,
) -> None:  # fmt: skip
    """Everybody's events on the item (or in the category), the outcomes among them, and its age."""
    code = log.code(outcome)
    found = _as_of(engine, [key], {"n": ("sum", "1"), "y": ("sum", asof.where_is("b", code)), "l": ("min", "t")})
    n, y = (found.column(name).to_numpy().astype(np.float64) for name in ("n", "y"))
    columns[f"{label}: events by all"] = np.log1p(n)
    columns[f"{label}: {outcome} by all"] = np.log1p(y)
    columns[f"{label}: age"] = _hours(time, found.column("l"), 0.0)


def _add_recent(engine: Engine, columns: dict[str, npt.NDArray[np.float64] | pa.Array]) -> None:
    """Own events of the last hour and day: +1 at an event, -1 when it has passed out of the window."""
    for word, width in RECENT:
        found = engine.collect(asof.recently("behaviors_ev", "behaviors_q", ["u"], width))
        columns[f"own: events in the last {word}"] = np.log1p(found.column("n").to_numpy().astype(np.float64))


def _add_calendar(log: Timeline, time: Int64s, columns: dict[str, npt.NDArray[np.float64] | pa.Array]) -> None:
    day = 2 * np.pi * (time % _DAY_US) / _DAY_US
    week = 2 * np.pi * (time % (7 * _DAY_US)) / (7 * _DAY_US)
    columns |= {"hour sin": np.sin(day), "hour cos": np.cos(day), "week sin": np.sin(week), "week cos": np.cos(week)}
    columns["days into the log"] = (time - log.start_us) / _DAY_US


def _item_columns(log: Timeline, unit: Int64s, items: pa.Table | None) -> dict[str, Floats]:
    """Numeric columns of the items' side table, NaN where an item is not in it."""
    if items is None or names.ITEM not in items.column_names:
        return {}
    at = pc.index_in(log.units.cast(pa.string()), value_set=items.column(names.ITEM).combine_chunks().cast(pa.string()))
    found = {}
    for name in items.column_names:
        values = items.column(name)
        if name == names.ITEM or not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
            continue
        of_unit = values.combine_chunks().take(at).cast(pa.float64()).to_numpy(zero_copy_only=False)
        found[f"item: {name}"] = np.asarray(of_unit, dtype=np.float64)[unit]
    return found


def context(log: Timeline, events: pa.Table, order: Int64s) -> dict[str, pa.Array]:
    """Platform and device of the events themselves, where the log has them in few words."""
    found = {}
    for name in (names.PLATFORM, names.DEVICE):
        if name in events.column_names and len(events.column(name).unique()) <= MOST_CONTEXT:
            known = events.filter(pc.is_valid(events.column(names.TIME))).column(name)
            found[name] = known.take(pa.array(log.order[order])).combine_chunks().cast(pa.string())
    return found


def number_at(log: Timeline, events: pa.Table, name: str, order: Int64s) -> Floats:
    """A numeric column of the events themselves by their order numbers, NaN where it is null, shape (n,).

    Raises
    ------
    SchemaError
        The log has no such column, or it holds no numbers.
    """
    known = events.filter(pc.is_valid(events.column(names.TIME)))
    return numeric(known, name)[log.order[order]]


def own_outcomes(engine: Engine, log: Timeline, at: Moments, outcome: str, back_us: int) -> tuple[Floats, Floats]:
    """The person's outcomes in [t - back, t) and before t - back, each (n,)."""
    code = log.code(outcome)
    before = []
    for shift in (0, back_us):
        moved = Moments(at.order, at.user, at.unit, at.category, at.time - shift)
        engine.register("behaviors_q", moved.table())
        found = _as_of(engine, ["u"], {"n": ("sum", asof.where_is("b", code))})
        before.append(found.column("n").to_numpy().astype(np.float64))
    return before[0] - before[1], before[1]
