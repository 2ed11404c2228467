"""Section about influence: associations beside effects, what moves the model, which people move which.

Three kinds of statement never mix here: what goes together (association), what changes people (effects, with their
identification), and what changes the model's answer (removal: exact, and about the model alone).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from swayline.core.names import INFLUENCE_FILE
from swayline.core.time import format_duration
from swayline.ledger import estimand
from swayline.report import figures
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Panel, Section, Table, Verdicts
from swayline.report.sections.effects import audit_blocks, effect_blocks
from swayline.report.wording import words
from swayline.report.wording.claims import excludes_zero, nothing_told, number_words
from swayline.report.wording.verdicts import KINDS, event_words, figure_words, quoted_rows, verdict

Row = Mapping[str, Any]
_N_EVENTS = 10


def influence_section(run: Artifacts) -> Section:
    """What sways what."""
    if run.influence is None:
        return Section("influence", "What sways what", "", [Missing(run.why_missing(INFLUENCE_FILE))])
    rows = [one for one in run.influence.to_pylist() if one["subject"] is None]
    people = [one for one in rows if one["cause_kind"] in ("behavior", "treatment") and one["estimand"] in KINDS]
    about_people, finding = _behavior_blocks(people, run.influence_reason or _no_clock(run))
    further = [*effect_blocks(run.overlap, rows), _worth_note(rows), *_model_blocks(rows)]
    blocks = [*about_people, *audit_blocks(run.audit), *further]
    lead = (
        "An association says what goes together: who already wants to act does more of everything. An effect says "
        "what changes when "
        "the behaviour does, and holds only as far as its assumptions. Each row says which it is."
    )
    return Section("influence", "What sways what", lead, blocks, finding)


def _worth_note(rows: Sequence[Row]) -> Note:
    """What ranking with measured influence would have been worth, or that this log cannot tell."""
    gain = next((one for one in rows if one["estimand"] == "policy_gain" and one["cause"].endswith("influence")), None)
    if gain is None:
        return Note(
            "What ranking with measured influence would have been worth cannot be told from this log: it takes a log"
            " that says how likely each item was to be shown, and what was done after."
        )
    if gain["identified"] != "yes":
        return Note(f"What ranking with measured influence would have been worth: {gain['assumptions']}.")
    low, high = gain["ci_low"], gain["ci_high"]
    sure = "" if low is None or high is None or low > 0 or high < 0 else ", so a gain cannot be told from none"
    between = "" if low is None or high is None else f" (95% interval {low:+.4f} to {high:+.4f}{sure})"
    return Note(
        f"Showing items in proportion to interest × measured influence would have changed the mean outcome"
        f" ({words.label(gain['effect'])}) of what is shown by {gain['estimate']:+.4f}{between}, by"
        f" {gain['n']:,} choices of the log with known propensities."
    )


def _no_clock(run: Artifacts) -> str:
    ordered = run.describe is not None and run.describe["ordered"]
    return "the log has an order but no times, so no window or horizon can be drawn" if ordered else ""


def _behavior_blocks(rows: Sequence[Row], reason: str) -> tuple[list[Any], str]:
    measured = [one for one in rows if one["estimate"] is not None]
    if not measured:
        why = reason or "; ".join(dict.fromkeys(one["assumptions"] for one in rows if one["assumptions"]))
        return [Note(f"No behaviour could be set against the outcome{': ' + why if why else ' in this log'}.")], ""
    quoted = quoted_rows(measured)
    cards = [_card(cause, parts) for cause, parts in quoted.items()]
    title, finding = _title(quoted)
    unmeasured = [one for one in rows if one["estimate"] is None]
    blocks: list[Any] = [Verdicts(cards), _forest_panel(measured, quoted, title)]
    if unmeasured:
        reasons = [
            f"{words.capital(words.noun(one['cause'], 2))}: {words.label(one['assumptions'], 300)}"
            for one in unmeasured
        ]
        blocks.append(Note(" ".join(reasons)))
    return blocks, finding


def _size_words(row: Row) -> str:
    """How large, where words already say which way."""
    low, high = row["ci_low"], row["ci_high"]
    if row["estimate"] < 0 and low is not None and high is not None:
        low, high = -high, -low
    return words.estimate(abs(row["estimate"]), low, high, row["unit"], sign=False)


def _card(cause: str, parts: Mapping[str, Row]) -> tuple[str, str, str, str, str]:
    row = parts.get("effect") or parts["association"]
    text, tone, basis = verdict(row)
    beside = parts.get("association")
    if row is not beside and beside is not None:
        basis += f"; the association is {figure_words(beside)}"
    return words.capital(words.noun(cause, 2)), text, tone, figure_words(row), basis


def _title(quoted: Mapping[str, Mapping[str, Row]]) -> tuple[str, str]:
    """(title of the forest, the finding for the top of the page)."""
    effects = [parts["effect"] for parts in quoted.values() if "effect" in parts]
    told = [row for row in effects if verdict(row)[1] in ("up", "down")]
    if told:
        row = max(told, key=lambda one: abs(one["estimate"]))
        likely = "" if row["identified"] == "yes" else "likely "
        verb = "raises" if row["estimate"] > 0 else "lowers"
        what = (
            f"the chance of {words.a(row['effect'])}" if row["unit"] == "probability" else words.noun(row["effect"], 2)
        )
        title = f"{words.capital(words.a(row['cause']))} {likely}{verb} {what} by {_size_words(row)}"
        return title, f"{title}{number_words(row)}" + (f"; it holds {verdict(row)[2]}." if likely else ".")
    if effects:
        title = nothing_told(effects)
        return title, title + "."
    row = max((parts["association"] for parts in quoted.values()), key=lambda one: abs(one["estimate"]))
    text, tone, _ = verdict(row)
    if tone == "none":
        title = f"No behaviour goes with clearly more or fewer {words.noun(row['effect'], 2)}"
        return title, title + "."
    title = f"{words.capital(words.noun(row['cause'], 2))} go with {text.split(' ', 2)[2]}: {figure_words(row)}"
    return (
        title,
        f"{title}{number_words(row)}. An association; whether {words.noun(row['cause'], 2)} cause them is not shown by "
        "it.",
    )


def _forest_panel(rows: Sequence[Row], quoted: Mapping[str, Mapping[str, Row]], title: str) -> Panel:
    drawn = [
        {
            "label": words.noun(cause, 2),
            "kind": kind,
            **{key: parts[kind][key] for key in ("estimate", "ci_low", "ci_high", "unit")},
        }
        for cause, parts in quoted.items()
        for kind in ("association", "effect")
        if kind in parts
    ]
    first = next(iter(next(iter(quoted.values())).values()))
    probability = first["unit"] == "probability"
    outcome = words.noun(first["effect"])
    axis = (
        f"change in the chance of {words.a(first['effect'])} (percentage points)"
        if probability
        else f"change in {outcome} ({words.label(first['unit'])})"
    )
    table = Table(
        f"Every measurement on {outcome}",
        (
            "Behaviour",
            "What it is",
            "Estimate",
            "95% interval",
            "Identified",
            "Window, horizon",
            "n",
            "How",
            "What it rests on",
        ),
        [
            (
                words.noun(one["cause"], 2),
                _what(one),
                words.signed(one["estimate"], one["unit"]),
                words.between(one["ci_low"], one["ci_high"], one["unit"], sign=True),
                one["identified"],
                _when(one),
                words.number(one["n"]),
                words.label(one["method"] + (" (quoted)" if one["primary"] else ""), 120),
                words.label(one["assumptions"] or "", 400),
            )
            for one in rows
        ],
        frozenset({2, 3, 6}),
    )
    kinds = {row["kind"] for row in drawn}
    note = "Hollow marks are associations: nothing is adjusted for." if "association" in kinds else ""
    if "effect" in kinds:
        note += " Filled marks are effects: they hold as far as their assumptions, which stand in the table."
    return Panel(
        "sways",
        title,
        figures.forest(drawn, axis, probability),
        table,
        f"Dots with 95% intervals around zero: {title}.",
        note.strip(),
    )


def _what(one: Row) -> str:
    return estimand(one["estimand"]).wording + (
        f", against {words.label(one['reference'])}" if one["reference"] else ""
    )


def _when(one: Row) -> str:
    return ", ".join(format_duration(one[key]) for key in ("window_s", "horizon_s") if one[key] is not None) or "–"


def _model_blocks(rows: Sequence[Row]) -> list[Any]:
    """The model's answer to removing a behaviour or one event."""
    whole = [
        one
        for one in rows
        if one["cause_kind"] == "behavior"
        and one["estimand"] == "score_change"
        and one["method"] == "removal"
        and one["estimate"] is not None
    ]
    ranks = {
        one["cause"]: one
        for one in rows
        if one["cause_kind"] == "behavior" and one["estimand"] == "rank_change" and one["method"] == "removal"
    }
    single = [
        one
        for one in rows
        if one["cause_kind"] == "event" and one["estimand"] == "score_change" and one["estimate"] is not None
    ]
    blocks: list[Any] = []
    if whole:
        blocks.append(_removal_panel(sorted(whole, key=lambda one: -abs(one["estimate"])), ranks))
    if single:
        blocks.append(_events_table(single))
    return blocks


def _removal_panel(rows: Sequence[Row], ranks: Mapping[str, Row]) -> Panel:
    top = rows[0]
    way = "lifts" if top["estimate"] > 0 else "holds down"
    title = f"The model leans most on {words.noun(top['cause'], 2)}: having them {way} the score of what it recommends"
    if not excludes_zero(top):
        title = f"No behaviour, {words.noun(top['cause'], 2)} included, clearly moves the score of what is recommended"
    drawn = [
        {
            "label": words.noun(one["cause"], 2),
            "kind": "removal",
            **{key: one[key] for key in ("estimate", "ci_low", "ci_high", "unit")},
        }
        for one in rows
    ]
    table = Table(
        "The model's answer to removing all events of a behaviour",
        ("Behaviour", "Score", "95% interval", "Rank lost without it", "95% interval", "People"),
        [
            (
                words.noun(one["cause"], 2),
                words.signed(one["estimate"], one["unit"]),
                words.between(one["ci_low"], one["ci_high"], one["unit"], sign=True),
                *_rank_words(ranks.get(one["cause"])),
                words.number(one["n"]),
            )
            for one in rows
        ],
        frozenset({1, 2, 3, 4, 5}),
    )
    note = (
        "All events of the behaviour are taken out of each person's history and the model is asked again; means "
        "over people. "
        "Exact about the model, and silent about what moves people."
    )
    return Panel(
        "removal",
        title,
        figures.forest(drawn, "score with the behaviour minus without it (log-odds)"),
        table,
        "Dots with 95% intervals of the change in the model's score.",
        note,
    )


def _rank_words(row: Row | None) -> tuple[str, str]:
    if row is None or row["estimate"] is None:
        return "–", ""
    return words.signed(row["estimate"], row["unit"]), words.between(
        row["ci_low"], row["ci_high"], row["unit"], sign=True
    )


def _events_table(rows: Sequence[Row]) -> Table:
    top = sorted(rows, key=lambda one: -abs(one["estimate"]))[:_N_EVENTS]
    return Table(
        f"Single events that moved a recommendation most, of {words.number(len(rows))} asked about",
        ("Event", "Person", "Recommended item", "Score change"),
        [
            (event_words(one["cause"]), *_recommended(one["effect"]), words.signed(one["estimate"], one["unit"]))
            for one in top
        ],
        frozenset({3}),
    )


def _recommended(effect: str) -> tuple[str, str]:
    user, _, item = effect.partition("|")
    return words.label(unquote(user), 40), words.label(unquote(item), 40)
