"""Controls of moments: what was known strictly before each, of the person's own log, the item, the calendar.

A thin caller: counts, recency and popularity come from :class:`~swayline.features.history.History`, what items and
people are from the catalogue (:mod:`swayline.dataset`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.causal.table.frame import MOST_LEVELS, numeric
from swayline.core import names
from swayline.dataset import catalogue as kinds
from swayline.dataset.catalogue import as_numbers, as_text, kind_of, lined_up
from swayline.engine import Engine
from swayline.features.history import DAY_US, HOUR_US, History, cycle, hours_since
from swayline.influence.effects.episodes import Int64s, Timeline

Floats = npt.NDArray[np.float64]
Columns = dict[str, npt.NDArray[np.float64] | pa.Array]
MOST_BEHAVIORS = 12
"""Behaviours counted one by one, the most frequent first; all of them stand in the total."""
RECENT = (("hour", HOUR_US), ("day", DAY_US))
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
        """As the engine of histories sees it: user, item, category, time; null where there is none."""
        return pa.table({"u": _key(self.user), "i": _key(self.unit), "c": _key(self.category), "t": self.time})


def moments(log: Timeline, order: Int64s, user: Int64s, unit: Int64s) -> Moments:
    """The moments of events by their order numbers."""
    return Moments(order, user, unit, log.column("c")[order], log.column("t")[order])


def history_of(engine: Engine, log: Timeline, at: Moments) -> History:
    """The log before moments."""
    acts = log.table.select(["b", "t"])
    for key in ("u", "i", "c"):
        acts = acts.append_column(key, _key(log.column(key)))
    return History.of(engine, acts, at.table())


def controls(
    engine: Engine, log: Timeline, at: Moments, outcome: str, items: pa.Table | None, pair: bool,
    users: pa.Table | None = None,
) -> pa.Table:  # fmt: skip
    """Controls of every moment, known strictly before it.

    Parameters
    ----------
    items, users : side tables; their numbers, moments and categories become controls, texts do not
    pair : whether the pair may have a history (trials), to be counted too

    Returns
    -------
    One row a moment: numbers, and words where the log has a context or a table has categories.
    """
    known = history_of(engine, log, at)
    counts = np.bincount(log.column("b"), minlength=len(log.behaviors))
    codes = sorted(int(code) for code in np.argsort(-counts, kind="stable")[:MOST_BEHAVIORS])
    columns: Columns = {}
    _add_own(known, log, codes, ["u"], "own", columns, recency=True)
    for word, width in RECENT:
        columns[f"own: events in the last {word}"] = np.log1p(known.recent(["u"], width).astype(np.float64))
    if (at.category >= 0).any() and not np.array_equal(at.category, at.unit):
        _add_own(known, log, codes, ["u", "c"], "own in category", columns)
        _add_world(known, log, outcome, "c", "category", columns)
    _add_world(known, log, outcome, "i", "item", columns)
    if pair:
        _add_own(known, log, codes, ["u", "i"], "own on item", columns)
    _add_calendar(log, at.time, columns)
    if log.is_by_item:
        columns |= attributes(log.units, items, names.ITEM, "item", at.unit, {names.CATEGORY})
        columns |= category_words(log, at)
    return pa.table(columns | attributes(log.users, users, names.USER, "user", at.user))


def _key(codes: Int64s) -> pa.Array:
    return pa.array(codes, mask=codes < 0)


def _hours(time: Int64s, then_us: Floats, never: float) -> Floats:
    """log(1 + hours since), ``never`` where there was nothing."""
    hours = hours_since(time, then_us)
    return np.where(np.isnan(hours), never, np.log1p(np.maximum(hours, 0)))


def _never(log: Timeline) -> float:
    return float(np.log1p(2 * (log.end_us - log.start_us) / HOUR_US))


def _add_own(
    known: History, log: Timeline, codes: list[int], keys: list[str], label: str, columns: Columns,
    recency: bool = False,
) -> None:  # fmt: skip
    """Counts (and recency) per behaviour of the person's own events."""
    tests = {log.behaviors[code]: ("b", code) for code in codes}
    acts = known.acts(keys, tests, recency=recency)
    columns[f"{label}: events"] = np.log1p(acts.n.astype(np.float64))
    for word in tests:
        columns[f"{label}: {word}"] = np.log1p(acts.counts[word].astype(np.float64))
        if recency:
            columns[f"{label}: time since {word}"] = _hours(known.t, acts.lasts_us[word], _never(log))


def _add_world(known: History, log: Timeline, outcome: str, key: str, label: str, columns: Columns) -> None:
    """Everybody's events on the item (or in the category), the outcomes among them, and its age."""
    acts = known.acts([key], {outcome: ("b", log.code(outcome))})
    columns[f"{label}: events by all"] = np.log1p(acts.n.astype(np.float64))
    columns[f"{label}: {outcome} by all"] = np.log1p(acts.counts[outcome].astype(np.float64))
    columns[f"{label}: age"] = _hours(known.t, acts.first_us, 0.0)


def _add_calendar(log: Timeline, time: Int64s, columns: Columns) -> None:
    columns["hour sin"], columns["hour cos"] = cycle(time, DAY_US)
    columns["week sin"], columns["week cos"] = cycle(time, 7 * DAY_US)
    columns["days into the log"] = (time - log.start_us) / DAY_US


def category_words(log: Timeline, at: Moments) -> Columns:
    """The resolved category of each moment, where more than one is known."""
    if len(np.unique(at.category)) < 2 or np.array_equal(at.category, at.unit):
        return {}
    return {"item: category": log.categories.take(_key(at.category))}


def attributes(
    ids: pa.Array, side: pa.Table | None, key: str, label: str, rows: Int64s, without: set[str] | None = None
) -> Columns:
    """Attributes of items or people that can be controls: numbers (NaN where there is none) and categories.

    Texts cannot, nor columns of more than :data:`MOST_LEVELS` different words.

    Parameters
    ----------
    ids : outside ids by code
    rows : code of each moment, shape (n,)
    without : columns that are asked elsewhere
    """
    if side is None or key not in side.column_names:
        return {}
    found: Columns = {}
    known = lined_up(ids.cast(pa.string()), side, key)
    for name in known.column_names:
        kind = kind_of(name, known[name])
        if name in (without or ()) or kind in (kinds.TEXT, kinds.VECTOR):
            continue
        if kind in kinds.OF_WORDS and len(pc.unique(as_text(known[name]))) > MOST_LEVELS:
            continue
        elif kind in kinds.OF_WORDS:
            found[f"{label}: {name}"] = as_text(known[name]).combine_chunks().take(pa.array(rows))
        else:
            found[f"{label}: {name}"] = as_numbers(known[name], name)[rows]
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
    known = history_of(engine, log, at)
    test = ("b", log.code(outcome))
    recent = known.recent(["u"], back_us, test)
    return recent.astype(np.float64), (known.acts(["u"], {outcome: test}).counts[outcome] - recent).astype(np.float64)
