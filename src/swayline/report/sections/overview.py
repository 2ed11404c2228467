"""The first page: what the log holds, in the numbers a meeting opens with."""

from collections.abc import Mapping
from typing import Any

from swayline.core.conditions import base_of, condition_of
from swayline.core.names import BEHAVIOR, DESCRIBE_FILE
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Section, Table, Tiles
from swayline.report.wording import words
from swayline.report.wording.returning import habit_words, has_outcome, has_ways, repeats_words


def overview_section(run: Artifacts) -> Section:
    """How much there is of what, and how often it ends well."""
    found = run.describe
    if found is None:
        return Section("overview", "At a glance", "", [Missing(run.why_missing(DESCRIBE_FILE))])
    size = found["size"]
    finding = (
        f"{words.number(size['events'])} events of {words.number(size['users'])} {_called(run, 'people')} on "
        f"{words.number(size['items'])} {_called(run, 'items')}{when(found['span'])}; "
        f"{_reached(found) if has_outcome(found) else habit_words(found)}."
    )
    repeats = repeats_words(found)
    if repeats:
        finding += f" {words.capital(repeats)}: counts of events include them."
    blocks: list[Any] = [_tiles(found, _called(run, "people"), _called(run, "items"))]
    if found["ordered"]:
        blocks.append(
            Note("This log has an order and no times: nothing here depends on a clock, and no time was invented.")
        )
    if words.meaning(found["outcome"]) != found["outcome"]:
        blocks.append(Note(f"What counts as the outcome: {words.meaning(found['outcome'])}."))
    blocks.append(_behavior_table(found))
    lead = "What people did" + (
        ", and how many came to the outcome." if has_outcome(found) else ", and who comes back."
    )
    return Section("overview", "At a glance", lead, blocks, finding)


def when(span: Mapping[str, Any] | None) -> str:
    """How long and from when to when, as the end of a sentence."""
    if span is None:
        return ", in order and without times"
    length = (
        f"{words.number(max(1, round(span['days'])))} days"
        if span["days"] >= 1.5
        else f"{words.number(round(span['days'] * 24))} hours"
    )
    return f" over {length} ({words.day(span['clock_from'])} to {words.day(span['clock_to'])})"


def _people_at_outcome(found: Mapping[str, Any]) -> int:
    steps = found["funnel"]["users"]["steps"]
    return next((int(one["n"]) for one in steps if one[BEHAVIOR] == found["outcome"]), 0)


def _reached(found: Mapping[str, Any]) -> str:
    condition = condition_of(found["outcome"])
    if condition is not None and {base_of(one[BEHAVIOR]) for one in found["behaviors"]} == {condition.behavior}:
        acts = next((one["events"] for one in found["behaviors"] if one[BEHAVIOR] == found["outcome"]), 0)
        share = acts / max(found["size"]["events"], 1)
        return (
            f"{words.percent(share)} of the {words.noun(condition.behavior, 2)} are {condition.sign} {condition.number}"
        )
    people = _people_at_outcome(found)
    share = people / max(found["size"]["users"], 1)
    return f"{words.percent(share)} of the people came to {words.a(found['outcome'])}"


def _called(run: Artifacts, what: str) -> str:
    """What the run's scenario calls people or items."""
    said = ((run.related or {}).get("words") or {}).get(what)
    return words.label(said, 40) if said else what


def _tiles(found: Mapping[str, Any], people_word: str, items_word: str) -> Tiles:
    size, outcome = found["size"], found["outcome"]
    people = _people_at_outcome(found)
    acts = next((one["events"] for one in found["behaviors"] if one[BEHAVIOR] == outcome), 0)
    tiles = [
        (
            words.number(size["users"]),
            people_word,
            f"half have {words.number(found['per_user']['median'])} events or more",
        ),
        (
            words.number(size["items"]),
            items_word,
            f"in {words.number(size['categories'])} categories" if size["categories"] else "",
        ),
        (words.number(size["events"]), "events", _sessions(size)),
    ]
    if not has_outcome(found):
        return Tiles(tiles)
    share = words.percent(acts / max(size["events"], 1))
    reached = words.percent(people / max(size["users"], 1))
    tiles += [
        (words.number(acts), words.noun(outcome, 2), f"{share} of the events"),
        (reached, f"of people come to {words.a(outcome)}", f"{words.number(people)} people"),
    ]
    return Tiles(tiles)


def _sessions(size: Mapping[str, Any]) -> str:
    return f"in {words.number(size['sessions'])} sessions" if size["sessions"] else ""


def _behavior_table(found: Mapping[str, Any]) -> Table:
    return Table(
        "What people do, shallow to deep" if has_ways(found) else "What people do",
        ("Behaviour", "Events", "Share", "People", "Items"),
        [
            (
                words.capital(words.noun(one[BEHAVIOR], 2)),
                words.number(one["events"]),
                words.percent(one["events"] / found["size"]["events"]),
                words.number(one["users"]),
                words.number(one["items"]),
            )
            for one in found["behaviors"]
        ],
        frozenset({1, 2, 3, 4}),
    )
