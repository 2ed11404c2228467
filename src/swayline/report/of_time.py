"""Section about when people act."""

from collections.abc import Mapping, Sequence
from typing import Any

from swayline.core.names import BEHAVIOR, DESCRIBE_FILE
from swayline.report import figures, words
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Panel, Section, Table

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


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
    blocks: list[Any] = [_activity_panel(found)]
    blocks += [_week_panel(found, "all", "events"), _week_panel(found, "outcome", words.noun(outcome, 2))]
    zone = words.label(found["timezone"])
    return Section(
        "time", "Time", f"When people act, on the clock of {zone}.", [block for block in blocks if block is not None]
    )


def _activity_panel(found: Mapping[str, Any]) -> Panel:
    parts, outcome = found["activity"], found["outcome"]
    names = [one[BEHAVIOR] for one in sorted(found["behaviors"], key=lambda one: -one["events"])][
        : figures.MAX_SERIES - 1
    ]
    shown = [one[BEHAVIOR] for one in found["behaviors"] if one[BEHAVIOR] in names or one[BEHAVIOR] == outcome]
    series = {name: parts["series"][name] for name in shown}
    unit = {3600: "hour", 86400: "day"}.get(parts["window_s"], "week")
    moment, most = figures.peak(parts["starts"], [sum(each) for each in zip(*parts["series"].values(), strict=True)])
    at = f"{moment:%A} {words.day(moment.isoformat())}" + (f", {moment:%H:%M}" if unit == "hour" else "")
    title = f"The busiest {unit} was {'the week of ' if unit == 'week' else ''}{at}, with {words.number(most)} events"
    return Panel(
        "activity",
        title,
        figures.activity(parts["starts"], series, figures.window_words(parts["window_s"], found["timezone"])),
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
    hours = [sum(row[hour] for row in counts) / max(sum(row[hour] for row in seen), 1) for hour in range(24)]
    best = max(range(24), key=hours.__getitem__)
    share = hours[best] / max(sum(hours), 1e-12)
    title = (
        f"{words.capital(noun)} peak between {best}:00 and {(best + 1) % 24}:00 ({words.percent(share)} of a day's "
        f"{noun})"
    )
    days = [(sum(row), sum(times)) for row, times in zip(counts, seen, strict=True)]
    table = Table(
        f"{words.capital(noun)} by weekday",
        ("Weekday", words.capital(noun), "Hours seen", "An hour"),
        [
            (day, words.number(n), words.number(times), words.number(n / times) if times else "–")
            for day, (n, times) in zip(_WEEKDAYS, days, strict=True)
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
