"""Bodies and ids read from a request, bounded."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response

from swayline.core.errors import nearest
from swayline.service.api import strict_json
from swayline.service.api.problems import Problem
from swayline.service.api.rows import Refusal, ident

MAX_JSON = 16 << 20
MAX_LINE = 256 << 10
JSON, NDJSON = "application/json", "application/x-ndjson"


def kind_of(request: Request) -> str:
    """The media type of a body.

    Raises
    ------
    Problem
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind in ("application/ndjson", "application/jsonl", "application/x-jsonlines"):
        return NDJSON
    if kind not in (JSON, NDJSON):
        raise Problem(415, f"send content-type {JSON} (or {NDJSON} to /v1/events)")
    return kind


async def raw_body(request: Request, most: int = MAX_JSON) -> bytes:
    """The bytes of a body.

    Raises
    ------
    Problem
        There are too many.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Problem(413, f"the body is larger than {most >> 20} MiB: send it in parts")
        parts.append(part)
    return b"".join(parts)


async def json_body(request: Request) -> Any:
    """The value of a JSON body.

    Raises
    ------
    Problem, BadJsonError
    """
    if kind_of(request) != JSON:
        raise Problem(415, f"send content-type {JSON}")
    return strict_json.parse(await raw_body(request))


async def lines(request: Request) -> AsyncIterator[bytes]:
    """The lines of an NDJSON body as they come; one longer than the bound is given cut, as its first bytes.

    Raises
    ------
    Problem
        The body is too large.
    """
    from swayline.service.api.edge import MAX_BODY

    held, size = b"", 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise Problem(413, f"the stream is larger than {MAX_BODY >> 20} MiB: send it in parts")
        *whole, held = (held + part).split(b"\n")
        for line in whole:
            yield line
        if len(held) > MAX_LINE:
            raise Problem(413, f"a line is longer than {MAX_LINE >> 10} KiB: events are smaller")
    if held.strip():
        yield held


def path_id(request: Request, name: str) -> str:
    """An id in the path, percent-decoded.

    Raises
    ------
    Refusal
    """
    raw = unquote_to_bytes(request.path_params[name])
    try:
        return ident(raw.decode("utf-8"), name)
    except UnicodeDecodeError:
        raise Refusal(name, repr(raw[:40]), "is no UTF-8: percent-encode the id as UTF-8") from None


def check_names(request: Request) -> None:
    """Refuse names in the query that the route does not know.

    Raises
    ------
    Problem
    """
    known = {one.alias for one in request.scope["route"].dependant.query_params}
    for name in request.query_params:
        if name not in known:
            hint = nearest(name[:80], known) if known else "it takes none"
            raise Problem(422, f"there is no parameter {name[:80]!r}: {hint}", column=name[:80])


class Answer(Response):
    """JSON without NaN, for machines."""

    media_type = JSON

    def render(self, content: Any) -> bytes:
        """The bytes."""
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )
