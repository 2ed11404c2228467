"""What every request passes before a route sees it, and every answer on its way out.

::

    listed? ─ host? ─ key? ─ role? ─ rate? ─ room? ─ route ─ request id, metrics, log line
"""

import json
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request, cookie_parser

from swayline.service.api import problems
from swayline.service.api.access import PREFIX, PUBLIC, Listed, find
from swayline.service.api.keys import ADMIN, Key
from swayline.service.api.parts import Face, Parts
from swayline.service.api.problems import Problem
from swayline.service.api.sessions import COOKIE

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 64 << 20
MAX_PATH, MAX_QUERY = 4_096, 16_384
MOST_IN_FLIGHT = 512
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_OPEN = Key("", "open", ADMIN)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
log = logging.getLogger("swayline.access")


@dataclass(frozen=True)
class EdgeSettings:
    """What the edge lets through.

    Parameters
    ----------
    rate : str, optional
        Requests of one key (or, without keys, one address), as ``100/second`` or ``5000/minute``.
    origins : tuple of str
        Pages of these origins may call from a browser; ``*`` is any.
    hosts : frozenset of str
        Names by which an open service (no key made) may be called: a page elsewhere that resolves its own name to this
        machine is refused.
    most_in_flight : int
        Requests worked on at a time; more are answered 429.
    """

    rate: str | None = None
    origins: tuple[str, ...] = ()
    hosts: frozenset[str] = field(default_factory=lambda: LOOPBACK)
    most_in_flight: int = MOST_IN_FLIGHT


class Edge:
    """An ASGI application around another."""

    def __init__(self, app: App, parts: Parts, settings: EdgeSettings, face: Face | None = None) -> None:
        self.app, self.settings, self.face = app, settings, face
        self.keys, self.metrics, self.sessions = parts.keys, parts.metrics, parts.sessions
        self._in_flight = 0
        self._limit: Callable[[str], float | None] | None = _limiter(settings.rate) if settings.rate else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        begun = time.perf_counter()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        about: dict[str, Any] = {"request_id": _request_id(headers), "status": 500, "route": "unlisted"}
        scope["swayline"] = about

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                about["started"] = True
                about["status"] = message["status"]
                message["headers"] = [*message.get("headers", ()), *self._more_headers(about, headers)]
            await send(message)

        self._in_flight += 1
        try:
            if not await self._preflight(scope, headers, sending):
                self._admit(scope, headers, about)
                await self.app(scope, receive, sending)
        except Exception as error:
            if not about.get("started"):
                await self._refuse(problems.of(error), scope, receive, sending)
        finally:
            self._in_flight -= 1
            self._tell(scope, about, time.perf_counter() - begun)

    def _admit(self, scope: Scope, headers: dict[str, str], about: dict[str, Any]) -> None:
        """Refuse what may not pass; what passes knows its key.

        Raises
        ------
        Problem
        """
        method = scope["method"]
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").split("?")[0]
        listed = find(path) if len(path) <= MAX_PATH else None
        about["route"] = "unlisted" if listed is None else listed.template
        roles = None if listed is None else listed.methods.get(method)
        is_page = path == PREFIX or path.startswith(PREFIX + "/")
        key = None if roles == (PUBLIC,) else self._key(headers, is_page)
        about["key"], about["role"] = ("", "") if key is None else (key.name, key.role)
        if listed is None:
            raise Problem(404, "there is no such address: /docs lists them all")
        if roles is None:
            raise Problem(405, f"this address takes {', '.join(sorted(listed.methods))}, not {method[:20]}")
        if key is not None and key.role not in roles:
            raise Problem(403, f"this needs a key with the role {' or '.join(roles)}; yours has {key.role}")
        if key is not None and self._limit is not None:
            client = scope.get("client") or ("", 0)
            wait = self._limit(key.digest or str(client[0]))
            if wait is not None:
                raise Problem(
                    429, f"more than {self.settings.rate} requests came from you", retry_after=max(1, round(wait))
                )
        if self._in_flight > self.settings.most_in_flight and roles != (PUBLIC,):
            raise Problem(429, "too many requests are under way: try again in a second", retry_after=1)
        _check_sizes(scope, headers, listed)
        if is_page and method != "GET":
            _check_sender(headers)
        scope["path"] = path  # percent-encoded: a slash inside an id is no slash of the path

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that no route answers: a page where it asked for one, else JSON."""
        path = scope["path"]
        if self.face is not None and (path == PREFIX or path.startswith(PREFIX + "/")):
            await self.face.problem(Request(scope), problem)(scope, receive, send)
        else:
            await _answer(problem, scope["swayline"]["request_id"], send)

    def _key(self, headers: dict[str, str], is_page: bool) -> Key:
        said = headers.get("authorization", "")
        if self.keys.is_empty:
            host = _host(headers.get("host", ""))
            if "*" not in self.settings.hosts and host not in self.settings.hosts:
                raise Problem(421, "this service is open to its own machine alone: call it as localhost, or make a key")
            return _OPEN
        if is_page and not said:
            token = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
            signed_in = self.sessions.find(token)
            if signed_in is None:
                ended = "your session has ended, or its key was removed: sign in again"
                raise Problem(401, ended if token else "sign in with a key of this service")
            return signed_in
        if "x-api-key" in headers and not said:  # as Gorse's clients send it
            said = f"Bearer {headers['x-api-key']}"
        scheme, _, secret = said.partition(" ")
        key = self.keys.find(secret.strip()) if scheme.lower() == "bearer" and len(secret) < 200 else None
        if key is None:
            raise Problem(401, "send  Authorization: Bearer KEY  with a key of this service")
        return key

    async def _preflight(self, scope: Scope, headers: dict[str, str], send: Send) -> bool:
        """Answer a browser that asks whether a page of another origin may call."""
        if scope["method"] != "OPTIONS" or "access-control-request-method" not in headers:
            return False
        scope["swayline"]["route"] = "preflight"
        more = [(b"access-control-allow-methods", b"GET, POST"), (b"access-control-max-age", b"600"),
                (b"access-control-allow-headers", b"authorization, content-type, x-request-id")]  # fmt: skip
        await send({"type": "http.response.start", "status": 204, "headers": more})
        await send({"type": "http.response.body", "body": b""})
        return True

    def _more_headers(self, about: dict[str, Any], headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
        more = [(b"x-request-id", about["request_id"].encode()), (b"x-content-type-options", b"nosniff")]
        origin = headers.get("origin")
        if origin and ("*" in self.settings.origins or origin in self.settings.origins):
            more += [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"Origin")]
        return more

    def _tell(self, scope: Scope, about: dict[str, Any], seconds: float) -> None:
        self.metrics.request(scope["method"], about["route"], about["status"], seconds)
        if log.isEnabledFor(logging.INFO):
            told = {
                "request_id": about["request_id"], "method": scope["method"][:20], "route": about["route"],
                "status": about["status"], "ms": round(seconds * 1e3, 3), "key": about.get("key", ""),
            }  # fmt: skip
            log.info(json.dumps(told))


def _check_sizes(scope: Scope, headers: dict[str, str], listed: Listed) -> None:
    if len(scope.get("query_string", b"")) > MAX_QUERY:
        raise Problem(413, f"the query is longer than {MAX_QUERY:,} bytes: send it in a body")
    length = headers.get("content-length")
    if length is not None and (not length.isdigit() or int(length) > MAX_BODY):
        raise Problem(413, f"the body is larger than {MAX_BODY >> 20} MiB: send it in parts")
    if headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "compressed bodies are not taken: send JSON as it is")


def _check_sender(headers: dict[str, str]) -> None:
    """Refuse a form that a page from elsewhere sent in a reader's name; what is no browser says neither header."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site not in (None, "same-origin", "none"):
        raise Problem(403, "this form was sent by a page from elsewhere: send it from the dashboard itself")
    if site is None and origin is not None and urlsplit(origin).netloc != headers.get("host"):
        raise Problem(403, "this form was sent by a page from elsewhere: send it from the dashboard itself")


def _request_id(headers: dict[str, str]) -> str:
    said = headers.get("x-request-id", "")
    return said if _REQUEST_ID.fullmatch(said) else secrets.token_hex(8)


def _host(header: str) -> str:
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def _limiter(rate: str) -> Callable[[str], float | None]:
    """A function of a key: the seconds to wait, or None where the request may pass."""
    from limits import parse
    from limits.storage import MemoryStorage
    from limits.strategies import MovingWindowRateLimiter

    from swayline.core.errors import UsageError, shown

    try:
        limit = parse(rate)
    except ValueError:
        raise UsageError(f"--rate {shown(rate)} is no rate: write 100/second or 5000/minute") from None
    limiter = MovingWindowRateLimiter(MemoryStorage())

    def wait(key: str) -> float | None:
        if limiter.hit(limit, key):
            return None
        return max(0.0, limiter.get_window_stats(limit, key).reset_time - time.time())

    return wait


async def _answer(problem: Problem, request_id: str, send: Send) -> None:
    raw = problems.body(problem, request_id)
    headers = [(name.encode(), value.encode()) for name, value in problems.headers(problem).items()]
    headers.append((b"content-length", str(len(raw)).encode()))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})
