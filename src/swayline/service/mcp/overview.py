"""What the log holds, and how well each model answers."""

from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc
from pydantic import Field

from swayline.core.errors import ArtifactError, UsageError, nearest, shown
from swayline.core.names import DESCRIBE_FILE, METRICS_FILE, QUALITY_FILE, REASON, REJECTED_FILE, RUN_FILE
from swayline.core.run_folder import artifact
from swayline.report.artifacts import Artifacts
from swayline.report.sections.overview import overview_section
from swayline.report.wording.winner import finding, is_clear
from swayline.service.mcp.arguments import Arguments, Limit
from swayline.service.mcp.files import RunFiles
from swayline.service.mcp.plain import plain

_RUN = ("swayline", "started", "seed", "outcome")
_DESCRIBED = ("outcome", "ordered", "timezone", "span", "size", "behaviors", "per_user", "returning")


class LogAsked(Arguments):
    """How long the lists of what occurs most are."""

    limit: Limit = 10


class MetricsAsked(Arguments):
    """Which model, and which metric."""

    model: str | None = Field(None, description="One model, such as item-knn; all without.")
    metric: str | None = Field(None, description="One metric, such as ndcg@10; all without.")


def describe_log(files: RunFiles, asked: LogAsked) -> dict[str, Any]:
    """The log that the run read: size, span, behaviours, funnel, most frequent items, refused rows, quality.

    Counts alone; nobody is named.
    """
    found = files.json(DESCRIBE_FILE)
    sentence = overview_section(Artifacts(describe=found)).finding
    told: dict[str, Any] = {"sentence": sentence} | {name: found.get(name) for name in _DESCRIBED}
    funnel = (found.get("funnel") or {}).get("users") or {}
    told["funnel"] = funnel.get("steps", [])[: asked.limit]
    for name in ("top_items", "top_categories"):
        told[name] = (found.get(name) or [])[: asked.limit]
    told["run"] = {name: value for name, value in files.json(RUN_FILE).items() if name in _RUN}
    notes: list[str] = []
    for name, read in ((REJECTED_FILE, _rejected), (QUALITY_FILE, _quality)):
        try:
            told |= read(files, asked.limit)
        except ArtifactError as error:
            notes.append(f"Without {name}: {error}.")
    return {**plain(told), "notes": notes}


def _rejected(files: RunFiles, limit: int) -> dict[str, Any]:
    """How many rows were refused, by reason; not what stood in them."""
    table = files.table(REJECTED_FILE, dict(artifact(REJECTED_FILE).needed))
    counts = pc.value_counts(table[REASON]).to_pylist()
    counts.sort(key=lambda one: -one["counts"])
    reasons = [{REASON: one["values"], "rows": one["counts"]} for one in counts[:limit]]
    return {"rejected": {"rows": len(table), "reasons": reasons}}


def _quality(files: RunFiles, limit: int) -> dict[str, Any]:
    """People who act as no person does, by reason, and columns with gaps or outliers."""
    found = files.json(QUALITY_FILE)
    bots = {name: (found.get("bots") or {}).get(name) for name in ("people", "flagged", "reasons")}
    columns = [one for one in found.get("columns") or [] if one.get("missing") or one.get("outliers")]
    return {"flagged_people": bots, "columns_with_gaps_or_outliers": columns[:limit]}


def metrics(files: RunFiles, asked: MetricsAsked) -> dict[str, Any]:
    """How well each model answers the test questions, with intervals, and which leads can be told from chance.

    ``clear`` in a comparison says whether the difference may be claimed; where it is false, the two cannot be told
    apart.
    """
    found = files.json(METRICS_FILE)
    models = found.get("models") or {}
    if not models:
        raise ArtifactError(f"{METRICS_FILE} holds no model: {files.command(METRICS_FILE)}")
    names = {name for one in models.values() for name in one["metrics"]}
    for word, wanted, known in (("model", asked.model, set(models)), ("metric", asked.metric, names)):
        if wanted is not None and wanted not in known:
            raise UsageError(f"the run has no {word} {shown(wanted)}; {nearest(wanted, known)}")
    chosen = models if asked.model is None else {asked.model: models[asked.model]}
    told = {name: _figures(one["metrics"], asked.metric) for name, one in chosen.items()}
    rows = [
        {**one, "clear": _is_clear(one)}
        for one in found.get("comparisons") or []
        if asked.metric in (None, one["metric"]) and asked.model in (None, one["model"], one["baseline"])
    ]
    whole = {name: found.get(name) for name in ("best", "chosen", "not_distinguishable", "protocol")}
    sentence = finding(found, _primary(found))
    return {"sentence": sentence, **plain(whole | {"models": told, "comparisons": rows})}


def _is_clear(one: Mapping[str, Any]) -> bool:
    """Whether a difference, whichever way it goes, can be told from chance."""
    high = one.get("ci_high")
    return is_clear(one) or (one.get("p_value") is None and high is not None and high < 0)


def _primary(found: Mapping[str, Any]) -> str:
    """The metric that the report speaks of: NDCG, else the first."""
    metrics: list[str] = list(next(iter(found["models"].values()))["metrics"])
    return next((name for name in metrics if name.startswith("ndcg")), metrics[0])


def _figures(found: Mapping[str, Mapping[str, Any]], metric: str | None) -> dict[str, Any]:
    return {
        name: {"value": one.get("value"), "interval": _interval(one)}
        for name, one in found.items()
        if metric in (None, name)
    }


def _interval(one: Mapping[str, Any]) -> list[float] | None:
    low, high = one.get("ci_low"), one.get("ci_high")
    return None if low is None or high is None else [low, high]
