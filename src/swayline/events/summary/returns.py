"""Who comes back, and to what: the questions a log of one behaviour can be asked."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.clock import Clock
from swayline.core.conditions import base_of
from swayline.core.names import BEHAVIOR, SESSION, VALUE
from swayline.engine import Engine
from swayline.engine.operators import sessions, summaries, windows
from swayline.events.log import EventLog

RETENTION_DAYS = 30
_FEW_VALUES = 11
"""Up to so many distinct values are grades, counted one by one."""


def returning(engine: Engine, table: str, log: EventLog, clock: Clock | None, outcome: str) -> dict[str, Any]:
    """How people come back, as a JSON-able dict.

    Parameters
    ----------
    clock : Clock, optional
        On which days begin; None in an ordered log.

    Returns
    -------
    dict
        ``acts`` (events with an item, those of one person, item, behaviour and moment counted once), ``repeats``
        (further rows of such an act; None in an ordered log), ``returns`` (acts on an item that the person had acted on
        at an earlier moment), ``days`` (people, those active on two days or more, and of those seen early enough how
        many came back within 30 days; None in an ordered log), ``by_month`` (whether those days are months),
        ``sessions`` (median and mean events), ``values``.
    """
    acts = engine.collect(summaries.acts_and_returns(table, log.ordered)).to_pylist()[0]
    found: dict[str, Any] = {
        "acts": acts["acts"], "returns": acts["returns"], "repeats": None if log.ordered else acts["repeats"],
        "days": None, "sessions": None, "values": _values(log, outcome),
    }  # fmt: skip
    if clock is not None:
        found["by_month"] = not clock.has_weekdays
        found["days"] = engine.collect(windows.days_back(table, clock.timezone, RETENTION_DAYS)).to_pylist()[0]
    if SESSION in log.events.column_names and log.events[SESSION].null_count == 0:
        found["sessions"] = engine.collect(sessions.session_depth(table)).to_pylist()[0]
    return found


def _values(log: EventLog, outcome: str) -> dict[str, Any] | None:
    """What the values of the outcome's behaviour are: each grade with its count where there are few, else quantiles.

    A condition on the value (``rate>=4``) asks about all values of its behaviour, not about those that meet it alone.
    """
    if VALUE not in log.events.column_names:
        return None
    asked = [name for name in pc.unique(log.events[BEHAVIOR]).to_pylist() if base_of(name) == base_of(outcome)]
    values = log.events.filter(pc.is_in(log.events[BEHAVIOR], value_set=pa.array(asked, pa.string())))[
        VALUE
    ].drop_null()
    if not len(values):
        return None
    low, middle, high = pc.quantile(values, q=[0, 0.5, 1], interpolation="lower").to_pylist()
    found = {"n": len(values), "mean": pc.mean(values).as_py(), "low": low, "median": middle, "high": high}
    counts = pc.value_counts(values.combine_chunks()).to_pylist()
    grades = sorted((one["values"], one["counts"]) for one in counts) if len(counts) <= _FEW_VALUES else []
    at_least = pc.sum(pc.greater_equal(values, middle)).as_py()
    return found | {"grades": grades, "at_least_median": int(at_least)}
