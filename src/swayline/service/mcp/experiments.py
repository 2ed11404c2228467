"""What randomised experiments showed, with the verdict of each arm and what the log had said of the same."""

import json
from typing import Any

from swayline.core.names import EXPERIMENT_KEY, EXPERIMENTS_FILE, INFLUENCE_FILE
from swayline.service.mcp.arguments import Arguments, Limit, Offset
from swayline.service.mcp.effects import answer, told_of
from swayline.service.mcp.files import RunFiles
from swayline.service.mcp.ledger_rows import Row, Told, rows_of_nobody
from swayline.service.mcp.plain import page, plain


class ExperimentsAsked(Arguments):
    """How much of it."""

    limit: Limit = 50
    offset: Offset = 0


def experiments(files: RunFiles, asked: ExperimentsAsked) -> dict[str, Any]:
    """Effects measured by experiments, each with its interval and verdict, and the verdict of every arm.

    Where a check of the randomisation failed, rows say "Not identified": their figures must not be passed on as
    effects.
    """
    table = files.ledger(EXPERIMENTS_FILE)
    spoken = _spoken((table.schema.metadata or {}).get(EXPERIMENT_KEY, b"{}"))
    told: Told = files.made(EXPERIMENTS_FILE, "rows of nobody", lambda _: rows_of_nobody(table))
    rows = [row for row in told.rows if row["evidence"] == "experiment"]
    log = told_of(files) if files.has(INFLUENCE_FILE) else Told([], 0)
    found = page(rows, asked.limit, asked.offset)
    found["rows"] = [answer(row, log.association(row)) | {"log_had_said": _before(row, log)} for row in found["rows"]]
    arms = [one for one in spoken.get("verdicts") or [] if isinstance(one, dict)]
    verdicts = [{"arm": one.get("arm"), "verdict": one.get("word"), "reason": one.get("reason")} for one in arms]
    return {"arms": plain(verdicts)} | found | {"may_be_read_any_day": bool(spoken.get("peeking"))}


def _spoken(text: bytes) -> dict[str, Any]:
    """What the experiment said in words; a table of another tool says none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _before(row: Row, log: Told) -> list[dict[str, Any]]:
    """The quoted rows of the run's own log about the same cause and effect, but for the association."""
    same = ("cause_kind", "cause", "effect_kind", "effect")
    return [
        answer(one)
        for one in log.rows
        if one["quoted"] and one["estimand"] in ("ate", "att") and all(one[name] == row[name] for name in same)
    ]
