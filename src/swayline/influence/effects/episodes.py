"""Episodes: from a log of events to rows in which a behaviour may or may not have come before an outcome.

The first event of a (user, item) pair opens an episode at t0::

    t0                 t0 + window            t0 + window + horizon
    |--- treated here? ---|------ outcome here? ------|
    ^ controls: strictly before t0

Where many outcomes come before the landmark t0 + window, each event of a pair that is neither treated nor converted
starts a *trial* instead: treated if that event is the treatment, outcome within the horizon after it.

The heavy lifting (first events of pairs, joins, running counts) is the engine's; arrays that leave it are one number a
row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core import names
from swayline.core.conditions import base_of, condition_of
from swayline.core.errors import EmptyLogError, OutcomeError, UsageError, nearest
from swayline.dataset import attribute_of_events
from swayline.engine import Engine
from swayline.engine.operators import episodes

NEVER = np.iinfo(np.int64).max
"""Order and time of something that did not happen."""
MOST_TREATMENTS = 50
"""Behaviours measured at once: each takes rows of its own for every pair."""
EARLY_SHARE = 0.2
"""Above this share of outcomes by the landmark, the trials are the rows to quote."""
_DAY_US = 86_400_000_000
Int64s = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Timeline:
    """A log in time order, ids as whole numbers; row o is the o-th event (ties of time by source row).

    Attributes
    ----------
    table : columns o, u, i, c, b (int), t (microseconds since 1970, UTC); i and c are -1 where the event names none
    behaviors : word of each b
    users, units, categories : id of each u, i and c
    is_by_item : whether i is an item, and not a category
    start_us, end_us : first and last time of the log
    span_us : between the .1 and 99.9% quantiles of time, so that stray rows do not stretch it
    """

    table: pa.Table
    behaviors: tuple[str, ...]
    users: pa.Array
    units: pa.Array
    start_us: int
    end_us: int
    span_us: float
    order: Int64s
    categories: pa.Array
    is_by_item: bool = True

    def column(self, name: str) -> Int64s:
        """A column as an int64 array, in time order."""
        return np.asarray(self.table.column(name).to_numpy(), dtype=np.int64)

    def code(self, behavior: str) -> int:
        """The number of a behaviour.

        Raises
        ------
        OutcomeError
            The log has no such behaviour.
        """
        if behavior not in self.behaviors:
            raise OutcomeError(f"behavior {behavior!r} does not occur in the log; {nearest(behavior, self.behaviors)}")
        return self.behaviors.index(behavior)


def timeline(
    events: pa.Table, unit: str = names.ITEM, items: pa.Table | None = None, engine: Engine | None = None
) -> Timeline:
    """Order a log by time and number its users, units, categories and behaviours.

    An event's category is the catalogue's: its own, else what most events before it say of its item, else the items
    table's.

    Parameters
    ----------
    events : the house's event table; ``time`` must be known
    unit : "item", or "category" for episodes of (user, category)
    items : the items table, which may say categories

    Raises
    ------
    EmptyLogError
        No event has a time.
    UsageError
        ``unit`` is neither item nor category, or the log has no such column.
    """
    if unit not in (names.ITEM, names.CATEGORY):
        raise UsageError(f"unit is {unit!r}; it must be 'item' or 'category'")
    if events.num_rows == 0 or events.column(names.TIME).null_count == events.num_rows:
        raise EmptyLogError("no event has a time; effects of behaviours need a log with times")
    known = events.filter(pc.is_valid(events.column(names.TIME)))
    said = attribute_of_events(known, items, names.CATEGORY, engine)
    if unit == names.CATEGORY and said is None:
        raise UsageError("no table has a column 'category', so episodes cannot be per category")
    time = known.column(names.TIME).cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    row = known.column(names.ROW).to_numpy() if names.ROW in known.column_names else np.arange(len(time))
    order = np.lexsort((row, time))
    user, users = _codes(known.column(names.USER), order)
    nothing = pa.chunked_array([pa.nulls(len(time), pa.string())])
    category, categories = _codes(nothing if said is None else said, order)
    item, units = (category, categories) if unit == names.CATEGORY else _codes(known.column(unit), order)
    if names.BEHAVIOR in known.column_names:
        behavior, words = _codes(known.column(names.BEHAVIOR), order)
    else:
        behavior, words = np.zeros_like(user), pa.array([names.INTERACT])
    ordered = np.asarray(time)[order].astype(np.int64)
    low, high = np.quantile(ordered, [0.001, 0.999])
    table = pa.table({"o": np.arange(len(ordered)), "u": user, "i": item, "c": category, "b": behavior, "t": ordered})
    return Timeline(
        table, tuple(words.to_pylist()), users, units, int(ordered[0]), int(ordered[-1]), float(high - low), order,
        categories, unit == names.ITEM,
    )  # fmt: skip


def _codes(column: pa.ChunkedArray, order: Int64s) -> tuple[npt.NDArray[np.int32], pa.Array]:
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    encoded = plain.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    return codes[order], encoded.dictionary


@dataclass(frozen=True)
class Pairs:
    """One row a (user, unit) pair: when it opened, with what, and the first event of each behaviour.

    Attributes
    ----------
    user, unit, category : codes, shape (P,)
    opened : order number of the first event, shape (P,)
    first : behaviour → order number of its first event in the pair, :data:`NEVER` where it has none, each (P,)
        Held as its events alone and laid out when a behaviour is asked for: P pairs times B behaviours are never in
        memory together.
    """

    user: Int64s
    unit: Int64s
    opened: Int64s
    first: "FirstEvents"


@dataclass(frozen=True)
class FirstEvents:
    """The first event of each behaviour in each pair that has one, sorted by behaviour.

    Attributes
    ----------
    pair, order : (N,) which pair, and the event's order number
    starts : (B + 1,) where each behaviour's part begins
    """

    behaviors: tuple[str, ...]
    pair: Int64s
    order: Int64s
    starts: Int64s
    n_pairs: int

    def __getitem__(self, behavior: str) -> Int64s:
        """(P,) order numbers, :data:`NEVER` where a pair has no such event."""
        code = self.behaviors.index(behavior)
        part = slice(self.starts[code], self.starts[code + 1])
        found = np.full(self.n_pairs, NEVER, np.int64)
        found[self.pair[part]] = self.order[part]
        return found


def pairs(engine: Engine, log: Timeline) -> Pairs:
    """The opening and the first event of each behaviour of every pair."""
    engine.register("behaviors_ev", log.table)
    found = engine.collect(episodes.openings("behaviors_ev"))
    user, unit, opened = (np.asarray(found.column(name).to_numpy(), dtype=np.int64) for name in ("u", "i", "opened"))
    rows = engine.collect(episodes.first_events("behaviors_ev"))
    code, at, order = (np.asarray(rows.column(name).to_numpy(), dtype=np.int64) for name in ("b", "opened", "o"))
    starts = np.searchsorted(code, np.arange(len(log.behaviors) + 1))
    first = FirstEvents(log.behaviors, np.searchsorted(opened, at), order, starts, len(opened))
    return Pairs(user, unit, opened, first)


@dataclass(frozen=True)
class Episodes:
    """Rows ready for a comparison, and what was left out on the way.

    Attributes
    ----------
    order : order number of the event at t0 (landmark) or of the trial's event, shape (n,)
    user, unit : codes, shape (n,)
    opening : behaviour code of the event at t0, shape (n,)
    treated, outcome : bool, shape (n,)
    lag_s : seconds from t0 to the treatment, NaN for the untreated, shape (n,)
    counts : left_out_end, left_out_early (outcome by the landmark), left_out_before (t0 before ``--from``),
        opened_by_treatment, outcomes_early, outcomes_all
    """

    kind: str
    treatment: str
    order: Int64s
    user: Int64s
    unit: Int64s
    opening: Int64s
    treated: Flags
    outcome: Flags
    lag_s: npt.NDArray[np.float64]
    window_s: float
    horizon_s: float
    counts: dict[str, int]

    @property
    def early_share(self) -> float:
        """Share of the outcomes that came by the landmark; 0 where there is no outcome."""
        return self.counts["outcomes_early"] / max(1, self.counts["outcomes_all"])


def _at(time: Int64s, order: Int64s) -> Int64s:
    """Times of order numbers, :data:`NEVER` staying never."""
    return np.where(order == NEVER, NEVER, time[np.minimum(order, len(time) - 1)])


def choose_window_s(log: Timeline, found: Pairs, treatment: str) -> float:
    """The 75th percentile of the lags from t0 to the treatment that are above zero; one day where there is none."""
    time = log.column("t")
    done = found.first[treatment] != NEVER
    lags = time[found.first[treatment][done]] - time[found.opened[done]]
    lags = lags[lags > 0]
    return float(np.quantile(lags, 0.75)) / 1e6 if len(lags) else 86400.0


def choose_horizon_s(log: Timeline) -> float:
    """The smaller of 7 days and a quarter of the log's span (.1 to 99.9% quantiles of time); at least one second."""
    return max(1.0, min(7 * _DAY_US, log.span_us / 4) / 1e6)


def landmark(
    log: Timeline,
    found: Pairs,
    treatment: str,
    outcome: str,
    window_s: float,
    horizon_s: float,
    from_us: int | None = None,
) -> Episodes:
    """Landmark episodes of one treatment.

    Those opened by the treatment itself are kept, marked by their ``opening``: they are an arm of their own.
    """
    time, behavior = log.column("t"), log.column("b")
    t0 = time[found.opened]
    mark = t0 + int(window_s * 1e6)
    end = mark + int(horizon_s * 1e6)
    treated_at, outcome_at = _at(time, found.first[treatment]), _at(time, found.first[outcome])
    late, past = t0 >= (log.start_us if from_us is None else from_us), end > log.end_us
    converted = outcome_at != NEVER
    early = outcome_at <= mark
    keep = late & ~past & ~early
    counts = {
        "left_out_before": int((~late).sum()),
        "left_out_end": int((late & past).sum()),
        "left_out_early": int((late & ~past & early).sum()),
        "outcomes_early": int((late & ~past & early).sum()),
        "outcomes_all": int((late & ~past & converted & (outcome_at <= end)).sum()),
        "opened_by_treatment": int((keep & (behavior[found.opened] == log.code(treatment))).sum()),
    }
    treated = treated_at <= mark
    lag = np.where(treated, (np.minimum(treated_at, mark) - t0) / 1e6, np.nan)
    return Episodes(
        "landmark", treatment, found.opened[keep], found.user[keep], found.unit[keep], behavior[found.opened[keep]],
        treated[keep], (outcome_at <= end)[keep], lag[keep], window_s, horizon_s, counts,
    )  # fmt: skip


def trials(
    engine: Engine, log: Timeline, found: Pairs, treatment: str, outcome: str, horizon_s: float,
    from_us: int | None = None,
) -> Episodes:  # fmt: skip
    """Sequential trials of one treatment: every event of a pair neither treated nor converted starts one.

    Who is treated later stays in the control arm of the earlier trial (intention to treat).
    """
    engine.register("behaviors_ev", log.table)
    engine.register(
        "behaviors_pairs",
        pa.table({"u": found.user, "i": found.unit, "ft": found.first[treatment], "fo": found.first[outcome]}),
    )
    rows = engine.collect(episodes.trial_rows("behaviors_ev", "behaviors_pairs"))
    order, user, unit, first_treated, first_outcome = (
        np.asarray(rows.column(name).to_numpy(), dtype=np.int64) for name in ("o", "u", "i", "ft", "fo")
    )
    time = log.column("t")
    start = time[order]
    end = start + int(horizon_s * 1e6)
    late, past = start >= (log.start_us if from_us is None else from_us), end > log.end_us
    keep = late & ~past
    treated = order == first_treated
    happened = _at(time, first_outcome) <= end
    counts = {
        "left_out_before": int((~late).sum()), "left_out_end": int((late & past).sum()), "left_out_early": 0,
        "outcomes_early": 0, "outcomes_all": int(happened[keep].sum()), "opened_by_treatment": 0,
    }  # fmt: skip
    opening = log.column("b")[order]
    return Episodes(
        "trials", treatment, order[keep], user[keep], unit[keep], opening[keep], treated[keep], happened[keep],
        np.where(treated, 0.0, np.nan)[keep], 0.0, horizon_s, counts,
    )  # fmt: skip


def present(log: Timeline, outcome: str, treatments: Sequence[str] | None = None) -> tuple[str, ...]:
    """The treatments to measure: those asked for, else every other behaviour of the log in order of its funnel.

    Where the outcome is a condition (``rate>=4``), acts of its behaviour that do not meet it are asked about by name
    alone.
    Of more than :data:`MOST_TREATMENTS` others the most frequent are measured; :func:`left_out` says so.

    Raises
    ------
    OutcomeError
        A behaviour asked for does not occur.
    UsageError
        The outcome is among the treatments.
    """
    log.code(outcome)
    if treatments is None:
        kin = condition_of(outcome)  # what else was done in the same act is no treatment of it
        others = [word for word in log.behaviors if word != outcome and (kin is None or base_of(word) != kin.behavior)]
        if len(others) > MOST_TREATMENTS:
            counts = np.bincount(log.column("b"), minlength=len(log.behaviors))
            others = sorted(others, key=lambda word: (-counts[log.code(word)], word))[:MOST_TREATMENTS]
        return tuple(sorted(others, key=lambda word: (names.funnel_depth(word), word)))
    if outcome in treatments:
        raise UsageError(f"{outcome!r} is the outcome and cannot be a treatment too: name another behaviour")
    if len(set(treatments)) > MOST_TREATMENTS:
        raise UsageError(
            f"{len(set(treatments)):,} treatments were named; at most {MOST_TREATMENTS} are measured at once"
        )
    for word in treatments:
        log.code(word)
    return tuple(dict.fromkeys(treatments))


def left_out(log: Timeline, asked: Sequence[str]) -> str | None:
    """What to say where not every behaviour was measured."""
    others = len(log.behaviors) - 1
    if len(asked) < MOST_TREATMENTS or len(asked) >= others:
        return None
    return (
        f"the log has {others:,} behaviors besides the outcome; the {len(asked)} most frequent were measured "
        "(name others as treatments, or join behaviors with --map)"
    )
