"""What is said of a row of the influence table about people: its verdict, what that rests on, its figure in words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from swayline.report.wording import words
from swayline.report.wording.claims import among_words, failed_words, standing

Row = Mapping[str, Any]
KINDS = {"association": "association", "ate": "effect", "att": "effect"}
"""Estimands of the page's cards, and what each is."""
_ID_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?")


def quoted_rows(rows: Sequence[Row]) -> dict[str, dict[str, Row]]:
    """Cause → {association, effect}: the row to quote of each, strongest cause first."""
    found: dict[str, dict[str, Row]] = {}
    for one in sorted(rows, key=lambda one: not one["primary"]):
        found.setdefault(one["cause"], {}).setdefault(KINDS[one["estimand"]], one)
    for kind in ("association", "effect"):
        causes = [cause for cause, parts in found.items() if kind in parts]
        for cause, stands in zip(causes, standing([found[cause][kind] for cause in causes]), strict=True):
            found[cause][kind] = {**found[cause][kind], "stands": stands, "among": len(causes)}
    return dict(sorted(found.items(), key=lambda pair: importance(pair[1].get("effect") or pair[1]["association"])))


def importance(row: Row) -> tuple[int, float]:
    """Effects that stand come first, then associations, then what shows nothing, then what is not identified."""
    return {"up": 0, "down": 0, "open": 1, "none": 2, "stop": 3}[verdict(row)[1]], -abs(row["estimate"])


def verdict(row: Row) -> tuple[str, str, str]:
    """(words, tone, what it rests on) of an effect or association.

    Notes
    -----
    The tone is ``up`` or ``down`` for effects that stand, ``none`` where zero is not excluded, ``open`` where nothing
    is known about causes, ``stop`` where the figure must not be used.
    """
    sure = row["stands"] if "stands" in row else bool(standing([row])[0])
    more = row["estimate"] > 0
    outcome = words.noun(row["effect"], 2)
    if KINDS[row["estimand"]] == "association":
        if not sure:
            return f"Not seen with more or fewer {outcome}", "none", "association only" + among_words(row)
        return (
            f"Goes with {'more' if more else 'fewer'} {outcome}",
            "open",
            "association only: no claim that it causes them",
        )
    if row["identified"] == "no":
        why = failed_words(row)
        return (
            "Not identified",
            "stop",
            (why + ": " if why else "") + ("an effect cannot be told from this log; do not act on the figure"),
        )
    basis = (
        "randomised, or its chances are known" if row["identified"] == "yes" else "if all that drives both was measured"
    )
    if not sure:
        return f"No effect on {outcome} seen", "none", basis + among_words(row)
    surely = "" if row["identified"] == "yes" else "Likely "
    verb = ("raises" if more else "lowers") if surely else ("Raises" if more else "Lowers")
    return f"{surely}{verb} {outcome}", "up" if more else "down", basis


def figure_words(row: Row) -> str:
    """A row's estimate with its unit and interval."""
    return words.estimate(row["estimate"], row["ci_low"], row["ci_high"], row["unit"], sign=True)


def event_words(cause: str) -> str:
    """An event's id in words; an id of the log's own stands as it is.

    >>> event_words("lamp|cart|2026-01-31T12:00:00Z").replace("\N{NO-BREAK SPACE}", " "), event_words("e7")
    ('cart of lamp, 31 Jan 2026, 12:00 UTC', 'e7')
    """
    parts = cause.split("|")
    if len(parts) != 3 or not _ID_TIME.fullmatch(parts[2]):
        return words.label(cause)
    what = f"{words.noun(unquote(parts[1]))} of {words.label(unquote(parts[0]), 40)}"
    return f"{what}, {words.moment(parts[2])} UTC" if parts[2] else what
