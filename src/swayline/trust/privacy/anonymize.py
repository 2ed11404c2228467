"""From a log to what may be shared of it: columns chosen, ids keyed, times and places coarse, profiles in groups."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from swayline import __version__
from swayline.core.errors import DataError, UsageError, nearest, shown
from swayline.core.names import EVENT_ID, ITEM, ROW, SESSION, TEXT, TIME, USER, VALUE
from swayline.events import EventLog
from swayline.trust.privacy.coarse import AS_IT_WAS, PLACE_DIGITS, TIME_UNITS, coarsened
from swayline.trust.privacy.columns import TableColumns, choose_columns, has_times, plain
from swayline.trust.privacy.groups import Grouped, grouped
from swayline.trust.privacy.keys import key_of, keyed
from swayline.trust.privacy.linkage import attempt_linkage, verdict

_IDS = (USER, ITEM, SESSION, EVENT_ID)
_KEYED = "keyed"
_MANY_VALUES = 100
_MOST_DIGITS = 6

Keyed = Callable[[pa.ChunkedArray, str], pa.Array]


@dataclass(frozen=True)
class AnonymizePlan:
    """What is wanted.

    Parameters
    ----------
    keep : tuple of str
        Columns kept beside ``user``, ``item``, ``behavior``, ``time`` and ``value``; ``users.age`` names one table's.
    time_unit : str, optional
        ``hour``, ``day`` or ``week``; by default the day where the log has times.
    place_digits : int, optional
        Keep ``lat`` and ``lon`` with so many decimal places; by default 1 where ``keep`` names them.
    k : int
        People who must share a profile, from 2.
    seed : int
        Decides, with the key, who is attacked in the trial and what is known of them; ids depend on the key alone.

    Raises
    ------
    UsageError
        A value is out of range.
    """

    keep: tuple[str, ...] = ()
    time_unit: str | None = None
    place_digits: int | None = None
    k: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.time_unit is not None and self.time_unit not in TIME_UNITS:
            raise UsageError(f"--time-unit {shown(self.time_unit)} is unknown: {nearest(self.time_unit, TIME_UNITS)}")
        if self.place_digits is not None and not 0 <= self.place_digits <= _MOST_DIGITS:
            raise UsageError(f"--place-digits must be 0 to {_MOST_DIGITS}, not {shown(self.place_digits)}: say 1")
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 2:
            raise UsageError(f"--k must be a whole number from 2, not {shown(self.k)}: a group of one hides nobody")


@dataclass(frozen=True)
class Anonymized:
    """What may be shared, and what is said of it.

    Parameters
    ----------
    events : pa.Table
        In no order but that of their values; in a log without times, each person's own order.
    users, items : pa.Table, optional
        Where the log had them.
    linkage : pa.Table
        The attack (:data:`~swayline.trust.privacy.linkage.LINKAGE`).
    report : dict
        The content of ``anonymized.json``; it holds no id, word or moment of the log.
    """

    events: pa.Table
    users: pa.Table | None
    items: pa.Table | None
    linkage: pa.Table
    report: dict[str, Any]


def anonymize_log(log: EventLog, key_file: Path, plan: AnonymizePlan = AnonymizePlan()) -> Anonymized:
    """Make a log less personal, and try how far it still is.

    Parameters
    ----------
    key_file : Path
        The secret (:mod:`~swayline.trust.privacy.keys`); made where it is missing, once all else is known to be sound.

    Raises
    ------
    UsageError
        ``keep`` names no column, a profile column cannot be grouped, or the key file cannot serve.
    DataError
        Coarse times or places are asked of a log that has none.
    """
    if plan.time_unit is not None and not has_times(log):
        raise DataError(f"the log has no times, so --time-unit {plan.time_unit} cannot be done: leave it out")
    chosen = choose_columns(log, plan.keep, plan.place_digits is not None)
    profile, how_users = _profiles(log, chosen.get("users"), plan)
    key = key_of(key_file)

    def ids(column: pa.ChunkedArray, kind: str) -> pa.Array:
        return keyed(column, kind, key)

    events, how_events = _events(log, chosen["events"].kept, plan, ids)
    items, how_items = _items(log, chosen.get("items"), plan, ids)
    users = _users(log.users, profile, ids) if log.users is not None else None
    linkage = attempt_linkage(events, plan.k, plan.seed)
    how = {"events": how_events, "users": how_users, "items": how_items}
    tables = {"events": events, "users": users, "items": items}
    report = {
        "swayline": __version__, "k": plan.k, "seed": plan.seed,
        "time_unit": (plan.time_unit or "day") if has_times(log) else None,
        "rows": {name: len(table) for name, table in tables.items() if table is not None},
        "people": pc.count_distinct(events[USER]).as_py(),
        "columns": {name: {"kept": how[name], "dropped": list(one.dropped)} for name, one in chosen.items()},
        "profiles": _told(profile, how_users, len(log.users)) if log.users is not None else None,
        "attack": {"known": "random events of a person: which item, and the time as it is shared",
                   "rows": linkage.to_pylist()},
        "verdict": verdict(linkage),
        "notes": _notes(log, chosen, events, profile),
    }  # fmt: skip
    return Anonymized(events, users, items, linkage, report)


def _shared(
    table: pa.Table, names: tuple[str, ...], plan: AnonymizePlan, ids: Keyed
) -> tuple[dict[str, pa.ChunkedArray], dict[str, str]]:
    """Some columns of a table as they are shared, and what was done to each."""
    columns, how = {}, {}
    for name in names:
        if name in _IDS:
            columns[name], how[name] = ids(table[name], name), _KEYED
        else:
            columns[name], how[name] = _coarse(name, table[name], plan)
    return columns, how


def _coarse(name: str, column: pa.ChunkedArray, plan: AnonymizePlan) -> tuple[pa.ChunkedArray, str]:
    digits = PLACE_DIGITS if plan.place_digits is None else plan.place_digits
    return coarsened(name, plain(column), plan.time_unit or "day", digits)


def _events(log: EventLog, names: tuple[str, ...], plan: AnonymizePlan, ids: Keyed) -> tuple[pa.Table, dict[str, str]]:
    """The events, sorted by what is shared of them: the order of rows would tell the exact times."""
    columns, how = _shared(log.events, names, plan, ids)
    table = pa.table(columns)
    if TIME in names:
        return _sorted(table, [TIME, USER]), how
    if ROW in log.events.column_names:
        at = pc.sort_indices(
            pa.table({USER: table[USER], ROW: log.events[ROW]}), sort_keys=[(USER, "ascending"), (ROW, "ascending")]
        )
        return table.take(at), how
    return _sorted(table, [USER]), how


def _items(
    log: EventLog, chosen: TableColumns | None, plan: AnonymizePlan, ids: Keyed
) -> tuple[pa.Table | None, dict[str, str]]:
    if chosen is None or log.items is None:
        return None, {}
    columns, how = _shared(log.items, chosen.kept, plan, ids)
    return _sorted(pa.table(columns), [ITEM]), how


def _profiles(log: EventLog, chosen: TableColumns | None, plan: AnonymizePlan) -> tuple[Grouped | None, dict[str, str]]:
    """The profiles in groups of k, and what was done to each column; None where no column of them is kept."""
    if chosen is None or log.users is None:
        return None, {}
    how, columns = {USER: _KEYED}, {}
    for name in chosen.kept:
        if name != USER:
            columns[name], how[name] = _coarse(name, log.users[name], plan)
    if not columns:
        return None, how
    found = grouped(columns, plan.k)
    return found, how | {name: done for name, done in found.how.items() if done != AS_IT_WAS}


def _users(table: pa.Table, profile: Grouped | None, ids: Keyed) -> pa.Table:
    names = ids(table[USER], USER)
    if profile is None:
        return _sorted(pa.table({USER: names}), [USER])
    return _sorted(pa.table({USER: names.filter(pa.array(profile.stays)), **profile.columns}), [USER])


def _sorted(table: pa.Table, first: list[str]) -> pa.Table:
    """Rows by these columns, then by every other that has an order."""
    nested = {field.name for field in table.schema if pa.types.is_nested(field.type) or pa.types.is_null(field.type)}
    names = [*first, *(name for name in table.column_names if name not in first and name not in nested)]
    return table.sort_by([(name, "ascending") for name in names])


def _told(profile: Grouped | None, how: dict[str, str], n_people: int) -> dict[str, Any]:
    """What is said of profiles and k."""
    if profile is None:
        return {"people": n_people, "suppressed": 0, "groups": None, "smallest_group": None, "quasi_identifiers": {}}
    return {
        "people": n_people, "suppressed": n_people - int(profile.stays.sum()), "groups": profile.n_groups,
        "smallest_group": profile.smallest,
        "quasi_identifiers": {name: how[name] for name in profile.how},
    }  # fmt: skip


def _notes(log: EventLog, chosen: dict[str, TableColumns], events: pa.Table, profile: Grouped | None) -> list[str]:
    found = []
    if TIME not in events.column_names:
        found.append(
            "the log has no times: the order of each person's events is kept, and the attack knows items alone"
        )
    if VALUE in events.column_names and (n := pc.count_distinct(events[VALUE]).as_py()) > _MANY_VALUES:
        found.append(f"value takes {n:,} different values and is kept exactly: the attack does not use it, others may")
    for name, one in chosen.items():
        free = [column for column in one.kept if name != "users" and _is_words(getattr(log, name), column)]
        if free:
            found.append(f"{', '.join(free)} of {name}: kept as asked, words and all; nobody looked for names in them")
    if profile is not None and not profile.stays.any():
        found.append("fewer people than k have a profile: all profiles are suppressed")
    return found


def _is_words(table: pa.Table, name: str) -> bool:
    """Whether a column holds texts written by somebody: ``text``, or words of which most occur once."""
    if name in _IDS:
        return False
    column = plain(table[name])
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    n = len(column) - column.null_count
    return name == TEXT or (n > 1 and pc.count_distinct(column).as_py() > n / 2)
