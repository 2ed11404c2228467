"""The page about values: how high people rate (or pay, or stay), who, when, and which items most and least."""

from collections.abc import Mapping
from typing import Any

from swayline.core.names import BEHAVIOR, ITEM
from swayline.report import figures
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Panel, Section, Table
from swayline.report.wording import words


def values_section(run: Artifacts) -> Section | None:
    """How values lie; None where the log has none."""
    found = (run.describe or {}).get("values") or []
    if not found:
        return None
    blocks: list[Any] = []
    for one in found:
        blocks += [_distribution(one), _by_person(one), _over_time(one), *_loved(one)]
    lead = "What events were worth: stars, seconds, prices, as the log's value column says."
    return Section("values", "Values", lead, [block for block in blocks if block is not None], _finding(found[0]))


def _finding(one: Mapping[str, Any]) -> str:
    what = words.noun(one[BEHAVIOR], 2)
    text = f"{words.number(one['n'])} {what} average {_value(one['mean'])}"
    quartiles = one["person_quartiles"]
    if quartiles is None or one["people"] < 4:
        return f"{text}."
    return (
        f"{text}; the middle half of the {words.number(one['people'])} people with {one['least_of_person']} or more "
        f"have means from {_value(quartiles[0])} to {_value(quartiles[1])}."
    )


def _value(value: float) -> str:
    return f"{value:,.2f}".replace("-", "−")


def _distribution(one: Mapping[str, Any]) -> Panel:
    rows, what = one["distribution"], words.noun(one[BEHAVIOR], 2)
    most = max(rows, key=lambda row: row["n"])
    title = (
        f"The most frequent value of {what} is {figures.bar_words(most['low'], most['high'])}: "
        f"{words.percent(most['n'] / one['n'])} of them"
    )
    axis = f"value of a {words.noun(one[BEHAVIOR])}"
    note = (
        "" if rows[0]["low"] == rows[0]["high"] else "The outer half percent on each side is counted in the end bars."
    )
    return Panel(
        f"values-{_id(one)}",
        title,
        figures.histogram(rows, axis, what),
        _bars_table(f"Values of {what}", what, rows, one["n"]),
        f"Bars of how many {what} have each value.",
        note,
        half=True,
    )


def _by_person(one: Mapping[str, Any]) -> Panel | None:
    if one["people"] < 4 or len(one["by_person"]) < 2:
        return None
    what, (low, high) = words.noun(one[BEHAVIOR], 2), one["person_quartiles"]
    return Panel(
        f"values-people-{_id(one)}",
        f"Half of the people average from {_value(low)} to {_value(high)}",
        figures.histogram(one["by_person"], f"a person's mean value of {what}", "people", 2),
        _bars_table("People by their mean value", "people", one["by_person"], one["people"]),
        "Bars of how many people have each mean value.",
        f"People with {one['least_of_person']} {what} or more.",
        half=True,
    )


def _over_time(one: Mapping[str, Any]) -> Panel | None:
    parts = one["over_time"]
    if parts is None:
        return None
    points, what = parts["points"], words.noun(one[BEHAVIOR], 2)
    first, last = points[0], points[-1]
    apart = first["ci_high"] < last["ci_low"] or last["ci_high"] < first["ci_low"]
    title = (
        f"{words.capital(what)} average {_value(first['mean'])} at first and {_value(last['mean'])} at the end"
        if apart
        else f"{words.capital(what)} average as much at the end as at first, within their intervals"
    )
    table = Table(
        f"Mean value of {what} over time",
        ("From", words.capital(what), "Mean", "95% interval"),
        [
            (
                words.day(point["start"]),
                words.number(point["n"]),
                _value(point["mean"]),
                f"{_value(point['ci_low'])} to {_value(point['ci_high'])}",
            )
            for point in points
        ],
        frozenset({1, 2, 3}),
    )
    return Panel(
        f"values-time-{_id(one)}",
        title,
        figures.trend(points, f"mean value of {what}"),
        table,
        f"A line of the mean value of {what} in each window, with its interval.",
        "Different people act at different times, so a move of the mean is not a change of anybody's mind. Intervals "
        "take events as independent; windows with fewer than 20 are left out.",
    )


def _loved(one: Mapping[str, Any]) -> list[Table]:
    items = one["items"]
    if items is None:
        return []
    what = words.noun(one[BEHAVIOR], 2)
    of = f"of the {words.number(items['of'])} with {items['least']} {what} or more"
    return [
        Table(
            f"{'Highest' if side == 'best' else 'Lowest'} valued items, {of}",
            ("Item", words.capital(what), "Mean", "Shrunken mean", "95% interval"),
            [
                (
                    words.label(row[ITEM], 44),
                    words.number(row["n"]),
                    _value(row["raw"]),
                    _value(row["mean"]),
                    f"{_value(row['ci_low'])} to {_value(row['ci_high'])}",
                )
                for row in items[side]
            ],
            frozenset({1, 2, 3, 4}),
        )
        for side in ("best", "worst")
        if items[side]
    ]


def _bars_table(caption: str, counted: str, rows: list[dict[str, Any]], total: int) -> Table:
    return Table(
        caption,
        ("Value", words.capital(counted), "Share"),
        [
            (figures.bar_words(row["low"], row["high"]), words.number(row["n"]), words.percent(row["n"] / total))
            for row in rows
        ],
        frozenset({1, 2}),
    )


def _id(one: Mapping[str, Any]) -> str:
    """Letters and hyphens of a behaviour's name, told apart from others by its length."""
    return "".join(letter if letter.isascii() and letter.isalpha() else "-" for letter in one[BEHAVIOR])[:40]
