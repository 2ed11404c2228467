"""Section about ten people to look at."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import EXAMPLES_FILE, RECOMMENDATIONS_FILE
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Examples, Missing, Note, Section
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
