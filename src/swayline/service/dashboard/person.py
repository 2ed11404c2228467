"""A person now: portrait, history, list with reasons, and the list as if some of their events had never happened."""

import asyncio
from datetime import UTC, datetime, timedelta
from heapq import nlargest
from typing import Any

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.time import iso
from swayline.dataset import NO_TIME
from swayline.ledger.standing import Standing
from swayline.report.wording.row_sentences import row_verdict
from swayline.report.wording.verdicts import figure_words
from swayline.service.api.problems import Problem
from swayline.service.mcp.ledger_rows import ties_of
from swayline.service.serving import Answer, Ask, Loaded, Service, portrait

K, SHOWN, MOST_TIES = 10, 60, 12
_START = datetime(1970, 1, 1, tzinfo=UTC)


def known(service: Service, user: str) -> None:
    """Refuse somebody of whom nothing is known, with the nearest name.

    Raises
    ------
    Problem
    """
    loaded = service.loaded
    if loaded.state.people.knows(user) or loaded.catalogue.user(user) is not None or user in loaded.state.marks:
        return
    names = [*list(loaded.state.people.live)[-1000:], *loaded.bundle.dataset.users.names[:2000]]
    raise Problem(404, f"user {shown(user)} has no event here: {nearest(user, names)}")


def some_people(service: Service, n: int = 12) -> list[str]:
    """People to begin with: who did something last, then those of the run with most events."""
    loaded = service.loaded
    marks = dict(loaded.state.marks)
    late = nlargest(n, marks, key=marks.__getitem__)
    flat, names = loaded.bundle.dataset.sequences, loaded.bundle.dataset.users.names
    order = (-flat.lengths).argsort(kind="stable")[: 2 * n].tolist()
    rest = [names[row] for row in order if names[row] not in late and names[row] not in loaded.state.people.gone]
    return [*late, *rest][:n]


async def person(service: Service, user: str) -> dict[str, Any]:
    """What the page of a person shows.

    Raises
    ------
    Problem
        Nothing is known of them.
    """
    known(service, user)
    loaded = service.loaded
    need, listed = await asyncio.gather(
        asyncio.wrap_future(service.ask(Ask(user=user, k=20))),
        asyncio.wrap_future(service.ask(Ask(user=user, k=K, reasons=True))),
    )
    told = await asyncio.to_thread(portrait, loaded, user, need.places)
    return {
        "portrait": told,
        "items": _rows(loaded, listed),
        "history": await asyncio.to_thread(_history, service, user),
    }


async def without(service: Service, user: str, keys: list[str]) -> dict[str, Any]:
    """The list now, and the list as if events had never happened: the model asked about both histories.

    Parameters
    ----------
    keys : list of str
        Events as :func:`_history` calls them.

    Raises
    ------
    Problem, UsageError
        Nothing is known of the person; an event is not in the history.
    """
    known(service, user)
    history = await asyncio.to_thread(_history, service, user)
    places = {one["key"]: one["place"] for one in history}
    strange = [key for key in keys if key not in places]
    if strange or not keys:
        what = f"event {shown(strange[0])} is not in the history" if strange else "no event was chosen"
        raise UsageError(f"{what}: tick at least one of the events below")
    gone = tuple(sorted(places[key] for key in keys))
    now, then = await asyncio.gather(
        asyncio.wrap_future(service.ask(Ask(user=user, k=K))),
        asyncio.wrap_future(service.ask(Ask(user=user, k=K, without=gone))),
    )
    return {"gone": [one for one in history if one["key"] in keys], **_compared(service.loaded, now, then)}


def _compared(loaded: Loaded, now: Answer, then: Answer) -> dict[str, Any]:
    """Both lists as one table: rank now, rank then."""
    before = {place.item: rank for rank, place in enumerate(now.places, 1)}
    after = {place.item: rank for rank, place in enumerate(then.places, 1)}
    items = [*before, *(item for item in after if item not in before)]
    rows = [
        {"item": item, "label": loaded.label(item), "now": before.get(item), "then": after.get(item)} for item in items
    ]
    return {"rows": rows, "left": sum(item not in after for item in before), "k": len(before)}


def _rows(loaded: Loaded, answer: Answer) -> list[dict[str, Any]]:
    return [
        {"rank": rank, "item": place.item, "label": loaded.label(place.item), "source": place.source,
         "score": place.score, "reason": place.reason}
        for rank, place in enumerate(answer.places, 1)
    ]  # fmt: skip


def _history(service: Service, user: str) -> list[dict[str, Any]]:
    """The newest events that the model reads of a person, newest first; ``place`` is their place in the history."""
    loaded = service.loaded
    flat = service.histories([Ask(user=user)])
    items, behaviors = loaded.bundle.dataset.items.names, loaded.bundle.dataset.behaviors.names
    first = max(0, len(flat.items) - SHOWN)
    rows = []
    for place in range(len(flat.items) - 1, first - 1, -1):
        item, time_us = items[flat.items[place]], int(flat.times[place])
        behavior = behaviors[flat.behaviors[place]]
        moment = None if time_us == NO_TIME else iso(_START + timedelta(microseconds=time_us))
        key = f"{place if moment is None else time_us}|{behavior}|{item}"
        rows.append({"place": place, "key": key, "item": item, "label": loaded.label(item), "behavior": behavior,
                     "time": moment})  # fmt: skip
    return rows


def ties(standing: Standing | None, user: str) -> dict[str, list[dict[str, Any]]]:
    """Whom a person sways and who sways them, each with its verdict."""
    if standing is None:
        return {"given": [], "received": []}
    rows = ties_of(standing, user)
    told = [
        {"cause": row["cause"], "effect": row["effect"], "figure": figure_words(row), "verdict": row_verdict(row)[0],
         "tone": row_verdict(row)[1]}
        for row in rows
    ]  # fmt: skip
    return {
        "given": [one for one in told if one["cause"] == user][:MOST_TIES],
        "received": [one for one in told if one["effect"] == user][:MOST_TIES],
    }
