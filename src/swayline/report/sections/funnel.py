"""Section about how far people get on the way to the outcome, and what follows what."""

from collections.abc import Mapping, Sequence
from math import hypot
from typing import Any

from scipy.stats import norm

from swayline.core.names import BEHAVIOR, DESCRIBE_FILE
from swayline.report import figures
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Panel, Section, Table
from swayline.report.sections.returns import returns_section
from swayline.report.wording import words
from swayline.report.wording.returning import has_ways

LEAST_PAIRS = 20
"""Pairs, or times a step was seen, from which its rate is compared with others."""


def funnel_section(run: Artifacts) -> Section:
    """How far people and pairs get, what follows what."""
    found = run.describe
    if found is None:
        return Section("funnel", "Funnel and flow", "", [Missing(run.why_missing(DESCRIBE_FILE))])
    if not has_ways(found):
        return returns_section(found)
    followed, finding = _followed_panel(found)
    blocks = [followed, _steps_panel(found, "pairs"), _steps_panel(found, "users"), _flow_panel(found)]
    lead = (
        f"How far people get on the way to {words.a(found['outcome'])}, and what they do next. What was observed: "
        "no claim about causes yet."
    )
    return Section("funnel", "Funnel and flow", lead, [block for block in blocks if block is not None], finding)


def _followed_panel(found: Mapping[str, Any]) -> tuple[Any, str]:
    """The outcome's rate after each behaviour, on the same item."""
    outcome = found["outcome"]
    steps = [one for one in found["funnel"]["pairs"]["steps"] if one[BEHAVIOR] != outcome]
    if not steps:
        return None, ""
    rows = [
        {
            "label": words.noun(one[BEHAVIOR], 2),
            "value": one["then_outcome"]["rate"],
            "n": one["n"],
            **one["then_outcome"],
        }
        for one in steps
    ]
    title = _followed_title(steps, outcome)
    table = Table(
        f"{words.capital(words.noun(outcome, 2))} after each behaviour, on the same item",
        ("After", "Person–item pairs", f"then {words.a(outcome)}", "Share", "95% interval"),
        [
            (
                words.capital(one["label"]),
                words.number(one["n"]),
                words.number(one["x"]),
                words.percent(one["value"]),
                words.between(one["ci_low"], one["ci_high"], "percent"),
            )
            for one in rows
        ],
        frozenset({1, 2, 3, 4}),
    )
    figure = figures.shares(rows, f"pairs followed by {words.a(outcome)} of the same item")
    note = (
        f"Of the person–item pairs with the behaviour, the share with {words.a(outcome)} of the same item at any "
        "later point of the log. "
        "Pairs first seen late had less time. Intervals allow for each person's pairs being alike."
    )
    return Panel("followed", title, figure, table, f"Dots with 95% intervals: {title}.", note), title + "."


def _followed_title(steps: Sequence[Mapping[str, Any]], outcome: str) -> str:
    # By what the rate is at least, so that luck with a few pairs does not lead; each of them has enough to be asked.
    asked = [one for one in steps if one["n"] >= LEAST_PAIRS]
    if not asked:
        few = f"Fewer than {LEAST_PAIRS} person–item pairs show any one behaviour"
        return f"{few}: too few to tell what {words.noun(outcome, 2)} follow"
    most = max(asked, key=lambda one: one["then_outcome"]["ci_low"])
    base = max(asked, key=lambda one: one["n"])
    rate, base_rate = most["then_outcome"], base["then_outcome"]
    after = words.noun(outcome, 2)
    if most is base or not base_rate["rate"]:
        return (
            f"{words.capital(words.noun(most[BEHAVIOR], 2))} are followed by {words.a(outcome)} of the same item in "
            f"{words.percent(rate['rate'])} of {words.number(most['n'])} pairs"
        )
    if not _is_above(rate, base_rate, len(asked)):
        return f"No behaviour is clearly followed by {after} more often than {words.noun(base[BEHAVIOR], 2)}"
    return (
        f"{words.capital(words.noun(most[BEHAVIOR], 2))} are followed by {words.a(outcome)} of the same item "
        f"{words.times(rate['rate'] / base_rate['rate'])} as often as {words.noun(base[BEHAVIOR], 2)} "
        f"({words.percent(rate['rate'])} of {words.number(most['n'])} pairs against {words.percent(base_rate['rate'])})"
    )


def _is_above(rate: Mapping[str, Any], base: Mapping[str, Any], asked: int) -> bool:
    """Whether a rate is above another, corrected for the number of behaviours that it was picked from."""
    errors = [(one["ci_high"] - one["ci_low"]) / (2 * 1.959964) for one in (rate, base)]
    z = (rate["rate"] - base["rate"]) / max(hypot(*errors), 1e-12)
    return bool(rate["ci_low"] > base["ci_high"] and norm.sf(z) * asked < 0.025)


def _steps_panel(found: Mapping[str, Any], unit: str) -> Panel:
    steps, outcome = found["funnel"][unit]["steps"], found["outcome"]
    what = "person–item pairs" if unit == "pairs" else "people"
    total = found["size"]["pairs" if unit == "pairs" else "users"]
    reached = next((one["n"] for one in steps if one[BEHAVIOR] == outcome), 0)
    title = (
        f"{words.capital(words.one_in(reached / total)) if total else 'None'} of {what} "
        f"{'show' if unit == 'pairs' else 'come to'} {words.a(outcome)}"
    )
    table = Table(
        f"{words.capital(what)} at each behaviour",
        ("Behaviour", words.capital(what), "Share of all"),
        [
            (words.capital(words.noun(one[BEHAVIOR], 2)), words.number(one["n"]), words.percent(one["n"] / total))
            for one in steps
        ],
        frozenset({1, 2}),
    )
    note = "Not every step passes through the one before it: each bar counts all that show the behaviour."
    return Panel(
        f"funnel-{unit}",
        title,
        figures.funnel(steps, what),
        table,
        f"Bars of {what} at each behaviour.",
        note,
        half=True,
    )


def _flow_panel(found: Mapping[str, Any]) -> Panel | None:
    flow = found["flow"]
    behaviors = [one[BEHAVIOR] for one in found["behaviors"]]
    total: dict[str, int] = {}
    for one in flow["steps"]:
        total[one["source"]] = total.get(one["source"], 0) + one["n"]
    ends = {one[BEHAVIOR]: one["ends"] for one in flow["edges"]}
    if not flow["steps"]:
        return None
    unit = "session" if flow["within"] == "session" else "history"
    kept = sorted(behaviors, key=lambda name: -(total.get(name, 0) + ends.get(name, 0)))[: figures.MAX_FLOW]
    shown = [name for name in behaviors if name in kept]
    return Panel(
        "flow",
        _flow_title(found, total, ends, unit),
        figures.flow(flow["steps"], shown, ends, f"{unit} ends"),
        Table(
            f"What comes directly after what, within a {unit}",
            ("After", "Then", "Times", "Share of what follows"),
            [
                (
                    words.noun(one["source"]),
                    words.noun(one["target"]),
                    words.number(one["n"]),
                    words.percent(one["n"] / (total[one["source"]] + ends.get(one["source"], 0))),
                )
                for one in flow["steps"]
            ],
            frozenset({2, 3}),
        ),
        f"Ribbons from each behaviour to the one that comes directly after it in the {unit}.",
        "Widths are counts. Repeats of the same behaviour are left out of the drawing and stand in the table. A "
        f"{unit} ends where "
        + (
            "the person pauses for half an hour, or where the log's own sessions do."
            if unit == "session"
            else "the person's log ends."
        ),
    )


def _flow_title(found: Mapping[str, Any], total: Mapping[str, int], ends: Mapping[str, int], unit: str) -> str:
    flow, outcome = found["flow"], found["outcome"]
    into = [one for one in flow["steps"] if one["target"] == outcome and one["source"] != outcome]
    if not into:
        return f"What comes directly after what, within a {unit}"
    often = [one for one in into if total[one["source"]] + ends.get(one["source"], 0) >= LEAST_PAIRS] or into
    likely = max(often, key=lambda one: one["n"] / (total[one["source"]] + ends.get(one["source"], 0)))
    usual = max(into, key=lambda one: one["n"])
    following = sum(one["n"] for one in into)
    share = usual["n"] / following
    opening = next((one["starts"] for one in flow["edges"] if one[BEHAVIOR] == outcome), 0)
    if opening > following:
        events = next(one["events"] for one in found["behaviors"] if one[BEHAVIOR] == outcome)
        return (
            f"{words.percent(opening / events)} of {words.noun(outcome, 2)} open a {unit}; those that follow another "
            f"behaviour come most often after {words.a(usual['source'])} ({words.percent(share)})"
        )
    text = (
        f"{words.percent(share)} of the {words.noun(outcome, 2)} that follow another behaviour come directly after "
        f"{words.a(usual['source'])}"
    )
    if likely is usual:
        return text
    rate = likely["n"] / (total[likely["source"]] + ends.get(likely["source"], 0))
    return (
        f"{text}; the likeliest step before one is {words.a(likely['source'])} ({words.percent(rate)} lead straight "
        "to it)"
    )
