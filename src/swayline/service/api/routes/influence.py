"""Queries over the influence table."""

from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from swayline.core.errors import nearest, shown
from swayline.service.api.parts import parts
from swayline.service.api.problems import Problem
from swayline.service.api.received import Answer

router = APIRouter(tags=["influence"])
_EXACT = (
    "cause_kind",
    "cause",
    "effect_kind",
    "effect",
    "channel",
    "estimand",
    "evidence",
    "identified",
    "method",
    "subject",
)


class InfluenceQuery(BaseModel):
    """Which rows of the influence table."""

    model_config = ConfigDict(extra="forbid")
    cause_kind: str | None = Field(None, max_length=64)
    cause: str | None = Field(None, max_length=2_000)
    effect_kind: str | None = Field(None, max_length=64)
    effect: str | None = Field(None, max_length=2_000)
    channel: str | None = Field(None, max_length=64)
    estimand: str | None = Field(None, max_length=64)
    evidence: str | None = Field(None, max_length=64)
    identified: str | None = Field(None, max_length=64)
    method: str | None = Field(None, max_length=200)
    subject: str | None = Field(None, max_length=2_000)
    primary: bool | None = Field(None, description="Only the row to quote for its cause, effect and estimand.")
    order: Literal["table", "strongest"] = Field("table", description="As measured, or by size of the estimate.")
    limit: int = Field(100, ge=1, le=1_000)
    offset: int = Field(0, ge=0, le=100_000_000)


@router.get("/v1/influence", summary="Rows of the influence table")
async def influence(request: Request, query: Annotated[InfluenceQuery, Query()]) -> Answer:
    """What was measured: who or what moves whom or what, by how much, with interval, evidence and assumptions."""
    loaded = parts(request).service.loaded
    if loaded.ledger is None:
        raise Problem(404, "the run served has no influence table: serve a folder that  swayline run  made")
    table = chosen(loaded.ledger, query)
    rows = table.slice(query.offset, query.limit).to_pylist()
    return Answer({"total": len(table), "offset": query.offset, "rows": [_row(row) for row in rows]})


def chosen(ledger: pa.Table, query: InfluenceQuery) -> pa.Table:
    """All rows of a ledger that a query asks for, in its order.

    Raises
    ------
    Problem
        No row has such a word.
    """
    table = ledger
    for name in _EXACT:
        wanted = getattr(query, name)
        if wanted is not None:
            rows = table.filter(pc.equal(table[name], wanted))
            if not len(rows) and name in ("cause_kind", "effect_kind", "channel", "estimand", "evidence", "identified"):
                known = [str(one) for one in pc.unique(ledger[name]).to_pylist() if one is not None]
                if wanted not in known:
                    raise Problem(422, f"no row has {name} {shown(wanted)}: {nearest(wanted, known)}", column=name)
            table = rows
    if query.primary is not None:
        table = table.filter(pc.equal(table["primary"], query.primary))
    if query.order == "strongest":
        size = pc.fill_null(pc.abs(table["estimate"]), -1.0)
        table = table.take(pc.sort_indices(pa.table({"size": size}), [("size", "descending")]))
    return table


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON: without what is null, moments as text, no NaN."""
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in row.items()
        if value is not None and value == value and value not in (float("inf"), float("-inf"))
    }
