"""Section about when people act."""

from collections.abc import Mapping, Sequence
from typing import Any

from swayline.core.names import BEHAVIOR, DESCRIBE_FILE
from swayline.report import figures
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Panel, Section, Table
from swayline.report.wording import peaks, words
from swayline.report.wording.returning import has_ways

_RESOLUTIONS = {
    "month": ", which is good to the month",
    "day": ", which is good to the day",
    "hour": ", which is good to the hour",
}


def _left_off(span: Mapping[str, Any]) -> str:
    return f" {words.number(span['outside'])} events before or after are left off." if span["outside"] else ""


def time_section(run: Artifacts) -> Section:
    """Activity over time and over the week."""
    found = run.describe
    if found is None:
        return Section("time", "Time", "", [Missing(run.why_missing(DESCRIBE_FILE))])
    if found["span"] is None:
        return Section("time", "Time", "", [Note("This log has an order and no times, so there is no clock to draw.")])
    outcome = found["outcome"]
    clock = found.get("clock") or {"resolution": "second", "timezone": found["timezone"]}
    blocks: list[Any] = [_activity_panel(found)]
    if clock["resolution"] == "month":
        blocks.append(_months_panel(found["months"]))
    elif clock["resolution"] == "day":
        blocks.append(_days_panel(found))
    else:
        blocks.append(_week_panel(found, "all", "events"))
        if has_ways(found):
            blocks.append(_week_panel(found, "outcome", words.noun(outcome, 2)))
    zone = words.label(clock["timezone"])
    fine = _RESOLUTIONS.get(clock["resolution"], "")
    lead = f"When people act, on the clock of {zone}{fine}."
    return Section("time", "Time", lead, [block for block in blocks if block is not None], peaks.finding(found))


def _activity_panel(found: Mapping[str, Any]) -> Panel:
    parts, outcome = found["activity"], found["outcome"]
    names = [one[BEHAVIOR] for one in sorted(found["behaviors"], key=lambda one: -one["events"])][
        : figures.MAX_SERIES - 1
    ]
    shown = [one[BEHAVIOR] for one in found["behaviors"] if one[BEHAVIOR] in names or one[BEHAVIOR] == outcome]
    series = {name: parts["series"][name] for name in shown}
    unit = figures.window_unit(parts["window_s"])
    zone = (found.get("clock") or found)["timezone"]
    moment, most = figures.peak(parts["starts"], [sum(each) for each in zip(*parts["series"].values(), strict=True)])
    at = f"{moment:%A} {words.day(moment.isoformat())}" + (f", {moment:%H:%M}" if unit == "hour" else "")
    at = f"{moment:%B %Y}" if unit == "month" else at
    title = f"The busiest {unit} was {'the week of ' if unit == 'week' else ''}{at}, with {words.number(most)} events"
    return Panel(
        "activity",
        title,
        figures.activity(parts["starts"], series, figures.window_words(parts["window_s"], zone)),
        Table(
            "Events a day" if unit == "hour" else f"Events a {unit}",
            ("From", *(words.capital(words.noun(name, 2)) for name in shown)),
            _activity_rows(parts, shown),
            frozenset(range(1, len(shown) + 1)),
        ),
        f"Lines of events an interval of one {unit}, a panel for each behaviour.",
        f"Each panel has its own scale.{_left_off(found['span'])}",
    )


def _activity_rows(parts: Mapping[str, Any], shown: Sequence[str]) -> list[tuple[str, ...]]:
    """Hours are added up to days, since nobody reads 200 rows."""
    by_day: dict[str, list[int]] = {}
    for index, start in enumerate(parts["starts"]):
        row = by_day.setdefault(start[:10], [0] * len(shown))
        for column, name in enumerate(shown):
            row[column] += parts["series"][name][index]
    return [(words.day(key), *(words.number(n) for n in row)) for key, row in by_day.items()]


def _week_panel(found: Mapping[str, Any], which: str, noun: str) -> Panel | None:
    parts = found["hour_of_week"]
    counts, seen = parts[which], parts["hours_seen"]
    if not sum(map(sum, counts)):
        return None
    title = _hour_title(counts, seen, noun, (found.get("peaks") or {}).get("hour"))
    days = [(sum(row), sum(times)) for row, times in zip(counts, seen, strict=True)]
    table = Table(
        f"{words.capital(noun)} by weekday",
        ("Weekday", words.capital(noun), "Hours seen", "An hour"),
        [
            (day, words.number(n), words.number(times), words.number(n / times) if times else "–")
            for day, (n, times) in zip(peaks.WEEKDAYS, days, strict=True)
        ],
        frozenset({1, 2, 3}),
    )
    return Panel(
        f"week-{which}",
        title,
        figures.hour_of_week(counts, seen, noun),
        table,
        f"A grid of weekdays and hours; darker cells have more {noun} an hour.",
        "Averaged over the weeks seen, so that a weekend seen twice counts once.",
        half=True,
    )


def _hour_title(
    counts: Sequence[Sequence[int]], seen: Sequence[Sequence[int]], noun: str, people: Sequence[int] | None
) -> str:
    """The busiest hour, where it is one for people too and not made by a few long visits."""
    hours = [n / max(times, 1) for n, times in zip(peaks.by_hour(counts), peaks.by_hour(seen), strict=True)]
    best = max(range(24), key=hours.__getitem__)
    share = hours[best] / max(sum(hours), 1e-12)
    if people is None or peaks.standout(people, peaks.by_hour(seen)) is None:
        return f"{words.capital(noun)} by hour of the week: no hour of the day clearly stands out"
    return (
        f"{words.capital(noun)} peak between {best}:00 and {(best + 1) % 24}:00 ({words.percent(share)} of a day's "
        f"{noun})"
    )


def _days_panel(found: Mapping[str, Any]) -> Panel:
    """Events by weekday, for a log of dates."""
    parts = found["hour_of_week"]
    events, seen = [sum(row) for row in parts["all"]], [sum(row) // 24 for row in parts["hours_seen"]]
    best = peaks.standout(found["peaks"]["weekday"], seen)
    title = (
        "No weekday clearly stands out"
        if best is None
        else f"More people are here on {peaks.WEEKDAYS[best]}s than on any other weekday"
    )
    return _calendar_panel("weekdays", title, ("Weekday", "Days seen", "A day"), peaks.WEEKDAYS, events, seen)


def _months_panel(parts: Mapping[str, Any]) -> Panel:
    """Events by month of the year, for a log that is good to the month."""
    title = "Events by month of the year"
    return _calendar_panel(
        "months", title, ("Month", "Months seen", "A month"), peaks.MONTHS, parts["events"], parts["seen"]
    )


def _calendar_panel(
    name: str, title: str, head: tuple[str, str, str], labels: Sequence[str], events: Sequence[int], seen: Sequence[int]
) -> Panel:
    rows = [
        {"label": label, "value": round(n / times, 1) if times else 0}
        for label, n, times in zip(labels, events, seen, strict=True)
    ]
    table = Table(
        f"Events by {head[0].lower()}",
        (head[0], "Events", head[1], head[2]),
        [
            (label, words.number(n), words.number(times), words.number(n / times) if times else "–")
            for label, n, times in zip(labels, events, seen, strict=True)
        ],
        frozenset({1, 2, 3}),
    )
    each = f"events {head[2].lower()}"
    return Panel(name, title, figures.bars(rows, each), table, f"Bars of {each}.", "Averaged over those seen.")
