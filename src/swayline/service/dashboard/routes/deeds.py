"""Pages from which something is done: tasks, privacy, settings. Each deed is in the audit log, as the API's are."""

import asyncio
import json
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.time import parse_duration_s
from swayline.service.api.keys import all_keys, new_key, remove_key
from swayline.service.api.parts import who
from swayline.service.api.problems import Problem
from swayline.service.api.routes.operations import backed_up
from swayline.service.api.routes.people import everything
from swayline.service.dashboard.answering import PageRoute, deed
from swayline.service.dashboard.rendering import page
from swayline.service.dashboard.room import room
from swayline.service.dashboard.routes.drawing import drawn
from swayline.service.dashboard.routes.pages import user_of
from swayline.service.refit.compaction import READER
from swayline.service.serving.service import MOST_EXPLORED

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Fields = list[tuple[str, str]]
_AUDIT = 50
_SIZES = (("d", 86_400), ("h", 3_600), ("m", 60))


@router.get("/dashboard/tasks")
async def tasks(request: Request) -> Response:
    """Refits, versions, compaction, copies."""
    return await _tasks(request)


async def _tasks(request: Request, problem: Problem | None = None, status: int = 200) -> Response:
    found = room(request)
    service = found.service
    refits = found.parts.refits
    versions, committed, last = await asyncio.gather(
        asyncio.to_thread(service.versions.all), asyncio.to_thread(service.store.committed, READER),
        asyncio.to_thread(service.store.last),
    )  # fmt: skip
    return page(
        request, "tasks.html.j2", status=status, title="Tasks", problem=problem, refit=refits.last,
        done=request.query_params.get("done", ""), versions=versions[::-1], before=service.versions.before(),
        in_service=service.loaded.version.name, committed=committed, last=last, every=_every(refits.every_s),
        new=max(0, last - service.loaded.version.position), task=refits.last["state"],
    )  # fmt: skip


def _every(seconds: float) -> str:
    """How often, as it can be said again: ``1d``, ``90m``; empty for never."""
    unit, size = next((one for one in _SIZES if seconds >= one[1] and seconds % one[1] == 0), ("s", 1))
    return f"{seconds / size:g}{unit}" if seconds > 0 else ""


@router.post("/dashboard/tasks")
async def do_task(request: Request) -> Response:
    """Refit, roll back, or copy the log."""
    return await deed(request, _task, _tasks)


async def _task(request: Request, fields: Fields) -> str:
    said, found = dict(fields), room(request).parts
    action = said.get("action", "")
    if action == "refit":
        found.refits.start()
        await asyncio.to_thread(found.audit.note, who(request), "refit")
    elif action == "rollback":
        version = await asyncio.to_thread(found.refits.rollback)
        await asyncio.to_thread(found.audit.note, who(request), "rollback", version=version.name)
    elif action == "backup":
        await backed_up(found, who(request))
    else:
        raise Problem(422, f"there is no task {shown(action)}: {nearest(action, ('refit', 'rollback', 'backup'))}")
    return action


@router.get("/dashboard/privacy")
async def privacy(request: Request) -> Response:
    """Forgetting, exports, keys, and who did what."""
    return await _privacy(request)


async def _privacy(request: Request, problem: Problem | None = None, status: int = 200, **more: Any) -> Response:
    found = room(request)
    rows = await asyncio.to_thread(found.parts.audit.newest, _AUDIT)
    keys = await asyncio.to_thread(all_keys, found.service.store)
    return page(
        request, "privacy.html.j2", status=status, title="Privacy", problem=problem, rows=rows, keys=keys,
        erased=len(found.service.erased), **{"told": None, "secret": "", "made": None, "done": "", **more},
    )  # fmt: skip


@router.post("/dashboard/privacy")
async def do_privacy(request: Request) -> Response:
    """Forget or export a person; make or remove a key."""
    return await deed(request, _private, _privacy)


async def _private(request: Request, fields: Fields) -> str | Response:
    said, found = dict(fields), room(request).parts
    action = said.get("action", "")
    if action == "erase":
        user = user_of(said)
        if said.get("again", "").strip() != user:
            raise Problem(422, "the two ids differ, so nobody was forgotten: write the same id twice")
        told = await asyncio.to_thread(found.service.erase, user)
        await asyncio.to_thread(found.audit.note, who(request), "erase", user)
        return await _privacy(request, told=told, done="erase")
    if action == "export":
        body = json.dumps(await everything(found, user_of(said), who(request)), ensure_ascii=False, indent=1)
        headers = {"content-disposition": 'attachment; filename="person.json"', "cache-control": "no-store"}
        return Response(body.encode("utf-8", "replace"), 200, headers, "application/json")
    if action == "new-key":
        secret, made = await asyncio.to_thread(
            new_key, found.service.store, said.get("role", ""), said.get("name", "").strip()[:80]
        )
        await asyncio.to_thread(found.audit.note, who(request), "new key", name=made.name, role=made.role)
        answer = await _privacy(request, secret=secret, made=made, done="new-key")
        found.keys.read()  # after the page was made: the first key closes an open service
        return answer
    if action == "remove-key":
        name = said.get("name", "")
        if not await asyncio.to_thread(remove_key, found.service.store, name):
            raise Problem(404, f"there is no key named {shown(name)}")
        await asyncio.to_thread(found.audit.note, who(request), "remove key", name=name)
        found.keys.read()
        return await _privacy(request, done="remove-key")
    actions = ("erase", "export", "new-key", "remove-key")
    raise Problem(422, f"there is no action {shown(action)}: {nearest(action, actions)}")


@router.get("/dashboard/settings")
async def settings(request: Request) -> Response:
    """The chain of steps behind a list, what may be set while it runs, and how the run was made."""
    return await _settings(request)


async def _settings(
    request: Request, problem: Problem | None = None, status: int = 200, said: dict[str, str] | None = None
) -> Response:
    found = room(request)
    loaded, refits = found.service.loaded, found.parts.refits
    context = await asyncio.to_thread(drawn, found, "run")
    return page(
        request, "settings.html.j2", status=status, title="Settings", problem=problem,
        done=request.query_params.get("done", ""), explore=f"{found.service.explore:g}",
        every=_every(refits.every_s) or "0", most=MOST_EXPLORED, loaded=loaded, model=loaded.bundle.model.name,
        model_settings={name: value for name, value in loaded.bundle.settings.items() if value is not None},
        exclude_seen=loaded.bundle.exclude_seen, store=found.service.store.name,
        newcomers=len(await asyncio.to_thread(loaded.newcomers)), hidden=len(loaded.catalogue.hidden), **context,
    )  # fmt: skip


@router.post("/dashboard/settings")
async def set_all(request: Request) -> Response:
    """Change what may be changed while the service runs: all that was said, or nothing."""
    return await deed(request, _set, _settings)


async def _set(request: Request, fields: Fields) -> str:
    said, found = dict(fields), room(request).parts
    unknown = [name for name in said if name not in ("explore", "every")]
    if unknown or set(said) != {"explore", "every"}:
        what = f"there is no setting {shown(unknown[0])}" if unknown else "a setting is missing"
        raise UsageError(f"{what}: send explore and every")
    try:
        explore = float(said["explore"])
    except ValueError:
        raise UsageError(f"explore {shown(said['explore'])}: write a number from 0 to {MOST_EXPLORED:g}") from None
    text = said["every"].strip()
    every_s = 0.0 if text in ("", "0") else parse_duration_s(text)
    before = found.service.explore
    found.service.set_explore(explore)  # refuses what is out of range
    try:
        found.refits.set_every(every_s)
    except UsageError:
        found.service.set_explore(before)
        raise
    await asyncio.to_thread(found.audit.note, who(request), "settings", explore=explore, every_s=every_s)
    return "settings"
