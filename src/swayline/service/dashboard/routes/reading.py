"""Pages of what the run measured: people and spread, evolution, experiments, models, data quality."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from swayline.core.errors import SwaylineError, shown
from swayline.influence.diffusion import spread_from_ledger
from swayline.service.api import problems
from swayline.service.api.problems import Problem
from swayline.service.dashboard.answering import PageRoute
from swayline.service.dashboard.rendering import page
from swayline.service.dashboard.room import Room, room
from swayline.service.dashboard.routes.drawing import drawn

router = APIRouter(route_class=PageRoute, include_in_schema=False)
MOST_SEEDS, SEEDS = 200, 10
_SETS = 20_000
_REJECTED = 100
EXPERIMENT = "swayline experiment TABLE --arm ARM --metric METRIC --out RUN/experiments.parquet"


@router.get("/dashboard/people")
async def people(request: Request) -> Response:
    """Who sways whom, and whom to start with."""
    found, said = room(request), request.query_params.get("budget", "")
    context = await asyncio.to_thread(drawn, found, "people", "audience")
    spread, problem = None, None
    if said:
        try:
            spread = await asyncio.to_thread(_spread, found, said)
        except Exception as error:
            problem = problems.of(error)
    return page(
        request, "people.html.j2", status=200 if problem is None else problem.status, title="People and spread",
        problem=problem, spread=spread, budget=said or SEEDS, most=MOST_SEEDS, **context,
    )  # fmt: skip


def _spread(found: Room, said: str) -> dict[str, Any]:
    """Whom to start with, as ``swayline influence spread`` chooses.

    Raises
    ------
    Problem, SwaylineError
        The number is out of range; the run measured no ties.
    """
    if not said.isdecimal() or not 1 <= int(said) <= MOST_SEEDS:
        raise Problem(422, f"{shown(said)} people to start with: write a whole number from 1 to {MOST_SEEDS}")
    ledger = found.service.loaded.ledger
    if ledger is None:
        raise Problem(409, "the run measured no influence between people: run again with  --ties TIES")
    chosen = spread_from_ledger(ledger, int(said))
    return {"rows": chosen.table.to_pylist(), "guarantee": chosen.seeds.guarantee}


@router.get("/dashboard/evolution")
async def evolution(request: Request) -> Response:
    """What changed over time."""
    context = await asyncio.to_thread(drawn, room(request), "evolution", "time")
    return page(request, "sections.html.j2", title="Evolution", empty="evolution", **context)


@router.get("/dashboard/experiments")
async def experiments(request: Request) -> Response:
    """What randomised experiments showed."""
    context = await asyncio.to_thread(drawn, room(request), "experiments")
    return page(request, "sections.html.j2", title="Experiments", empty="experiments", **context)


@router.get("/dashboard/models")
async def models(request: Request) -> Response:
    """How good the run's models are, and how each version compared with the one before it."""
    found = room(request)
    context = await asyncio.to_thread(drawn, found, "recommender")
    versions = await asyncio.to_thread(found.service.versions.all)
    return page(
        request, "models.html.j2", title="Model quality", versions=versions[::-1],
        in_service=found.service.loaded.version.name, **context,
    )  # fmt: skip


@router.get("/dashboard/quality")
async def quality(request: Request) -> Response:
    """What was refused, of the run's log and of what comes in."""
    found = room(request)
    context = await asyncio.to_thread(drawn, found, "quality")
    rejected, total = await asyncio.to_thread(_rejected, found)
    verdicts = {
        sample.labels["verdict"]: int(sample.value)
        for metric in found.parts.metrics.registry.collect() if metric.name == "swayline_events"
        for sample in metric.samples if sample.name.endswith("_total")
    }  # fmt: skip
    return page(
        request, "quality.html.j2", title="Data quality", rejected=rejected, n_rejected=total, verdicts=verdicts,
        lag=dict(found.service.loaded.state.lag_s), **context,
    )  # fmt: skip


def _rejected(found: Room) -> tuple[list[dict[str, Any]], int]:
    """The first refused rows of the run's log, and how many there are."""
    try:
        table = found.run.artifacts().rejected
    except SwaylineError:
        return [], 0
    return ([], 0) if table is None else (table.slice(0, _REJECTED).to_pylist(), len(table))
