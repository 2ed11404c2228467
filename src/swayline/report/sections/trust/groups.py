"""Quality of lists by groups of people: figures, verdicts, and groups that are too few to tell."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from swayline.report.blocks import Note, Table
from swayline.report.wording import words

_TOO_FEW, _MISSING, _DIFFERS = "too few to tell", "missing", "differs"
_SHOWN = 12


def differing(fairness: pa.Table) -> list[str]:
    """Columns between whose groups quality differs beyond chance."""
    return [one["by"] for one in fairness.to_pylist() if _is_gap(one) and one["told"] == _DIFFERS]


def untold_words(fairness: pa.Table) -> str:
    """What is said where no group differs: of the columns that could be compared, and of those that could not."""
    gaps = [one for one in fairness.to_pylist() if _is_gap(one)]
    told = [words.label(one["by"], 40) for one in gaps if one["told"] != _TOO_FEW]
    if not told:
        return "Groups of people are too few to tell whether they are served alike."
    more = f", {words.label(told[0])} and {words.number(len(told) - 1)} more columns" if len(told) > 3 else ""
    return f"No difference in quality is shown between groups of {more[2:] if more else words.listed(told)}."


def group_blocks(told: Mapping[str, Any], fairness: pa.Table | None) -> list[Any]:
    """A table a column, or why there is none."""
    if not told["groups_asked"]:
        why = (
            "no table of users was given (--users)"
            if told["people_asked"]
            else "nobody has the three events to be asked"
        )
        return [Note(f"Whether groups of people are served alike was not asked: {why}.")]
    if fairness is None:
        return []
    rows = fairness.to_pylist()
    by = list(dict.fromkeys(one["by"] for one in rows if one["by"] is not None))
    return [_of_column(column, [one for one in rows if one["by"] == column], told["k"]) for column in by]


def _is_gap(row: Mapping[str, Any]) -> bool:
    return bool(row["by"] is not None and row["measure"].endswith("_gap"))


def _of_column(column: str, rows: list[dict[str, Any]], k: int) -> Table:
    groups = [one for one in rows if not _is_gap(one)]
    told = [one for one in groups if one["told"] not in (_TOO_FEW, _MISSING)]
    cells = [
        (words.label(one["group"], 60), words.number(one["n"]),
         words.estimate(one["value"], one["ci_low"], one["ci_high"], "", sign=False))
        for one in told
    ]  # fmt: skip
    for said in (_TOO_FEW, _MISSING):
        some = [one for one in groups if one["told"] == said]
        cells += [(words.label(one["group"], 60), words.number(one["n"]), said) for one in some[:_SHOWN]]
        rest = some[_SHOWN:]
        if rest:
            n = sum(one["n"] for one in rest)
            cells.append((f"{words.number(len(rest))} more groups", words.number(n), said))
    verdict = next((_verdict(one) for one in rows if _is_gap(one)), "")
    return Table(
        f"NDCG@{k} by {words.label(column, 60)}{verdict}", ("Group", "People", f"NDCG@{k}"), cells, frozenset({1, 2}),
    )  # fmt: skip


def _verdict(gap: Mapping[str, Any]) -> str:
    if gap["told"] == _TOO_FEW:
        return ": too few to tell"
    figure = words.estimate(gap["value"], gap["ci_low"], gap["ci_high"], "", sign=False)
    return f": {words.label(gap['group'], 120)} by {figure}, {gap['told']}"
