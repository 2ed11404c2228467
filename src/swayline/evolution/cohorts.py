"""Who comes back: people by the period of their first event, and the share of them active so many periods later.

::

    cohort       age 0   1     2     3
    2 March      100%    41%   33%   30%
    9 March      100%    44%   35%
    16 March     100%    40%              the triangle: what lies after the log is unknown, and left out

Everybody of a log's first period may have been there before; that cohort is marked.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import stats

from swayline.core.types import Ints
from swayline.evolution.acts import Acts
from swayline.metrics.intervals import wilson

COHORTS = pa.schema([
    ("cohort", pa.timestamp("us", "UTC")), ("period_s", pa.float64()), ("age", pa.int64()), ("people", pa.int64()),
    ("active", pa.int64()), ("retention", pa.float64()), ("ci_low", pa.float64()), ("ci_high", pa.float64()),
    ("established", pa.bool_()),
])  # fmt: skip
_LEAST_PERIODS, _MOST_PERIODS = 4, 26
_WEEKS = (1, 7, 28)


@dataclass(frozen=True)
class Cohorts:
    """Retention.

    Attributes
    ----------
    table : columns of :data:`COHORTS`
    period_days : days a period
    trend, trend_p : change of the retention at age 1 from a cohort to the next, and its p-value; None of few cohorts
    """

    table: pa.Table
    period_days: int
    trend: float | None = None
    trend_p: float | None = None


def find_cohorts(acts: Acts) -> Cohorts | str:
    """The retention of every cohort, or why it is not asked."""
    if acts.ordered:
        return "Who comes back is not asked: the log has an order and no times."
    days = _period(acts.n_days)
    n = acts.n_days // days if days else 0
    if n < _LEAST_PERIODS:
        return f"Who comes back is not asked: {acts.n_days} days make no {_LEAST_PERIODS} periods."
    period = (acts.day - acts.first_day) // days
    whole = period < n
    pairs = np.unique(acts.user[whole] * n + period[whole])
    user, at = np.divmod(pairs, n)
    first = np.full(len(acts.users), n)
    np.minimum.at(first, user, at)
    active = np.zeros((n, n), np.int64)
    np.add.at(active, (first[user], at - first[user]), 1)
    rows = [
        _row(acts, days, cohort, age, int(active[cohort, 0]), int(active[cohort, age]))
        for cohort in range(n) if active[cohort, 0]
        for age in range(n - cohort)
    ]  # fmt: skip
    return Cohorts(pa.Table.from_pylist(rows, COHORTS), days, *_trend(active, n))


def _period(n_days: int) -> int:
    """The shortest period of a day, a week, or some four weeks that leaves no more than so many cohorts."""
    for days in _WEEKS:
        if n_days // days <= _MOST_PERIODS:
            return days
    return 28 * int(np.ceil(n_days / 28 / _MOST_PERIODS))


def _row(acts: Acts, days: int, cohort: int, age: int, people: int, active: int) -> dict[str, object]:
    low, high = wilson(active / people, people)
    return {
        "cohort": acts.moment(acts.first_day + cohort * days), "period_s": days * 86_400.0, "age": age,
        "people": people, "active": active, "retention": active / people, "ci_low": low, "ci_high": high,
        "established": cohort == 0,
    }  # fmt: skip


def _trend(active: Ints, n: int) -> tuple[float | None, float | None]:
    """The slope of the retention at age 1 over cohorts but the first, and its p-value."""
    cohort = np.array([c for c in range(1, n - 1) if active[c, 0] >= 10])
    if len(cohort) < 5:
        return None, None
    people = active[cohort, 0].astype(float)
    share = active[cohort, 1] / people
    centre = float(np.average(cohort, weights=people))
    spread = float((people * (cohort - centre) ** 2).sum())
    mean = float(np.average(share, weights=people))
    slope = float((people * (cohort - centre) * (share - mean)).sum() / spread)
    left = share - mean - slope * (cohort - centre)
    variance = max(float((people * left**2).sum() / (len(cohort) - 2)), mean * (1 - mean)) / spread
    return slope, float(2 * stats.t.sf(abs(slope) / np.sqrt(max(variance, 1e-300)), len(cohort) - 2))
