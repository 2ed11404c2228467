"""What a log of one behaviour can be asked: who comes back, to what, how deep a visit is, how the grades fall."""

from collections.abc import Mapping
from typing import Any

from swayline.core.conditions import base_of
from swayline.core.names import BEHAVIOR
from swayline.report.blocks import Note, Section, Table, Tiles
from swayline.report.wording import words

_WORTH_TELLING = 0.01
Found = Mapping[str, Any]


def has_ways(found: Found) -> bool:
    """Whether there is a way to the outcome: another behaviour beside it, and not only other values of the same."""
    return len({base_of(one[BEHAVIOR]) for one in found["behaviors"]}) > 1


def has_outcome(found: Found) -> bool:
    """Whether people may act and not come to the outcome: another behaviour, or other values of the same."""
    return len(found["behaviors"]) > 1


def repeated_share(found: Found | None) -> float:
    """The share of rows on items that repeat a person, item, behaviour and moment which another row holds."""
    parts = (found or {}).get("returning") or {}
    repeats = parts.get("repeats") or 0
    return float(repeats / max(parts.get("acts", 0) + repeats, 1))


def repeats_words(found: Found | None) -> str:
    """That the log repeats itself, as part of a sentence; nothing below one row in a hundred."""
    share = repeated_share(found)
    if share < _WORTH_TELLING:
        return ""
    return f"{words.percent(share)} of the rows repeat a person, item and moment that another row holds"


def habit_words(found: Found) -> str:
    """What is told of a log of one behaviour in place of how many came to the outcome."""
    parts = found.get("returning") or {}
    noun = words.noun(found["outcome"], 2)
    told = [text for text in (_grade_words(parts, noun), _back_words(parts), _return_words(parts, noun)) if text]
    return words.listed(told[:2]) if told else f"all of them are {noun}"


def _grade_words(parts: Found, noun: str) -> str:
    values = parts.get("values")
    if not values or not values["grades"] or values["low"] == values["high"]:
        return ""
    share = values["at_least_median"] / values["n"]
    return f"{words.percent(share)} of the {noun} are {words.number(values['median'])} or more ({_range(values)})"


def _range(values: Found) -> str:
    return f"of {words.number(values['low'])} to {words.number(values['high'])}"


def _back_words(parts: Found) -> str:
    days = parts.get("days")
    if not days or not days["people"]:
        return ""
    when = "in another month" if parts.get("by_month") else "on another day"
    return f"{words.percent(days['again'] / days['people'])} of the people came back {when}"


def _return_words(parts: Found, noun: str) -> str:
    if not parts.get("acts"):
        return ""
    share = parts["returns"] / parts["acts"]
    if not parts["returns"]:
        return f"nobody acted on an item again: all {noun} are discoveries"
    return f"{words.percent(share)} of the {noun} are returns to an item the person had acted on before"


def returns_section(found: Found) -> Section:
    """The place of the funnel in a log of one behaviour."""
    parts = found.get("returning") or {}
    noun = words.noun(base_of(found["outcome"]), 2)
    opening = f"This log knows one behaviour, {noun}, so no funnel can be drawn: it tells who comes back, and to what."
    told = [text for text in (_return_words(parts, noun), _back_words(parts)) if text]
    finding = words.capital(words.listed(told)) + "." if told else ""
    blocks: list[Any] = [Tiles(_tiles(parts))] if parts else []
    repeats = repeats_words(found)
    if repeats:
        blocks.append(Note(f"{words.capital(repeats)}; here such rows count once.", warn=True))
    blocks += _grade_tables(parts, noun)
    return Section("funnel", "Coming back", opening, [*blocks, *([] if parts else [Note(opening)])], finding)


def _tiles(parts: Found) -> list[tuple[str, str, str]]:
    acts, days, sessions, values = (parts.get(name) for name in ("acts", "days", "sessions", "values"))
    tiles = []
    if acts:
        share = parts["returns"] / acts
        tiles.append(
            (
                words.percent(share),
                "returns",
                f"{words.number(parts['returns'])} of {words.number(acts)} acts, on items acted on before",
            )
        )
        tiles.append((words.percent(1 - share), "discoveries", "acts on items new to the person"))
    if days and days["people"]:
        tiles.append(
            (
                words.percent(days["again"] / days["people"]),
                "came back in another month" if parts.get("by_month") else "came back on another day",
                f"{words.number(days['again'])} of {words.number(days['people'])} people",
            )
        )
    if days and days["early"] and not parts.get("by_month"):
        tiles.append(
            (
                words.percent(days["back"] / days["early"]),
                "came back within 30 days",
                f"of {words.number(days['early'])} people first seen 30 days or more before the log's end",
            )
        )
    if sessions and sessions["sessions"]:
        tiles.append(
            (
                words.number(sessions["median"]),
                "events in half of the sessions, or fewer",
                f"{words.number(round(sessions['mean'], 1))} on average, {words.number(sessions['sessions'])} sessions",
            )
        )
    if values:
        tiles.append((words.number(round(values["mean"], 2)), "mean value", _range(values)))
    return tiles


def _grade_tables(parts: Found, noun: str) -> list[Table]:
    values = parts.get("values")
    if not values or len(values["grades"]) < 2:
        return []
    return [
        Table(
            f"{words.capital(noun)} by value",
            ("Value", words.capital(noun), "Share"),
            [(words.number(value), words.number(n), words.percent(n / values["n"])) for value, n in values["grades"]],
            frozenset({0, 1, 2}),
        )
    ]
