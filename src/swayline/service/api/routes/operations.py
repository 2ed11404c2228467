"""Health, metrics, models, backups, the audit log, and the pages for people."""

import asyncio
from datetime import UTC, datetime
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from swayline.service.api.docs_page import page
from swayline.service.api.parts import Parts, parts, who
from swayline.service.api.problems import Problem
from swayline.service.api.received import Answer, check_names
from swayline.service.log.sqlite import SQLiteStore

router = APIRouter(tags=["operations"])


@router.get("/health/live", summary="Whether the process answers")
async def live(request: Request) -> Answer:
    """Always 200 while the process answers at all."""
    return Answer({"status": "live"})


@router.get("/health/ready", summary="Whether requests can be served")
async def ready(request: Request) -> Answer:
    """200 where a model answers and events can be written, else 503 with the reason; lists may be served still."""
    good, told = await asyncio.to_thread(parts(request).service.is_ready)
    return Answer({"status": "ready" if good else "degraded", **told}, 200 if good else 503)


@router.get("/metrics", summary="Figures for Prometheus")
async def metrics(request: Request) -> Response:
    """The exposition format."""
    return Response(parts(request).metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/docs", summary="This documentation", include_in_schema=False)
async def docs(request: Request) -> Response:
    """Every route on one page without a script; nothing is fetched from elsewhere."""
    return Response(page(request.app.openapi()), media_type="text/html; charset=utf-8")


@router.get("/v1/openapi.json", summary="OpenAPI", include_in_schema=False)
async def openapi(request: Request) -> Answer:
    """For machines."""
    return Answer(request.app.openapi())


@router.get("/tracker.js", summary="The browser tracker", include_in_schema=False)
async def tracker(request: Request) -> Response:
    """A script without dependencies that sends impressions, positions and clicks."""
    text = files("swayline.service").joinpath("tracker", "tracker.js").read_bytes()
    return Response(text, media_type="text/javascript; charset=utf-8")


@router.get("/v1/models", summary="Models of this service")
async def models(request: Request) -> Answer:
    """Every version with how it compared with the one before it, which is in service, and the last refit."""
    check_names(request)
    found = parts(request)
    versions = await asyncio.to_thread(found.service.versions.all)
    told = [
        {"version": one.name, "made": one.made, "position": one.position, "source": one.source, "shadow": one.shadow}
        for one in versions
    ]
    return Answer({"in_service": found.service.loaded.version.name, "versions": told, "refit": found.refits.last})


@router.post("/v1/models/refit", summary="Learn from what came in", status_code=202)
async def refit(request: Request) -> Answer:
    """Fit on the log in the background; it answers once it is not worse on the newest events."""
    check_names(request)
    found = parts(request)
    if found.refits.is_busy:
        raise Problem(409, "a refit is under way: GET /v1/models says when it is done")
    found.refits.start()
    await asyncio.to_thread(found.audit.note, who(request), "refit")
    return Answer({"state": "running"}, 202)


@router.post("/v1/models/rollback", summary="Go back to the model before")
async def rollback(request: Request) -> Answer:
    """Put the version before the current one into service; events since are in its histories at once."""
    check_names(request)
    found = parts(request)
    version = await asyncio.to_thread(found.refits.rollback)
    await asyncio.to_thread(found.audit.note, who(request), "rollback", version=version.name)
    return Answer({"in_service": version.name})


@router.get("/v1/audit", summary="Who did what")
async def audit(request: Request, limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> Answer:
    """The newest deeds of keys, newest first; people by a keyed digest."""
    check_names(request)
    rows: list[dict[str, Any]] = await asyncio.to_thread(parts(request).audit.newest, limit)
    return Answer({"rows": rows})


@router.post("/v1/backups", summary="Copy the log while it is written", status_code=201)
async def backup(request: Request) -> Answer:
    """A consistent copy of the SQLite log in the data folder's ``backups``; other stores have tools of their own."""
    check_names(request)
    name = await backed_up(parts(request), who(request))
    return Answer({"file": f"backups/{name}"}, 201)


async def backed_up(found: Parts, by: tuple[str, str]) -> str:
    """Copy the log; the name of the file.

    Raises
    ------
    Problem
        The log is in no file of this service.
    """
    store = getattr(found.service.store, "inner", found.service.store)
    if not isinstance(store, SQLiteStore):
        raise Problem(409, f"back {store.name} up with its own tools: the log is in no file of this service")
    folder = found.service.data / "backups"
    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ.sqlite")
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(store.backup, folder / name)
    await asyncio.to_thread(found.audit.note, by, "backup", file=name)
    return name
