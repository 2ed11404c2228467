"""Signing in and out, style and scripts: what a browser gets before it has shown a key."""

from fastapi import APIRouter
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response

from swayline.service.api import problems
from swayline.service.api.access import PREFIX
from swayline.service.api.keys import ADMIN, READ
from swayline.service.api.problems import Problem
from swayline.service.api.sessions import COOKIE
from swayline.service.dashboard import assets
from swayline.service.dashboard.answering import PageRoute, form, own_page
from swayline.service.dashboard.rendering import page
from swayline.service.dashboard.room import room

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/dashboard/sign-in")
async def sign_in_page(request: Request) -> Response:
    """Where a key is shown."""
    return _page(request, own_page(request.query_params.get("next", "")))


@router.post("/dashboard/sign-in")
async def sign_in(request: Request) -> Response:
    """A session for a key that may read; what is wrong with it stands on the page."""
    to = PREFIX
    try:
        said = dict(await form(request))
        to = own_page(said.get("next", ""))
        found = room(request).parts
        if found.keys.is_empty:
            return RedirectResponse(to, 303)
        secret = said.get("key", "").strip()
        if not secret:
            raise Problem(401, "no key was entered")
        key = found.keys.find(secret) if len(secret) < 200 else None
        if key is None:
            raise Problem(401, "this is no key of this service, or it was removed")
        if key.role not in (READ, ADMIN):
            raise Problem(403, f"the dashboard needs a key with the role {READ} or {ADMIN}; this one has {key.role}")
    except Exception as error:
        return _page(request, to, problems.of(error))
    answer = RedirectResponse(to, 303)
    answer.set_cookie(
        COOKIE, found.sessions.open(key), max_age=int(found.sessions.life_s), path=PREFIX, httponly=True,
        samesite="strict", secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


@router.post("/dashboard/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    room(request).parts.sessions.close(cookie_parser(request.headers.get("cookie", "")).get(COOKIE, ""))
    answer = RedirectResponse(f"{PREFIX}/sign-in", 303)
    answer.delete_cookie(COOKIE, path=PREFIX)
    return answer


def _page(request: Request, to: str, problem: Problem | None = None) -> Response:
    return page(
        request, "sign_in.html.j2", status=200 if problem is None else problem.status, title="Sign in", next=to,
        problem=problem, ended=request.query_params.get("ended") == "1" and problem is None,
        is_open=room(request).parts.keys.is_empty,
    )  # fmt: skip


def _asset(request: Request, name: str, kind: str) -> Response:
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(assets.packed(name), 200, headers | {"content-encoding": "gzip"}, kind)
    return Response(assets.content(name), 200, headers, kind)


@router.get("/dashboard/style.css")
async def style(request: Request) -> Response:
    """The report's style, and what the pages add."""
    return _asset(request, "style.css", assets.CSS)


@router.get("/dashboard/dashboard.js")
async def script(request: Request) -> Response:
    """The pages' own script."""
    return _asset(request, "dashboard.js", assets.SCRIPT)


@router.get("/dashboard/figures.js")
async def figures_script(request: Request) -> Response:
    """The report's script, which draws figures."""
    return _asset(request, "figures.js", assets.SCRIPT)


@router.get("/dashboard/network.js")
async def network_script(request: Request) -> Response:
    """The report's script, which draws people."""
    return _asset(request, "network.js", assets.SCRIPT)


@router.get("/dashboard/plotly.js")
async def plotly_script(request: Request) -> Response:
    """Plotly, from its own wheel."""
    return _asset(request, "plotly.js", assets.SCRIPT)
