"""The place of the funnel in a log of one behaviour: who comes back, to what, how deep a visit is, how grades fall."""

from collections.abc import Mapping
from typing import Any

from swayline.core.conditions import base_of
from swayline.report.blocks import Note, Section, Table, Tiles
from swayline.report.wording import words
from swayline.report.wording.returning import back_words, range_words, repeats_words, return_words

Found = Mapping[str, Any]


def returns_section(found: Found) -> Section:
    """The place of the funnel in a log of one behaviour."""
    parts = found.get("returning") or {}
    noun = words.noun(base_of(found["outcome"]), 2)
    opening = f"This log knows one behaviour, {noun}, so no funnel can be drawn: it tells who comes back, and to what."
    told = [text for text in (return_words(parts, noun), back_words(parts)) if text]
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
        tiles.append((words.number(round(values["mean"], 2)), "mean value", range_words(values)))
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
