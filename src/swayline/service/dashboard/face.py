"""The dashboard as the application takes it."""

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from swayline.service.api.access import PREFIX
from swayline.service.api.parts import Parts
from swayline.service.api.problems import Problem
from swayline.service.dashboard import answering
from swayline.service.dashboard.room import Room
from swayline.service.dashboard.routes import deeds, pages, reading, signing

_ROUTERS = (signing.router, pages.router, reading.router, deeds.router)


class Dashboard:
    """Pages for people, in the process of the service."""

    def __init__(self) -> None:
        self.router = APIRouter()
        for one in _ROUTERS:
            self.router.include_router(one)

    def attach(self, app: FastAPI, parts: Parts) -> None:
        """Be told what the pages are about."""
        app.state.room = Room(parts)

    def problem(self, request: Request, problem: Problem) -> Response:
        """A problem as a page; a browser that is not signed in is sent to where it can sign in."""
        if problem.status == 401 and request.headers.get("sec-fetch-mode") == "navigate":
            return RedirectResponse(f"{PREFIX}/sign-in?{answering.way_back(request, problem)}", 303)
        return answering.problem_page(request, problem)
