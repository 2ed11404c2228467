"""What changed over time: change points, trends of effects, cohorts."""

import shlex
from typing import Any, Literal

import pyarrow as pa
from pydantic import Field

from swayline.core.errors import ArtifactError
from swayline.core.names import EVOLUTION_FOLDER
from swayline.core.run_folder.registry import EVOLUTION_FILE
from swayline.core.storage.artifacts import Accepts, is_number, is_text
from swayline.report.sections.evolution.section import change_name
from swayline.report.wording import words
from swayline.service.mcp.arguments import Arguments, Limit, Offset, User
from swayline.service.mcp.files import RunFiles
from swayline.service.mcp.plain import page, plain
from swayline.service.mcp.users import check_known

DRIFT_FILE = f"{EVOLUTION_FOLDER}/drift.parquet"
TRENDS_FILE = f"{EVOLUTION_FOLDER}/trends.parquet"
COHORTS_FILE = f"{EVOLUTION_FOLDER}/cohorts.parquet"


def _is_truth(kind: pa.DataType) -> bool:
    return bool(pa.types.is_boolean(kind))


_DRIFT: dict[str, Accepts] = {
    "kind": is_text, "id": is_text, "time": pa.types.is_timestamp, "score": is_number, "p_value": is_number,
    "changed": _is_truth, "before": is_number, "after": is_number,
}  # fmt: skip
_TRENDS: dict[str, Accepts] = {
    "cause_kind": is_text, "cause": is_text, "effect": is_text, "estimand": is_text, "unit": is_text,
    "slope_per_day": is_number, "ci_low": is_number, "ci_high": is_number, "p_change": is_number, "changed": _is_truth,
}  # fmt: skip
_COHORTS: dict[str, Accepts] = {"age": is_number, "people": is_number, "retention": is_number}


class ChangesAsked(Arguments):
    """Changes of what."""

    kind: Literal["population", "item", "category"] | None = Field(
        None, description="Changes of everybody, of items or of categories; all three without."
    )
    user: User | None = Field(None, description="Changes of this one person's interests instead.")
    claimed: bool = Field(True, description="Only changes that are claimed; false: also the likeliest that are not.")
    limit: Limit = 20
    offset: Offset = 0


def changes(files: RunFiles, asked: ChangesAsked) -> dict[str, Any]:
    """What changed and when, how effects of behaviours changed, and who came back, with verdicts.

    False alarms of change points are held at one log in twenty. A person's changes come only with ``user``.
    """
    rows = files.table(DRIFT_FILE, _DRIFT).to_pylist()
    if asked.user is not None:
        check_known(files, asked.user)
        rows = [row for row in rows if row["kind"] == "user" and row["id"] == asked.user]
    else:
        rows = [row for row in rows if row["kind"] != "user" and asked.kind in (None, row["kind"])]
    rows = [row for row in rows if row["changed"] or not asked.claimed]
    rows.sort(key=lambda row: (not row["changed"], 1.0 if row["p_value"] is None else row["p_value"]))
    told = page(rows, asked.limit, asked.offset)
    told["rows"] = [plain(row | _said(row)) for row in told["rows"]]
    notes = [] if rows else ["No change is claimed, as far as this log can tell."]
    if asked.user is not None:
        return told | {"notes": notes}
    summary = files.json(EVOLUTION_FILE) if files.has(EVOLUTION_FILE) else {}
    left_out = summary.get("left_out") if isinstance(summary, dict) else None
    notes += [str(one) for one in left_out or []]
    found = {"effects_over_time": _trends(files, asked.limit, notes), "cohorts": _cohorts(files, asked.limit, notes)}
    return told | found | {"notes": notes}


def _said(row: dict[str, Any]) -> dict[str, str]:
    """The verdict of a change point, and its sentence."""
    name, p = words.capital(change_name(row)), words.p_value(row["p_value"])
    day = row["time"].date().isoformat() if row["time"] is not None else "a moment that is not known"
    if not row["changed"]:
        return {"verdict": "No change claimed", "sentence": f"{name}: no change is claimed (likeliest {day}, p {p})."}
    verb = "rose" if (row["after"] or 0.0) > (row["before"] or 0.0) else "fell"
    sentence = (
        f"{name} {verb} about {day}: {words.number(row['before'])} before, {words.number(row['after'])} after, where 1"
        f" is what no change would have brought (p {p})."
    )
    if row["kind"] == "user":
        sentence = (
            f"The interests of this person changed about {day}: the share of the one that moved most went from"
            f" {words.percent(row['before'])} to {words.percent(row['after'])} (p {p})."
        )
    return {"verdict": "Changed", "sentence": sentence}


def _trends(files: RunFiles, limit: int, notes: list[str]) -> dict[str, Any] | None:
    """Effects of behaviours as of successive moments; ties, which name people, are left out."""
    if not files.has(TRENDS_FILE):
        folder = shlex.quote(str(files.folder / EVOLUTION_FOLDER))
        notes.append(f"Effects over time were not measured: swayline evolve EVENTS --influence --out {folder}")
        return None
    rows = [row for row in files.table(TRENDS_FILE, _TRENDS).to_pylist() if row["cause_kind"] != "user"]
    told = page(rows, limit)
    told["rows"] = [plain(row | _of_trend(row)) for row in told["rows"]]
    return told


def _of_trend(row: dict[str, Any]) -> dict[str, Any]:
    """Whether an effect changed at all, in words."""
    changed = bool(row["changed"])
    what = f"{words.noun(row['cause'], 2)} on {words.noun(row['effect'], 2)}"
    said = "changed over the log" if changed else "is not shown to have changed over the log"
    slope = words.estimate(row["slope_per_day"], row["ci_low"], row["ci_high"], row["unit"]) \
        if row["slope_per_day"] is not None else "not measured"  # fmt: skip
    sentence = f"The effect of {what} {said} (p {words.p_value(row['p_change'])}); trend a day: {slope}."
    return {"verdict": "Changed" if changed else "No change shown", "sentence": sentence}


def _cohorts(files: RunFiles, limit: int, notes: list[str]) -> dict[str, Any] | None:
    """Who came back: cohorts by first period, with intervals."""
    try:
        rows = files.table(COHORTS_FILE, _COHORTS).to_pylist()
    except ArtifactError as error:
        notes.append(f"Without {COHORTS_FILE}: {error}.")
        return None
    return page([plain(row) for row in rows], limit)
