"""What the report draws of how behaviour evolves, as JSON can say it; it names no person."""

from typing import Any

import numpy as np

from swayline.core.names import BEHAVIOR, KIND, SCORE, SOURCE, TARGET, TIME
from swayline.core.time import iso
from swayline.evolution.acts import Acts
from swayline.evolution.cohorts import Cohorts
from swayline.evolution.drift import Drift
from swayline.evolution.drift.calendar import Calendar, calendar
from swayline.evolution.drift.table import POPULATION, USER
from swayline.evolution.flow import Flow, MarkovOrder
from swayline.evolution.returns import by_bin

STREAMS = 7
"""Categories that a stream graph shows; the others flow together."""
OTHERS = "others"
_MOST_CHANGES, _MOST_STEPS, _LEAST_SHOWN = 12, 40, 5
"""A flow or a day with fewer people is not shown."""
_MOST_DAYS = 1_100


def picture(
    acts: Acts, drift: Drift, flow: Flow, orders: dict[str, MarkovOrder | None], cohorts: Cohorts | None,
    notes: list[str],
) -> dict[str, Any]:  # fmt: skip
    """Everything that the section shows."""
    cal = calendar(acts) if not acts.ordered and acts.n_days >= 2 else None
    return {
        "days": acts.n_days, "resolution": acts.resolution, "stray": acts.stray, "left_out": notes,
        "streams": None if cal is None else _streams(acts, cal),
        "calendar": None if cal is None or acts.resolution == "month" else _calendar(acts),
        "returns": None if cal is None or not acts.items else _returns(acts, cal),
        "drift": _drift(drift), "flow": _flow(flow, orders), "cohorts": None if cohorts is None else _cohorts(cohorts),
    }  # fmt: skip


def _streams(acts: Acts, cal: Calendar) -> dict[str, Any] | None:
    """Events of the largest categories by bin; items where the log knows no category."""
    of, names = (acts.category, acts.categories) if acts.categories else (acts.item, acts.items)
    if not names or len(cal) < 4:
        return None
    counts = np.bincount(of[of >= 0], minlength=len(names))
    top = np.argsort(-counts, kind="stable")[: STREAMS if len(names) > STREAMS + 1 else STREAMS + 1]
    bins = cal.bins(acts.day)
    series = {names[one]: np.bincount(bins[of == one], minlength=len(cal)).tolist() for one in top}
    rest = np.bincount(bins[(of >= 0) & ~np.isin(of, top)], minlength=len(cal)).tolist()
    others = next(name for name in (OTHERS, "all others", "others ") if name not in series)
    if any(rest):
        series[others] = rest
    return {"starts": _starts(acts, cal), "width_days": cal.width, "series": series, "others": others,
            "of": "category" if acts.categories else "item"}  # fmt: skip


def _starts(acts: Acts, cal: Calendar) -> list[str]:
    return [_day(cal.first_day + cal.width * k) for k in range(len(cal))]


def _day(day: int) -> str:
    return str(np.datetime64(int(day), "D"))


def _calendar(acts: Acts) -> dict[str, Any] | None:
    """Events of each day, the last three years of a longer log."""
    first = max(acts.first_day, int(acts.day[-1]) - _MOST_DAYS)
    kept = acts.day >= first
    counts = np.bincount(acts.day[kept] - first)
    return {"first": _day(first), "counts": counts.tolist()}


def _returns(acts: Acts, cal: Calendar) -> dict[str, Any]:
    again, fresh = by_bin(acts, cal.bins(acts.day), len(cal))
    return {"starts": _starts(acts, cal), "width_days": cal.width, "returns": again, "discoveries": fresh}


def _drift(drift: Drift) -> dict[str, Any]:
    """Changes of all, items and categories; of people, how many changed and when."""
    rows = drift.table.to_pylist()
    named = [one for one in rows if one[KIND] not in (USER,) and one["changed"]]
    named.sort(key=lambda one: (one[KIND] != POPULATION, -abs(one[SCORE])))
    people = [one for one in rows if one[KIND] == USER]
    return {
        "asked": drift.asked, "changes": [_change(one) for one in named[:_MOST_CHANGES]], "n_changes": len(named),
        "population": [_change(one) for one in rows if one[KIND] == POPULATION],
        "people": {"asked": len(people), "changed": sum(one["changed"] for one in people)},
    }  # fmt: skip


def _change(one: dict[str, Any]) -> dict[str, Any]:
    told = {name: one[name] for name in (KIND, "id", SCORE, "p_value", "changed", "before", "after")}
    return told | {TIME: iso(one[TIME])}


def _flow(flow: Flow, orders: dict[str, MarkovOrder | None]) -> dict[str, Any]:
    levels = sorted(set(flow.table["level"].to_pylist()))
    return {
        "checks": flow.checks,
        "orders": {name: None if one is None else vars(one) for name, one in orders.items()},
        "steps": {level: _steps(flow, level) for level in levels},
        "ends": {level: _steps(flow, level, ends=True) for level in levels},
    }  # fmt: skip


def _steps(flow: Flow, level: str, ends: bool = False) -> list[dict[str, Any]]:
    """The most frequent pairs of a level, or endings."""
    names = ("n", "people", "share", "expected", "z", "claimed", "seconds_median")
    rows = [
        {SOURCE: one[SOURCE], TARGET: one[TARGET]} | {name: one[name] for name in names}
        for one in flow.table.to_pylist()
        if one["level"] == level and (one[TARGET] is None) == ends and one["people"] >= _LEAST_SHOWN
    ]
    rows.sort(key=lambda one: (not one["claimed"] and level != BEHAVIOR, -one["n"]))
    return rows[:_MOST_STEPS]


def _cohorts(cohorts: Cohorts) -> dict[str, Any]:
    rows = [
        {"cohort": iso(one["cohort"]), **{name: one[name] for name in ("age", "people", "active", "retention",
         "ci_low", "ci_high", "established")}}
        for one in cohorts.table.to_pylist() if one["people"] >= _LEAST_SHOWN
    ]  # fmt: skip
    return {"rows": rows, "period_days": cohorts.period_days, "trend": cohorts.trend, "trend_p": cohorts.trend_p}
