"""Episodes and paths: how pairs of a person and a unit open, go on and come to an outcome.

The table of events is of numbers: ``o`` (place in time), ``u``, ``i`` (user, unit; -1 where an event has none), ``b``
(behaviour), ``t`` (UTC microseconds).
"""

from swayline.engine.dialect import Dialect
from swayline.engine.registry import Source, operator


@operator
def openings(d: Dialect, events: Source) -> str:
    """The first event of every pair: ``u, i, opened``, in order."""
    return f"SELECT u, i, min(o) AS opened FROM {events} WHERE i >= 0 GROUP BY u, i ORDER BY opened"


@operator
def first_events(d: Dialect, events: Source) -> str:
    """The first event of each behaviour in every pair that has one: ``b, opened, o``, by behaviour and opening."""
    return (
        "SELECT b, opened, o FROM (SELECT b, min(o) AS o, min(min(o)) OVER (PARTITION BY u, i) AS opened "
        f"FROM {events} WHERE i >= 0 GROUP BY u, i, b) f ORDER BY b, opened"
    )


@operator
def trial_rows(d: Dialect, events: Source, pairs: Source) -> str:
    """Every event of a pair that is neither treated (``ft``) nor converted (``fo``) before it: ``o, u, i, ft, fo``."""
    return (
        f"SELECT e.o AS o, e.u AS u, e.i AS i, p.ft AS ft, p.fo AS fo FROM {events} e JOIN {pairs} p "
        "ON e.u = p.u AND e.i = p.i WHERE e.o <= p.ft AND e.o < p.fo ORDER BY o"
    )


@operator
def path_steps(d: Dialect, events: Source, outcome: int) -> str:
    """The events of every pair up to its outcome: ``u, i, b, t, y`` (whether it came), ``until`` (when)."""
    return (
        "SELECT e.u AS u, e.i AS i, e.b AS b, e.t AS t, CASE WHEN f.o IS NULL THEN 0 ELSE 1 END AS y, f.t AS until "
        f"FROM {events} e LEFT JOIN "
        f"(SELECT u, i, min(o) AS o, min(t) AS t FROM {events} WHERE b = {outcome} AND i >= 0 GROUP BY u, i) f "
        "ON e.u = f.u AND e.i = f.i WHERE e.i >= 0 AND (f.o IS NULL OR e.o < f.o) ORDER BY e.u, e.i, e.o"
    )
