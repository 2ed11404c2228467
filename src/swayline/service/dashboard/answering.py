"""How the pages' routes answer: errors as pages, forms read, deeds told on the page they were done from."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from swayline.service.api import problems
from swayline.service.api.access import PREFIX
from swayline.service.api.problems import Problem
from swayline.service.api.received import raw_body
from swayline.service.dashboard.rendering import PAGES, page

FORM = "application/x-www-form-urlencoded"
_MOST_FORM, _MOST_FIELDS = 64 << 10, 300


class PageRoute(APIRoute):
    """A route whose errors are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, and what becomes of what it raises."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except Exception as error:
                return problem_page(request, problems.of(error))

        return handler


def problem_page(request: Request, problem: Problem) -> Response:
    """One message on a page of its own; JSON where the page's script asked."""
    if request.scope["path"] == f"{PREFIX}/news":
        about = request.scope.get("swayline", {})
        return Response(problems.body(problem, about.get("request_id", "")), problem.status, problems.headers(problem))
    return page(
        request, "problem.html.j2", status=problem.status, title="This cannot be shown", problem=problem,
        request_id=request.scope.get("swayline", {}).get("request_id", ""),
    )  # fmt: skip


def way_back(request: Request, problem: Problem) -> str:
    """The words of an address that leads back here after signing in."""
    query = request.url.query
    told = {"next": request.scope["path"] + (f"?{query}" if query else "")}
    if "ended" in problem.detail:
        told["ended"] = "1"
    return urlencode(told)


def own_page(path: str) -> str:
    """A path of the dashboard, whatever a form says."""
    bare = path.partition("?")[0].removeprefix(PREFIX)
    known = path.startswith(PREFIX) and any(bare == each for each, _ in PAGES)
    return path if known and not set(path) & set("\r\n\\") else PREFIX


async def form(request: Request) -> list[tuple[str, str]]:
    """The fields of a form in the order sent.

    Raises
    ------
    Problem
        The body is no form.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != FORM:
        raise Problem(415, f"send a form ({FORM})")
    raw = await raw_body(request, _MOST_FORM)
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise Problem(422, f"the form is no UTF-8, or has more than {_MOST_FIELDS} fields") from None


async def deed(
    request: Request,
    do: Callable[[Request, list[tuple[str, str]]], Awaitable[str | Response]],
    show: Callable[..., Awaitable[Response]],
) -> Response:
    """Do what a form asks; go back to its page, or show there why nothing was done.

    Parameters
    ----------
    do : callable
        Returns the word under which the page says that it is done, or the answer itself.
    show : callable
        The page, which takes ``problem``.
    """
    try:
        done = await do(request, await form(request))
    except Exception as error:
        problem = problems.of(error)
        return await show(request, problem=problem, status=problem.status)
    if isinstance(done, Response):
        return done
    return RedirectResponse(f"{request.scope['path']}?{urlencode({'done': done})}", 303)
