"""What pages for people bring to the application; the API does not know who they are."""

from typing import Protocol

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from swayline.service.api.parts import Parts
from swayline.service.api.problems import Problem

PREFIX = "/dashboard"
"""Where the pages are: a browser's session counts there and nowhere else."""


class Face(Protocol):
    """Pages under :data:`PREFIX`."""

    router: APIRouter

    def attach(self, app: FastAPI, parts: Parts) -> None:
        """Be told what the pages are about."""
        ...

    def problem(self, request: Request, problem: Problem) -> Response:
        """A problem as a page."""
        ...
