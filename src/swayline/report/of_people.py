"""Section about who sways whom."""

from swayline.report import figures, words
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Panel, Section, Table

_N_TIES = 15


def people_section(run: Artifacts) -> Section | None:
    """Which people sway which, where the run measured it."""
    if run.influence is None:
        return None
    rows = [
        one
        for one in run.influence.to_pylist()
        if one["cause_kind"] == "user" and one["estimand"] == "excitation" and one["estimate"] is not None
    ]
    if not rows:
        return None
    sure = [one for one in rows if one["ci_low"] is not None and one["ci_low"] > 0]
    chosen = sorted(rows, key=lambda one: (one["ci_low"] is None, -(one["ci_low"] or 0.0), -one["estimate"]))[:_N_TIES]
    drawn = [
        {
            "label": f"{words.label(one['cause'], 14)} → {words.label(one['effect'], 14)}",
            "kind": "tie",
            **{key: one[key] for key in ("estimate", "ci_low", "ci_high", "unit")},
        }
        for one in chosen
    ]
    title = (
        f"{words.number(len(sure))} of {words.number(len(rows))} ties carry influence that can be told from zero"
        if sure
        else f"None of {words.number(len(rows))} ties carries influence that can be told from zero"
    )
    table = Table(
        "The strongest ties",
        ("From", "To", "Actions caused per action", "95% interval", "Identified", "How"),
        [
            (
                words.label(one["cause"], 40),
                words.label(one["effect"], 40),
                words.number(one["estimate"]),
                words.between(one["ci_low"], one["ci_high"]),
                one["identified"],
                words.label(one["method"], 120),
            )
            for one in chosen
        ],
        frozenset({2, 3}),
    )
    note = words.label(chosen[0]["assumptions"] or "", 400)
    panel = Panel(
        "ties",
        title,
        figures.forest(drawn, "actions caused per action"),
        table,
        f"Dots with 95% intervals: {title}.",
        note,
    )
    lead = (
        "Along each tie, how many actions of one person an action of the other causes. People who are alike act "
        "alike: the interval is what is left after that."
    )
    return Section("people", "Who sways whom", lead, [panel], title + ".")
