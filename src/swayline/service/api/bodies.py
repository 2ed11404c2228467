"""What requests may send, as the documentation shows it; unknown names are refused with the nearest known one."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from swayline.core.errors import UsageError, nearest
from swayline.core.time import parse_date
from swayline.service.api.problems import Problem
from swayline.service.api.rows import MAX_TEXT_BYTES
from swayline.service.serving.asks import MOST_PLACES
from swayline.service.state.catalogue import EXPIRES, HIDDEN

MOST_EVENTS, MOST_SESSION, MOST_IDS, MOST_FIELDS, MOST_CONDITIONS = 10_000, 1_000, 10_000, 200, 20
Id = Annotated[str, Field(min_length=1, max_length=512)]


class Body(BaseModel):
    """A JSON object with known names alone."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class EventBody(Body):
    """One event; see the guide for what each column means."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"event_id": "e1", "user": "u1", "item": "i1", "behavior": "view", "time": "2026-01-31T12:00:00Z"}
    ]})  # fmt: skip
    event_id: Id | None = None
    user: Id
    item: Id | None = None
    behavior: Id
    time: str | int | float | None = None
    value: float | None = None
    session: Id | None = None
    text: str | None = None
    category: Id | None = None
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)
    platform: Id | None = None
    device: Id | None = None
    position: int | None = Field(None, ge=0)
    propensity: float | None = Field(None, ge=0, le=1)
    exposed: bool | None = None
    source: Id | None = None
    context: dict[str, str] | None = None


class SessionEvent(Body):
    """What somebody did in a session."""

    item: Id
    behavior: Id | None = None
    time: str | int | float | None = None
    value: float | None = None


class RecommendationBody(Body):
    """A question for a list that does not fit an address."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"session": [{"item": "i1", "behavior": "view"}], "k": 5, "reasons": True},
        {"user": "u1", "query": "oak desk"}, {"user": "u1", "candidates": ["i1", "i2"]},
    ]})  # fmt: skip
    user: Id | None = None
    session: list[SessionEvent] | None = Field(None, max_length=MOST_SESSION)
    query: str | None = Field(None, min_length=1, max_length=1_000)
    candidates: list[Id] | None = Field(None, min_length=1, max_length=MOST_IDS)
    k: int = Field(10, ge=1, le=MOST_PLACES)
    scenario: str = Field("", max_length=64)
    filter: str | None = Field(None, max_length=4_000)
    boost: dict[str, float] = Field(default_factory=dict, max_length=MOST_CONDITIONS)
    exclude: list[Id] = Field(default_factory=list, max_length=MOST_IDS)
    seen: Literal["auto", "drop", "keep", "only"] = "auto"
    new_only: bool = False
    diversity: float = Field(0.0, ge=0, le=1)
    influence: float = Field(0.0, ge=0, le=1)
    reasons: bool = False


class TieBody(Body):
    """Who can be influenced by whom runs source → target."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"source": "u1", "target": "u2", "kind": "follows"}]})
    source: Id
    target: Id
    kind: Annotated[str, Field(max_length=128)] = ""


class FeedbackBody(Body):
    """What became of an item of a list that was given out."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"recommendation_id": "019…", "item": "i1", "action": "clicked"}
    ]})  # fmt: skip
    recommendation_id: Annotated[str, Field(min_length=1, max_length=64)]
    item: Id
    action: Literal["shown", "clicked", "converted", "dismissed", "rated", "survey"]
    value: float | None = None
    text: str | None = Field(None, max_length=4_000)
    behavior: Id | None = None
    user: Id | None = None
    time: str | int | float | None = None
    event_id: Id | None = None


B = TypeVar("B", bound=Body)


def checked(kind: type[B], value: Any, row: int | None = None) -> B:
    """A body of a kind.

    Raises
    ------
    Problem
        It is none: which name, what was sent, what to send.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(one)[:80] for one in first["loc"]) or "the body"
        why = first["msg"]
        if first["type"] == "extra_forbidden":
            why = f"there is no such name: {nearest(str(first['loc'][-1])[:80], kind.model_fields)}"
        more = {} if row is None else {"row": row}
        raise Problem(422, f"{where}: {why}", column=where, value=str(first.get("input"))[:80], **more) from None


def document(value: Any) -> dict[str, Any]:
    """What is said of an item or a person: names and plain values or lists of them.

    Raises
    ------
    Problem
    """
    if not isinstance(value, dict):
        raise Problem(422, 'send a JSON object such as {"title": "Oak Desk", "price": 120}')
    if len(value) > MOST_FIELDS:
        raise Problem(422, f"it has {len(value):,} fields: at most {MOST_FIELDS} are kept")
    for name, one in value.items():
        if not name or len(name) > 128 or any(letter < " " for letter in name):
            raise Problem(
                422, "a field's name is empty, longer than 128 letters, or holds a control character", column=name[:80]
            )
        parts = one if isinstance(one, list) else [one]
        if len(parts) > 1_000 or not all(part is None or isinstance(part, str | int | float | bool) for part in parts):
            raise Problem(
                422,
                f"{name[:80]} is no text, number, true, false, null, or list of at most 1,000 of these",
                column=name[:80],
            )
        if any(isinstance(part, str) and (len(part.encode()) > MAX_TEXT_BYTES or "\x00" in part) for part in parts):
            raise Problem(422, f"{name[:80]} is longer than {MAX_TEXT_BYTES:,} bytes or holds a NUL", column=name[:80])
    if HIDDEN in value and not isinstance(value[HIDDEN], bool):
        raise Problem(422, "hidden is neither true nor false", column=HIDDEN)
    if value.get(EXPIRES) is not None:
        try:
            parse_date(str(value[EXPIRES])).timestamp()
        except (UsageError, OverflowError, ValueError):
            raise Problem(422, "expires is no date: send 2026-01-31T12:00:00Z", column=EXPIRES) from None
        if not isinstance(value[EXPIRES], str):
            raise Problem(422, "expires is no date: send 2026-01-31T12:00:00Z", column=EXPIRES)
    return value
