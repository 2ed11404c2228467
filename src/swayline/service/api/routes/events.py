"""Events in, feedback in."""

import asyncio
import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from swayline.core.errors import nearest, shown
from swayline.core.names import EVENT_ID, EXPOSED, IMPRESSION, POSITION, PROPENSITY, PURCHASE, RATE, TEXT, VALUE
from swayline.service.api import strict_json
from swayline.service.api.bodies import MOST_EVENTS, EventBody, FeedbackBody, checked
from swayline.service.api.parts import parts
from swayline.service.api.problems import Problem
from swayline.service.api.received import NDJSON, Answer, json_body, kind_of, lines, raw_body
from swayline.service.api.rows import CONTEXT, Checked, Refusal, check_row
from swayline.service.state import DISMISS

router = APIRouter(tags=["events"])
_AT_ONCE = 2_000
MOST_LINES = 200_000
_SURVEY = "survey"


def _schema(kind: type[Any], many: int | None) -> dict[str, Any]:
    one = kind.model_json_schema()
    example = one.get("examples", [None])[0]
    schema = one if many is None else {"oneOf": [one, {"type": "array", "items": one, "maxItems": many}]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}


@router.post("/v1/events", openapi_extra=_schema(EventBody, MOST_EVENTS), summary="Events: one, a list, or NDJSON")
async def events(request: Request) -> Answer:
    """Write events; each row gets a verdict: accepted, duplicate, or rejected with column, value and reason.

    A row that is accepted is on disk and in the person's next list. The answer is 422 where no row could be taken.
    """
    verdicts = Verdicts(request)
    if kind_of(request) == NDJSON:
        waiting: list[Any] = []
        async for line in lines(request):
            if line.strip():
                waiting.append(_line(line))
            if len(waiting) >= _AT_ONCE:
                await verdicts.judge(waiting)
                waiting = []
                if len(verdicts.rows) >= MOST_LINES:
                    taken = f"the first {verdicts.counts['accepted']:,} good ones were taken"
                    raise Problem(
                        413, f"more than {MOST_LINES:,} lines in one stream: {taken}; send the rest in another"
                    )
        await verdicts.judge(waiting)
    else:
        value = strict_json.parse(await raw_body(request))
        rows = value if isinstance(value, list) else [value]
        if len(rows) > MOST_EVENTS:
            raise Problem(413, f"{len(rows):,} events in one list: send at most {MOST_EVENTS:,}, or NDJSON")
        await verdicts.judge(rows)
    return verdicts.answer()


def _line(line: bytes) -> Any:
    try:
        return strict_json.parse(line)
    except strict_json.BadJsonError as error:
        return Refusal("", line[:80].decode("utf-8", "replace"), f"the line is no JSON that is taken: {error}")


class Verdicts:
    """Judges rows, writes the good ones, and remembers what became of each."""

    def __init__(self, request: Request) -> None:
        self._parts = parts(request)
        self.rows: list[dict[str, Any]] = []
        self.counts = {"accepted": 0, "duplicate": 0, "rejected": 0}

    async def judge(self, rows: list[Any]) -> None:
        """Check rows and write what can be taken."""
        now_us, good = time.time_ns() // 1000, []
        for row in rows:
            at = len(self.rows)
            try:
                if isinstance(row, Refusal):
                    raise row
                found = check_row(row, now_us)
            except Refusal as refusal:
                self.rows.append(refused(at, refusal))
                self.counts["rejected"] += 1
                continue
            self.rows.append({})
            good.append((at, found))
        await self.write(good)

    async def write(self, good: list[tuple[int, Checked]]) -> None:
        """Write checked events, each of them at its place among the rows."""
        if not good:
            return
        positions = await asyncio.wrap_future(self._parts.service.ingest([found.event for _, found in good]))
        for (at, found), position in zip(good, positions, strict=True):
            verdict = "duplicate" if position is None else "accepted"
            told: dict[str, Any] = {"row": at, "verdict": verdict, EVENT_ID: found.event.event_id}
            if found.is_skewed:
                told["flag"] = "its time is more than a day from this clock's"
            self.rows[at] = told
            self.counts[verdict] += 1

    def answer(self) -> Answer:
        """All verdicts."""
        if not self.rows:
            raise Problem(422, "there is no event in the body: send one, a list, or a line each")
        self._parts.metrics.events(**self.counts)
        status = 200 if self.counts["accepted"] or self.counts["duplicate"] else 422
        said: dict[str, Any] = {**self.counts, "rows": self.rows}
        if status == 422:
            first = self.rows[0]
            why = f"no row can be taken; row 0: {first['column'] or 'the row'} {first['reason']}"
            said |= {"type": "about:blank", "title": "Cannot be taken", "status": 422, "detail": why}
            return Answer(said, 422, media_type="application/problem+json")
        return Answer(said, status)


def refused(at: int, refusal: Refusal) -> dict[str, Any]:
    """The verdict of a row that is not taken."""
    value = refusal.value.encode("utf-8", "replace").decode()
    return {"row": at, "verdict": "rejected", "column": refusal.column, "value": value, "reason": refusal.reason}


@router.post("/v1/feedback", openapi_extra=_schema(FeedbackBody, MOST_EVENTS), summary="What became of a list")
async def feedback(request: Request) -> Answer:
    """Shown, clicked, converted, dismissed, rated, or a survey's answer, for an item of a list that was given out.

    Each becomes an event with the item's position and propensity in that list; a dismissed item is not shown to that
    person again.
    """
    value = await json_body(request)
    rows = value if isinstance(value, list) else [value]
    if len(rows) > MOST_EVENTS:
        raise Problem(413, f"{len(rows):,} rows in one list: send at most {MOST_EVENTS:,}")
    verdicts, now_us = Verdicts(request), time.time_ns() // 1000
    good = []
    for at, row in enumerate(rows):
        event = await asyncio.to_thread(_feedback_event, request, checked(FeedbackBody, row, at), now_us)
        verdicts.rows.append({})
        good.append((at, event))
    await verdicts.write(good)
    return verdicts.answer()


def _feedback_event(request: Request, said: FeedbackBody, now_us: int) -> Checked:
    """The event that a piece of feedback is."""
    served = parts(request).service.served.get(said.recommendation_id)
    if served is None:
        raise Problem(404, f"no list {shown(said.recommendation_id)} was given out here", column="recommendation_id")
    place = next((one for one in served["items"] if one[0] == said.item), None)
    if place is None:
        hint = nearest(said.item, [one[0] for one in served["items"]])
        raise Problem(422, f"item {shown(said.item)} is not in that list: {hint}", column="item")
    if said.action == "rated" and said.value is None:
        raise Problem(422, "a rating has a value: send one", column=VALUE)
    behavior = {
        "shown": IMPRESSION, "clicked": "click", "converted": said.behavior or PURCHASE, "dismissed": DISMISS,
        "rated": RATE, "survey": _SURVEY,
    }[said.action]  # fmt: skip
    row: dict[str, Any] = {
        "user": served["user"] or said.user or f"session:{said.recommendation_id}", "item": said.item,
        "behavior": behavior, "time": said.time, VALUE: said.value, TEXT: said.text,
        POSITION: place[1], PROPENSITY: place[2],
        EVENT_ID: said.event_id or f"feedback:{said.recommendation_id}:{said.action}:{place[1]}",
        CONTEXT: {"recommendation_id": said.recommendation_id, **{key: served[key] for key in ("model", "scenario")}},
    }  # fmt: skip
    if said.action in ("shown", "dismissed", "survey"):
        row[EXPOSED] = True
    return check_row(row, now_us)
