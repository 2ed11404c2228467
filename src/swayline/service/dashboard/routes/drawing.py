"""Parts of the run's report on a page; a run that is gone is told there and stops nothing else."""

from typing import Any

from swayline.core.errors import SwaylineError
from swayline.service.dashboard.room import Room


def drawn(found: Room, *names: str) -> dict[str, Any]:
    """``sections`` (HTML), ``there`` (ids of what was drawn) and ``run_problem`` of a page."""
    try:
        html, there = found.run.drawn(*names)
    except SwaylineError as error:
        return {"sections": "", "there": [], "run_problem": str(error)}
    return {"sections": html, "there": there, "run_problem": ""}
