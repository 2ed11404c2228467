"""The application: routes, their errors, and the edge around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from swayline import __version__
from swayline.core.errors import SwaylineError, nearest
from swayline.service.api import problems
from swayline.service.api.audit import Audit
from swayline.service.api.edge import Edge, EdgeSettings
from swayline.service.api.keys import KeyRing
from swayline.service.api.metrics import Metrics
from swayline.service.api.parts import Face, Parts
from swayline.service.api.problems import Problem
from swayline.service.api.routes import catalogue, events, gorse, influence, operations, people, recommendations
from swayline.service.api.rows import Refusal
from swayline.service.refit import Refits
from swayline.service.serving import Service

_ABOUT = (
    "An event in, a better recommendation out, an answer to why. Send Authorization: Bearer KEY where keys were made."
)


_ANSWERED = (
    Problem, Refusal, SwaylineError, ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, OSError,
    RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""Errors answered where they arise: one that is left to the handler of every Exception is raised again behind it."""


@dataclass(frozen=True)
class AppSettings:
    """How the application answers.

    Parameters
    ----------
    edge : EdgeSettings
    refit_every_s : float
        Seconds between refits of its own accord; 0 for none.
    gorse : bool
        Whether Gorse's routes are there too.
    face : Face, optional
        Pages for people, in the same process.
    """

    edge: EdgeSettings = field(default_factory=EdgeSettings)
    refit_every_s: float = 0.0
    gorse: bool = False
    face: Face | None = None


@dataclass(frozen=True)
class Application:
    """The ASGI application, and what it is made of."""

    asgi: Edge
    routes: FastAPI
    parts: Parts


def create_app(service: Service, settings: AppSettings | None = None) -> Application:
    """The application around a service; when the server ends it, the service is stopped."""
    said = settings or AppSettings()
    keys, metrics = KeyRing(service.store), Metrics(service)
    parts = Parts(service, keys, metrics, Audit(service.store, service.erased), Refits(service, said.refit_every_s))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        parts.refits.stop()
        service.stop()

    app = FastAPI(
        title="Swayline", description=_ABOUT, version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url=None, redirect_slashes=False, separate_input_output_schemas=False,
    )  # fmt: skip
    app.state.parts = parts
    for module in (events, recommendations, people, influence, catalogue, operations):
        app.include_router(module.router)
    if said.gorse:
        app.include_router(gorse.router)
    if said.face is not None:
        said.face.attach(app, parts)
        app.include_router(said.face.router)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, problems.handle)
    for kind in _ANSWERED:
        app.add_exception_handler(kind, problems.handle)
    return Application(Edge(app, parts, said.edge, said.face), app, parts)


async def _invalid(request: Request, error: Exception) -> Response:
    """A parameter of the address is not as the route takes it."""
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    name, why = str(first["loc"][-1])[:80], str(first["msg"])
    if first["type"] == "extra_forbidden":
        why = f"there is no such parameter: {nearest(name, _names(request))}"
    return await problems.handle(
        request, Problem(422, f"{name}: {why}", column=name, value=str(first.get("input"))[:80])
    )


def _names(request: Request) -> list[str]:
    """Parameters that a route takes in its address."""
    found = []
    for one in request.app.openapi()["paths"].get(request.scope["route"].path, {}).values():
        found += [parameter["name"] for parameter in one.get("parameters", ()) if parameter["in"] == "query"]
    return found


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return await problems.handle(request, Problem(error.status_code, str(error.detail)))
