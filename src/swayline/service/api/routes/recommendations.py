"""Lists: for a user, a session, a query, candidates; similar items; what rises; why."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from swayline.core.errors import nearest, shown
from swayline.service.api.bodies import MOST_CONDITIONS, RecommendationBody, SessionEvent, checked
from swayline.service.api.parts import parts, recommended
from swayline.service.api.problems import Problem
from swayline.service.api.received import Answer, check_names, json_body, path_id
from swayline.service.api.rows import ident, moment_us
from swayline.service.serving import MOST_PLACES, Ask, explanation, similar_to
from swayline.service.state import Act, known_word

router = APIRouter(tags=["recommendations"])
K = Annotated[int, Query(ge=1, le=MOST_PLACES, description="Length of the list.")]
_BODY = {"requestBody": {"required": True, "content": {"application/json": {
    "schema": RecommendationBody.model_json_schema(),
    "example": {"session": [{"item": "i1", "behavior": "view"}], "k": 5, "reasons": True},
}}}}  # fmt: skip


class ListOptions(BaseModel):
    """Options of a list in an address."""

    model_config = ConfigDict(extra="forbid")
    k: int = Field(10, ge=1, le=MOST_PLACES, description="Length of the list.")
    scenario: str = Field("", max_length=64, description="A scenario, as music: its steps.")
    filter: str | None = Field(None, max_length=4_000, description="Condition on item columns, as price < 20.")
    boost: str | None = Field(None, max_length=4_000, description="condition=>weight; more after a semicolon.")
    exclude: str | None = Field(None, max_length=16_000, description="Item ids with commas between.")
    seen: Literal["auto", "drop", "keep", "only"] = Field("auto", description="What happens to items of the history.")
    new_only: bool = Field(False, description="Only what is new to the person.")
    influence: float = Field(0.0, ge=0, le=1, description="Weight of measured influence.")
    diversity: float = Field(0.0, ge=0, le=1, description="Weight of different categories.")
    reasons: bool = Field(False, description="Say why each item is there.")


@router.get("/v1/users/{user}/recommendations", summary="A person's list")
async def for_user(request: Request, user: str, options: Annotated[ListOptions, Query()]) -> Answer:
    """The best next items now, with what the person did a moment ago; a newcomer is served from their first event."""
    exclude = tuple(one.strip() for one in (options.exclude or "").split(",") if one.strip())
    ask = Ask(
        user=path_id(request, "user"), k=options.k, scenario=options.scenario, filter=options.filter,
        boost=_boosts(options.boost), exclude=exclude, seen=_policy(options.seen, options.new_only),
        influence=options.influence, diversity=options.diversity, reasons=options.reasons,
    )  # fmt: skip
    return Answer(await recommended(parts(request).service, ask))


def _boosts(text: str | None) -> dict[str, float]:
    """Conditions and weights of ``condition=>weight;…``."""
    found: dict[str, float] = {}
    for part in (text or "").split(";"):
        if not part.strip():
            continue
        condition, arrow, weight = part.rpartition("=>")
        try:
            found[condition.strip()] = float(weight)
        except ValueError:
            arrow = ""
        if (
            not arrow
            or abs(found.get(condition.strip(), 0.0)) > 1e6
            or found[condition.strip()] != found[condition.strip()]
        ):
            raise Problem(422, f"boost {shown(part)}: write  price < 20=>0.5", column="boost")
    if len(found) > MOST_CONDITIONS:
        raise Problem(422, f"boost: at most {MOST_CONDITIONS} conditions", column="boost")
    return found


def _policy(seen: str, new_only: bool) -> str:
    if new_only and seen in ("keep", "only"):
        raise Problem(422, f"new_only and seen={seen} contradict each other: say one of them", column="seen")
    return "drop" if new_only else seen


@router.post("/v1/recommendations", openapi_extra=_BODY, summary="A list for a session, a query or candidates")
async def asked(request: Request) -> Answer:
    """A list for a session never seen before, for words, or of a group of candidates scored."""
    body = checked(RecommendationBody, await json_body(request))
    now_us = parts(request).service.loaded.state.now_us()
    acts = None
    if body.session is not None:
        usual = parts(request).service.loaded.bundle.dataset.behaviors.names[0]
        acts = tuple(sorted(_act(one, at, now_us, usual) for at, one in enumerate(body.session)))
    ask = Ask(
        user=None if body.user is None else ident(body.user, "user"), acts=acts, k=body.k, scenario=body.scenario,
        filter=body.filter, boost=body.boost, exclude=tuple(body.exclude), query=body.query,
        candidates=None if body.candidates is None else tuple(body.candidates),
        seen=_policy(body.seen, body.new_only), diversity=body.diversity, influence=body.influence,
        reasons=body.reasons,
    )  # fmt: skip
    return Answer(await recommended(parts(request).service, ask))


def _act(said: SessionEvent, at: int, now_us: int, usual: str) -> Act:
    """An event of a session; one without a time stands at the moment of asking, in the order sent."""
    moment = now_us if said.time is None else moment_us(said.time)
    behavior = usual if said.behavior is None else known_word(ident(said.behavior, "behavior"))
    value = float("nan") if said.value is None else said.value
    return Act(moment, 8, f"{at:08d}", ident(said.item, "item"), behavior, value)


@router.get("/v1/items/{item}/similar", summary="Items like an item, or next after it")
async def similar(
    request: Request, item: str, k: K = 10,
    by: Annotated[Literal["together", "words", "next"], Query(description="People, words, or the model.")] = "together",
) -> Answer:  # fmt: skip
    """By the people who took both (words where nobody did), by words alone, or what the model expects after it."""
    check_names(request)
    name, service = path_id(request, "item"), parts(request).service
    loaded = service.loaded
    if name not in loaded.state.people.item_rows and loaded.catalogue.item(name) is None:
        raise Problem(
            404, f"item {shown(name)} is unknown here: {nearest(name, loaded.bundle.dataset.items.names[:2000])}"
        )
    if by == "next":
        usual = loaded.bundle.dataset.behaviors.names[0]
        act = Act(loaded.state.now_us(), 1, "0", name, usual, float("nan"))
        return Answer(await recommended(service, Ask(acts=(act,), k=k)))
    return Answer({"item": name, "items": await asyncio.to_thread(similar_to, loaded, name, k, by)})


@router.get("/v1/trending", summary="What rises")
async def trending(request: Request, k: K = 10, days: Annotated[int, Query(ge=1, le=90)] = 7) -> Answer:
    """Acts of the last days against as many before; an item above 1 rises."""
    check_names(request)
    loaded = parts(request).service.loaded
    now = loaded.state.now_us()
    found = await asyncio.to_thread(loaded.state.things.trending, now, 10 * k, days)
    shows = [(item, ratio) for item, ratio in found if loaded.catalogue.is_shown(item, now)][:k]
    return Answer(
        {
            "days": days,
            "items": [{"item": item, "rise": ratio, "rank": at} for at, (item, ratio) in enumerate(shows, 1)],
        }
    )


@router.get("/v1/users/{user}/explanations/{item}", summary="Why this item")
async def explain(request: Request, user: str, item: str) -> Answer:
    """What each of the person's last events does to the item's score: with it minus without it, in logits."""
    check_names(request)
    service, name, wanted = parts(request).service, path_id(request, "user"), path_id(request, "item")
    loaded = service.loaded
    if not loaded.state.people.knows(name):
        raise Problem(404, f"user {shown(name)} has no event here: send one first")
    if wanted not in loaded.state.people.item_rows and loaded.catalogue.item(wanted) is None:
        raise Problem(
            404, f"item {shown(wanted)} is unknown: {nearest(wanted, loaded.bundle.dataset.items.names[:2000])}"
        )
    history = service.histories([Ask(user=name)])
    return Answer(await asyncio.to_thread(explanation, loaded, history, name, wanted))
