"""Errors as RFC 9457 writes them: ``application/problem+json`` with what was wrong and what to send."""

import json
import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from swayline.core.errors import DataError, MissingExtraError, SwaylineError, UsageError
from swayline.service.api.rows import Refusal
from swayline.service.api.strict_json import BadJsonError
from swayline.service.log.protocol import StoreBusyError, StoreError, StoreFullError

log = logging.getLogger("swayline.service")
_TITLES = {
    400: "Bad request", 401: "No key", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
    409: "Conflict", 413: "Too large", 415: "Unsupported media type", 421: "Misdirected request",
    422: "Cannot be taken", 429: "Too many requests",
    500: "Internal error", 501: "Not installed", 503: "Try again", 507: "No space left",
}  # fmt: skip


class Problem(Exception):
    """An answer that is no success.

    Parameters
    ----------
    status : int
    detail : str
        What was wrong and what to send.
    **more
        Further members of the body.
    """

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more


def of(error: Exception) -> Problem:
    """The problem that an error is."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, StoreFullError):
        return Problem(507, str(error))
    if isinstance(error, StoreBusyError):
        return Problem(429, str(error), retry_after=1)
    if isinstance(error, StoreError):
        return Problem(503, str(error), retry_after=1)
    if isinstance(error, BadJsonError):
        return Problem(422, f"the body is no JSON that is taken: {error}")
    if isinstance(error, Refusal):
        return Problem(422, f"{error.column or 'the body'} {error.reason}", column=error.column, value=error.value)
    if isinstance(error, MissingExtraError):
        return Problem(501, str(error))
    if isinstance(error, UsageError):
        return Problem(422, str(error))
    if isinstance(error, DataError):
        return Problem(409, str(error))
    if isinstance(error, SwaylineError):
        return Problem(503, str(error), retry_after=1)
    log.error("unforeseen", exc_info=error)
    return Problem(500, "something went wrong that nobody foresaw: the log has it under this request_id")


def body(problem: Problem, request_id: str) -> bytes:
    """Its bytes."""
    told = {
        "type": "about:blank", "title": _TITLES.get(problem.status, "Error"), "status": problem.status,
        "detail": problem.detail, "request_id": request_id, **problem.more,
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=True, allow_nan=False).encode()


def headers(problem: Problem) -> dict[str, str]:
    """Its headers."""
    found = {"content-type": "application/problem+json", "cache-control": "no-store"}
    if "retry_after" in problem.more:
        found["retry-after"] = str(problem.more["retry_after"])
    if problem.status == 401:
        found["www-authenticate"] = "Bearer"
    return found


async def handle(request: Request, error: Exception) -> Response:
    """The response to an error that a route raised."""
    problem = of(error)
    request_id = request.scope.get("swayline", {}).get("request_id", "")
    return Response(body(problem, request_id), problem.status, headers(problem))
