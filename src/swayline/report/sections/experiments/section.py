"""Section about randomised experiments: a verdict an arm, every figure with its interval, and what a log had said."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from swayline.core.names import EXPERIMENT_KEY
from swayline.report import figures
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Note, Panel, Section, Table, Verdicts
from swayline.report.sections.experiments.beside import beside
from swayline.report.wording import words

Row = Mapping[str, Any]
TITLE = "What experiments showed"
_MOST_PANELS, _MOST_LINES = 6, 40
_TONES = {
    "ship": "up", "stop": "down", "too early": "open", "no difference that matters": "none",
    "broken randomisation": "stop", "broken metric": "stop",
}  # fmt: skip


def experiments_section(run: Artifacts) -> Section | None:
    """What experiments showed; None where the folder holds none."""
    if run.experiments is None:
        return None
    spoken = json.loads((run.experiments.schema.metadata or {}).get(EXPERIMENT_KEY, b"{}"))
    rows = [one for one in run.experiments.to_pylist() if one["evidence"] == "experiment"]
    if not rows:
        return None
    verdicts = spoken.get("verdicts", [])
    blocks: list[Any] = [Verdicts([_card(one) for one in verdicts])] if verdicts else []
    broken = any(one["identified"] == "no" for one in rows)
    if broken:
        blocks.append(Note("A check failed, so none of the figures below may be read as an effect.", warn=True))
    blocks += [_panel(number, effect, of) for number, (effect, of) in enumerate(_by_effect(rows).items())]
    if spoken.get("words"):
        blocks.append(_words_table(spoken["words"][:_MOST_LINES]))
    blocks += beside(rows, run.influence)
    lead = (
        "Arms were drawn at random, so what differs between them is what the arm did, unless a check says otherwise. "
        + ("Intervals hold on all days together." if spoken.get("peeking") else "Intervals hold for one planned look.")
    )
    return Section("experiments", TITLE, lead, blocks, _finding(verdicts))


def _card(verdict: Row) -> tuple[str, str, str, str, str]:
    text = str(verdict["word"])
    return words.label(verdict["arm"], 60), words.capital(text), _TONES.get(text, "open"), "", verdict["reason"] + "."


def _finding(verdicts: Sequence[Row]) -> str:
    told = [f"{words.label(one['arm'], 40)}: {one['word']}" for one in verdicts[:4]]
    return f"Of the experiment's arms, {'; '.join(told)}." if told else ""


def _by_effect(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for one in rows:
        found.setdefault(one["effect"], []).append(one)
    return dict(list(found.items())[:_MOST_PANELS])


def _panel(number: int, effect: str, rows: Sequence[Row]) -> Panel:
    unit = rows[0]["unit"]
    drawn = [
        {"label": one["cause"], "kind": "effect", "unit": unit}
        | {key: one[key] for key in ("estimate", "ci_low", "ci_high")}
        for one in rows
    ]  # fmt: skip
    name = words.label(effect, 60)
    axis = f"change in {name}" + (" (percentage points)" if unit == "probability" else "")
    table = Table(
        f"Every arm's {name}",
        ("Arm", "Against", "Change", "95% interval", "p", "Units", "Checks held", "What it rests on"),
        [
            (
                words.label(one["cause"], 60), words.label(one["reference"] or "", 60),
                words.signed(one["estimate"], one["unit"]),
                words.between(one["ci_low"], one["ci_high"], one["unit"], sign=True),
                words.p_value(one["p_value"]), words.number(one["n"]), one["identified"],
                words.label(one["assumptions"] or "", 400),
            )
            for one in rows
        ],
        frozenset({2, 3, 4, 5}),
    )  # fmt: skip
    title = _title(name, rows)
    says = f"Marks with intervals, one an arm: the change in {name} around zero."
    return Panel(
        f"experiment-{number + 1}", title, figures.forest(drawn, axis, unit == "probability"), table, says,
        "An interval that crosses the dotted line does not tell which way the arm moves it.",
    )  # fmt: skip


def _title(name: str, rows: Sequence[Row]) -> str:
    if any(one["identified"] == "no" for one in rows):
        return f"{name}: not to be read, a check failed"
    clear = [
        one for one in rows if one["ci_low"] is not None and (one["ci_low"] > 0 or one["ci_high"] < 0)
    ]  # fmt: skip
    if not clear:
        return f"No arm's interval of {name} lies on one side of zero"
    return f"{len(clear)} of {len(rows)} arm{'s' * (len(rows) > 1)} moved {name}, by intervals of one arm at a time"


def _words_table(lines: Sequence[str]) -> Table:
    return Table("The same in words", ("",), [(words.label(line.strip(), 300),) for line in lines])
