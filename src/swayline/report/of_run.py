"""Sections about ten people to look at, and about how the page was made."""

from collections.abc import Mapping
from typing import Any

from swayline.core.names import EXAMPLES_FILE, RECOMMENDATIONS_FILE, RUN_FILE
from swayline.report import words
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Examples, Missing, Note, Section, Table

_N_RECOMMENDED = 10


def examples_section(run: Artifacts) -> Section:
    """Ten people with their recent history beside recommendations and reasons."""
    served = run.recommendations
    lead = (
        "What they did lately, newest first, beside what they are recommended and the event that moved each "
        "recommendation most. Times are UTC."
    )
    blocks: list[Any] = []
    if served is not None:
        blocks.append(
            Note(
                f"{words.number(served[1])} people are served {words.number(served[0])} recommendations in all; "
                f"{RECOMMENDATIONS_FILE} holds them."
            )
        )
    else:
        blocks.append(Missing(run.why_missing(RECOMMENDATIONS_FILE)))
    if not run.examples:
        blocks.append(Missing(run.why_missing(EXAMPLES_FILE)))
        return Section("examples", "Example people", "", blocks)
    blocks.append(Examples([_person(one) for one in run.examples]))
    return Section("examples", f"{words.number(len(run.examples))} people, and what they are recommended", lead, blocks)


def _person(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "user": words.label(one["user"], 40),
        "history": [
            {
                "label": words.label(event["label"]),
                "behavior": words.noun(event["behavior"]),
                "time": words.moment(event.get("time")),
            }
            for event in one["history"]
        ],
        "recommendations": [
            {
                "rank": each["rank"],
                "label": words.label(each["label"]),
                "reason": words.label(each.get("reason") or "", 200),
                "change": words.score(each.get("score_change")),
            }
            for each in one["recommendations"][:_N_RECOMMENDED]
        ],
    }


def run_section(run: Artifacts) -> Section:
    """Inputs, settings, versions, stages."""
    found = run.run
    if found is None:
        return Section("run", "How this was made", "", [Missing(run.why_missing(RUN_FILE))])
    stages = found.get("stages") or []
    blocks: list[Any] = []
    if stages:
        total = sum(one.get("seconds") or 0.0 for one in stages)
        blocks.append(
            Table(
                f"Stages: {words.seconds(total)} in all",
                ("Stage", "Time", "Peak memory", ""),
                [
                    (
                        words.label(one["name"]),
                        words.seconds(one.get("seconds")),
                        f"{words.number(round(one['peak_mb']))} MB" if one.get("peak_mb") else "–",
                        "reused" if one.get("reused") else "",
                    )
                    for one in stages
                ],
                frozenset({1, 2}),
            )
        )
    inputs = found.get("inputs") or {}
    if inputs:
        blocks.append(
            Table(
                "Inputs",
                ("Table", "File", "SHA-256"),
                [
                    (words.label(name), words.label(_of(one, "path"), 120), words.label(_of(one, "sha256"), 20))
                    for name, one in inputs.items()
                    if one
                ],
            )
        )
    for key, caption in (("settings", "Settings"), ("versions", "Versions"), ("machine", "Machine")):
        if found.get(key):
            blocks.append(
                Table(
                    caption,
                    ("Name", "Value"),
                    [(words.label(name), words.label(_flat(value), 200)) for name, value in found[key].items()],
                    half=key != "settings",
                )
            )
    made = (
        f"Swayline {words.label(found.get('swayline', ''))}, seed {found.get('seed')}, started "
        f"{words.moment(found.get('started'))} UTC."
    )
    return Section("run", "How this was made", made, blocks)


def _of(one: Any, key: str) -> str:
    return str(one.get(key, "")) if isinstance(one, Mapping) else str(one) if key == "path" else ""


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_flat(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(_flat(each) for each in value) or "none"
    return "none" if value is None else str(value)
