"""What a log holds, in figures a page can draw: every count is a query, the rest is arithmetic on a few rows."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil, log10
from typing import Any

from swayline.core.clock import Clock
from swayline.core.names import BEHAVIOR, CATEGORY, COLUMN, FILE, ITEM, REASON, ROW, SESSION, TITLE, USER, VALUE
from swayline.engine import Engine
from swayline.engine.operators import sessions, summaries, transitions
from swayline.events.log import EventLog
from swayline.events.summary.over_time import MAX_SOURCES, time_parts
from swayline.events.summary.returns import returning
from swayline.events.summary.worth import describe_values
from swayline.metrics.intervals import wilson

N_TOP = 15
N_EXAMPLES = 3

_TABLE = "described_events"
_TAIL_SHARES = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


def describe(engine: Engine, log: EventLog, outcome: str) -> dict[str, Any]:
    """Everything the report says of a log, as a JSON-able dict.

    Parameters
    ----------
    engine : Engine
        Where the counts are computed.
    log : EventLog
        Its events carry the resolved category where it has any (``dataset.with_categories``).
    outcome : str
        The behaviour that counts as success.

    Returns
    -------
    dict
        ``rows``, ``size``, ``clock``, ``span``, ``behaviors``, ``funnel``, ``flow``, ``activity``, ``hour_of_week``,
        ``months``, ``peaks``, ``returning``, ``per_user``, ``long_tail``, ``top_items``, ``values``,
        ``top_categories``. What needs times is None in an ordered log.

    Raises
    ------
    UsageError
        The log's time zone is no zone.

    Notes
    -----
    "Followed" means at any later point of the log; pairs seen late had less time to convert, so rates are of what was
    observed, and no effect. Their intervals are Wilson's at the effective sample size under clustering by user.
    """
    events = log.events
    engine.register(_TABLE, events)
    behaviors = log.behaviors
    pairs = [USER, ITEM]
    timed = time_parts(engine, _TABLE, log, outcome)
    return {
        "outcome": outcome,
        "ordered": log.ordered,
        "timezone": log.options.timezone,
        "rows": _rows(engine, log),
        "size": _size(engine, events.column_names),
        "behaviors": _per_behavior(engine, behaviors),
        "funnel": {
            "pairs": _funnel(engine, behaviors, pairs, outcome),
            "users": _funnel(engine, behaviors, [USER], outcome),
        },
        "flow": _flow(engine, log),
        **timed,
        "returning": returning(engine, _TABLE, log, Clock(**timed["clock"]) if timed["clock"] else None, outcome),
        "per_user": _per_user(engine),
        "long_tail": _long_tail(engine),
        "top_items": _top(engine, ITEM, _titles(log)),
        "values": describe_values(log),
        "top_categories": _top(engine, CATEGORY, {}) if CATEGORY in events.column_names else None,
    }


def _titles(log: EventLog) -> dict[str, str]:
    if log.items is None or TITLE not in log.items.column_names:
        return {}
    return dict(zip(log.items[ITEM].to_pylist(), log.items[TITLE].to_pylist(), strict=True))


def _rows(engine: Engine, log: EventLog) -> dict[str, Any]:
    """What was read, kept, dropped and refused; refusals by file, column and reason, with their first few rows."""
    names = [summaries.REFUSED_COLUMN if name == COLUMN else name for name in log.rejected.column_names]
    engine.register("described_rejected", log.rejected.rename_columns(names))
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for one in engine.collect(summaries.rejected_reasons("described_rejected", N_EXAMPLES)).to_pylist():
        key = (one[FILE] or "", one[summaries.REFUSED_COLUMN] or "", one[REASON] or "")
        reason = found.setdefault(key, {FILE: key[0], COLUMN: key[1], REASON: key[2], "n": one["n"], "examples": []})
        reason["examples"].append({ROW: one[ROW], VALUE: one[VALUE]})
    return {
        "read": log.n_read,
        "kept": len(log),
        "rejected": len(log.rejected),
        "duplicates": log.n_duplicates,
        "notes": list(log.notes),
        "reasons": list(found.values()),
    }


def _size(engine: Engine, present: Sequence[str]) -> dict[str, Any]:
    columns = [USER, ITEM, *(name for name in (SESSION, CATEGORY) if name in present)]
    one = engine.collect(summaries.log_size(_TABLE, columns)).to_pylist()[0]
    cells = one[USER] * one[ITEM]
    n_pairs = sum(row["ids"] for row in engine.collect(summaries.pair_sizes(_TABLE)).to_pylist())
    return {
        "events": one["events"], "events_without_item": one["without_item"], "users": one[USER], "items": one[ITEM],
        "sessions": one.get(SESSION), "categories": one.get(CATEGORY), "pairs": n_pairs,
        "density": n_pairs / cells if cells else None,
    }  # fmt: skip


def _per_behavior(engine: Engine, behaviors: Sequence[str]) -> list[dict[str, Any]]:
    counts = {one[BEHAVIOR]: one for one in engine.collect(transitions.funnel_counts(_TABLE)).to_pylist()}
    return [counts[name] for name in behaviors]


def _funnel(engine: Engine, behaviors: Sequence[str], keys: Sequence[str], outcome: str) -> dict[str, Any]:
    """Units (pairs, users) at each behaviour, what followed what in them, and the outcome's rate after each."""
    moments = engine.collect(transitions.followed_moments(_TABLE, keys, outcome)).to_pylist()
    known = {one[BEHAVIOR]: one for one in moments}
    steps = [known[name] for name in behaviors if name in known]
    frequent = [one[BEHAVIOR] for one in sorted(steps, key=lambda one: -one["n"])][:MAX_SOURCES]
    followed = engine.collect(transitions.followed_counts(_TABLE, keys, frequent)).to_pylist()
    return {
        "steps": [{BEHAVIOR: one[BEHAVIOR], "n": one["n"], "then_outcome": _rate(one)} for one in steps],
        "followed": followed,
    }


def _most(rows: list[dict[str, Any]], frequent: Sequence[str]) -> list[dict[str, Any]]:
    kept = set(frequent[:MAX_SOURCES])
    return [one for one in rows if one["source"] in kept and one["target"] in kept]


def _rate(one: Mapping[str, Any]) -> dict[str, Any]:
    """The share x / n with its interval: Wilson's, at the sample size that clustering by user leaves."""
    n, x, users = one["n"], one["x"], one["users"]
    rate = x / n
    spread = max(0.0, one["xx"] - 2 * rate * one["nx"] + rate * rate * one["nn"])
    variance = spread / n**2 * users / max(users - 1, 1)
    effective = min(n, rate * (1 - rate) / variance) if variance > 0 else min(n, users)
    low, high = wilson(rate, max(effective, 1.0))
    return {"x": x, "rate": rate, "ci_low": low, "ci_high": high}


def _flow(engine: Engine, log: EventLog) -> dict[str, Any]:
    """What comes directly after what, in a session where the log has sessions, else in a user's whole order."""
    has_sessions = SESSION in log.events.column_names and log.events[SESSION].null_count == 0
    within = (USER, SESSION) if has_sessions else (USER,)
    edges = engine.collect(sessions.session_edges(_TABLE, within)).to_pylist()
    steps = engine.collect(transitions.transition_counts(_TABLE, within)).to_pylist()
    frequent = [one[BEHAVIOR] for one in engine.collect(transitions.funnel_counts(_TABLE)).to_pylist()]
    return {"within": SESSION if has_sessions else USER, "steps": _most(steps, frequent), "edges": edges}


def _per_user(engine: Engine) -> dict[str, Any]:
    """How many events users have: quantiles, and a histogram on bins that grow (1, 2, 5, 10, 20, 50 …)."""
    rows = engine.collect(summaries.count_histogram(_TABLE, USER)).to_pylist()
    edges = [1]
    while edges[-1] <= rows[-1]["n"]:
        edges.append(_next_edge(edges[-1]))
    counts = [sum(one["ids"] for one in rows if low <= one["n"] < high) for low, high in pairwise(edges)]
    users = sum(one["ids"] for one in rows)
    events = sum(one["ids"] * one["n"] for one in rows)
    return {
        "edges": edges, "counts": counts, "mean": events / users, "median": _quantile(rows, 0.5),
        "p90": _quantile(rows, 0.9), "max": rows[-1]["n"], "top_tenth_share": _share_of_top(rows, 0.1),
    }  # fmt: skip


def _next_edge(edge: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50, ….

    >>> _next_edge(1), _next_edge(2), _next_edge(50)
    (2, 5, 100)
    """
    power: int = 10 ** int(log10(edge))
    return {1: 2, 2: 5, 5: 10}[edge // power] * power


def _quantile(rows: Sequence[Mapping[str, int]], share: float) -> int:
    wanted, seen = ceil(share * sum(one["ids"] for one in rows)), 0
    for one in rows:
        seen += one["ids"]
        if seen >= wanted:
            return one["n"]
    return rows[-1]["n"]


def _share_of_top(rows: Sequence[Mapping[str, int]], share: float) -> float:
    """The share of events that belongs to the most active ``share`` of ids (at least one id).

    >>> _share_of_top([{"n": 1, "ids": 9}, {"n": 91, "ids": 1}], 0.1)
    0.91
    """
    left = max(1, round(share * sum(one["ids"] for one in rows)))
    total, events = sum(one["ids"] * one["n"] for one in rows), 0
    for one in reversed(rows):
        taken = min(left, one["ids"])
        events += taken * one["n"]
        left -= taken
        if not left:
            break
    return events / total


def _long_tail(engine: Engine) -> dict[str, Any] | None:
    rows = engine.collect(summaries.count_histogram(_TABLE, ITEM)).to_pylist()
    if not rows:
        return None
    items = sum(one["ids"] for one in rows)
    shares = [share for share in _TAIL_SHARES if share * items >= 1]
    return {
        "items": items,
        "curve": [{"items_share": share, "events_share": _share_of_top(rows, share)} for share in shares],
        "once": sum(one["ids"] for one in rows if one["n"] == 1),
        "five_or_more": sum(one["ids"] for one in rows if one["n"] >= 5),
    }


def _top(engine: Engine, column: str, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The most frequent items or categories with the events of each behaviour."""
    found: dict[str, dict[str, Any]] = {}
    for one in engine.collect(summaries.top_values(_TABLE, column, N_TOP)).to_pylist():
        blank = {
            "id": one["id"],
            "label": titles.get(one["id"]) or one["id"],
            "events": one["events"],
            "users": one["users"],
        }
        found.setdefault(one["id"], blank | {"by": {}})["by"][one[BEHAVIOR]] = one["n"]
    return list(found.values())
