"""``summary.md``: the sentences of a run that a person would send on, each with its figure and a link to its place.

The sentences are the findings that open the page's sections, so that page and summary never say different things; what
to do first is told from the influence table and the share of rows that were refused.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from swayline.core.names import REPORT_FILE
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Section
from swayline.report.wording import words
from swayline.report.wording.verdicts import KINDS, quoted_rows

MOST = 10
"""Sentences of a summary."""
_GIVES_WAY = frozenset({"time", "values", "catalogue"})
"""Sections whose sentences go first where there are too many."""
_REJECTED_SHARE = 0.05
"""Refused rows from which on the log comes first."""
_MARK = re.compile(r"([\\`*_\[\]<>#|])")


def summary(title: str, subtitle: str, run: Artifacts, sections: Sequence[Section]) -> str:
    """The summary as Markdown.

    Parameters
    ----------
    title, subtitle : str
        Those of the page.
    sections : sequence of Section
        In reading order; those without a finding say nothing here.
    """
    found = [(one, sentence) for one in sections for sentence in _sentences(one.finding)]
    first: dict[str, tuple[Section, str]] = {}
    for section, sentence in found:
        first.setdefault(section.id, (section, sentence))
    # The first sentence of every section, then second ones while there is room.
    firsts = sorted(first.values(), key=lambda pair: pair[0].id in _GIVES_WAY)
    chosen = [*firsts, *(pair for pair in found if pair not in firsts)][:MOST]
    order = {id(one): at for at, one in enumerate(sections)}
    chosen.sort(key=lambda pair: order[id(pair[0])])
    lines = [f"# {_plain(title)}", "", _plain(subtitle), ""]
    lines += [f"- {_plain(sentence)} ([{section.title}]({REPORT_FILE}#{section.id}))" for section, sentence in chosen]
    return "\n".join([*lines, "", "## What to do first", "", what_to_do(run), ""])


def what_to_do(run: Artifacts) -> str:
    """One piece of advice, with the figure that it rests on.

    Rows that were refused come first, since every other figure rests on the rows that were kept; then the behaviour
    whose measured effect is surely above zero; else a test of the recommendations.
    """
    rows: Mapping[str, Any] = ((run.run or {}).get("inputs") or {}).get("events") or {}
    n, rejected = int(rows.get("rows") or 0), int(rows.get("rejected") or 0)
    if n and rejected / n > _REJECTED_SHARE:
        return (
            f"Mend the log: {words.number(rejected)} of {words.number(n)} rows ({words.percent(rejected / n)}) were "
            f"refused, and every figure rests on the rest ([Data quality]({REPORT_FILE}#quality)). "
            "`rejected.parquet` names each row and its reason."
        )
    best = _best_effect(run)
    if best is not None:
        cause, effect = words.noun(best["cause"], 2), words.noun(best["effect"], 2)
        between = f"{best['ci_low']:+.1%} to {best['ci_high']:+.1%}"
        return (
            f"Try to bring about more {_plain(cause)}: of what was measured they raise the chance of {_plain(effect)} "
            f"most, by {best['estimate']:+.1%} ({between}; identified: {best['identified']}; "
            f"[What sways what]({REPORT_FILE}#influence)). Test it on a random part of people before you rely on it: "
            "`swayline experiment`."
        )
    return (
        "Show the recommendations to a random part of people and compare them with the others "
        "(`swayline experiment`): no behaviour's effect is surely above zero here "
        f"([What sways what]({REPORT_FILE}#influence))."
    )


def _best_effect(run: Artifacts) -> Mapping[str, Any] | None:
    """The claimed effect of a behaviour whose interval lies highest above zero; None where the report claims none."""
    if run.influence is None:
        return None
    rows = [
        row for row in run.influence.select(_READ).to_pylist()
        if row["cause_kind"] == "behavior" and row["effect_kind"] == "outcome" and row["estimand"] in KINDS
        and row["unit"] == "probability" and row["estimate"] is not None
    ]  # fmt: skip
    effects = [parts["effect"] for parts in quoted_rows(rows).values() if "effect" in parts]
    claimed = [
        row for row in effects
        if row["primary"] and row["stands"] and row["identified"] in ("yes", "assumed") and row["ci_low"] > 0
    ]  # fmt: skip
    return max(claimed, key=lambda row: row["ci_low"], default=None)


_READ = [
    "cause_kind",
    "cause",
    "effect_kind",
    "effect",
    "estimand",
    "estimate",
    "ci_low",
    "ci_high",
    "p_value",
    "unit",
    "identified",
    "refutations",
    "primary",
    "n",
]


def _sentences(finding: str) -> list[str]:
    """A finding as its sentences; a full stop in a number, an abbreviation or a file's name ends none."""
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z0-9“\"])", finding.strip())
    return [one for one in parts if one]


def _plain(text: str) -> str:
    """Text in which nothing is Markdown: names from a log must not become links, headings or pictures."""
    return _MARK.sub(r"\\\1", " ".join(text.split()))
