"""Gorse's routes for feedback, items, users and lists, so that its users can move by changing an address (``--gorse``).

A feedback type is a behaviour, a label or category a column of the item; ``X-API-Key`` is the key.
"""

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request

from swayline.core.errors import shown
from swayline.service.api.bodies import MOST_EVENTS, document
from swayline.service.api.parts import parts, recommended
from swayline.service.api.problems import Problem
from swayline.service.api.received import Answer, check_names, json_body, path_id
from swayline.service.api.rows import Refusal, check_row, ident
from swayline.service.serving import Ask, similar_to
from swayline.service.state import Act, known_word

router = APIRouter(tags=["gorse"])
N = Annotated[int, Query(ge=1, le=1_000)]
_FEEDBACK = ("FeedbackType", "UserId", "ItemId", "Timestamp", "Comment", "Value", "Updated")


async def _rows(request: Request) -> list[Any]:
    value = await json_body(request)
    rows = value if isinstance(value, list) else [value]
    if len(rows) > MOST_EVENTS or not all(isinstance(row, dict) for row in rows):
        raise Problem(422, f"send a JSON object, or a list of at most {MOST_EVENTS:,}")
    return rows


def _event(row: dict[str, Any]) -> dict[str, Any]:
    """An event of a feedback; the same (type, user, item, moment) counts once, as in Gorse."""
    for name in row:
        if name not in _FEEDBACK:
            raise Refusal(name[:80], row[name], f"feedback has {', '.join(_FEEDBACK)}")
    stamp = row.get("Timestamp") or None
    found = {"user": row.get("UserId"), "item": row.get("ItemId"), "behavior": row.get("FeedbackType"), "time": stamp}
    if row.get("Value"):
        found["value"] = row["Value"]
    if row.get("Comment"):
        found["text"] = row["Comment"]
    return found


@router.post("/api/feedback", summary="Insert feedback")
@router.put("/api/feedback", summary="Insert feedback")
async def feedback(request: Request) -> Answer:
    """Each is an event; ``RowAffected`` counts those that are new."""
    now_us, events = time.time_ns() // 1000, []
    for row in await _rows(request):
        events.append(check_row(_event(row), now_us).event)
    positions = await asyncio.wrap_future(parts(request).service.ingest(events)) if events else []
    return Answer({"RowAffected": sum(one is not None for one in positions)})


@router.post("/api/item", summary="Insert an item")
@router.post("/api/items", summary="Insert items")
async def items(request: Request) -> Answer:
    """Labels become columns, the first category the category."""
    said: dict[str, dict[str, Any]] = {}
    for row in await _rows(request):
        said[ident(row.get("ItemId"), "ItemId")] = document(_columns(row))
    await asyncio.to_thread(parts(request).service.loaded.catalogue.put_items, said)
    return Answer({"RowAffected": len(said)})


def _columns(row: dict[str, Any]) -> dict[str, Any]:
    labels = row.get("Labels") or {}
    columns = dict(labels) if isinstance(labels, dict) else {"labels": labels}
    categories = row.get("Categories") or []
    if categories:
        columns |= {"category": str(categories[0]), "categories": [str(one) for one in categories]}
    if row.get("Comment"):
        columns["title"] = str(row["Comment"])
    return columns | {"hidden": bool(row.get("IsHidden", False))}


@router.get("/api/item/{item}", summary="Get an item")
async def item(request: Request, item: str) -> Answer:
    """What is known of it."""
    name, loaded = path_id(request, "item"), parts(request).service.loaded
    known = loaded.catalogue.item(name)
    if known is None and name not in loaded.state.people.item_rows:
        raise Problem(404, f"item {shown(name)} is unknown here")
    columns = {
        key: value for key, value in (known or {}).items() if key not in ("item", "hidden", "categories", "title")
    }
    categories = (known or {}).get("categories") or [one for one in [(known or {}).get("category")] if one]
    hidden = not loaded.catalogue.is_shown(name, loaded.state.now_us())
    told = {"ItemId": name, "IsHidden": hidden, "Categories": categories, "Labels": columns}
    return Answer(told | {"Comment": loaded.label(name)})


@router.delete("/api/item/{item}", summary="Delete an item")
async def delete_item(request: Request, item: str) -> Answer:
    """It is in no list from the next request on."""
    name, loaded = path_id(request, "item"), parts(request).service.loaded
    return Answer({"RowAffected": int(await asyncio.to_thread(loaded.catalogue.delete_item, name))})


@router.post("/api/user", summary="Insert a user")
@router.post("/api/users", summary="Insert users")
async def users(request: Request) -> Answer:
    """Labels become attributes."""
    rows, catalogue = await _rows(request), parts(request).service.loaded.catalogue
    for row in rows:
        labels = row.get("Labels") or {}
        name = ident(row.get("UserId"), "UserId")
        await asyncio.to_thread(
            catalogue.put_user, name, document(labels if isinstance(labels, dict) else {"labels": labels})
        )
    return Answer({"RowAffected": len(rows)})


@router.get("/api/recommend/{user}", summary="A list of ids")
async def recommend(request: Request, user: str, n: N = 10, offset: Annotated[int, Query(ge=0, le=500)] = 0) -> Answer:
    """Ids, best first."""
    check_names(request)
    told = await recommended(parts(request).service, Ask(user=path_id(request, "user"), k=min(1_000, n + offset)))
    return Answer([one["item"] for one in told["items"]][offset : offset + n])


@router.post("/api/session/recommend", summary="A list for a session")
async def session(request: Request, n: N = 10) -> Answer:
    """Feedback of a session in; ids and scores out."""
    check_names(request)
    service, acts = parts(request).service, []
    for at, row in enumerate(await _rows(request)):
        said = _event(row)
        moment = check_row({**said, "user": said["user"] or "session"}, service.loaded.state.now_us()).event.time_us
        acts.append(
            Act(moment, 8, f"{at:08d}", ident(said["item"], "ItemId"), known_word(str(said["behavior"])), float("nan"))
        )
    told = await recommended(service, Ask(acts=tuple(sorted(acts)), k=n))
    return Answer([{"Id": one["item"], "Score": one["score"] or 0.0} for one in told["items"]])


@router.get("/api/item/{item}/neighbors", summary="Items like an item")
async def neighbors(request: Request, item: str, n: N = 10) -> Answer:
    """Ids and scores."""
    check_names(request)
    loaded, name = parts(request).service.loaded, path_id(request, "item")
    found = await asyncio.to_thread(similar_to, loaded, name, n)
    return Answer([{"Id": one["item"], "Score": one["score"]} for one in found])


@router.get("/api/popular", summary="What most people take")
async def popular(request: Request, n: N = 10) -> Answer:
    """Ids and numbers of acts."""
    check_names(request)
    loaded = parts(request).service.loaded
    now, found = loaded.state.now_us(), await asyncio.to_thread(loaded.state.things.popular, 5 * n)
    shows = [(one, count) for one, count in found if loaded.catalogue.is_shown(one, now)][:n]
    return Answer([{"Id": one, "Score": float(count)} for one, count in shows])
