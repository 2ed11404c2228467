"""A person as they are now: what is known, what they do, when, what moves them, whom they move, what they need."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.time import iso
from swayline.dataset import NO_TIME
from swayline.ledger.ids import escape
from swayline.service.serving.asks import Place
from swayline.service.serving.loaded import Loaded
from swayline.service.state import Act

_SESSION_US = 30 * 60 * 1_000_000
_RECENT = 30 * 86_400_000_000
MOST_ROWS = 20


def portrait(loaded: Loaded, user: str, places: tuple[Place, ...]) -> dict[str, Any]:
    """A person's portrait; ``places`` is their list now, which says what they need.

    What the run said of them (segment, stage, sentences) stands under ``run``, as of the run; all else is as of now.
    """
    acts = loaded.state.history(user)
    attributes = {name: value for name, value in (loaded.catalogue.user(user) or {}).items() if name != "user"}
    told: dict[str, Any] = {
        "user": user,
        "attributes": attributes,
        "acts": len(acts),
        "run": loaded.portraits.get(user),
    }
    told["behaviors"] = dict(Counter(act.behavior for act in acts).most_common())
    told["interests"] = _interests(loaded, acts)
    told |= _rhythm(acts)
    told["influence"] = _influence(loaded, user)
    need = Counter(_category(loaded, place.item) for place in places)
    total = max(1, sum(need.values()))
    told["need"] = {
        "categories": [{"category": name, "share": n / total} for name, n in need.most_common(5) if name is not None],
        "items": [place.item for place in places[:5]],
    }
    return told


def _category(loaded: Loaded, item: str) -> str | None:
    said = (loaded.catalogue.item(item) or {}).get("category")
    return None if said is None else str(said)


def _interests(loaded: Loaded, acts: list[Act]) -> list[dict[str, Any]]:
    """Categories by the share of a person's acts, with the share of the last 30 days of their history beside."""
    if not acts:
        return []
    last = acts[-1].time_us
    whole = Counter(_category(loaded, act.item) for act in acts)
    recent = Counter(_category(loaded, act.item) for act in acts if act.time_us > last - _RECENT)
    n, n_recent = sum(whole.values()), max(1, sum(recent.values()))
    return [
        {"category": name, "share": count / n, "recent_share": recent[name] / n_recent, "acts": count}
        for name, count in whole.most_common(10)
        if name is not None
    ]


def _rhythm(acts: list[Act]) -> dict[str, Any]:
    """First and last act, acts by hour of the day (UTC), and the session under way at the last act."""
    timed = [act for act in acts if act.time_us != NO_TIME]
    if not timed:
        return {"first": None, "last": None, "hours_utc": None, "session": []}
    moments = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=act.time_us) for act in timed]
    hours = Counter(moment.hour for moment in moments)
    session = [timed[-1]]
    for act in reversed(timed[:-1]):
        if session[-1].time_us - act.time_us > _SESSION_US or len(session) >= 100:
            break
        session.append(act)
    return {
        "first": iso(moments[0]), "last": iso(moments[-1]), "hours_utc": [hours[hour] for hour in range(24)],
        "session": [{"item": act.item, "behavior": act.behavior} for act in reversed(session)],
    }  # fmt: skip


def _influence(loaded: Loaded, user: str) -> dict[str, Any]:
    """Ledger rows that name a person: whom they move, who moves them, and what their events do to their list."""
    if loaded.ledger is None:
        return {"given": [], "received": [], "events": []}
    table = loaded.ledger
    of_people = pc.equal(table["cause_kind"], "user")
    given = table.filter(pc.and_(of_people, pc.equal(table["cause"], user)))
    received = table.filter(pc.and_(pc.equal(table["effect_kind"], "user"), pc.equal(table["effect"], user)))
    mine = pc.and_(pc.equal(table["cause_kind"], "event"), pc.starts_with(table["effect"], escape(user) + "|"))
    return {
        "given": _strongest(given, "effect"), "received": _strongest(received, "cause"),
        "events": _strongest(table.filter(mine), "cause"),
    }  # fmt: skip


def _strongest(table: pa.Table, name: str) -> list[dict[str, Any]]:
    rows = [row for row in table.to_pylist() if row["estimate"] is not None]
    rows.sort(key=lambda row: -abs(row["estimate"]))
    wanted = (name, "estimand", "estimate", "ci_low", "ci_high", "unit", "evidence", "effect")
    return [{key: row[key] for key in wanted} for row in rows[:MOST_ROWS]]
