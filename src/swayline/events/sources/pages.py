"""Paged JSON over HTTP: page after page is kept in a folder, so that a broken download goes on where it stopped.

::

    page parameter      ?page=1  ?page=2  …            until a page has no rows
    cursor              ?cursor=…                      the next cursor stands in the answer; until there is none

Nothing is followed but http and https, answers are bounded, and a token is named by the environment variable that
holds it, never by itself.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from swayline.core.errors import SourceError, UsageError, shown
from swayline.core.storage.files import digest, whole, write_json
from swayline.events.options import Paging
from swayline.events.sources.block import Block, Resolver
from swayline.events.sources.database import parts_of, without_secrets
from swayline.events.sources.jsonl import as_block, keys, parse, strict

MAX_PAGE_BYTES = 64 << 20
_TRIES = 5
_FIRST_WAIT_S = 0.5
_TIMEOUT_S = 30.0
_LONGEST_WAIT_S = 60.0
_STATE_FILE = "pages.json"


def is_address(source: object) -> bool:
    """Whether a source is an HTTP address."""
    return isinstance(source, str) and source.startswith(("http://", "https://"))


@contextmanager
def spool(paging: Paging) -> Iterator[Path]:
    """Where pages are kept: the folder said, else one that goes again."""
    if paging.keep:
        yield Path(paging.keep)
        return
    with tempfile.TemporaryDirectory(prefix="swayline-") as folder:
        yield Path(folder)


def read(
    address: str, paging: Paging, folder: Path, resolve: Resolver, loose: Callable[[str], bool] = strict
) -> Iterator[Block]:
    """Blocks of raw rows, a page each; ``row`` is the record number over all pages, from 1.

    ``loose`` says which columns may hold anything: lists and objects stay as JSON.

    Parameters
    ----------
    folder : Path
        Where pages are kept as they come; those already there for the same address and paging are not asked again.

    Raises
    ------
    SourceError
        The address does not answer, refuses, or answers with something else than pages of JSON rows.
    """
    if parts_of(address).username is not None:
        raise UsageError(f"{without_secrets(address)}: a name in an address is not sent; use a paging's token_env")
    wanted: dict[str, str] | None = None
    row = 1
    for path in fetch(address, paging, folder):
        lines = path.read_bytes().split(b"\n")[:-1]
        parsed = [parse(line) for line in lines]
        if wanted is None:
            wanted = keys([one for one in parsed if isinstance(one, dict)], resolve)
        if wanted is None:
            raise SourceError(f"{without_secrets(address)}: no row of the first page is a JSON object")
        yield as_block(list(parsed), lines, row, wanted, loose)
        row += len(lines)


def fetch(address: str, paging: Paging, folder: Path, sleep: Callable[[float], None] = time.sleep) -> Iterator[Path]:
    """The pages as files of JSON lines, the ones at hand first; a page is a file only once it is whole."""
    folder = folder / digest([address, paging.page, paging.cursor, paging.next, paging.rows, paging.first])[:16]
    folder.mkdir(parents=True, exist_ok=True)
    state = _state(folder)
    for number in range(state["n_pages"]):
        yield folder / f"{number:06d}.jsonl"
    last_s = 0.0
    seen = set(state["cursors"])
    while not state["done"]:
        sleep(max(0.0, last_s + 1.0 / paging.per_second - time.monotonic()))
        last_s = time.monotonic()
        at = paging.first + state["n_pages"] if paging.page is not None else state["cursor"]
        answer = _parsed(_answer(_with_parameter(address, paging, at), paging, sleep), address)
        rows, following = _rows(answer, paging, address), _following(answer, paging)
        if rows:
            path = folder / f"{state['n_pages']:06d}.jsonl"
            with whole(path) as temporary:
                temporary.write_bytes(b"".join(row + b"\n" for row in rows))
            state["n_pages"] += 1
        if following is not None and following in seen:
            raise SourceError(
                f"{without_secrets(address)} gives the cursor {shown(following)} twice: its pages run in a circle"
            )
        seen.add(following or "")
        state |= {"cursor": following, "cursors": sorted(seen - {""})}
        state["done"] = not rows if paging.page is not None else following is None
        write_json(folder / _STATE_FILE, state)
        if rows:
            yield path


def _state(folder: Path) -> dict[str, Any]:
    fresh: dict[str, Any] = {"n_pages": 0, "cursor": None, "cursors": [], "done": False}
    try:
        held = json.loads((folder / _STATE_FILE).read_text("utf-8"))
        return held if set(held) == set(fresh) and (folder / f"{held['n_pages'] - 1:06d}.jsonl").exists() else fresh
    except (OSError, ValueError, TypeError):
        return fresh


def _with_parameter(address: str, paging: Paging, at: Any) -> str:
    name = paging.page or paging.cursor
    if name is None or at is None:
        return address
    parts = parts_of(address)
    asked = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    return urlunsplit(parts._replace(query=urlencode([*asked, (name, str(at))])))


class _WebOnly(HTTPRedirectHandler):
    """Redirects to http and https alone, and never with a token to another host."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        if not is_address(newurl):
            raise URLError(f"it redirects to {shown(newurl)}")
        fresh = super().redirect_request(req, fp, code, msg, headers, newurl)
        if fresh is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            fresh.remove_header("Authorization")
        return fresh


def _answer(address: str, paging: Paging, sleep: Callable[[float], None]) -> bytes:
    """What an address answers; busy and broken servers are asked again, less and less often."""
    shown_address = without_secrets(address)
    headers = {"Accept": "application/json", "User-Agent": "swayline"}
    if paging.token_env:
        if paging.token_env not in os.environ:
            raise UsageError(
                f"the environment variable {shown(paging.token_env)}, which should hold the token, is not set"
            )
        headers["Authorization"] = f"Bearer {os.environ[paging.token_env]}"
    opener = build_opener(_WebOnly)
    problem = ""
    for attempt in range(_TRIES):
        wait_s = _FIRST_WAIT_S * 2.0**attempt
        try:
            with opener.open(Request(address, headers=headers), timeout=_TIMEOUT_S) as response:
                answer: bytes = response.read(MAX_PAGE_BYTES + 1)
            if len(answer) > MAX_PAGE_BYTES:
                raise SourceError(
                    f"{shown_address} answers with more than {MAX_PAGE_BYTES >> 20} MB a page: ask for smaller pages"
                )
            return answer
        except HTTPError as error:
            error.close()
            if error.code != 429 and error.code < 500:
                raise SourceError(f"{shown_address} refuses: {error.code} {error.reason}") from None
            problem = f"{error.code} {error.reason}"
            wait_s = max(wait_s, _retry_after_s(error.headers.get("Retry-After")))
        except (URLError, HTTPException, OSError) as error:
            problem = str(getattr(error, "reason", error)) or type(error).__name__
        if attempt + 1 < _TRIES:
            sleep(min(wait_s, _LONGEST_WAIT_S))
    raise SourceError(f"{shown_address} did not answer in {_TRIES} tries ({problem}): run again to go on from here")


def _retry_after_s(header: str | None) -> float:
    if header is None:
        return 0.0
    try:
        return float(header) if header.isdigit() else parsedate_to_datetime(header).timestamp() - time.time()
    except ValueError:
        return 0.0


def _parsed(answer: bytes, address: str) -> Any:
    try:
        return _as_written(answer)
    except (ValueError, RecursionError):
        start = shown(answer[:200].decode("utf-8", "replace"))
        raise SourceError(f"{without_secrets(address)} answers with no JSON: {start}") from None


class _Literal(str):
    """A number, or a word such as NaN, as it was written."""


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written, doubled keys and all."""


def _as_written(answer: bytes) -> Any:
    return json.loads(
        answer.decode("utf-8"),
        object_pairs_hook=_Pairs,
        parse_float=_Literal,
        parse_int=_Literal,
        parse_constant=_Literal,
    )


def _written(value: Any) -> str:
    """JSON again, so that what is no strict JSON reaches the check of its row, and no other row pays for it."""
    if isinstance(value, _Literal):
        return str(value)
    if isinstance(value, _Pairs):
        return "{" + ",".join(f"{json.dumps(key)}:{_written(one)}" for key, one in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value)


def _found(answer: Any, path: str) -> Any:
    for key in path.split(".") if path else []:
        answer = dict(answer).get(key) if isinstance(answer, _Pairs) else None
    return answer


def _rows(answer: Any, paging: Paging, address: str) -> list[bytes]:
    """The rows of a page as JSON lines."""
    rows = _found(answer, paging.rows)
    if rows is None and paging.page is not None:
        return []
    if not isinstance(rows, list) or isinstance(rows, _Pairs):
        where = f"under {paging.rows!r}" if paging.rows else "as its answer"
        raise SourceError(f"{without_secrets(address)} gives no list of rows {where}: {shown(_written(answer))}")
    return [_written(row).encode() for row in rows]


def _following(answer: Any, paging: Paging) -> str | None:
    """The cursor of the next page; None where this was the last, or pages are counted."""
    following = _found(answer, paging.next) if paging.cursor is not None else None
    return str(following) if isinstance(following, str) and following else None
