"""A verdict and a sentence for any row of the influence table, whatever it measures.

::

    evidence model, simulation          what our own model or a simulation answers; no claim about people
    association, ate, att               as the page's cards say it (:mod:`swayline.report.wording.verdicts`)
    further effects                     the same words: zero left out or not, identified or not
    excitation                          whether the tie stands among all that were asked
    bound                               whether a hidden cause could explain the effect away
    policy_value, credit_share, …       a level, for which zero is no yardstick
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any
from urllib.parse import unquote

from swayline.ledger import ESTIMANDS
from swayline.ledger.schema import NO_CLAIM
from swayline.ledger.standing import LEAST_ACTS
from swayline.report.wording import words
from swayline.report.wording.claims import excludes_zero, failed_words, number_words
from swayline.report.wording.verdicts import KINDS, event_words, figure_words, verdict

Row = Mapping[str, Any]
Verdict = tuple[str, str, str]
_LEVELS = frozenset({"policy_value", "credit_share", "attention_share", "spread", "reach"})
_NO_CLAIM = {
    "model": ("About the model alone", "it says what moves the recommendation, not what moves people"),
    "simulation": ("Simulated", "acts were drawn from a fitted model, nobody was observed"),
}


def is_measured(row: Row) -> bool:
    """Whether a row has a figure at all."""
    return row["estimate"] is not None and isfinite(row["estimate"])


def row_verdict(row: Row) -> Verdict:
    """(words, tone, what it rests on) of any row; tones are those of :func:`~.verdicts.verdict`.

    Parameters
    ----------
    row : mapping
        The columns of the ledger; ``stands`` and ``among`` say whether the row stands among those it is quoted with.
    """
    if not is_measured(row):
        return "Not measured", "none", row["assumptions"] or "the run gives no reason"
    if row["estimand"] not in ESTIMANDS:
        return "Unknown measure", "open", "this version of Swayline does not know what it measures"
    evidence = "model" if row["channel"] == "model" else row["evidence"]
    if evidence in NO_CLAIM:
        text, basis = _NO_CLAIM[evidence]
        return text, "open", basis
    if row["estimand"] == "association":
        return verdict(row)
    if row["identified"] == "no":
        why = failed_words(row)
        return "Not identified", "stop", f"{why + ': ' if why else ''}do not act on the figure"
    return _claim(row)


def _claim(row: Row) -> Verdict:
    """The verdict of a row that is identified, or assumed to be."""
    name = row["estimand"]
    if name in _LEVELS:
        return "A level, not a change", "open", "zero is no yardstick for it"
    if row["ci_low"] is None or row["ci_high"] is None:
        return "No interval", "none", "without one, the figure cannot be told from zero"
    if name == "bound":
        if excludes_zero(row):
            return "Not explained away", "open", "by a hidden cause as strong as the strongest control"
        return "May be nothing", "none", "a hidden cause as strong as the strongest control leaves zero possible"
    if name == "excitation_part":
        return "Part of a tie's influence", "open", "only ties as a whole are claimed or not"
    if name == "excitation":
        return _tie(row)
    return verdict(row if name in KINDS else {**row, "estimand": "ate"})


def _tie(row: Row) -> Verdict:
    """A tie is claimed or not beside all ties that were asked; needs ``stands``, ``among``, ``q_value``, ``failed``."""
    if row.get("failed"):
        checks = words.listed([name.replace("_", " ") for name in row["failed"]])
        return "Not to be relied on", "stop", f"the model of all ties fails the check of {checks}"
    if row.get("q_value") is None:
        return "Not asked", "none", f"its source acted fewer than {LEAST_ACTS} times, or it has no p-value"
    together = f"among all {words.number(row['among'])} ties asked together"
    if row["stands"]:
        return "Carries influence", "up", f"it stands {together}"
    return "No influence shown", "none", f"it does not stand {together}"


def row_sentence(row: Row, association: Row | None = None) -> str:
    """What the row says, in one or two sentences: verdict, question, figure with interval, what it rests on.

    Parameters
    ----------
    association : mapping, optional
        The association of the same cause and effect, said beside an effect.
    """
    text, _, basis = row_verdict(row)
    opening = f"{_subject(row)}: {text}."
    if not is_measured(row):
        return f"{opening} {words.capital(words.label(basis, 400)).rstrip('.')}."
    known = ESTIMANDS.get(row["estimand"])
    question = words.capital(known.wording) if known else words.label(row["estimand"])
    against = f", against {words.label(row['reference'])}" if row["reference"] else ""
    beside = ""
    if association is not None and association is not row and row["estimand"] != "association":
        beside = f"; the association is {figure_words(association)}"
    holds = "it holds " if basis.startswith("if ") else ""
    return f"{opening} {question}{against}: {figure_words(row)}{number_words(row)}; {holds}{basis}{beside}."


def _subject(row: Row) -> str:
    """What the sentence is about: the cause, and on what where the verdict does not say it."""
    cause = words.label(row["cause"])
    if row["cause_kind"] == "behavior" and " " not in row["cause"]:
        cause = words.capital(words.noun(row["cause"], 2))
    elif row["cause_kind"] == "event":
        cause = event_words(row["cause"])
    if row["effect_kind"] == "outcome":
        return cause
    _, bar, item = row["effect"].partition("|")
    return (
        f"{cause} → {words.label(unquote(item) if bar and row['effect_kind'] == 'recommendation' else row['effect'])}"
    )
