"""Section about how the page was made: inputs, settings, versions, stages."""

from collections.abc import Mapping
from typing import Any

from swayline.core.names import RUN_FILE
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Section, Table
from swayline.report.wording import words


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
