"""Section about the scenario: what it is for, its tables, and what it does not tell."""

from typing import Any

from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Note, Section, Table
from swayline.report.wording import words

ID, TITLE = "scenario", "The scenario"


def related_section(run: Artifacts) -> Section | None:
    """What a scenario made beside lists; None where a run had none."""
    found = run.related
    if found is None:
        return None
    blocks: list[Any] = [Note(words.label(one, 400), warn=True) for one in found["limits"]]
    for table in found["tables"]:
        blocks.append(Note(f"{words.label(table['says'], 600)} ({words.label(table['file'])} holds them.)"))
        if table["rows"]:
            head = [words.label(one) for one in table["head"]]
            rows = [[words.label(cell, 160) for cell in row] for row in table["rows"]]
            blocks.append(Table(words.label(table["title"]), head, rows, _numeric(rows)))
    lead = f"{words.capital(words.label(found['scenario']))}: {words.label(found['about'], 400)}"
    finding = words.label(found["tables"][0]["says"], 600) if found["tables"] else ""
    return Section(ID, TITLE, lead, blocks, finding)


def _numeric(rows: list[list[str]]) -> frozenset[int]:
    """Columns that hold numbers alone."""
    return frozenset(at for at in range(len(rows[0])) if all(row[at].replace(".", "").isdigit() for row in rows))
