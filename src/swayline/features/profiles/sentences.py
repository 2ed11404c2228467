"""A profile as two or three sentences a person can read."""

from collections.abc import Mapping, Sequence
from typing import Any

from swayline.core.words import label, noun

_CLEAR_LIFT, _LEAST_EVENTS, _LEAST_IN_INTEREST = 1.5, 8, 3
_LEAST_DAYS = 5
"""Active days from which an hour or a part of the week is a habit."""
_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_SHOWN = 30
_STAGES = {"seen once": "here on one day alone"}
"""Stages of people whose own word could be taken for a number of acts."""


def person_sentence(one: Mapping[str, Any], behaviors: Sequence[str], weekend: float = 0.0) -> str:
    """What a person does, likes and when, from a row of the table of people.

    Parameters
    ----------
    weekend : float
        The share of all people's acts that falls on weekends.

    >>> person_sentence({"events": 12, "n_view": 10, "n_cart": 2, "items": 7, "stage": "active", "flags": [],
    ...                  "segment": "everybody"}, ("view", "cart"))
    '12 acts on 7 items: 10 views, 2 carts. Active.'
    """
    parts = [_acts(one, behaviors), _likes(one), _when(one, weekend), _stands(one)]
    return " ".join(part for part in parts if part)


def item_sentence(one: Mapping[str, Any], outcome: str, tier_share: Mapping[str, float]) -> str:
    """What an item is to people, from a row of the table of items; ``tier_share`` is each tier's share of all items."""
    people = _counted(one["users"], "person", "people")
    tier = _TIERS[one["tier"]].format(share=_percent(tier_share[one["tier"]]))
    parts = [f"{_counted(one['events'], 'act', 'acts')} of {people}; {tier}."]
    reached = one.get("reached")
    if reached:
        share = f" ({_percent(one['conversion'])})" if one["users"] >= _LEAST_EVENTS else ""
        parts.append(f"{reached:,} came to {_a(noun(outcome))}{share}.")
    if one.get("audience"):
        top = one["audience"][0]
        if top["lift"] >= 1.2:
            parts.append(f"Draws people who are “{top['segment']}” ({top['lift']:.1f}× their usual share).")
    if one.get("stage"):
        parts.append(f"{one['stage'].capitalize()}.")
    return " ".join(parts)


_TIERS = {
    "head": "among the {share} of items that hold half of all acts",
    "middle": "in the middle of the catalogue",
    "tail": "in the long tail",
}


def _acts(one: Mapping[str, Any], behaviors: Sequence[str]) -> str:
    done = [(name, one[f"n_{name}"]) for name in behaviors if one.get(f"n_{name}")]
    counts = ", ".join(f"{n:,} {noun(name, n)}" for name, n in done[:5])
    where = f" on {_counted(one['items'], 'item', 'items')}" if one["items"] else ""
    days = f" over {_counted(one['active_days'], 'active day', 'active days')}" if one.get("active_days") else ""
    if len(done) == 1 and done[0][1] == one["events"]:
        return f"{counts}{where}{days}."
    return f"{_counted(one['events'], 'act', 'acts')}{where}{days}{': ' if counts else ''}{counts}."


def _likes(one: Mapping[str, Any]) -> str:
    """Categories that set the person apart, else the favourite one; words."""
    likes = one.get("interests") or ()
    telling = [like for like in likes if like["lift"] >= _CLEAR_LIFT and like["events"] >= _LEAST_IN_INTEREST][:2]
    said = ""
    if telling:
        said = " and ".join(
            f"{label(like['category'], _SHOWN)} ({_percent(like['share'])} of interest, {_lift(like['lift'])} usual)"
            for like in telling
        )
        said = f"Drawn to {said}."
    elif one.get("favorites"):
        first = one["favorites"][0]
        said = f"Mostly {label(first['category'], _SHOWN)} ({_percent(first['share'])})."
    words = [word["word"] for word in one.get("words") or ()][:4]
    return f"{said} Words: {', '.join(words)}.".strip() if words else said


def _when(one: Mapping[str, Any], weekend: float) -> str:
    if one.get("peak_hour") is None or one["events"] < _LEAST_EVENTS or (one.get("active_days") or 0) < _LEAST_DAYS:
        return ""
    hour = int(one["peak_hour"])
    share = one["weekend_share"]
    days = (
        "mostly at weekends"
        if share >= max(0.5, 1.5 * weekend)
        else "hardly at weekends"
        if share <= 0.3 * weekend
        else ""
    )
    return f"Acts most around {hour}:00{', ' + days if days else ''}."


def _stands(one: Mapping[str, Any]) -> str:
    parts = []
    if one["segment"] != "everybody":
        parts.append(f"Segment: {one['segment']}.")
    if one.get("stage"):
        silent = one.get("days_silent")
        away = (
            f", silent for {_counted(silent, 'day', 'days')}"
            if silent and one["stage"] not in ("active", "new")
            else ""
        )
        parts.append(f"{_STAGES.get(one['stage'], one['stage']).capitalize()}{away}.")
    if one["flags"]:
        parts.append(f"Flagged: {', '.join(one['flags'])}.")
    return " ".join(parts)


def _counted(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def _lift(lift: float) -> str:
    return f"{lift:.0f}×" if lift >= 10 else f"{lift:.1f}×"


def _a(word: str) -> str:
    return ("an " if word[:1].lower() in "aeiou" else "a ") + word
