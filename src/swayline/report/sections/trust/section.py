"""Section "May this be used?": who looks manipulated, what they changed, and who is served worse."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.run_folder.registry import FRAUD_FILE, TRUST_FILE
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Section, Table, Tiles
from swayline.report.sections.trust.changes import change_blocks
from swayline.report.sections.trust.groups import differing, group_blocks, untold_words
from swayline.report.wording import words

ID, TITLE = "trust", "May this be used?"
_SHOWN = 12
_LEAD = (
    "Who and what looks manipulated, what that changed, and whether groups of people are served alike. A flag is a "
    "question to somebody who knows the log; nothing is dropped."
)


def trust_section(run: Artifacts) -> Section:
    """What was looked for, found, and could not be judged."""
    told = run.trust
    if told is None:
        return Section(ID, TITLE, "", [Missing(run.why_missing(TRUST_FILE))])
    blocks: list[Any] = [_tiles(told, run.fairness)]
    if run.fraud is None:
        blocks.append(Missing(run.why_missing(FRAUD_FILE)))
    else:
        blocks += [*_flagged(run.fraud, "user", "People"), *_flagged(run.fraud, "item", "Items")]
    blocks += change_blocks(told)
    blocks += group_blocks(told, run.fairness)
    unjudged = [*told["fraud_notes"], *told["fairness_notes"], *told["not_told"]]
    blocks += [Note(words.label(words.capital(one), 400)) for one in unjudged]
    return Section(ID, TITLE, _LEAD, blocks, f"{_of_fraud(told)} {_of_groups(told, run.fairness)}".strip())


def _tiles(told: Mapping[str, Any], fairness: pa.Table | None) -> Tiles:
    people, items = told["people"], told["items"]
    tiles = [
        (words.number(told["people_flagged"]), "people flagged", f"of {words.number(people)}"),
        (words.number(told["items_flagged"]), "items flagged", f"of {words.number(items)}"),
        (words.number(told["unjudged"]), "people whose choices cannot be judged", "too few items that others met"),
    ]
    if fairness is not None:
        asked = _columns(fairness)
        tiles.append((words.number(len(differing(fairness))), "columns whose groups are served unlike",
                      f"of {words.number(len(asked))} asked"))  # fmt: skip
    return Tiles(tiles)


def _columns(fairness: pa.Table) -> list[str]:
    found: list[str] = pc.unique(fairness["by"].cast(pa.string())).drop_null().to_pylist()
    return found


def _flagged(fraud: pa.Table, kind: str, title: str) -> list[Table]:
    rows = fraud.filter(pc.and_(pc.equal(fraud["kind"].cast(pa.string()), kind), fraud["flagged"])).to_pylist()
    if not rows:
        return []
    rest = f"; the {_SHOWN} with the highest scores of {words.number(len(rows))}" if len(rows) > _SHOWN else ""
    return [
        Table(
            f"{title} flagged (kept in every figure; {FRAUD_FILE} lists all{rest})",
            (title[:-1] if kind == "item" else "Person", "Score", "Why"),
            [
                (words.label(one["id"], 40), words.number(round(one["score"], 2)), words.label(one["reason"], 300))
                for one in rows[:_SHOWN]
            ],
            frozenset({1}),
        )
    ]


def _of_fraud(told: Mapping[str, Any]) -> str:
    people, items = told["people_flagged"], told["items_flagged"]
    unjudged = (
        f", and the choices of {words.number(told['unjudged'])} of {words.number(told['people'])} people cannot be "
        "judged"
        if told["unjudged"] else ""
    )  # fmt: skip
    if not people and not items:
        return f"Nobody is flagged as manipulating{unjudged}."
    who = " and ".join(
        f"{words.number(n)} {one if n == 1 else many}"
        for n, one, many in ((people, "person", "people"), (items, "item", "items")) if n
    )  # fmt: skip
    return f"{who} {'looks' if people + items == 1 else 'look'} manipulated{unjudged}."


def _of_groups(told: Mapping[str, Any], fairness: pa.Table | None) -> str:
    if not told["groups_asked"]:
        return ""
    if fairness is None or not _columns(fairness):
        return "Whether groups are served alike could not be asked of any column of the users table."
    differ = differing(fairness)
    if differ:
        return f"Quality of lists differs between groups of {words.listed([words.label(one, 40) for one in differ])}."
    return untold_words(fairness)
