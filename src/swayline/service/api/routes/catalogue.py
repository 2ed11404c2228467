"""Items, users and ties."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from swayline.core.errors import shown
from swayline.service.api.bodies import MOST_IDS, TieBody, checked, document
from swayline.service.api.parts import parts
from swayline.service.api.problems import Problem
from swayline.service.api.received import Answer, json_body, path_id
from swayline.service.state import Tie

router = APIRouter(tags=["catalogue"])


def _body(example: dict[str, Any] | list[Any], schema: dict[str, Any] | None = None) -> dict[str, Any]:
    kind = schema or {"type": "object", "additionalProperties": True}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": kind, "example": example}}}}


_ITEM = _body({"title": "Oak Desk", "category": "desks", "price": 120.0, "hidden": False, "expires": "2027-01-31"})
_TIES = _body(
    [{"source": "u1", "target": "u2"}],
    {
        "oneOf": [
            TieBody.model_json_schema(),
            {"type": "array", "items": TieBody.model_json_schema(), "maxItems": MOST_IDS},
        ]
    },
)


@router.put("/v1/items/{item}", openapi_extra=_ITEM, summary="Say what an item is")
async def put_item(request: Request, item: str) -> Answer:
    """Replace what is known of an item; ``hidden`` and ``expires`` keep it out of lists from the next request on."""
    name, body = path_id(request, "item"), document(await json_body(request))
    await asyncio.to_thread(parts(request).service.loaded.catalogue.put_item, name, body)
    return Answer({"item": name, **{key: value for key, value in body.items() if key != "item"}})


@router.get("/v1/items/{item}", summary="What is known of an item")
async def get_item(request: Request, item: str) -> Answer:
    """Its columns, how many acts it has, and whether it is shown."""
    name, loaded = path_id(request, "item"), parts(request).service.loaded
    known = loaded.catalogue.item(name)
    if known is None and name not in loaded.state.people.item_rows and not loaded.state.things.popularity(name):
        raise Problem(404, f"item {shown(name)} is unknown here")
    told = {key: value for key, value in (known or {}).items() if key != "item"}
    shows = loaded.catalogue.is_shown(name, loaded.state.now_us())
    return Answer({
        "item": name, "label": loaded.label(name), "acts": loaded.state.things.popularity(name), "shown": shows,
        "known_to_the_model": name in loaded.state.people.item_rows, "columns": told,
    })  # fmt: skip


@router.delete("/v1/items/{item}", summary="Take an item out")
async def delete_item(request: Request, item: str) -> Answer:
    """It is in no list from the next request on; events on it stay in the log."""
    name, loaded = path_id(request, "item"), parts(request).service.loaded
    known = loaded.catalogue.item(name) is not None or name in loaded.state.people.item_rows
    await asyncio.to_thread(loaded.catalogue.delete_item, name)
    if not known:
        raise Problem(404, f"item {shown(name)} is unknown here; it is hidden should it come")
    return Answer({"item": name, "hidden": True})


@router.put("/v1/users/{user}", openapi_extra=_body({"country": "FR", "age": "25-34"}), summary="Say who a person is")
async def put_user(request: Request, user: str) -> Answer:
    """Replace what is known of a person."""
    name, body = path_id(request, "user"), document(await json_body(request))
    await asyncio.to_thread(parts(request).service.loaded.catalogue.put_user, name, body)
    return Answer({"user": name, **{key: value for key, value in body.items() if key != "user"}})


@router.get("/v1/users/{user}", summary="What is known of a person")
async def get_user(request: Request, user: str) -> Answer:
    """Their attributes."""
    name, loaded = path_id(request, "user"), parts(request).service.loaded
    known = loaded.catalogue.user(name)
    if known is None and not loaded.state.people.knows(name):
        raise Problem(404, f"user {shown(name)} is unknown here")
    return Answer({"user": name, "attributes": {key: value for key, value in (known or {}).items() if key != "user"}})


def _ties(value: Any) -> list[Tie]:
    rows = value if isinstance(value, list) else [value]
    if not 0 < len(rows) <= MOST_IDS:
        raise Problem(422, f"send one tie or a list of 1 to {MOST_IDS:,}")
    said = [checked(TieBody, row, at) for at, row in enumerate(rows)]
    return [Tie(one.source, one.target, one.kind) for one in said]


@router.post("/v1/ties", openapi_extra=_TIES, summary="Say who knows whom")
async def post_ties(request: Request) -> Answer:
    """Add ties; influence runs source → target."""
    ties = _ties(await json_body(request))
    await asyncio.to_thread(parts(request).service.loaded.catalogue.put_ties, ties)
    return Answer({"ties": len(ties)})


@router.delete("/v1/ties", openapi_extra=_TIES, summary="Remove ties")
async def delete_ties(request: Request) -> Answer:
    """Remove ties of a body; how many there were."""
    ties = _ties(await json_body(request))
    return Answer({"removed": await asyncio.to_thread(parts(request).service.loaded.catalogue.delete_ties, ties)})
