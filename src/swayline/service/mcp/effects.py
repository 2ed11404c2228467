"""What moves what: rows of the influence table, each with its verdict, its sentence and the association beside it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import unquote

import pyarrow as pa
from pydantic import Field

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.names import INFLUENCE_FILE
from swayline.ledger import reason_of
from swayline.ledger.schema import NO_CLAIM
from swayline.ledger.standing import Standing, standing_ties
from swayline.report.wording.row_sentences import is_measured, row_sentence, row_verdict
from swayline.report.wording.verdicts import KINDS
from swayline.service.mcp.arguments import Arguments, Limit, Offset, User
from swayline.service.mcp.files import RunFiles
from swayline.service.mcp.ledger_rows import Row, Told, rows_of_nobody, rows_of_user
from swayline.service.mcp.plain import counted, page, plain, without_nulls
from swayline.service.mcp.users import check_known

_TONES = {"up": 0, "down": 0, "open": 1, "none": 2, "stop": 3}
_CERTAIN = ("estimate", "interval", "unit", "verdict", "method", "n", "association")
"""Said of every row, also where there is none."""


class EffectsAsked(Arguments):
    """Which rows of the influence table."""

    cause: str | None = Field(None, description="What moves: a behaviour such as cart, as the log names it.")
    effect: str | None = Field(None, description="What is moved: the outcome, such as purchase.")
    estimand: str | None = Field(None, description="What is measured: association, ate, att, score_change, …")
    identified: Literal["yes", "assumed", "no"] | None = Field(
        None, description="yes: randomised. assumed: adjusted, no check failed. no: do not act on the figure."
    )
    user: User | None = Field(None, description="Rows about this one person instead of those about everybody.")
    all_methods: bool = Field(False, description="Also rows that are not the ones to quote of their question.")
    limit: Limit = 20
    offset: Offset = 0


def effects(files: RunFiles, asked: EffectsAsked) -> dict[str, Any]:
    """Measured influence: what a behaviour does to the outcome, with interval, verdict and the plain association.

    The quoted rows come, those that stand first. ``verdict`` says what may be claimed and must be passed on with the
    figure. Rows about one person come only with ``user``; the other end of a tie is not named.
    """
    table = files.ledger(INFLUENCE_FILE)
    told = told_of(files)
    if asked.user is None:
        rows, missing = told.rows, []
        if told.n_personal:
            missing.append(f"{counted(told.n_personal, 'row', 'rows')} about single persons: ask with user.")
    else:
        rows, missing = rows_of_user(table, asked.user, ties_in(files)), []
        if not rows:
            check_known(files, asked.user)
    if not rows:
        why = reason_of(table) or "nothing of this kind was measured"
        if asked.user is not None:
            why = "nothing was measured about this person (a run explains the lists of some people)"
        return page([], asked.limit) | {"notes": [f"No row: {why}.", *missing]}
    chosen = [row for row in _filtered(rows, asked) if row["quoted"] or asked.all_methods]
    chosen.sort(key=_importance)
    if not chosen:
        missing.append("Each of these words occurs, but no row has all of them together.")
    found = page(chosen, asked.limit, asked.offset)
    return found | {"rows": [answer(row, told.association(row)) for row in found["rows"]], "notes": missing}


def told_of(files: RunFiles) -> Told:
    """The rows of the run's ledger that name nobody."""
    table = files.ledger(INFLUENCE_FILE)
    told: Told = files.made(INFLUENCE_FILE, "rows of nobody", lambda _: rows_of_nobody(table))
    return told


def ties_in(files: RunFiles) -> Standing:
    """What can be claimed of the ties of the run's ledger."""
    table = files.ledger(INFLUENCE_FILE)
    found: Standing = files.made(INFLUENCE_FILE, "ties", lambda _: standing_ties(_measured_ties(table)))
    return found


def _measured_ties(table: pa.Table) -> pa.Table:
    return table.filter(pa.compute.equal(table["estimand"], "excitation"))


def answer(row: Row, association: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A row of the ledger as a tool tells it."""
    verdict, _, basis = row_verdict(row)
    told = {
        name: row[name]
        for name in ("cause_kind", "cause", "effect_kind", "effect", "channel", "estimand", "reference", "estimate")
    }
    told |= {"interval": _interval(row), "unit": row["unit"], "verdict": verdict, "rests_on": basis}
    told |= {name: row[name] for name in ("identified", "evidence", "method", "n", "p_value", "window_s", "horizon_s")}
    told |= {"quoted": row["quoted"], "sentence": row_sentence(row, association), "assumptions": row["assumptions"]}
    told |= {"association": None if association is None else _beside(association), "as_of": row["as_of"]}
    if "q_value" in row:
        told["q_value"] = row["q_value"]
    _, bar, item = row["effect"].partition("|")
    if bar and row["effect_kind"] == "recommendation":
        told["recommended_item"] = unquote(item)
    found: dict[str, Any] = without_nulls(plain(told), _CERTAIN)
    return found


def _beside(row: Mapping[str, Any]) -> dict[str, Any]:
    """The association that stands beside an effect."""
    told = {"estimate": row["estimate"], "interval": _interval(row), "unit": row["unit"]}
    return told | {"verdict": row_verdict(row)[0], "method": row["method"], "n": row["n"]}


def _interval(row: Mapping[str, Any]) -> list[float] | None:
    return None if row["ci_low"] is None or row["ci_high"] is None else [row["ci_low"], row["ci_high"]]


def _filtered(rows: Sequence[Row], asked: EffectsAsked) -> list[Row]:
    """Rows with every word asked for; a word that no row has is refused with the nearest."""
    found = list(rows)
    for name in ("cause", "effect", "estimand"):
        wanted = getattr(asked, name)
        if wanted is None:
            continue
        known = {row[name] for row in rows}
        if wanted not in known:
            raise UsageError(f"no row has the {name} {shown(wanted)}; {nearest(wanted, known)}")
        found = [row for row in found if row[name] == wanted]
    return [row for row in found if asked.identified is None or row["identified"] == asked.identified]


def _importance(row: Row) -> tuple[int, int, int, float]:
    """Effects as the page quotes them, then further ones, associations, what the model answers; what stands first."""
    of_model = row["evidence"] in NO_CLAIM or row["channel"] == "model"
    kind = 3 if of_model else {"association": 2, "effect": 0}.get(KINDS.get(row["estimand"], ""), 1)
    size = -abs(row["estimate"]) if is_measured(row) else 0.0
    return kind, int(not row["quoted"]), _TONES[row_verdict(row)[1]], size
