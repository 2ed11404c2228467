"""Words about coming back and repeating, which several sections share."""

from collections.abc import Mapping
from typing import Any

from swayline.core.conditions import base_of
from swayline.core.names import BEHAVIOR
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
    told = [text for text in (grade_words(parts, noun), back_words(parts), return_words(parts, noun)) if text]
    return words.listed(told[:2]) if told else f"all of them are {noun}"


def grade_words(parts: Found, noun: str) -> str:
    """How the grades fall."""
    values = parts.get("values")
    if not values or not values["grades"] or values["low"] == values["high"]:
        return ""
    share = values["at_least_median"] / values["n"]
    return f"{words.percent(share)} of the {noun} are {words.number(values['median'])} or more ({range_words(values)})"


def range_words(values: Found) -> str:
    """Between which values the grades lie."""
    return f"of {words.number(values['low'])} to {words.number(values['high'])}"


def back_words(parts: Found) -> str:
    """How many came back."""
    days = parts.get("days")
    if not days or not days["people"]:
        return ""
    when = "in another month" if parts.get("by_month") else "on another day"
    return f"{words.percent(days['again'] / days['people'])} of the people came back {when}"


def return_words(parts: Found, noun: str) -> str:
    """How many acts are on items acted on before."""
    if not parts.get("acts"):
        return ""
    share = parts["returns"] / parts["acts"]
    if not parts["returns"]:
        return f"nobody acted on an item again: all {noun} are discoveries"
    return f"{words.percent(share)} of the {noun} are returns to an item the person had acted on before"
