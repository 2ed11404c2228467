"""A person: portrait, history, export, and being forgotten."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request

from swayline.core.errors import shown
from swayline.service.api.parts import Parts, event_json, parts, who
from swayline.service.api.problems import Problem
from swayline.service.api.received import Answer, check_names, path_id
from swayline.service.serving import Ask, portrait

router = APIRouter(tags=["people"])


@router.get("/v1/users/{user}/profile", summary="A person's portrait")
async def profile(request: Request, user: str) -> Answer:
    """Attributes, interests, rhythm, given and received influence, and what they need now."""
    check_names(request)
    service, name = parts(request).service, path_id(request, "user")
    _must_know(request, name)
    answer = await asyncio.wrap_future(service.ask(Ask(user=name, k=20)))
    return Answer(await asyncio.to_thread(portrait, service.loaded, name, answer.places))


@router.get("/v1/users/{user}/history", summary="What a person did")
async def history(request: Request, user: str, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Answer:
    """The newest acts, newest first: those that the model was fitted on and those since."""
    check_names(request)
    loaded, name = parts(request).service.loaded, path_id(request, "user")
    _must_know(request, name)
    acts = loaded.state.history(name)[-limit:][::-1]
    return Answer({"user": name, "events": [_act(act) for act in acts]})


@router.get("/v1/users/{user}/export", summary="Everything that is kept of a person")
async def export(request: Request, user: str) -> Answer:
    """Attributes, acts of the run, events of the log, ties, and lists that were given out."""
    check_names(request)
    return Answer(await everything(parts(request), path_id(request, "user"), who(request)))


async def everything(found: Parts, name: str, by: tuple[str, str]) -> dict[str, Any]:
    """All that is kept of a person, noted in the audit log.

    Raises
    ------
    Problem
        Nothing is.
    """
    service = found.service
    loaded = service.loaded
    events = await asyncio.to_thread(service.store.of_user, name)
    lists = await asyncio.to_thread(service.served.of_user, name)
    ties = [vars(tie) for tie in loaded.catalogue.ties.values() if name in (tie.source, tie.target)]
    attributes = loaded.catalogue.user(name)
    if not (events or lists or ties or attributes or loaded.state.people.knows(name)):
        raise Problem(404, f"nothing is kept of user {shown(name)}")
    await asyncio.to_thread(found.audit.note, by, "export", name)
    return {
        "user": name, "profile": {"attributes": attributes or {}, "run": loaded.portraits.get(name)},
        "events": [event_json(event) for _, event in events],
        "acts_of_the_run": [_act(act) for act in loaded.state.history(name) if not act.event_id],
        "ties": ties, "lists": [{"recommendation_id": one.key, **one.body} for one in lists],
        "refused_items": sorted({event.item for _, event in events if event.behavior == "dismiss" and event.item}),
    }  # fmt: skip


@router.delete("/v1/users/{user}", summary="Forget a person")
async def erase(request: Request, user: str) -> Answer:
    """Remove a person from the log, the state, every list and every file that this service writes.

    The answer names what stays elsewhere: the run folder that was given at the start is its owner's.
    """
    check_names(request)
    found, name = parts(request), path_id(request, "user")
    told = await asyncio.to_thread(found.service.erase, name)
    await asyncio.to_thread(found.audit.note, who(request), "erase", name)
    return Answer({"erased": True, **told})


def _must_know(request: Request, user: str) -> None:
    loaded = parts(request).service.loaded
    if not loaded.state.people.knows(user) and loaded.catalogue.user(user) is None and user not in loaded.state.marks:
        raise Problem(404, f"user {shown(user)} has no event here: send one first")


def _act(act: Any) -> dict[str, Any]:
    from datetime import UTC, datetime, timedelta

    from swayline.core.time import iso

    moment = None if act.time_us < 0 else iso(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=act.time_us))
    return {
        "item": act.item,
        "behavior": act.behavior,
        "time": moment,
        "value": None if act.value != act.value else act.value,
    }
