"""The chance of each behaviour, of return and of churn in 7, 30 and 90 days, for every person.

::

    log          |---------------------------------------------------------------|  now
    learn from        x ----H--->   x ----H--->   x ----H--->
    calibrated on                                             x ----H--->            a cut later than all of these
    forecast                                                                     x ----H--->

What is known at a cut comes from strictly before it, and what a model learns from ends before the cut that calibrates
it. Where the log is too short for both, halves of the people take turns at one cut. A horizon that does not fit into
the log twice is left out and named.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from swayline.core.names import BEHAVIOR, USER
from swayline.core.types import Bools, Floats, Ints
from swayline.evolution.acts import DAY_US, Acts
from swayline.evolution.forecast.calibrated import Calibrated, Rows, calibrate
from swayline.evolution.forecast.state import State, happens, state_at
from swayline.metrics.intervals import wilson

RETURN, CHURN = "return", "churn"
HORIZONS_DAYS = (7, 30, 90)
FORECAST = pa.schema([
    (USER, pa.string()), (BEHAVIOR, pa.string()), ("horizon_s", pa.float64()), ("probability", pa.float64()),
    ("ci_low", pa.float64()), ("ci_high", pa.float64()),
])  # fmt: skip
_MOST_BEHAVIORS, _MOST_CUTS = 12, 6
_LEAST_EVENTS, _LEAST_PEOPLE = 20, 40
"""Fewer who do and who do not can teach nothing."""
_HISTORY = 0.15
"""The share of the log that is known at the earliest cut, at least."""


@dataclass(frozen=True)
class Forecast:
    """Chances.

    Attributes
    ----------
    table : ``user``, ``behavior`` (each of the log's, ``return``, ``churn``), ``horizon_s``, ``probability`` and its
        95% interval
    as_of_us : the moment that is told from
    left_out : questions that this log cannot answer
    cuts : horizon in days → how many past moments were learned from, and whether calibration came later
    """

    table: pa.Table
    as_of_us: int
    left_out: list[str] = field(default_factory=list)
    cuts: dict[int, dict[str, int | bool]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Plan:
    """Cuts to learn from and to calibrate on; the same cut twice where halves of the people take turns."""

    learn: list[int]
    held: int
    by_halves: bool


def forecast_acts(acts: Acts, as_of_us: int | None = None, horizons_days: tuple[int, ...] = HORIZONS_DAYS) -> Forecast:
    """Chances of everybody with an event before a moment; by default the moment after the last event."""
    now = int(acts.time_us[-1]) + 1 if as_of_us is None else as_of_us
    acts = acts.before(now)
    left_out: list[str] = []
    kinds = _behaviors(acts, left_out)
    states: dict[int, State] = {}
    tables, cuts = [], {}
    for days in horizons_days:
        plan = _plan(int(acts.time_us[0]), now, days * DAY_US)
        if plan is None:
            left_out.append(
                f"{days} days ahead is not told: the log spans {acts.n_days} days, and must hold the horizon twice."
            )
            continue
        for cut in {*plan.learn, plan.held, now} - set(states):
            states[cut] = state_at(acts, cut, kinds)
        cuts[days] = {"learned_from": len(plan.learn), "calibrated_later": not plan.by_halves}
        tables += _of_horizon(acts, states, plan, now, days, left_out, kinds)
    table = pa.concat_tables(tables) if tables else FORECAST.empty_table()
    return Forecast(table, now, left_out, cuts)


def _behaviors(acts: Acts, left_out: list[str]) -> Ints:
    """Behaviours that are forecast: all, or the most frequent; none of its own where there is one, which is return."""
    counts = np.bincount(acts.behavior, minlength=len(acts.behaviors))
    kinds = np.argsort(-counts, kind="stable")[: int((counts > 0).sum())]
    if len(kinds) > _MOST_BEHAVIORS:
        left_out.append(f"Of {len(kinds)} behaviors, the {_MOST_BEHAVIORS} most frequent are forecast.")
    return np.asarray(kinds[:_MOST_BEHAVIORS], np.int64)


def _plan(first_us: int, now: int, horizon_us: int) -> _Plan | None:
    """Cuts at which what followed is known and what was known is enough."""
    earliest = first_us + max(int(_HISTORY * (now - first_us)), DAY_US)
    held = now - horizon_us
    if held - horizon_us // 2 < earliest:
        return None
    last = held - horizon_us
    if last < earliest:
        return _Plan([held], held, True)
    step = max(horizon_us // 2, 3 * DAY_US)
    return _Plan([cut for cut in (last - k * step for k in range(_MOST_CUTS)) if cut >= earliest], held, False)


def _of_horizon(
    acts: Acts, states: dict[int, State], plan: _Plan, now: int, days: int, left_out: list[str], kinds: Ints
) -> list[pa.Table]:
    tables = []
    asked: list[tuple[str, int | None]] = [(acts.behaviors[one], int(one)) for one in kinds]
    for name, behavior in [*asked, (RETURN, None)]:
        models, state = _fitted(acts, states, plan, days * DAY_US, behavior), states[now]
        if models is None:
            rows = _rows(acts, states, [plan.held], days * DAY_US, behavior)
            if len(rows.y) < _LEAST_PEOPLE:
                left_out.append(f"{name!r} in {days} days is not told: {len(rows.y)} people are known at past moments.")
                continue
            left_out.append(
                f"{name!r} in {days} days is the same for everybody: at past moments too few did it, or did not."
            )
            middle, low, high = _share(rows, len(state.people))
        else:
            parts = [one.chances(state.x) for one in models]
            middle, low, high = (np.mean([part[k] for part in parts], axis=0) for k in range(3))
        tables.append(_table(acts, state, name, days, middle, low, high))
        if name == RETURN:
            tables.append(_table(acts, state, CHURN, days, 1 - middle, 1 - high, 1 - low))
    return tables


def _share(rows: Rows, n: int) -> tuple[Floats, Floats, Floats]:
    """(P,) the share that did it at a past moment, for everybody alike, with its interval."""
    share = (float(rows.y.sum()) + 0.5) / (len(rows.y) + 1)
    low, high = wilson(share, len(rows.y))
    return np.full(n, share), np.full(n, low), np.full(n, high)


def _fitted(
    acts: Acts, states: dict[int, State], plan: _Plan, horizon_us: int, behavior: int | None
) -> list[Calibrated] | None:
    """The calibrated model; two where halves of the people take turns; None where there is too little to learn."""
    learn, held = _rows(acts, states, plan.learn, horizon_us, behavior), None
    if not plan.by_halves:
        held = _rows(acts, states, [plan.held], horizon_us, behavior)
        return [calibrate(learn, held)] if _enough(learn) and _enough(held) else None
    half = learn.person % 2 == 0
    one, other = _some(learn, half), _some(learn, ~half)
    return [calibrate(one, other), calibrate(other, one)] if _enough(one) and _enough(other) else None


def _rows(acts: Acts, states: dict[int, State], cuts: list[int], horizon_us: int, behavior: int | None) -> Rows:
    parts = [states[cut] for cut in cuts]
    y = [happens(acts, one.people, cut, horizon_us, behavior) for one, cut in zip(parts, cuts, strict=True)]
    of = np.repeat(np.arange(len(cuts)), [len(one.people) for one in parts])
    x = np.asarray(np.concatenate([one.x for one in parts]), np.float64)
    return Rows(x, np.asarray(np.concatenate(y), np.float64), np.concatenate([one.people for one in parts]), of)


def _some(rows: Rows, kept: Bools) -> Rows:
    return Rows(rows.x[kept], rows.y[kept], rows.person[kept], rows.cut[kept])


def _enough(rows: Rows) -> bool:
    yes = float(rows.y.sum())
    return len(np.unique(rows.person)) >= _LEAST_PEOPLE and min(yes, len(rows.y) - yes) >= _LEAST_EVENTS


def _table(acts: Acts, state: State, name: str, days: int, middle: Floats, low: Floats, high: Floats) -> pa.Table:
    n = len(state.people)
    return pa.table({
        USER: pa.array(acts.users, pa.string()).take(pa.array(state.people)),
        BEHAVIOR: pa.array([name] * n, pa.string()),
        "horizon_s": np.full(n, days * 86_400.0), "probability": middle, "ci_low": low, "ci_high": high,
    }).cast(FORECAST)  # fmt: skip
