"""The rows of a ledger that may be told, each with what the report would claim of it.

Rows that name a person (a tie, one person's effect, what an event did to one person's list) are told to who asks for
that person alone, and the other end of a tie is not named.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from swayline.ledger.ids import escape
from swayline.ledger.standing import Standing
from swayline.report.wording.claims import standing
from swayline.report.wording.row_sentences import is_measured
from swayline.report.wording.verdicts import KINDS, quoted_rows

Row = dict[str, Any]
ANOTHER = "another person"
_QUESTION = ("cause_kind", "cause", "effect_kind", "effect", "channel", "estimand", "reference", "subject")


@dataclass(frozen=True)
class Told:
    """Rows of a ledger that name nobody.

    Parameters
    ----------
    rows : list of dict
        The ledger's columns, and ``quoted`` (the row to quote of its question), ``stands``, ``among``.
    n_personal : int
        Rows that name a person, which are not among them.
    """

    rows: list[Row]
    n_personal: int

    def association(self, row: Mapping[str, Any]) -> Row | None:
        """The quoted association of a row's cause and effect."""
        same = [
            one for one in self.rows
            if one["estimand"] == "association" and one["quoted"] and is_measured(one)
            and all(one[name] == row[name] for name in ("cause_kind", "cause", "effect_kind", "effect"))
        ]  # fmt: skip
        return same[0] if same else None


def names_a_person(table: pa.Table) -> pa.ChunkedArray:
    """(rows,) whether a row is about one person."""
    person = pc.or_(pc.equal(table["cause_kind"], "user"), pc.equal(table["effect_kind"], "user"))
    listed = pc.and_(
        pc.equal(table["effect_kind"], "recommendation"),
        pc.or_(pc.equal(table["cause_kind"], "event"), pc.match_substring(table["effect"], "|")),
    )
    event = pc.equal(table["cause_kind"], "event")
    return pc.or_(pc.or_(person, listed), pc.or_(event, pc.is_valid(table["subject"])))


def rows_of_nobody(table: pa.Table) -> Told:
    """The rows of a ledger that name nobody, with what stands among them."""
    personal = names_a_person(table)
    open_rows = table.filter(pc.invert(personal)).to_pylist()
    return Told(judged(open_rows), len(table) - len(open_rows))


def rows_of_user(table: pa.Table, user: str, ties: Standing) -> list[Row]:
    """The rows that name one person; who else stands in them is :data:`ANOTHER`.

    Parameters
    ----------
    ties : Standing
        What can be claimed of the ties of this ledger.
    """
    listed = pc.and_(
        pc.equal(table["effect_kind"], "recommendation"), pc.starts_with(table["effect"], escape(user) + "|")
    )
    subject = pc.fill_null(pc.equal(table["subject"], user), False)
    ends = pc.or_(_is(table, "cause_kind", "cause", user), _is(table, "effect_kind", "effect", user))
    of_nobody_else = pc.or_(subject, pc.is_null(table["subject"]))
    mine = pc.and_(of_nobody_else, pc.or_(pc.or_(listed, subject), ends))
    rows = table.filter(pc.and_(mine, pc.not_equal(table["estimand"], "excitation"))).to_pylist()
    return [_masked(one, user) for one in [*ties_of(ties, user), *judged(rows)]]


def ties_of(ties: Standing, user: str) -> list[Row]:
    """A person's ties that were measured, given and taken, with whether each stands."""
    either = pc.or_(pc.equal(ties.rows["cause"], user), pc.equal(ties.rows["effect"], user)).to_numpy()
    return [tie_at(ties, int(at)) for at in either.nonzero()[0]]


def tie_at(ties: Standing, at: int) -> Row:
    """A measured tie with what can be claimed of it; ``q_value`` is null where it was not asked about."""
    row: Row = _without_nan(ties.rows.slice(at, 1).to_pylist()[0] | {"q_value": float(ties.q_value[at])})
    return row | {"quoted": True, "stands": bool(ties.stands[at]), "among": ties.asked, "failed": list(ties.failed)}


def _is(table: pa.Table, kind: str, name: str, user: str) -> pa.ChunkedArray:
    return pc.and_(pc.equal(table[kind], "user"), pc.equal(table[name], user))


def _without_nan(row: Row) -> Row:
    return {name: None if isinstance(value, float) and isnan(value) else value for name, value in row.items()}


def _masked(row: Row, user: str) -> Row:
    """A row without any other person's id."""
    found = dict(row)
    for name, kind in (("cause", "cause_kind"), ("effect", "effect_kind")):
        if row[kind] == "user" and row[name] != user:
            found[name] = ANOTHER
    if row["effect_kind"] == "recommendation" and "|" in row["effect"] and row["effect"].split("|")[0] != escape(user):
        found["effect"] = ANOTHER
    return found


def judged(rows: Sequence[Row]) -> list[Row]:
    """Rows with ``quoted``, ``stands`` and ``among``; what the report quotes stands as it does there.

    Further effects are quoted together with those of the same estimand and effect; a row that is not quoted (another
    method of the same question) stands by its own interval.
    """
    numbered = [{**_without_nan(row), "_at": at} for at, row in enumerate(rows)]
    quoted, stands = _primary(numbered), _stands_on_the_page(numbered)
    further: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in numbered:
        if row["_at"] in quoted and row["_at"] not in stands and is_measured(row):
            further[row["effect"], row["estimand"]].append(row)
    for together in further.values():
        for row, ok in zip(together, standing(together), strict=True):
            stands[row["_at"]] = (ok, len(together))
    quoted |= set(stands)
    return [_with(row, row["_at"] in quoted, stands.get(row["_at"])) for row in numbered]


def _on_the_page(row: Row) -> bool:
    return row["cause_kind"] in ("behavior", "treatment") and row["estimand"] in KINDS and row["subject"] is None


def _stands_on_the_page(rows: Sequence[Row]) -> dict[int, tuple[bool, int]]:
    """What the report's cards quote: place → whether it stands, among how many."""
    by_effect: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if _on_the_page(row) and is_measured(row):
            by_effect[row["effect"]].append(row)
    found: dict[int, tuple[bool, int]] = {}
    for of_effect in by_effect.values():
        for parts in quoted_rows(of_effect).values():
            found |= {one["_at"]: (one["stands"], one["among"]) for one in parts.values()}
    return found


def _with(row: Row, quoted: bool, stands: tuple[bool, int] | None) -> Row:
    plain = {name: value for name, value in row.items() if name != "_at"}
    if stands is None:
        stands = (is_measured(row) and standing([row])[0], 1)
    return plain | {"quoted": quoted, "stands": stands[0], "among": stands[1]}


def _primary(rows: Iterable[Row]) -> set[int]:
    """Which rows to quote: the primary ones of a question; all of one that has none, unless the page chooses."""
    questions: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        questions[tuple(row[name] for name in _QUESTION)].append(row)
    found: set[int] = set()
    for same in questions.values():
        primary = {row["_at"] for row in same if row["primary"]}
        page_chooses = _on_the_page(same[0]) and any(map(is_measured, same))
        found |= primary or (set() if page_chooses else {row["_at"] for row in same})
    return found
