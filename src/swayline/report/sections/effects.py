"""What stands behind the effects of behaviours: who could be compared, how alike they were, and the further answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from swayline.core.time import format_duration
from swayline.ledger import estimand
from swayline.report.blocks import Note, Panel, Table
from swayline.report.figures.causes import causes
from swayline.report.figures.love import ALIKE, love
from swayline.report.wording import words

Row = Mapping[str, Any]
_MOST_PLOTS, _MOST_EDITS = 3, 30
_UNIT = "probability"
_CAUSAL = "causal share"
_FURTHER = (
    "ate_joint", "ate_direct", "ate_through", "ate_dose", "ate_timing", "ate_order", "ate_combination", "late",
)  # fmt: skip


def effect_blocks(overlap: Row | None, rows: Sequence[Row]) -> list[Any]:
    """Love plots, overlap, further effects and edits of histories; nothing where the run has none of them."""
    blocks: list[Any] = []
    if overlap is not None:
        blocks += _love_panels(overlap.get("balance", []))
        blocks += _compared(overlap.get("overlap", []))
        blocks += _graph(overlap.get("graph", []))
    return blocks + _further(rows) + _credit(rows) + _edits(rows)


def _love_panels(balance: Sequence[Row]) -> list[Panel]:
    treatments = list(dict.fromkeys(str(one["treatment"]) for one in balance))
    panels = []
    for number, treatment in enumerate(treatments[:_MOST_PLOTS]):
        of = [one for one in balance if one["treatment"] == treatment]
        worst = max(of, key=lambda one: abs(one["after"]))
        what = words.noun(treatment, 2)
        title = (
            f"Weighting makes who has {what} and who has not alike"
            if abs(worst["after"]) < ALIKE
            else f"After weighting, who has {what} and who has not still differ in {words.label(worst['control'], 60)}"
        )
        table = Table(
            f"Differences between the arms of {what}",
            ("Control", "Before weighting", "After"),
            [(words.label(one["control"], 60), f"{one['before']:+.2f}", f"{one['after']:+.2f}") for one in of],
            frozenset({1, 2}),
        )
        note = (
            f"The {len(of)} controls that differed most. Left of the dotted line ({ALIKE:g} standard deviations) arms "
            "count as alike. Being alike in what was measured says nothing of what was not."
        )
        panels.append(Panel(f"balance-{number + 1}", title, love(of), table, f"Dots of two kinds: {title}.", note))
    return panels


def _compared(overlap: Sequence[Row]) -> list[Table]:
    if not overlap:
        return []
    return [
        Table(
            "Who could be compared",
            (
                "Behaviour", "Design", "Episodes", "With it", "Comparable",
                "Worth, with it", "Worth, without", "Window, horizon", "Cut off by the log's end",
            ),
            [
                (
                    words.capital(words.noun(str(one["treatment"]), 2)), str(one["design"]), words.number(one["rows"]),
                    words.number(one["treated"]),
                    "–" if one["share_kept"] is None else f"{one['share_kept']:.0%}",
                    _size(one["ess_treated"]), _size(one["ess_control"]),
                    ", ".join(format_duration(one[key]) for key in ("window_s", "horizon_s") if one[key]),
                    words.number(one["left_out_end"]),
                )
                for one in overlap
            ],
            frozenset({2, 3, 4, 5, 6, 8}),
        )
    ]  # fmt: skip


def _size(value: float | None) -> str:
    """An effective sample size: how many equally weighted episodes the weighted ones are worth."""
    return "–" if value is None else words.number(round(value))


def _graph(edges: Sequence[Row]) -> list[Panel]:
    """Which may drive which; hypotheses."""
    if not edges:
        return []
    ends = {name for one in edges for name in (str(one["source"]), str(one["target"]))}
    late = {str(one["target"]) for one in edges} - {str(one["source"]) for one in edges}
    tiers = {name: 0 if ":" in name else 2 if name in late else 1 for name in ends}
    title = (
        f"{words.number(len(edges))} links among what was known, what was done and what came of it are worth testing"
    )
    table = Table(
        "Links, and how many half samples agree",
        ("From", "To", "Found in", "Points this way in"),
        [
            (words.label(one["source"], 60), words.label(one["target"], 60), f"{one['confidence']:.0%}",
             f"{one['oriented']:.0%}")
            for one in edges
        ],
        frozenset({2, 3}),
    )  # fmt: skip
    note = (
        "Found from observation alone, time as background knowledge: hypotheses, not effects. A link that no arrow "
        "ends has no direction in the data. Thicker: found in more of the half samples."
    )
    return [Panel("hypotheses", title, causes(edges, tiers), table, f"A graph: {title}.", note)]


def _further(rows: Sequence[Row]) -> list[Table]:
    """Direct and through, doses, orders, timings and combinations: a table for each unit, which its head names."""
    found = [
        one for one in rows
        if one["estimand"] in _FURTHER and one["cause_kind"] == "behavior" and one["estimate"] is not None
        and one["primary"]
    ]  # fmt: skip
    return [
        Table(
            "Further effects on the outcome",
            (
                "What", "Question", "Against", f"Estimate, {words.unit(unit)}".removesuffix(", "), "95% interval",
                "Identified", "n",
            ),
            [
                (
                    words.label(one["cause"], 60), estimand(one["estimand"]).wording,
                    words.label(one["reference"] or "–", 60),
                    *words.together(one["estimate"], one["ci_low"], one["ci_high"], unit), one["identified"],
                    words.number(one["n"]),
                )
                for one in found if one["unit"] == unit
            ],
            frozenset({3, 4, 6}),
        )
        for unit in dict.fromkeys(str(one["unit"]) for one in found)
    ]  # fmt: skip


def _credit(rows: Sequence[Row]) -> list[Any]:
    """Who gets the credit by the usual rules, beside the share that is causal."""
    found = [one for one in rows if one["estimand"] == "credit_share" and one["estimate"] is not None]
    rules = list(dict.fromkeys(one["method"].split(",")[0] for one in found))
    if not {"last touch", _CAUSAL} <= set(rules):
        return []
    by = {(one["cause"], one["method"].split(",")[0]): one for one in found}
    causes = sorted({str(one["cause"]) for one in found}, key=lambda one: -by[one, "last touch"]["estimate"])[
        :_MOST_EDITS
    ]
    table = Table(
        "Who gets the credit for the outcome on the way to it, by rule, and what is causal of it",
        ("Behaviour", *(words.capital(rule) for rule in rules), "Of the causal share", "Identified"),
        [
            (
                words.capital(words.noun(cause, 2)), *(_share(by.get((cause, rule))) for rule in rules),
                _within(by.get((cause, _CAUSAL))), str((by.get((cause, _CAUSAL)) or {}).get("identified", "–")),
            )
            for cause in causes[:_MOST_EDITS]
        ],
        frozenset(range(1, len(rules) + 2)),
    )  # fmt: skip
    text = (
        "Rules share out what happened, and their shares add to one. The causal share is what would be missing without "
        "the behaviour in journeys that it did not open; it need not add to one, and may be below zero."
    )
    return [table, Note(text)]


def _share(row: Row | None) -> str:
    return "–" if row is None else f"{row['estimate']:.0%}"


def _within(row: Row | None) -> str:
    return "–" if row is None or row["ci_low"] is None else f"{row['ci_low']:.0%} to {row['ci_high']:.0%}"


def _edits(rows: Sequence[Row]) -> list[Table]:
    """What adding a behaviour to a history, or replacing it by another, does to the list."""
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for one in rows:
        if one["effect_kind"] == "recommendation" and one["cause_kind"] == "behavior" and one["method"] != "removal":
            found.setdefault((one["cause"], one["method"]), {})[one["estimand"]] = one
    whole = [(key, parts) for key, parts in found.items() if {"score_change", "list_change"} <= set(parts)]
    if not whole:
        return []
    whole.sort(key=lambda pair: -abs(pair[1]["list_change"]["estimate"]))
    return [
        Table(
            "What editing a history does to the list: one more event on the last item, or every event made another",
            ("Behaviour", "Edit", "Share of the list swapped", "Score of the old list", "95% interval", "People"),
            [
                (
                    words.capital(words.noun(cause, 2)), words.label(method, 60),
                    f"{parts['list_change']['estimate']:.0%}",
                    words.signed(parts["score_change"]["estimate"], parts["score_change"]["unit"]),
                    words.between(
                        parts["score_change"]["ci_low"], parts["score_change"]["ci_high"],
                        parts["score_change"]["unit"], sign=True,
                    ),
                    words.number(parts["score_change"]["n"]),
                )
                for (cause, method), parts in whole[:_MOST_EDITS]
            ],
            frozenset({2, 3, 4, 5}),
        )
    ]  # fmt: skip


def audit_blocks(audit: Row | None) -> list[Any]:
    """Tables of the audit; nothing where none was made."""
    if audit is None:
        return []
    return [*_copies(audit.get("copies") or ()), *_planted(audit.get("planted") or ())]


def _copies(copies: Sequence[Row]) -> list[Any]:
    if not copies:
        return []
    table = Table(
        "What each verdict is worth: known effects planted into copies of this log",
        (
            "Behaviour", "Verdict on the log", "Copies", "Planted", "Bias, nothing planted", "Bias, effect planted",
            "Bias of the plain difference", "Interval holds the truth", "False claims", "Found", "Called no",
        ),
        [
            (
                words.capital(words.noun(str(one["treatment"]), 2)), str(one["verdict"]),
                words.number(sum(one["draws"])),
                words.signed(one["planted"], _UNIT), words.signed(one["bias_null"], _UNIT),
                words.signed(one["bias"], _UNIT), words.signed(one["naive"], _UNIT),
                *(f"{one[key]:.0%}" for key in ("covered", "false_claims", "found", "said_no")),
            )
            for one in copies
        ],
        frozenset(range(2, 11)),
    )  # fmt: skip
    note = Note(
        "The copies keep who was treated, when, and all that was known before; outcomes are drawn anew from what the "
        "log says moves them, with no effect and with a known one. A cause that the log does not show cannot be copied."
    )
    return [table, note]


def _planted(rows: Sequence[Row]) -> list[Any]:
    if not rows:
        return []
    return [
        Table(
            "What was planted in this simulated world, for the same window and horizon",
            ("Behaviour", "Planted", "Found", "95% interval", "Holds it", "Identified", "Window, horizon"),
            [
                (
                    words.capital(words.noun(str(one["treatment"]), 2)), words.signed(one["planted"], _UNIT),
                    *words.together(one["estimate"], one["ci_low"], one["ci_high"], _UNIT),
                    "yes" if one["ci_low"] <= one["planted"] <= one["ci_high"] else "no", str(one["identified"]),
                    ", ".join(format_duration(one[key]) for key in ("window_s", "horizon_s")),
                )
                for one in rows
            ],
            frozenset({1, 2, 3}),
        )
    ]  # fmt: skip
