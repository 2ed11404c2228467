"""The ledger on a page: filtered, sorted, each row with its interval, its verdict and the association beside it."""

import io
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from pydantic import ValidationError

from swayline.core.errors import nearest, shown
from swayline.ledger.standing import Standing, standing_ties
from swayline.report.wording.row_sentences import is_measured, row_sentence, row_verdict
from swayline.report.wording.verdicts import figure_words
from swayline.service.api.problems import Problem
from swayline.service.api.routes.influence import InfluenceQuery, chosen
from swayline.service.mcp.ledger_rows import Row, Told, judged, names_a_person, rows_of_nobody, tie_at
from swayline.service.serving import Loaded

PAGE = 50
SORTS = ("table", "strongest", "cause", "effect", "estimand", "p_value", "n")
FILTERS = ("cause_kind", "effect_kind", "channel", "estimand", "evidence", "identified")
_PLACE = "_place"


@dataclass(frozen=True)
class Asked:
    """What of the ledger is asked for: words of an address, checked."""

    query: InfluenceQuery
    text: str
    sort: str
    page: int


def asked_of(words: Mapping[str, str]) -> Asked:
    """Read the words of an address.

    Raises
    ------
    Problem
        One is unknown, or out of range.
    """
    said = {name: value for name, value in words.items() if value != ""}
    text, sort, page = said.pop("text", ""), said.pop("sort", "table"), said.pop("page", "1")
    if sort not in SORTS:
        raise Problem(422, f"sort {shown(sort)}: {nearest(sort, SORTS)}")
    if not page.isdecimal() or not 1 <= int(page) <= 1_000_000:
        raise Problem(422, f"page {shown(page)}: write a whole number from 1")
    unknown = [name for name in said if name not in (*FILTERS, "primary")]
    if unknown:
        raise Problem(422, f"there is no filter {shown(unknown[0])}: {nearest(unknown[0], (*FILTERS, 'primary'))}")
    try:
        query = InfluenceQuery.model_validate(said | {"order": "strongest" if sort == "strongest" else "table"})
    except ValidationError as error:
        first = error.errors()[0]
        raise Problem(422, f"{first['loc'][0]} {shown(first['input'])}: {first['msg']}") from None
    return Asked(query, text[:200], sort, int(page))


class Explorer:
    """The ledger of one model in service.

    Parameters
    ----------
    ledger : pa.Table
    """

    def __init__(self, ledger: pa.Table) -> None:
        self.ledger = ledger
        self._numbered = ledger.append_column(_PLACE, pa.array(range(len(ledger)), pa.int64()))
        self._lock = threading.Lock()
        self._told: tuple[Told, dict[int, Row]] | None = None
        self._ties: tuple[Standing, dict[int, int]] | None = None

    def choices(self) -> dict[str, list[str]]:
        """Words that each filter can take."""
        return {
            name: sorted(str(one) for one in pc.unique(self.ledger[name]).to_pylist() if one is not None)
            for name in FILTERS
        }

    def rows(self, asked: Asked) -> pa.Table:
        """All rows asked for, in the order asked for.

        Raises
        ------
        Problem
            No row has a word that was asked for.
        """
        table = chosen(self._numbered, asked.query)
        if asked.text:
            hit = [pc.match_substring(table[name], asked.text, ignore_case=True) for name in ("cause", "effect")]
            table = table.filter(pc.fill_null(pc.or_kleene(*hit), False))
        if asked.sort not in ("table", "strongest"):
            order = "descending" if asked.sort == "n" else "ascending"
            table = table.sort_by([(asked.sort, order)])
        return table

    def page(self, asked: Asked) -> dict[str, Any]:
        """A page of rows as they are shown."""
        table = self.rows(asked)
        first = (asked.page - 1) * PAGE
        part = table.slice(first, PAGE).to_pylist()
        return {
            "total": len(table), "first": first + 1, "last": first + len(part), "page": asked.page,
            "pages": max(1, -(-len(table) // PAGE)), "rows": [self._shown(row) for row in part],
        }  # fmt: skip

    def csv(self, asked: Asked) -> bytes:
        """All rows asked for as CSV, as the table has them."""
        into = io.BytesIO()
        pa.csv.write_csv(self.rows(asked).drop_columns([_PLACE]), into)
        return into.getvalue()

    def standing(self) -> Standing:
        """What can be claimed of the ties."""
        return self._of_ties()[0]

    def _shown(self, row: Row) -> dict[str, Any]:
        full = self._judged(row)
        told, _ = self._of_nobody()
        beside = None if row["estimand"] == "association" else told.association(row)
        verdict, tone, basis = row_verdict(full)
        return {
            "cause": row["cause"], "cause_kind": row["cause_kind"], "effect": row["effect"],
            "effect_kind": row["effect_kind"], "estimand": row["estimand"], "channel": row["channel"],
            "method": row["method"], "n": row["n"], "primary": row["primary"], "identified": row["identified"],
            "figure": figure_words(full) if is_measured(full) else "–", "verdict": verdict, "tone": tone,
            "basis": basis, "association": "" if beside is None else figure_words(beside),
            "sentence": row_sentence(full, beside), "assumptions": row["assumptions"],
        }  # fmt: skip

    def _judged(self, row: Row) -> Row:
        """A row with what stands among those it is quoted with."""
        told = self._of_nobody()[1].get(row[_PLACE])
        if told is not None:
            return told
        if row["estimand"] == "excitation" and is_measured(row):
            ties, at = self._of_ties()
            return tie_at(ties, at[row[_PLACE]])
        return judged([{name: value for name, value in row.items() if name != _PLACE}])[0]

    def _of_nobody(self) -> tuple[Told, dict[int, Row]]:
        with self._lock:
            if self._told is None:
                told = rows_of_nobody(self.ledger)
                places = self._numbered.filter(pc.invert(names_a_person(self.ledger)))[_PLACE].to_pylist()
                self._told = (told, dict(zip(places, told.rows, strict=True)))
            return self._told

    def _of_ties(self) -> tuple[Standing, dict[int, int]]:
        with self._lock:
            if self._ties is None:
                found = standing_ties(self._numbered)
                self._ties = (found, {place: at for at, place in enumerate(found.rows[_PLACE].to_pylist())})
            return self._ties


class Explorers:
    """The explorer of the ledger that is in service now."""

    def __init__(self) -> None:
        self._kept: tuple[pa.Table, Explorer] | None = None

    def of(self, loaded: Loaded) -> Explorer | None:
        """None where the run measured no influence."""
        ledger = loaded.ledger
        if ledger is None or not len(ledger):
            return None
        if self._kept is None or self._kept[0] is not ledger:
            self._kept = (ledger, Explorer(ledger))
        return self._kept[1]
