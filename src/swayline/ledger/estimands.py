"""Every quantity that a row of the influence table may measure: its unit, its words, its section of the report.

A room that measures something new adds a line here; a row of an estimand that is not here is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from swayline.core.errors import UsageError, nearest
from swayline.ledger.schema import CAUSE_KINDS, EFFECT_KINDS

OF_THE_OUTCOME = "outcome"
"""Unit rule: ``probability`` where the outcome is yes or no, ``currency``, else the outcome's own name."""
OF_THE_METRIC = "metric"
"""Unit rule: the name of a metric, such as ``ndcg@10``."""
_OUTCOME, _LIST, _PERSON = ("outcome",), ("recommendation",), ("user",)


@dataclass(frozen=True)
class Estimand:
    """One quantity.

    Attributes
    ----------
    name : the word in the column ``estimand``
    units : the words allowed in ``unit``; :data:`OF_THE_OUTCOME` and :data:`OF_THE_METRIC` are rules
    wording : what people call it
    meaning : one sentence for the guide
    section : id of the section of the report that shows it; empty where none does
    causes, effects : allowed words of ``cause_kind`` and ``effect_kind``
    """

    name: str
    units: tuple[str, ...]
    wording: str
    meaning: str
    section: str
    causes: tuple[str, ...]
    effects: tuple[str, ...] = _OUTCOME

    def unit_is_allowed(self, unit: str, effect: str) -> bool:
        """Whether a row about ``effect`` may be measured in ``unit``.

        >>> estimand("ate").unit_is_allowed("spend", "spend"), estimand("ate").unit_is_allowed("rank", "spend")
        (True, False)
        """
        if unit in self.units or OF_THE_METRIC in self.units:
            return bool(unit)
        return OF_THE_OUTCOME in self.units and unit in ("probability", "currency", effect)


_TREATED = tuple(kind for kind in CAUSE_KINDS if kind != "event")
_ACTED = ("behavior", "treatment")
_EDITED = ("behavior", "event", "item", "content", "category", "column", "relation")
_OUTCOME_UNIT = (OF_THE_OUTCOME,)

ESTIMANDS: Mapping[str, Estimand] = {
    one.name: one
    for one in (
        Estimand("association", (OF_THE_OUTCOME, "logit"), "association",
                 "how much more often, nothing adjusted for", "influence", CAUSE_KINDS, ("outcome", "user", "item")),
        Estimand("ate", _OUTCOME_UNIT, "effect on all", "the effect over everybody", "influence", _TREATED),
        Estimand("att", _OUTCOME_UNIT, "effect on those who did", "the effect over the treated", "influence", _TREATED),
        Estimand("quantile_effect", _OUTCOME_UNIT, "effect on a quantile",
                 "by how much an arm moves a quantile of the outcome", "experiments", _TREATED),
        Estimand("cate", _OUTCOME_UNIT, "effect on one", "the effect at one row's controls; one row a subject",
                 "", _TREATED),
        Estimand("bound", _OUTCOME_UNIT, "with a hidden cause",
                 "where the effect may lie, were there a hidden cause as strong as the strongest control",
                 "", _TREATED),
        Estimand("late", _OUTCOME_UNIT, "on those whom an instrument moves",
                 "the effect on those whom an instrument moves", "influence", _ACTED),
        Estimand("reduced_form", _OUTCOME_UNIT, "of the instrument itself",
                 "what one unit of the instrument does to the outcome", "", ("column",)),
        Estimand("ate_joint", _OUTCOME_UNIT, "beside the others", "the effect with the other behaviours held fixed",
                 "influence", _ACTED),
        Estimand("ate_direct", _OUTCOME_UNIT, "direct",
                 "the part of the effect that does not run through a later step (`reference`)", "influence", _ACTED),
        Estimand("ate_through", _OUTCOME_UNIT, "through a later step",
                 "the part of the effect that runs through a later step (`reference`)", "influence", _ACTED),
        Estimand("ate_dose", _OUTCOME_UNIT, "one more", "the effect of one more of it in the window", "influence",
                 _ACTED),
        Estimand("ate_timing", _OUTCOME_UNIT, "twice as soon", "the effect of half the time to it, among those with it",
                 "influence", _ACTED),
        Estimand("ate_order", _OUTCOME_UNIT, "order", "the effect of one before the other, among those with both",
                 "influence", _ACTED),
        Estimand("ate_combination", _OUTCOME_UNIT, "exactly these together",
                 "the effect of exactly these behaviours against none of those asked for", "influence", _ACTED),
        Estimand("policy_value", _OUTCOME_UNIT, "worth of a policy",
                 "the mean outcome, costs taken off, were arms chosen so", "", ("policy",)),
        Estimand("policy_gain", _OUTCOME_UNIT, "gain of a policy", "the same less that of the reference for everybody",
                 "", ("policy",)),
        Estimand("policy_gain_over_best_arm", _OUTCOME_UNIT, "gain over the best arm",
                 "the same less that of the one arm that is best for everybody", "", ("policy",)),
        Estimand("credit_share", ("probability",), "share of the credit",
                 "a rule for sharing credit, or the share that is causal", "", ("behavior",)),
        Estimand("score_change", ("logit", "score"), "change of the score",
                 "by how much the cause lifts the score of what the *model* recommends", "influence",
                 (*_EDITED, "user"), _LIST),
        Estimand("rank_change", ("rank",), "change of the rank",
                 "by how many places the cause lifts what the *model* recommends", "influence", _EDITED, _LIST),
        Estimand("list_change", ("share",), "share of the list swapped",
                 "which share of the *model*'s list an edit swaps", "influence", _EDITED, _LIST),
        Estimand("attention_share", ("share",), "share of the attention",
                 "which share of the *model*'s last state an event takes; says nothing of up or down", "", ("event",),
                 _LIST),
        Estimand("quality_change", (OF_THE_METRIC,), "change of the quality",
                 "what the *model*'s quality loses without the cause", "", _EDITED, ("recommendation", "outcome")),
        Estimand("excitation", ("actions",), "acts caused per act",
                 "acts of the target that one act of the source causes on the tie alone", "people", _PERSON, _PERSON),
        Estimand("excitation_part", ("actions",), "acts caused per act, by channel",
                 "the part of the excitation that one channel carries", "people", _PERSON, _PERSON),
        Estimand("spread", ("probability",), "chance to pass on",
                 "the chance that an act passes along the tie", "people", _PERSON, _PERSON),
        Estimand("reach", ("actions",), "acts of others caused", "acts of all others that follow because of the cause",
                 "", ("user", "event", "item", "content"), ("user", "outcome")),
        Estimand("peer_effect", ("probability",), "effect of a tie's act",
                 "change of the chance to act within the horizon when a tie acted", "", ("user", "behavior"),
                 ("user", "outcome")),
        Estimand("spillover", _OUTCOME_UNIT, "effect of ties' treatment",
                 "what the treatment of a person's ties does to the person, by the exposure that the cause names",
                 "influence", ("treatment", "behavior")),
        Estimand("content_effect", _OUTCOME_UNIT, "effect of the content",
                 "what a property of the content does to the outcome", "", ("content", "category", "item", "column"),
                 EFFECT_KINDS),
    )
}  # fmt: skip
"""Name → estimand."""


def estimand(name: str) -> Estimand:
    """The estimand of a name.

    Raises
    ------
    UsageError
        The registry has none of that name.

    >>> estimand("ate_dose").wording
    'one more'
    """
    if name not in ESTIMANDS:
        raise UsageError(f"estimand {name!r} is not in the registry; {nearest(name, ESTIMANDS)}")
    return ESTIMANDS[name]
