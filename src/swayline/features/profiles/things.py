"""The table of items: one row each, with how it is found, by whom, what follows it and where it stands.

Shapes: O items.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from swayline.core.names import CATEGORY, ITEM
from swayline.engine import Engine
from swayline.engine.operators import habits
from swayline.features.profiles import traits
from swayline.features.profiles.acts import Acts
from swayline.features.profiles.people import Columns
from swayline.features.profiles.rhythm import rhythm
from swayline.features.profiles.segments import Segments
from swayline.features.profiles.sentences import item_sentence

HEAD, MIDDLE, TAIL = "head", "middle", "tail"
NEW, RISING, STEADY, FADING, SPARSE = "new", "rising", "steady", "fading", "too few visits to tell"
ITEM_STAGES = (NEW, RISING, STEADY, FADING, SPARSE)
N_WORDS, N_NEXT, N_AUDIENCE = 6, 3, 2
_SAID = ("events", "users", "reached", "conversion", "tier", "stage", "audience")
"""Columns that an item's sentence reads."""
_HEAD_SHARE, _MIDDLE_SHARE = 0.5, 0.8
_LEAST_VISITS, _LEAST_PEOPLE = 10, 5
_LATE = 2 / 3

Ints = npt.NDArray[np.int64]


def profile_items(
    engine: Engine, acts: Acts, words: traits.Words | None, labels: Sequence[str], segments: Segments, outcome: str,
    table: str,
) -> pa.Table:  # fmt: skip
    """Profiles of all items, in the order of ``acts.items``.

    Parameters
    ----------
    segments : Segments
        Of the people, for each item's audience.
    outcome : str
        The behaviour that counts as success.
    """
    totals = engine.collect(habits.totals(table, "i", len(acts.counted), ("u",)))
    n = len(acts.items)
    columns: Columns = {ITEM: acts.items, "label": pa.array(labels, pa.string()), "events": totals["events"]}
    columns[CATEGORY] = _category(engine, acts, table)
    columns["users"] = totals["d_u"]
    for code, name in enumerate(acts.counted):
        columns[f"n_{name}"] = totals[f"n{code}"].cast(pa.int64())
    columns |= _reached(engine, acts, outcome, table, n)
    columns["tier"] = pa.array(tiers(totals["events"].to_numpy()))
    if acts.timed:
        moment = pa.timestamp("us", "UTC")
        columns["first"], columns["last"] = totals["first"].cast(moment), totals["last"].cast(moment)
        if acts.clock.has_hours:
            columns["peak_hour"] = rhythm(engine, table, "i", n, acts.clock).peak_hour
        columns["stage"] = pa.array(_stages(engine, acts, totals, table), pa.string())
    columns |= _lists(engine, acts, words, labels, segments, table)
    rows = pa.table(columns)
    tier = pc.value_counts(rows["tier"]).to_pylist()
    share = {one["values"]: one["counts"] / n for one in tier}
    only = len(acts.behaviors) == 1  # everybody came to the outcome: not worth a word
    said = [name for name in _SAID if name in rows.column_names and not (only and name in ("reached", "conversion"))]
    sentences = [item_sentence(one, outcome, share) for one in rows.select(said).to_pylist()]
    return rows.add_column(2, "profile", pa.array(sentences, pa.string()))


def tiers(events: Ints) -> list[str]:
    """Head: the most frequent items that hold half of all acts; tail: the least frequent ones that hold the last fifth.

    >>> tiers(np.array([50, 30, 10, 10]))
    ['head', 'middle', 'tail', 'tail']
    """
    order = np.argsort(-events, kind="stable")
    before = np.concatenate([[0], np.cumsum(events[order])[:-1]]) / max(events.sum(), 1)
    names = np.select([before < _HEAD_SHARE, before < _MIDDLE_SHARE], [0, 1], 2)
    found = np.empty(len(events), np.int64)
    found[order] = names
    return [(HEAD, MIDDLE, TAIL)[code] for code in found]


def _category(engine: Engine, acts: Acts, table: str) -> pa.Array:
    """The category most of an item's acts name."""
    if not len(acts.categories):
        return pa.nulls(len(acts.items), pa.string())
    engine.register("profile_placed", engine.collect(habits.pairs(table, "i", "c")))
    rows = engine.collect(habits.most_of("profile_placed", 1))
    place = np.full(len(acts.items), -1, np.int64)
    place[rows["owner"].to_numpy()] = rows["trait"].to_numpy()
    return acts.categories.take(pa.array(place, mask=place < 0))


def _reached(engine: Engine, acts: Acts, outcome: str, table: str, n: int) -> Columns:
    """People who came to the outcome, and the share that came back on another day."""
    found = engine.collect(habits.reached(table, acts.behaviors.index(outcome) if outcome in acts.behaviors else -1))
    counts = np.zeros((3, n), np.int64)
    for row, name in enumerate(("people", "reached", "again")):
        counts[row, found["owner"].to_numpy()] = found[name].to_numpy()
    people = np.maximum(counts[0], 1)
    columns: Columns = {"reached": counts[1], "conversion": np.round(counts[1] / people, 4)}
    if acts.timed:
        columns["came_back_share"] = np.round(counts[2] / people, 4)
    return columns


def _stages(engine: Engine, acts: Acts, totals: pa.Table, table: str) -> list[str]:
    """New, rising, steady or fading: the item's share of all visits in the last third of the log against before.

    The test of each item is clustered by person, and of all that are called rising or fading at most one in twenty is
    expected to be so by chance (Benjamini and Hochberg 1995).
    """
    # By acts and not by days, so that a log's long thin start is no third of it.
    late_us = int(np.quantile(acts.table["t"].drop_null().to_numpy(), _LATE))
    found = engine.collect(habits.visits(table, late_us))
    sums = {name: np.zeros(len(totals)) for name in ("people", "n", "late", "ll", "ln", "nn")}
    for name, column in sums.items():
        column[found["owner"].to_numpy()] = found[name].cast(pa.float64()).to_numpy()
    share = sums["late"].sum() / max(sums["n"].sum(), 1.0)
    more = sums["late"] - share * sums["n"]
    spread = np.sqrt(np.maximum(sums["ll"] - 2 * share * sums["ln"] + share**2 * sums["nn"], 1e-9))
    can_tell = (sums["n"] >= _LEAST_VISITS) & (sums["people"] >= _LEAST_PEOPLE)
    chance = 2 * stats.t.sf(np.abs(more / spread), np.maximum(sums["people"] - 1, 1))
    is_clear = np.zeros(len(totals), bool)
    is_clear[can_tell] = clear_of_chance(chance[can_tell])
    is_new = totals["first"].to_numpy() >= late_us
    chosen = np.select(
        [~can_tell, is_new, is_clear & (more > 0), is_clear],
        [ITEM_STAGES.index(name) for name in (SPARSE, NEW, RISING, FADING)],
        ITEM_STAGES.index(STEADY),
    )
    return [ITEM_STAGES[code] for code in chosen]


def clear_of_chance(p_values: npt.NDArray[np.float64], share: float = 0.05) -> npt.NDArray[np.bool_]:
    """Which of many tests stand when at most ``share`` of those that do may do so by chance.

    >>> clear_of_chance(np.array([0.001, 0.03, 0.04, 0.9])).tolist()
    [True, False, False, False]
    """
    order = np.argsort(p_values, kind="stable")
    passes = p_values[order] <= share * (np.arange(len(p_values)) + 1) / max(len(p_values), 1)
    found = np.zeros(len(p_values), bool)
    if passes.any():
        found[order[: int(np.flatnonzero(passes).max()) + 1]] = True
    return found


def _lists(
    engine: Engine, acts: Acts, words: traits.Words | None, labels: Sequence[str], segments: Segments, table: str
) -> Columns:
    """Words, the items that follow, the segments it draws."""
    n = len(acts.items)
    columns: Columns = {}
    if words is not None:
        rows = traits.word_marks(engine, words, table, "i", N_WORDS)
        fields = {"word": traits.named(words.names, rows), "weight": traits.rounded(rows["weight"], 4)}
        columns["words"] = traits.as_lists(rows, n, fields)
    engine.register("profile_next", engine.collect(habits.next_items(table)))
    rows = engine.collect(habits.most_of("profile_next", N_NEXT))
    names = pa.array(labels, pa.string())
    fields = {"item": traits.named(acts.items, rows), "label": traits.named(names, rows)}
    columns["next_items"] = traits.as_lists(rows, n, fields | {"events": rows["n"]})
    if len(segments.names) > 1:
        engine.register("profile_segments", pa.table({"u": np.arange(len(segments.of)), "segment": segments.of}))
        engine.register("profile_audience", engine.collect(habits.audience(table, "profile_segments")))
        rows = engine.collect(habits.marks("profile_audience", traits.PULL, N_AUDIENCE))
        fields = {"segment": traits.named(pa.array(segments.names, pa.string()), rows)}
        fields |= {name: traits.rounded(rows[name], 4) for name in ("share", "lift")}
        columns["audience"] = traits.as_lists(rows, n, fields)
    return columns
