"""Pages of what happens now: events as they come, a person, the ledger."""

import asyncio
import json
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from swayline.core.errors import shown
from swayline.core.names import BEHAVIOR
from swayline.report import figures
from swayline.report.blocks import Panel, Section, Table
from swayline.report.page import fragment
from swayline.report.wording import words
from swayline.service.api import problems
from swayline.service.api.problems import Problem
from swayline.service.api.received import Answer
from swayline.service.api.rows import Refusal, ident
from swayline.service.dashboard import person as people
from swayline.service.dashboard.answering import PageRoute
from swayline.service.dashboard.explorer import FILTERS, SORTS, Asked, Explorer, asked_of
from swayline.service.dashboard.rendering import look, page
from swayline.service.dashboard.room import room
from swayline.service.dashboard.routes.drawing import drawn
from swayline.service.dashboard.wording import Language
from swayline.service.log.protocol import StoreError

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_MOST_GONE = 60


@router.get("/dashboard")
async def now(request: Request) -> Response:
    """What comes in, how far it gets, and what the run knew."""
    found = room(request)
    told, problem = await _pulse(request)
    live = None if problem is not None else _live(Language(look(request)[0]), told)
    return page(
        request, "now.html.j2", title="Now", live=live, problem=problem, model=found.service.loaded.version.name,
        task=found.parts.refits.last["state"], panel="" if live is None else _funnel(request, told),
        **await asyncio.to_thread(drawn, found, "overview", "funnel"),
    )  # fmt: skip


@router.get("/dashboard/news")
async def news(request: Request) -> Response:
    """What changed after a position of the log, for the page's script; little where nothing did."""
    after = request.query_params.get("after", "")
    told, problem = await _pulse(request)
    if problem is not None:
        raise problem
    state = {"position": told["position"], "behind": told["behind"], "task": room(request).parts.refits.last["state"]}
    if after == f"{told['position']}.{told['behind']}.{told['per_minute']}":
        return Answer(state | {"same": True})
    kept, code = room(request).news, look(request)[0]
    if code not in kept or kept[code][0] is not told:
        live = _live(Language(code), told)
        kept[code] = (told, live | {"figure": json.loads(_figure(request, told).to_json())})
    return Answer(state | kept[code][1])


async def _pulse(request: Request) -> tuple[dict[str, Any], Problem | None]:
    recent = room(request).pulse.recent()
    if recent is not None:
        return recent, None
    try:
        return await asyncio.to_thread(room(request).pulse.now), None
    except StoreError as error:
        return {}, problems.of(error)


def _live(t: Language, told: dict[str, Any]) -> dict[str, Any]:
    """What the page and its script show of the moment, as text."""
    return {
        "mark": f"{told['position']}.{told['behind']}.{told['per_minute']}",
        "tiles": [
            (words.number(told["events"]), t("events since the run"), ""),
            (words.number(told["per_minute"]), t("in the last minute"), ""),
            (words.number(told["behind"]), t("still to be read"), "") if told["behind"] else
            (words.number(max((one["n"] for one in told["behaviors"]), default=0)), t("people at the widest step"), ""),
        ],
        "newest": [
            [words.moment(one["time"]), one["user"], one[BEHAVIOR], one["label"] or one["item"] or "–"]
            for one in told["newest"]
        ],
    }  # fmt: skip


def _figure(request: Request, told: dict[str, Any]) -> Any:
    return figures.funnel(told["behaviors"], Language(look(request)[0])("people"))


def _funnel(request: Request, told: dict[str, Any]) -> str:
    """The funnel of the people seen since the run, as the report draws one."""
    t = Language(look(request)[0])
    title = t("How far people got since the run")
    table = Table(
        title, (t("Behaviour"), t("People"), t("Events")),
        [(one[BEHAVIOR], words.number(one["n"]), words.number(one["events"])) for one in told["behaviors"]],
        frozenset({1, 2}),
    )  # fmt: skip
    panel = Panel("live-funnel", title, _figure(request, told), table, title + ".")
    return fragment([Section("live", t("Funnel, live"), t("It moves as events come in."), [panel])])


@router.get("/dashboard/person")
async def person(request: Request) -> Response:
    """A person: portrait, history, list, reasons, and what if."""
    found, params = room(request), request.query_params
    service, user, gone = found.service, params.get("user", "").strip(), params.getlist("gone")
    some = await asyncio.to_thread(people.some_people, service)
    context: dict[str, Any] = {
        "title": "A person", "user": user, "problem": None, "found": None, "what_if": None, "gone": gone,
        "people": some, "ties": {"given": [], "received": []}, "hours": "",
    }  # fmt: skip
    if not user:
        return page(request, "person.html.j2", **context)
    try:
        name = ident(user, "user")
        context["found"] = await people.person(service, name)
        explorer = found.explorers.of(service.loaded)
        if explorer is not None:
            standing = await asyncio.to_thread(explorer.standing)
            context["ties"] = await asyncio.to_thread(people.ties, standing, name)
        context["hours"] = _hours(request, context["found"]["portrait"]["hours_utc"])
        if gone or "what-if" in params:
            context["what_if"] = await people.without(service, name, gone[:_MOST_GONE])
    except Exception as error:
        context["problem"] = problems.of(error)
    status = 200 if context["problem"] is None else context["problem"].status
    return page(request, "person.html.j2", status=status, **context)


def _hours(request: Request, hours: list[int] | None) -> str:
    """When in the day a person acts, drawn as the report draws groups."""
    total = sum(hours or ())
    if not hours or not total:
        return ""
    t = Language(look(request)[0])
    title = t("Hours of the day (UTC)")
    rows = [(f"{hour}:00", words.number(n)) for hour, n in enumerate(hours) if n]
    figure = figures.day_rhythm({"": [n / total for n in hours]})
    panel = Panel("hours", title, figure, Table(title, (t("Hour"), t("Events")), rows, frozenset({1})), title + ".")
    return fragment([Section("rhythm", t("When they act"), "", [panel])])


@router.get("/dashboard/ledger")
async def ledger(request: Request) -> Response:
    """Rows of the ledger, filtered and sorted."""
    explorer = _explorer(request)
    context: dict[str, Any] = {
        "title": "Ledger", "problem": None, "sorts": SORTS, "filters": FILTERS, "said": dict(request.query_params),
        "choices": {}, "found": None,
    }  # fmt: skip
    if explorer is None:
        return page(request, "ledger.html.j2", **context)
    context["choices"] = explorer.choices()
    try:
        asked = asked_of(request.query_params)
        context["found"] = await asyncio.to_thread(explorer.page, asked)
    except Exception as error:
        problem = context["problem"] = problems.of(error)
        return page(request, "ledger.html.j2", status=problem.status, **context)
    return page(request, "ledger.html.j2", **context)


@router.get("/dashboard/ledger.csv")
async def ledger_csv(request: Request) -> Response:
    """The same rows, all of them, for a spreadsheet."""
    explorer = _explorer(request)
    if explorer is None:
        raise Problem(404, "the run served has no influence table: serve a folder that  swayline run  made")
    asked: Asked = asked_of(request.query_params)
    raw = await asyncio.to_thread(explorer.csv, asked)
    return Response(
        raw, 200, {"content-disposition": 'attachment; filename="influence.csv"'}, "text/csv; charset=utf-8"
    )


def _explorer(request: Request) -> Explorer | None:
    found = room(request)
    return found.explorers.of(found.service.loaded)


def user_of(said: dict[str, str]) -> str:
    """The person that a form names.

    Raises
    ------
    Problem
        It names none.
    """
    try:
        return ident(said.get("user", "").strip(), "user")
    except Refusal as refusal:
        raise Problem(422, f"user {shown(refusal.value)} {refusal.reason}") from None
