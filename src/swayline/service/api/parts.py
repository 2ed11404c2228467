"""What the routes work with, found on the application; and how a list is asked for and answered."""

import asyncio
import json
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from swayline.core.time import iso
from swayline.service.api.audit import Audit
from swayline.service.api.keys import KeyRing
from swayline.service.api.metrics import Metrics
from swayline.service.api.problems import Problem
from swayline.service.api.sessions import Sessions
from swayline.service.refit import Refits
from swayline.service.serving import Answer, Ask, Service


class Parts:
    """The service, its keys, metrics, audit log and refits, and who is signed in."""

    def __init__(self, service: Service, keys: KeyRing, metrics: Metrics, audit: Audit, refits: Refits) -> None:
        self.service, self.keys, self.metrics, self.audit, self.refits = service, keys, metrics, audit, refits
        self.sessions = Sessions(keys)


class Face(Protocol):
    """Pages for people under :data:`~swayline.service.api.access.PREFIX`; the API does not know who they are."""

    router: APIRouter

    def attach(self, app: FastAPI, parts: Parts) -> None:
        """Be told what the pages are about."""
        ...

    def problem(self, request: Request, problem: Problem) -> Response:
        """A problem as a page."""
        ...


def parts(request: Request) -> Parts:
    """The parts of the application that a request came to."""
    found: Parts = request.app.state.parts
    return found


def who(request: Request) -> tuple[str, str]:
    """The name of the key, and the request's id."""
    about = request.scope["swayline"]
    return about.get("key", ""), about["request_id"]


async def recommended(service: Service, ask: Ask) -> dict[str, Any]:
    """A list as the API answers it."""
    answer = await asyncio.wrap_future(service.ask(ask))
    return listed(ask, answer, service.give(ask, answer))


def listed(ask: Ask, answer: Answer, name: str) -> dict[str, Any]:
    """A list given out, as JSON."""
    items = []
    for rank, place in enumerate(answer.places, 1):
        row: dict[str, Any] = {"item": place.item, "score": place.score, "rank": rank, "source": place.source}
        if place.propensity != 1.0:
            row["propensity"] = place.propensity
        if ask.reasons:
            row["reason"] = place.reason
        items.append(row)
    said: dict[str, Any] = {"recommendation_id": name, "model": answer.model, "items": items}
    if ask.user is not None:
        said["user"] = ask.user
    if ask.scenario:
        said["scenario"] = ask.scenario
    return said


def event_json(event: Any) -> dict[str, Any]:
    """An event of the log as the API shows it."""
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=event.time_us)
    more = json.loads(event.more) if event.more else {}
    return {"event_id": event.event_id, "item": event.item, "behavior": event.behavior, "time": iso(moment), **more}
