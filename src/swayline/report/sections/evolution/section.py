"""Section about how behaviour evolves: what changed, interests over time, who comes back, what follows what."""

from collections.abc import Callable, Mapping
from typing import Any

from swayline.core.run_folder.registry import EVOLUTION_FILE
from swayline.report import figures
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Panel, Section, Table
from swayline.report.wording import words

ID, TITLE = "evolution", "How it evolves"
_OF_ALL = {
    "activity": "how much is begun", "behaviors": "what follows when an item is met", "categories": "interests",
    "items": "what people turn to",
}  # fmt: skip
_ROWS = 12
_FEWEST_DAYS = 28


def evolution_section(run: Artifacts) -> Section:
    """How behaviour changed over the log."""
    found = run.evolution
    if found is None:
        return Section(ID, TITLE, "", [Missing(run.why_missing(EVOLUTION_FILE))])
    blocks = [
        _changes(found["drift"], _clock(found)), _stream(found["streams"]), _calendar(found["calendar"]),
        _returns(found["returns"]), _cohorts(found["cohorts"]), _passages(found["flow"]), _lost(found["flow"]),
        _memory(found["flow"]),
        *(Note(one) for one in found["left_out"]),
    ]  # fmt: skip
    lead = "What changed and when, where interests went, who came back, and what follows what."
    return Section(ID, TITLE, lead, [one for one in blocks if one is not None], _finding(found["drift"], _clock(found)))


def _clock(found: Mapping[str, Any]) -> Callable[[str], str]:
    """How a moment of change is written: by the month where the log's times tell no more."""
    return words.month if found.get("resolution") == "month" else words.day


def change_name(one: Mapping[str, Any]) -> str:
    """What changed, as a sentence names it."""
    if one["kind"] == "population":
        return _OF_ALL.get(one["id"], words.label(one["id"]))
    return f"{one['kind']} {words.label(one['id'])}"


def _finding(drift: Mapping[str, Any], when: Callable[[str], str]) -> str:
    changed = [one for one in drift["population"] if one["changed"]]
    if changed:
        first = changed[0]
        return f"{words.capital(change_name(first))} changed about {when(first['time'])}."
    if not drift["population"]:
        return ""
    return "Nothing about everybody changed at a moment, as far as this log can tell."


def _changes(drift: Mapping[str, Any], when: Callable[[str], str]) -> Panel | Note | None:
    rows = drift["changes"]
    people = drift["people"]
    told = (
        f"The interests of {words.number(people['changed'])} of {words.number(people['asked'])} people with events on "
        "days enough changed."
        if people["asked"] else ""
    )  # fmt: skip
    if not rows:
        asked = sum(n for kind, n in drift["asked"].items() if kind != "user")
        return Note(f"No change is claimed of the {words.number(asked)} series asked. {told}") if asked else None
    more = drift["n_changes"] - len(rows)
    table = Table(
        "What changed",
        ("What", "About", "Before", "After", "p"),
        [
            (words.capital(change_name(one)), when(one["time"]), words.number(round(one["before"], 2)),
             words.number(round(one["after"], 2)), words.p_value(one["p_value"]))
            for one in rows
        ],
        frozenset({2, 3, 4}),
    )  # fmt: skip
    drawn = [
        {"label": f"{words.capital(change_name(one))}, {when(one['time'])}", "before": one["before"],
         "after": one["after"]}
        for one in rows
    ]  # fmt: skip
    first = rows[0]
    verb = "rose" if first["after"] > first["before"] else "fell"
    title = f"{words.capital(change_name(first))} {verb} about {when(first['time'])}"
    note = (
        "1 is what no change would have brought. False alarms are held at one log in twenty. "
        f"{told}{f' {words.number(more)} more stand in drift.parquet.' if more > 0 else ''}"
    )
    return Panel(
        "changes", title, figures.changes(drawn), table, "Dots before and after each change that is claimed.", note
    )


def _stream(streams: Mapping[str, Any] | None) -> Panel | None:
    if streams is None:
        return None
    starts, series = streams["starts"], streams["series"]
    half = max(1, len(starts) // 2)
    shares = {name: (sum(values[:half]), sum(values[half:])) for name, values in series.items()}
    total = [sum(pair[at] for pair in shares.values()) or 1 for at in (0, 1)]
    rows = [
        (words.label(name), words.percent(early / total[0]), words.percent(late / total[1]))
        for name, (early, late) in shares.items()
    ]
    drawn = {name: values for name, values in series.items() if name != streams["others"]} or series
    top = max(drawn, key=lambda name: sum(shares[name]))
    title = f"{words.capital(words.label(top))} is the largest {streams['of']}"
    return Panel(
        "stream", title, figures.stream(starts, drawn, streams["width_days"]),
        Table("Share of events", (words.capital(streams["of"]), "First half", "Second half"), rows, frozenset({1, 2})),
        "A stream of events for each of the largest, by time.",
        "Wider is more; the table tells of the others too."
        + (" Days are averaged over a week." if streams["width_days"] == 1 else ""),
    )  # fmt: skip


def _calendar(found: Mapping[str, Any] | None) -> Panel | None:
    if found is None or len(found["counts"]) < _FEWEST_DAYS:
        return None
    counts = found["counts"]
    active = sum(1 for n in counts if n)
    title = f"Something happened on {words.number(active)} of {words.number(len(counts))} days"
    weeks = [sum(counts[at : at + 7]) for at in range(0, len(counts), 7)]
    rows = [(f"Week {at + 1}", words.number(n)) for at, n in enumerate(weeks)][-_ROWS:]
    return Panel(
        "calendar", title, figures.days(found["first"], counts),
        Table("Events of the last weeks", ("Week", "Events"), rows, frozenset({1})),
        "A calendar, a column a week; darker days have more events.",
    )  # fmt: skip


def _returns(found: Mapping[str, Any] | None) -> Panel | None:
    if found is None or not sum(found["returns"]) or len(found["starts"]) < 4:
        return None
    again, fresh = found["returns"], found["discoveries"]
    late = len(again) // 2
    share = sum(again[late:]) / max(1, sum(again[late:]) + sum(fresh[late:]))
    rows = [
        (words.day(start), words.number(one), words.number(other))
        for start, one, other in zip(found["starts"], again, fresh, strict=True)
    ][-_ROWS:]
    return Panel(
        "returns-over-time", f"{words.percent(share)} of the events of the second half return to an item known before",
        figures.returns(found["starts"], again, fresh),
        Table("Returns and discoveries, latest", ("From", "Returns", "Discoveries"), rows, frozenset({1, 2})),
        "Areas of events that return to an item the person had, and of discoveries.",
        "At the start of a log everything is a discovery: what came before is unknown.",
    )  # fmt: skip


def _cohorts(found: Mapping[str, Any] | None) -> Panel | None:
    if found is None or not found["rows"]:
        return None
    period = {1: "day", 7: "week"}.get(found["period_days"], f"{found['period_days']}-day period")
    rows = found["rows"]
    first = [one for one in rows if one["age"] == 1 and not one["established"]]
    known = sum(one["people"] for one in first)
    share = sum(one["active"] for one in first) / known if known else None
    title = (
        f"{words.percent(share)} of newcomers are active one {period} after their first"
        if share is not None else "Who came back"
    )  # fmt: skip
    table = Table(
        f"Active one {period} later",
        ("First event from", "People", "Active", "95% interval"),
        [
            (words.day(one["cohort"]) + (" (and before)" if one["established"] else ""), words.number(one["people"]),
             words.percent(one["retention"]), words.between(one["ci_low"], one["ci_high"], "percent"))
            for one in rows if one["age"] == 1
        ],
        frozenset({1, 2, 3}),
    )  # fmt: skip
    note = "Everybody of the first row may have been there before the log began."
    if found["trend"] is not None and found["trend_p"] is not None:
        is_sure = found["trend_p"] < 0.05
        note += f" Later cohorts {_trend_words(found['trend'], is_sure)} (p {words.p_value(found['trend_p'])})."
    return Panel(
        "cohorts", title, figures.cohorts(rows, period), table,
        "A triangle: a row for those who came in one period, a column for each period after.", note,
    )  # fmt: skip


def _trend_words(trend: float, is_sure: bool) -> str:
    if not is_sure:
        return "come back neither surely more nor surely less"
    return "come back more" if trend > 0 else "come back less"


def _passages(flow: Mapping[str, Any]) -> Panel | None:
    level = next((name for name in ("category", "item") if flow["steps"].get(name)), None)
    if level is None:
        return None
    rows = [one for one in flow["steps"][level] if one["claimed"] and one["n"] > one["expected"]]
    if not rows:
        return None
    check = flow["checks"][level]
    best = max(rows, key=lambda one: one["n"] / max(one["expected"], 1e-9))
    lift = words.times(best["n"] / max(best["expected"], 1e-9))
    source, target = words.label(best["source"]), words.label(best["target"])
    title = f"From {source} people go to {target} {lift} as often as chance has it"
    table = Table(
        f"From {level} to {level}",
        ("From", "To", "Times", "By chance", "Median time"),
        [
            (words.label(one["source"]), words.label(one["target"]), words.number(one["n"]),
             words.number(round(one["expected"], 1)), words.seconds(one["seconds_median"]))
            for one in sorted(rows, key=lambda one: -one["n"])[:_ROWS]
        ],
        frozenset({2, 3, 4}),
    )  # fmt: skip
    note = (
        f"{words.number(check['claimed'])} of {words.number(check['asked'])} passages are claimed; the same log with "
        f"its visits shuffled claims {words.number(check['claimed_when_shuffled'])}."
    )
    says = f"Ribbons from one {level} to the next; wider is more often."
    return Panel("passages", title, figures.passages(rows), table, says, note)


def _lost(flow: Mapping[str, Any]) -> Table | None:
    """Where visits end more often than the order of events would by chance."""
    rows = [one for one in flow["ends"].get("behavior", ()) if one["claimed"] and one["n"] > one["expected"]]
    if len(rows) < 1:
        return None
    return Table(
        "Where visits end more often than by chance",
        ("After", "Visits that end", "By chance", "Share of all"),
        [
            (words.capital(words.noun(one["source"], 2)), words.number(one["n"]),
             words.number(round(one["expected"], 1)), words.percent(one["share"]))
            for one in rows[:_ROWS]
        ],
        frozenset({1, 2, 3}),
    )  # fmt: skip


def _memory(flow: Mapping[str, Any]) -> Note | None:
    """How many steps back matter."""
    told = [
        f"{words.number(one['order'])} {'step' if one['order'] == 1 else 'steps'} back matter for the next {name}"
        for name, one in flow["orders"].items() if one is not None
    ]  # fmt: skip
    return Note(f"{words.capital(words.listed(told))} (up to three are asked).") if told else None
