"""The page about people: how active they are, where they stand, which habits they share."""

from collections.abc import Mapping, Sequence
from typing import Any

from scipy.stats import fisher_exact

from swayline.core.names import DESCRIBE_FILE
from swayline.core.run_folder.registry import PROFILES_FILE
from swayline.report import figures
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Panel, Section, Table
from swayline.report.wording import words

_STAGES = {
    "new": "came for the first time lately",
    "active": "here, as often as is usual for them",
    "returned": "came back lately from a long pause",
    "slowing": "silent for longer than is usual for them",
    "gone quiet": "silent for longer than nearly anybody pauses",
    "seen once": "one active day, and silent since",
}
"""Stage → what it means, in the order they are drawn."""
_N_FEATURES = 10
_LEAST_PEOPLE = 20
_TELLING = 0.4
"""Standard deviations from which a feature counts among what a segment was formed by."""
_FEATURES = {
    "activity": "number of acts",
    "intensity": "acts a day when here",
    "presence": "share of days here",
    "months": "share of months here",
    "silence": "days since last seen",
    "variety": "variety of items",
    "breadth": "variety of categories",
    "weekend": "at weekends",
    "night": "at night (0–6)",
    "morning": "in the morning (6–12)",
    "afternoon": "in the afternoon (12–18)",
    "evening": "in the evening (18–24)",
}


def audience_section(run: Artifacts) -> Section:
    """Who the people are."""
    found, profiles = run.describe, run.profiles
    blocks: list[Any] = []
    finding = ""
    if profiles is None:
        blocks.append(Missing(run.why_missing(PROFILES_FILE)))
    else:
        groups = profiles["segments"]["groups"]
        finding = _finding(groups, profiles)
        blocks += _segment_blocks(groups, profiles)
        blocks.append(_stage_panel(profiles))
    if found is None:
        blocks.append(Missing(run.why_missing(DESCRIBE_FILE)))
    else:
        blocks.append(_per_user_panel(found))
    lead = "How active people are, where they stand, and which habits they share."
    return Section("audience", "The people", lead, [block for block in blocks if block is not None], finding)


def _finding(groups: Sequence[Mapping[str, Any]], profiles: Mapping[str, Any]) -> str:
    """How the segments share the events, and which comes to the outcome clearly more often than which."""
    if len(groups) < 2:
        return ""
    people, events = (max(sum(one[key] for one in groups), 1) for key in ("people", "events"))
    busiest = max(groups, key=lambda one: one["events"] / max(one["people"], 1))
    share, makes = words.percent(busiest["people"] / people), words.percent(busiest["events"] / events)
    text = (
        f"People fall into {words.number(len(groups))} segments: those who are “{busiest['name']}” are {share} of the "
        f"people and make {makes} of the events"
    )
    ends = _apart(groups, profiles)
    if ends is None:
        return text + "."
    (most, high), (least, low) = ends
    return (
        f"{text}; {words.percent(high)} of those who are “{most['name']}” come to {words.a(profiles['outcome'])}, "
        f"{words.percent(low)} of those who are “{least['name']}”."
    )


Ends = tuple[tuple[Mapping[str, Any], float], tuple[Mapping[str, Any], float]]


def _apart(groups: Sequence[Mapping[str, Any]], profiles: Mapping[str, Any]) -> Ends | None:
    """The segments that come to the outcome most and least often, each with its share, where that is a question.

    It is none where the outcome is all that people do, or what a segment was formed by; and the two must be of
    :data:`_LEAST_PEOPLE` people, with intervals apart at a level that allows for all pairs of segments.
    """
    outcome = profiles["outcome"]
    formed = any(abs(one["center"].get(f"share of {outcome}", 0.0)) >= _TELLING for one in groups)
    asked = [one for one in groups if one["people"] >= _LEAST_PEOPLE]
    if len(profiles["weights"]) < 2 or formed or len(asked) < 2:
        return None
    shares = [(one, one["reached_outcome"] / one["people"]) for one in asked]
    most, least = max(shares, key=lambda pair: pair[1]), min(shares, key=lambda pair: pair[1])
    table = [[one["reached_outcome"], one["people"] - one["reached_outcome"]] for one, _ in (most, least)]
    pairs = len(asked) * (len(asked) - 1) / 2
    return (most, least) if fisher_exact(table).pvalue * pairs < 0.05 else None


def _segment_blocks(groups: Sequence[Mapping[str, Any]], profiles: Mapping[str, Any]) -> list[Any]:
    tried = profiles["segments"]["tried"]
    if len(groups) < 2:
        best = max(tried, key=lambda one: one["strength"], default=None)
        why = (
            f" The steadiest split, into {best['k']}, keeps {words.percent(best['strength'])} of pairs together where "
            "80% is asked for."
            if best
            else ""
        )
        return [Note(f"People form one group: no split into segments stays the same when people are drawn anew.{why}")]
    blocks: list[Any] = [_segment_table(groups, profiles)]
    names = [one["name"] for one in groups]
    features = sorted(
        profiles["segments"]["features"], key=lambda name: -max(abs(one["center"][name]) for one in groups)
    )[:_N_FEATURES]
    centers = [[one["center"][name] for name in features] for one in groups]
    said = [feature_words(name) for name in features]
    blocks.append(
        Panel(
            "segments",
            f"The {words.number(len(groups))} segments differ most in {words.listed(said[:2])}",
            figures.differences(names, said, centers),
            Table(
                "Means of each segment, in standard deviations from everybody's",
                ("Habit", *(words.label(name, 40) for name in names)),
                [
                    (habit, *(words.signed(center[at], "").strip() for center in centers))
                    for at, habit in enumerate(said)
                ],
                frozenset(range(1, len(names) + 1)),
            ),
            "A grid of habits and segments; blue cells are above everybody's mean, orange ones below.",
            _stability_words(tried, len(groups)),
        )
    )
    if all("hours" in one for one in groups):
        blocks.append(_rhythm_panel(groups))
    return blocks


def feature_words(name: str) -> str:
    """What a segment's feature measures, in words.

    >>> feature_words("share of cart"), feature_words("weekend")
    ('carts among the acts', 'at weekends')
    """
    if name.startswith("share of "):
        return f"{words.noun(name.removeprefix('share of '), 2)} among the acts"
    return _FEATURES.get(name, words.label(name))


def _stability_words(tried: Sequence[Mapping[str, Any]], k: int) -> str:
    chosen = next((one for one in tried if one["k"] == k), None)
    others = [one for one in tried if one["k"] > k]
    if chosen is None:
        return ""
    held = "asked for" if chosen["strength"] < 0.8 else "chosen"
    text = (
        f"{words.capital(words.number(k))} segments were {held}: when people are drawn anew, at least "
        f"{words.percent(chosen['strength'])} of the pairs in each segment stay together (80% is asked for)"
    )
    if others:
        best = max(others, key=lambda one: one["strength"])
        text += f"; {best['k']} would keep {words.percent(best['strength'])}"
    return text + ". A description of habits, not a law of nature."


def _segment_table(groups: Sequence[Mapping[str, Any]], profiles: Mapping[str, Any]) -> Table:
    outcome = profiles["outcome"]
    people = max(sum(one["people"] for one in groups), 1)
    events = max(sum(one["events"] for one in groups), 1)
    asked = len(profiles["weights"]) > 1
    return Table(
        "Segments of people",
        ("Segment", "People", "Share", "Share of events", "Events (median)")
        + ((f"Come to {words.a(outcome)}",) if asked else ()),
        [
            (
                words.capital(words.label(one["name"], 80)),
                words.number(one["people"]),
                words.percent(one["people"] / people),
                words.percent(one["events"] / events),
                words.number(one["median_events"]),
            )
            + ((words.percent(one["reached_outcome"] / max(one["people"], 1)),) if asked else ())
            for one in groups
        ],
        frozenset({1, 2, 3, 4, 5}),
    )


def _rhythm_panel(groups: Sequence[Mapping[str, Any]]) -> Panel:
    hours = {one["name"]: one["hours"] for one in groups}
    busiest = {name: max(range(24), key=shares.__getitem__) for name, shares in hours.items()}
    title = "When each segment acts: its busiest hour is " + words.listed(
        [f"{hour}:00 (“{name}”)" for name, hour in busiest.items()]
    )
    if len(set(busiest.values())) == 1:
        title = f"Every segment is busiest from {next(iter(busiest.values()))}:00"
    table = Table(
        "Share of each segment's acts by hour",
        ("Hour", *(words.label(name, 40) for name in hours)),
        [(f"{hour}:00", *(words.percent(shares[hour]) for shares in hours.values())) for hour in range(24)],
        frozenset(range(1, len(hours) + 1)),
    )
    return Panel(
        "segment-hours", title, figures.day_rhythm(hours), table, "A line a segment: its acts by hour of the day."
    )


def _stage_panel(profiles: Mapping[str, Any]) -> Panel | None:
    """People by lifecycle stage, against their own pauses."""
    stages, pauses = profiles["stages"], profiles["pauses"]
    if not stages or pauses is None:
        return None
    rows = [{"label": name, "value": stages[name]} for name in _STAGES if stages.get(name)]
    total = max(sum(one["value"] for one in rows), 1)
    away = sum(stages.get(name, 0) for name in ("slowing", "gone quiet", "seen once"))
    if not away:
        title = "Nobody has been silent for longer than is usual"
    elif away < 0.01 * total:
        title = f"Hardly anybody ({words.number(away)} of {words.number(total)}) is slowing down or silent"
    else:
        title = f"{words.percent(away / total)} of the people are slowing down or silent"
    long = f"{pauses['long']} day" + ("" if pauses["long"] == 1 else "s")
    note = (
        f"At the end of the log. {words.number(pauses['n'])} pauses between active days were seen: 95% of them are at "
        f"most {long}. A person's own usual pause counts where there is one."
    )
    table = Table(
        "People by where they stand",
        ("Stage", "People", "Share", "Meaning"),
        [
            (
                words.capital(one["label"]),
                words.number(one["value"]),
                words.percent(one["value"] / total),
                words.capital(_STAGES[one["label"]]),
            )
            for one in rows
        ],
        frozenset({1, 2}),
    )
    return Panel(
        "stages",
        title,
        figures.bars(rows, "people", 2),
        table,
        "Bars of people by where they stand.",
        note,
        half=True,
    )


def _per_user_panel(found: Mapping[str, Any]) -> Panel:
    parts = found["per_user"]
    title = (
        f"Half of the people have {words.number(parts['median'])} events or fewer; the most active tenth make "
        f"{words.percent(parts['top_tenth_share'])} of all"
    )
    edges, counts = parts["edges"], parts["counts"]
    table = Table(
        "People by number of events",
        ("Events", "People"),
        [
            (figures.bin_words(low, high), words.number(n))
            for low, high, n in zip(edges, edges[1:], counts, strict=False)
        ],
        frozenset({1}),
    )
    note = (
        f"Mean {words.number(round(parts['mean'], 1))}, ninth tenth from {words.number(parts['p90'])}, most "
        f"{words.number(parts['max'])} events."
    )
    return Panel(
        "per-user",
        title,
        figures.per_user(edges, counts),
        table,
        "Bars of people by their number of events.",
        note,
        half=True,
    )
