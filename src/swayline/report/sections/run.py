"""Sections about ten people to look at, and about how the page was made."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import EXAMPLES_FILE, RECOMMENDATIONS_FILE, RUN_FILE
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Examples, Missing, Note, Section, Table
from swayline.report.wording import words

_N_EVENTS, _N_RECOMMENDED = 8, 5


def examples_section(run: Artifacts) -> Section:
    """Ten people with their recent history beside recommendations and reasons."""
    served = run.recommendations
    lead = (
        "Who they are, what they did lately, newest first, and what they are recommended, with the event that moved "
        "each recommendation most. Times are UTC."
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
    profiles = _profiles(run, [str(one["user"]) for one in run.examples])
    blocks.append(Examples([_person(one, profiles.get(str(one["user"]), "")) for one in run.examples]))
    return Section("examples", "Example people", lead, blocks)


def _profiles(run: Artifacts, names: list[str]) -> dict[str, str]:
    """What the profiles say of some people."""
    if run.people is None:
        return {}
    found = run.people.filter(pc.is_in(run.people["user"], value_set=pa.array(names, pa.string())))
    return dict(zip(found["user"].to_pylist(), found["profile"].to_pylist(), strict=True))


def _person(one: Mapping[str, Any], profile: str) -> dict[str, Any]:
    return {
        "user": words.label(one["user"], 40),
        "profile": words.label(profile, 600),
        "history": [
            {
                "label": words.label(event["label"]),
                "behavior": words.noun(event["behavior"]),
                "time": words.moment(event.get("time")),
            }
            for event in one["history"][:_N_EVENTS]
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
                ("Stage", "Time", "Peak memory", "Reused"),
                [
                    (
                        words.label(one["name"]),
                        words.seconds(one.get("seconds")),
                        f"{words.number(round(one['peak_mb']))} MB" if one.get("peak_mb") else "–",
                        "yes" if one.get("reused") else "no",
                    )
                    for one in stages
                ],
                frozenset({1, 2}),
            )
        )
    blocks += [
        Note(f"{words.label(one['name'])}: {words.label(note, 600)}")
        for one in stages
        for note in one.get("notes") or ()
    ]
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
