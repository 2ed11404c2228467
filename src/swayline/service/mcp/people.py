"""Who sways others, and one person's profile and recommendations."""

from collections import defaultdict
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from swayline.core.errors import ArtifactError, DataError, SwaylineError, shown
from swayline.core.names import FLAGS_FILE, INFLUENCE_FILE, ITEM, RANK, RECOMMENDATIONS_FILE, USER
from swayline.core.run_folder import artifact
from swayline.core.run_folder.registry import PEOPLE_FILE, THINGS_FILE
from swayline.ledger.standing import Standing
from swayline.report.sections.people import ties_finding
from swayline.service.mcp.arguments import Arguments, Limit
from swayline.service.mcp.arguments import User as UserId
from swayline.service.mcp.effects import answer, ties_in
from swayline.service.mcp.files import RunFiles
from swayline.service.mcp.ledger_rows import ANOTHER, tie_at, ties_of
from swayline.service.mcp.plain import page, plain
from swayline.service.mcp.users import check_known, lists, profiles, rows_of, unknown

_MOST_TIES = 20
_UNSHOWN = ("rhythm",)
"""Columns of a profile that only a drawing needs."""


class InfluencersAsked(Arguments):
    """How many people."""

    k: Annotated[int, Field(ge=1, le=100, description="Most people of the answer.")] = 10


class ListAsked(Arguments):
    """Whose list, and how much of it."""

    user: UserId
    k: Annotated[int, Field(ge=1, le=100, description="Length of the list.")] = 10


class ProfileAsked(Arguments):
    """Whose profile."""

    user: UserId
    ties: Limit = _MOST_TIES


def top_influencers(files: RunFiles, asked: InfluencersAsked) -> dict[str, Any]:
    """Who sways others: people with a tie whose influence stands when all ties are asked together.

    Ranked by the sum of the lower ends of those ties' intervals. Whom they sway is not told. An empty list means that
    nobody can be claimed to sway anybody: pass that on.
    """
    found = ties_in(files)
    if not len(found.rows):
        raise ArtifactError(
            f"the run measured no ties between people: give it some with  {files.command(INFLUENCE_FILE)} --ties TIES"
        )
    leaders = _leaders(found)
    told = page(leaders, asked.k, name="influencers")
    told["influencers"] = [_leader(found, user, at, place) for place, (user, at) in enumerate(told["influencers"], 1)]
    return told | {
        "sentence": ties_finding(found) + ".", "ties_measured": len(found.rows), "ties_asked": found.asked,
        "ties_claimed": int(found.stands.sum()), "failed_checks": plain(found.failed),
        "notes": ["Ties that stand were picked for being large: their sum is rather too high, and has no interval."],
    }  # fmt: skip


def _leaders(found: Standing) -> list[tuple[str, list[int]]]:
    """People with a claimed tie → places of those ties, most certain influence first."""
    ties: dict[str, list[int]] = defaultdict(list)
    causes = found.rows["cause"].to_pylist()
    for at in np.flatnonzero(found.stands).tolist():
        ties[causes[at]].append(at)
    low = pc.fill_null(found.rows["ci_low"], 0.0).to_pylist()
    return sorted(ties.items(), key=lambda pair: (-sum(low[at] for at in pair[1]), pair[0]))


def _leader(found: Standing, user: str, places: list[int], rank: int) -> dict[str, Any]:
    rows = [tie_at(found, at) for at in places]
    strongest = max(rows, key=lambda row: row["ci_low"] or 0.0)
    return {
        "rank": rank, USER: user, "ties_claimed": len(places), "actions": strongest["n"],
        "caused_per_action": sum(row["estimate"] for row in rows), "unit": strongest["unit"],
        "strongest_tie": answer(strongest | {"effect": ANOTHER}),
    }  # fmt: skip


def recommendations(files: RunFiles, asked: ListAsked) -> dict[str, Any]:
    """One person's recommendations, best first, each with its reason.

    A reason says what moved the model's score, not what will move the person.
    """
    rows = rows_of(lists(files), asked.user)
    if not rows:
        if files.has(PEOPLE_FILE) and rows_of(profiles(files), asked.user):
            raise DataError(f"user {shown(asked.user)} has no list in this run: {files.command(RECOMMENDATIONS_FILE)}")
        raise unknown(files, asked.user)
    rows.sort(key=lambda row: row[RANK])
    titles = _titles(files, [row[ITEM] for row in rows[: asked.k]])
    found = page(rows, asked.k, name="items")
    found["items"] = [plain({"label": titles.get(row[ITEM]), **_without_user(row)}) for row in found["items"]]
    short = len(found["items"]) < asked.k
    notes = [f"The run made lists of {len(rows)}: swayline run -k {asked.k} makes longer ones."] if short else []
    return {USER: asked.user} | found | {"notes": notes}


def _titles(files: RunFiles, items: list[str]) -> dict[str, str]:
    """Item → its title, where the run knows some."""
    if not files.has(THINGS_FILE):
        return {}
    table = files.table(THINGS_FILE, dict(artifact(THINGS_FILE).needed))
    if "label" not in table.column_names:
        return {}
    known = table.filter(pc.is_in(table[ITEM], pa.array(items, pa.string())))
    return dict(zip(known[ITEM].to_pylist(), known["label"].to_pylist(), strict=True))


def profile(files: RunFiles, asked: ProfileAsked) -> dict[str, Any]:
    """One person: their profile in a sentence and in columns, flags, and the ties that were measured.

    Each tie has its verdict; who stands at its other end is not told.
    """
    rows = rows_of(profiles(files), asked.user)
    if not rows:
        check_known(files, asked.user)
        raise DataError(f"user {shown(asked.user)} has a list but no profile in this run: {files.command(PEOPLE_FILE)}")
    told: dict[str, Any] = plain({name: value for name, value in rows[0].items() if name not in _UNSHOWN})
    notes: list[str] = []
    flags = _part(FLAGS_FILE, notes, lambda: rows_of(_flags(files), asked.user))
    ties = _part(INFLUENCE_FILE, notes, lambda: _ties(files, asked.user))
    given = [answer(row) for row in ties if row["cause"] == asked.user]
    received = [answer(row) for row in ties if row["cause"] != asked.user]
    return told | {
        "flagged": plain([_without_user(row) for row in flags]),
        "ties_given": page(given, asked.ties), "ties_received": page(received, asked.ties), "notes": notes,
    }  # fmt: skip


def _flags(files: RunFiles) -> pa.Table:
    return files.table(FLAGS_FILE, dict(artifact(FLAGS_FILE).needed))


def _ties(files: RunFiles, user: str) -> list[dict[str, Any]]:
    ends = (("cause", "effect"), ("effect", "cause"))
    rows = ties_of(ties_in(files), user)
    return [row | {other: ANOTHER} for row in rows for own, other in ends if row[own] == user]


def _part(name: str, notes: list[str], read: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """A part of a profile; what is missing is said and the rest is told."""
    try:
        return read()
    except SwaylineError as error:
        notes.append(f"Without {name}: {error}.")
        return []


def _without_user(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != USER}
