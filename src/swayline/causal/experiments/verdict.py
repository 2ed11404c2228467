"""An experiment's verdict in words: ship, stop, too early, no difference, or broken randomisation."""

from dataclasses import dataclass

from swayline.causal.experiments.comparison import Comparison
from swayline.causal.experiments.sample_ratio import SampleRatio

SHIP, STOP, EARLY, NONE, BROKEN = "ship", "stop", "too early", "no difference that matters", "broken randomisation"
OTHER_UNIT = "broken metric"
"""A metric that looks as if it were counted in another unit in one arm."""


@dataclass(frozen=True)
class Verdict:
    """One word about an arm, and the sentence that gives the reason."""

    arm: str
    word: str
    reason: str


def judge(
    comparisons: list[Comparison], ratio: SampleRatio, broken: tuple[str, ...], peeking: bool, matters: float | None,
    other_units: tuple[str, ...] = (),
) -> list[Verdict]:  # fmt: skip
    """A verdict an arm.

    Parameters
    ----------
    broken : tuple of str
        Reasons why the randomisation cannot be trusted, besides the sizes of arms.
    peeking : bool
        Whether the experiment is read before its planned end: always-valid intervals then decide.
    matters : float, optional
        The smallest lift that would matter: an interval wholly inside it ends the experiment.
    other_units : tuple of str
        Metrics that look as if arms were counted in different units.
    """
    reasons = list(broken)
    if ratio.alarmed:
        sizes = ", ".join(
            f"{arm} {n:,} of {share:.1%}"
            for (arm, n), share in zip(ratio.observed.items(), ratio.planned.values(), strict=True)
        )
        reasons.insert(0, f"arms have not the planned sizes ({sizes} planned; p = {ratio.deciding_p:.1e})")
    arms = list(dict.fromkeys(one.arm for one in comparisons))
    if reasons:
        return [Verdict(arm, BROKEN, f"{'; '.join(reasons)}: do not read the effects") for arm in arms]
    if other_units:
        return [Verdict(arm, OTHER_UNIT, f"{'; '.join(other_units)} Do not read the effects") for arm in arms]
    return [_judge_arm(arm, [one for one in comparisons if one.arm == arm], peeking, matters) for arm in arms]


def _judge_arm(arm: str, found: list[Comparison], peeking: bool, matters: float | None) -> Verdict:
    for one in found:
        if one.metric.guardrail is not None and _worse_than_margin(one, peeking):
            return Verdict(
                arm,
                STOP,
                f"{one.metric.name} got worse by more than {one.metric.guardrail:.0%}: {_words(one, peeking)}",
            )
    claims = [one for one in found if one.metric.guardrail is None]
    worse = [one for one in claims if one.q_value <= 0.05 and one.effect * one.metric.good < 0]
    if worse:
        return Verdict(arm, STOP, f"{worse[0].metric.name} got worse: {_words(worse[0], peeking)}")
    better = [one for one in claims if one.q_value <= 0.05 and one.effect * one.metric.good > 0]
    open_limits = [one for one in found if one.metric.guardrail is not None and not _within_margin(one, peeking)]
    if better and not open_limits:
        return Verdict(arm, SHIP, f"{better[0].metric.name} got better: {_words(better[0], peeking)}")
    if better:
        limit = open_limits[0]
        return Verdict(
            arm,
            EARLY,
            f"{better[0].metric.name} got better, but {limit.metric.name} may still be worse by more than "
            f"{limit.metric.guardrail:.0%}: {_words(limit, peeking)}",
        )
    if matters is not None and claims and all(_inside(one, matters, peeking) for one in claims):
        return Verdict(arm, NONE, f"every interval lies within ±{matters:.1%}: {_words(claims[0], peeking)}")
    first = (claims or found)[0]
    return Verdict(arm, EARLY, f"{first.metric.name} may be better or worse: {_words(first, peeking)}")


def _bounds(one: Comparison, peeking: bool) -> tuple[float, float]:
    return (one.always_low, one.always_high) if peeking else (one.ci_low, one.ci_high)


def _worse_than_margin(one: Comparison, peeking: bool) -> bool:
    low, high = _bounds(one, peeking)
    margin = float(one.metric.guardrail or 0) * abs(one.control_value)
    return high < -margin if one.metric.good > 0 else low > margin


def _within_margin(one: Comparison, peeking: bool) -> bool:
    low, high = _bounds(one, peeking)
    margin = float(one.metric.guardrail or 0) * abs(one.control_value)
    return low > -margin if one.metric.good > 0 else high < margin


def _inside(one: Comparison, matters: float, peeking: bool) -> bool:
    low, high = _bounds(one, peeking)
    return abs(low) <= matters * abs(one.control_value) and abs(high) <= matters * abs(one.control_value)


def _words(one: Comparison, peeking: bool) -> str:
    low, high = _bounds(one, peeking)
    return f"{one.effect:+.4g} ({low:+.4g} to {high:+.4g}) on {one.control_value:.4g}"
