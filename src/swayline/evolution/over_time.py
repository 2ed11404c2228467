"""Influence over time: every effect of a behaviour and every tie measured anew in each stretch of the log.

::

    log       |------------|------------|------------|------------|
    as of                  1            2            3            4      a stretch's episodes; controls know all before
    estimate              .04          .05          .02          .01     trend and test of change over the four

What is measured as of a moment comes from strictly before it. Stretches are independent as far as people are, which act
in several of them, so that the tests lean on the estimates' own intervals.

References
----------
Cochran, "The combination of estimates from different experiments", Biometrics 1954 (the test of change).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from swayline.core.errors import DataError, UsageError
from swayline.core.names import TIME
from swayline.core.progress import task
from swayline.events import EventLog
from swayline.evolution.acts import Acts
from swayline.influence.effects import BehaviorEffects
from swayline.influence.network import PeopleInfluence
from swayline.ledger import SCHEMA, concat
from swayline.numerics.multiple_testing import q_values

STRETCHES = 4
FALSE_SHARE = 0.05
_LEAST_DAYS = 14
_Z95 = 1.959964
TRENDS = pa.schema([
    ("cause_kind", pa.string()), ("cause", pa.string()), ("effect", pa.string()), ("estimand", pa.string()),
    ("unit", pa.string()), ("stretches", pa.int64()), ("slope_per_day", pa.float64()), ("ci_low", pa.float64()),
    ("ci_high", pa.float64()), ("p_trend", pa.float64()), ("p_change", pa.float64()), ("changed", pa.bool_()),
])  # fmt: skip


@dataclass(frozen=True)
class OverTime:
    """Influence as of successive moments.

    Attributes
    ----------
    ledger : rows of the influence table, ``as_of`` the end of each stretch
    trends : columns of :data:`TRENDS`: the slope with its interval, and whether the estimates differ at all
    notes : what could not be measured
    """

    ledger: pa.Table
    trends: pa.Table
    notes: list[str] = field(default_factory=list)


def influence_over_time(log: EventLog, acts: Acts, stretches: int = STRETCHES, seed: int = 0) -> OverTime:
    """Quoted effects of behaviours, and ties where the log has some, in each of several stretches of equal time."""
    if acts.ordered or acts.n_days < _LEAST_DAYS:
        why = f"Influence over time is not asked: it needs times, over {_LEAST_DAYS} days and more."
        return OverTime(SCHEMA.empty_table(), TRENDS.empty_table(), [why])
    edges = np.linspace(int(acts.time_us[0]), int(acts.time_us[-1]) + 1, stretches + 1).astype(np.int64)
    try:
        outcome = log.outcome()
    except DataError as error:
        return OverTime(SCHEMA.empty_table(), TRENDS.empty_table(), [f"Influence over time is not asked: {error}"])
    ways: list[Callable[[EventLog, int, int], pa.Table]] = []
    if len(log.behaviors) > 1:
        ways.append(lambda one, low, high: _effects(one, outcome, low, high, seed))
    if log.ties is not None:
        ways.append(lambda one, low, high: _ties(one, outcome, low, high, seed))
    tables, notes = [], []
    with task("influence over time", total=len(ways) * stretches) as bar:
        for way in ways:
            for low, high in pairwise(edges.tolist()):
                try:
                    tables.append(way(log, low, high))
                except (DataError, UsageError) as error:
                    notes.append(f"As of {_moment(high):%Y-%m-%d}, influence is not measured: {error}")
                bar.advance()
    ledger = concat(tables) if tables else SCHEMA.empty_table()
    return OverTime(ledger, trends_of(ledger), notes)


def _moment(us: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=us)


def _between(log: EventLog, low: int | None, high: int) -> EventLog:
    times = log.events[TIME].cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    kept = pc.less(times, high)
    return replace(log, events=log.events.filter(kept if low is None else pc.and_(kept, pc.greater_equal(times, low))))


def _effects(log: EventLog, outcome: str, low: int, high: int, seed: int) -> pa.Table:
    """Quoted effects of the episodes that open in a stretch; controls know all that came before."""
    known = _between(log, None, high)
    begun = _moment(low).replace(microsecond=0).isoformat()
    found = BehaviorEffects(outcome=outcome, learner="linear", from_date=begun, seed=seed).fit(known).ledger_
    quoted = found.filter((pc.field("primary")) & (pc.field("estimand") == "ate"))
    return _as_of(quoted, high)


def _ties(log: EventLog, outcome: str, low: int, high: int, seed: int) -> pa.Table:
    """Ties measured on the acts of a stretch."""
    found = PeopleInfluence(outcome, seed=seed).fit(_between(log, low, high)).ledger_
    return _as_of(found.filter((pc.field("estimand") == "excitation") & pc.field("estimate").is_valid()), high)


def _as_of(rows: pa.Table, us: int) -> pa.Table:
    at = rows.column_names.index("as_of")
    return rows.set_column(at, SCHEMA.field("as_of"), pa.array([_moment(us)] * len(rows), SCHEMA.field("as_of").type))


_KEY = ("cause_kind", "cause", "effect", "estimand", "unit")


def trends_of(ledger: pa.Table) -> pa.Table:
    """The trend and the test of change of everything measured at least twice."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in ledger.to_pylist():
        if row["estimate"] is not None and row["ci_low"] is not None and row["ci_high"] is not None:
            groups.setdefault(tuple(row[name] for name in _KEY), []).append(row)
    rows = [
        dict(zip(_KEY, key, strict=True)) | _trend(sorted(of, key=lambda one: one["as_of"]))
        for key, of in groups.items() if len(of) > 1
    ]  # fmt: skip
    sure = q_values([row["p_change"] for row in rows]) <= FALSE_SHARE if rows else np.zeros(0, bool)
    for row, is_sure in zip(rows, sure.tolist(), strict=True):
        row["changed"] = bool(is_sure)
    return pa.Table.from_pylist(rows, TRENDS)


def _trend(rows: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Weighted least squares over the moments, and Cochran's test that all estimates are one."""
    begun = rows[0]["as_of"]
    day = np.array([(one["as_of"] - begun).total_seconds() / 86_400 for one in rows])
    value = np.array([one["estimate"] for one in rows])
    se = np.maximum(np.array([(one["ci_high"] - one["ci_low"]) / (2 * _Z95) for one in rows]), 1e-12)
    weight = se**-2
    centre, mean = np.average(day, weights=weight), np.average(value, weights=weight)
    spread = float((weight * (day - centre) ** 2).sum())
    slope = float((weight * (day - centre) * (value - mean)).sum()) / spread
    half = _Z95 / np.sqrt(spread)
    apart = float((weight * (value - mean) ** 2).sum())
    return {
        "stretches": len(rows), "slope_per_day": slope, "ci_low": slope - half, "ci_high": slope + half,
        "p_trend": float(2 * stats.norm.sf(abs(slope) * np.sqrt(spread))),
        "p_change": float(stats.chi2.sf(apart, len(rows) - 1)), "changed": False,
    }  # fmt: skip
