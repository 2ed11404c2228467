"""Calls as data: method, path, parameters, body; and what an answer means. Both clients send the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from swayline.core.errors import UsageError, nearest
from swayline.service.client.answers import ServiceError

Row = Mapping[str, Any]
LIST_OPTIONS = (
    "k", "scenario", "filter", "boost", "exclude", "seen", "new_only", "influence", "diversity", "reasons",
)  # fmt: skip
ASK_OPTIONS = (*LIST_OPTIONS, "user", "session", "query", "candidates")
MOST_ROWS = 5_000
"""Events of one request; more are sent in parts."""


@dataclass(frozen=True)
class Call:
    """A request."""

    method: str
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    body: Any = None


def events(rows: Row | Sequence[Row]) -> list[Call]:
    """Events, in parts of 5,000."""
    many = [dict(rows)] if isinstance(rows, Mapping) else [dict(row) for row in rows]
    return [Call("POST", "/v1/events", body=many[at : at + MOST_ROWS]) for at in range(0, len(many), MOST_ROWS)]


def recommend(user: str, options: Mapping[str, Any]) -> Call:
    """A person's list."""
    _check(options, LIST_OPTIONS)
    said = {name: _plain(name, value) for name, value in options.items() if value is not None}
    return Call("GET", f"/v1/users/{_part(user)}/recommendations", said)


def ask(options: Mapping[str, Any]) -> Call:
    """A list for a session, words or candidates."""
    _check(options, ASK_OPTIONS)
    return Call("POST", "/v1/recommendations", body={name: one for name, one in options.items() if one is not None})


def of_user(user: str, what: str = "", method: str = "GET", body: Any = None) -> Call:
    """Something of a person."""
    return Call(method, f"/v1/users/{_part(user)}{what}", body=body)


def of_item(item: str, what: str = "", method: str = "GET", body: Any = None, **params: Any) -> Call:
    """Something of an item."""
    return Call(method, f"/v1/items/{_part(item)}{what}", params, body)


def explain(user: str, item: str) -> Call:
    """Why an item."""
    return Call("GET", f"/v1/users/{_part(user)}/explanations/{_part(item)}")


def failed(status: int, told: Any, headers: Mapping[str, str]) -> ServiceError:
    """The error that an answer is."""
    known = told if isinstance(told, dict) else {}
    wait = headers.get("retry-after")
    return ServiceError(
        status, str(known.get("detail", "no reason was given")), str(known.get("request_id", "")),
        float(wait) if wait is not None else None,
    )  # fmt: skip


def _part(name: str) -> str:
    return quote(name, safe="")


def _plain(name: str, value: Any) -> Any:
    if name == "exclude" and not isinstance(value, str):
        return ",".join(value)
    if name == "boost" and isinstance(value, Mapping):
        return ";".join(f"{condition}=>{weight}" for condition, weight in value.items())
    return str(value).lower() if isinstance(value, bool) else value


def _check(options: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in options:
        if name not in known:
            raise UsageError(f"a list has no option {name!r}: {nearest(name, known)}")
