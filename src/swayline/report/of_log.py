"""Sections about the log itself: what it holds, funnel and flow, time, people and items."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from swayline.core.names import BEHAVIOR, DESCRIBE_FILE, REASON, REJECTED_FILE, ROW, VALUE
from swayline.report import words
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Section, Table, Tiles


def log_section(run: Artifacts) -> Section:
    """What was read, what was refused and why."""
    found = run.describe
    if found is None:
        return Section("log", "The log", "", [Missing(run.why_missing(DESCRIBE_FILE)), *_refused_alone(run)])
    size, rows, span = found["size"], found["rows"], found["span"]
    when = _when(span)
    finding = (
        f"{words.number(size['events'])} events of {words.number(size['users'])} people on "
        f"{words.number(size['items'])} items"
        f"{when}. {_kept_words(rows)}"
    )
    blocks: list[Any] = [_tiles(found)]
    blocks += [Note(words.label(note, 400)) for note in rows["notes"]]
    if span and span["outside"] and _stretched(span):
        blocks.append(
            Note(
                f"{words.number(span['outside'])} events lie outside {words.moment(span['clock_from'])} to "
                f"{words.moment(span['clock_to'])} ({words.label(found['timezone'])}), "
                f"where 99.8% of the events are; the log's first event is of {words.day(span['first'])}, its last "
                f"of {words.day(span['last'])}. "
                "They count in every number, and are left off the time axes."
            )
        )
    if found["ordered"]:
        blocks.append(
            Note("This log has an order and no times: nothing here depends on a clock, and no time was invented.")
        )
    blocks += [_rejected_table(rows), _behavior_table(found)]
    lead = "What was read, what was kept, and what was refused with the reason."
    return Section("log", "The log", lead, blocks, finding)


def _stretched(span: Mapping[str, Any]) -> bool:
    """Whether stray events would stretch the time axes by a quarter or more."""
    whole = datetime.fromisoformat(span["last"]) - datetime.fromisoformat(span["first"])
    return bool(whole.total_seconds() > 1.25 * 86400 * span["days"])


def _when(span: Mapping[str, Any] | None) -> str:
    if span is None:
        return ", in order and without times"
    length = (
        f"{words.number(max(1, round(span['days'])))} days"
        if span["days"] >= 1.5
        else f"{words.number(round(span['days'] * 24))} hours"
    )
    return f" over {length} ({words.day(span['clock_from'])} to {words.day(span['clock_to'])})"


def _kept_words(rows: Mapping[str, Any]) -> str:
    if not rows["rejected"] and not rows["duplicates"]:
        return "Every row that was read could be used."
    parts = []
    if rows["rejected"]:
        parts.append(
            f"{words.number(rows['rejected'])} rows ({words.percent(rows['rejected'] / max(rows['read'], 1))}) were "
            "refused"
        )
    if rows["duplicates"]:
        parts.append(f"{words.number(rows['duplicates'])} repeats were dropped")
    return words.capital(" and ".join(parts)) + "."


def _tiles(found: Mapping[str, Any]) -> Tiles:
    size, rows = found["size"], found["rows"]
    tiles = [
        (words.number(size["events"]), "events kept", f"of {words.number(rows['read'])} rows read"),
        (words.number(size["users"]), "people", f"{words.number(found['per_user']['median'])} events each (median)"),
        (words.number(size["items"]), "items", _density(size)),
        (words.number(rows["rejected"]), "rows refused", f"{words.number(rows['duplicates'])} repeats dropped"),
    ]
    if size["sessions"]:
        tiles.append(
            (
                words.number(size["sessions"]),
                "sessions",
                f"{size['events'] / size['sessions']:.1f} events each",
            )
        )
    if size["categories"]:
        tiles.append((words.number(size["categories"]), "categories", ""))
    return Tiles(tiles)


def _density(size: Mapping[str, Any]) -> str:
    return f"{words.percent(size['density'])} of all person–item pairs seen" if size["density"] is not None else ""


def _rejected_table(rows: Mapping[str, Any]) -> Any:
    if not rows["reasons"]:
        return Note("No row was refused.")
    return Table(
        "Rows refused, by column and reason",
        ("Column", "Reason", "Rows", "For example"),
        [
            (
                words.label(one["column"] or "whole row"),
                words.label(one[REASON], 160),
                words.number(one["n"]),
                _examples(one),
            )
            for one in rows["reasons"]
        ],
        frozenset({2}),
    )


def _examples(one: Mapping[str, Any]) -> str:
    return "; ".join(f"row {each[ROW]}: {words.label(each[VALUE], 40) or 'empty'}" for each in one["examples"])


def _refused_alone(run: Artifacts) -> list[Any]:
    """Rejected rows where the log was not described."""
    if run.rejected is None:
        return [Missing(run.why_missing(REJECTED_FILE))]
    return [Note(f"{words.number(len(run.rejected))} rows were refused; {REJECTED_FILE} lists them.")]


def _behavior_table(found: Mapping[str, Any]) -> Table:
    return Table(
        "Behaviours, shallow to deep",
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
