"""One comparison in frequentist and in Bayesian words, so that neither is taken for the other."""

import numpy as np

from swayline.causal.experiments.comparison import Comparison


def in_words(one: Comparison, peeking: bool) -> list[str]:
    """What a comparison says: the estimate, then what each school makes of it.

    Parameters
    ----------
    peeking : bool
        Whether the interval and p-value that hold on every day are the ones to read.
    """
    low, high = (one.always_low, one.always_high) if peeking else (one.ci_low, one.ci_high)
    p_value = one.always_p if peeking else one.p_value
    lift = f", {one.lift:+.1%}" if np.isfinite(one.lift) else ""
    when = "at any time" if peeking else "95%"
    lines = [
        f"{one.arm} against {one.control}, {one.metric.name}: {one.effect:+.4g}{lift}"
        f" ({low:+.4g} to {high:+.4g}, {when})"
    ]
    if not one.se > 0:
        return [*lines, "  every value is alike in both arms: there is no chance in the figure to speak of"]
    rarity = f"in {_share(p_value)} of experiments" if p_value >= 1e-4 else "in fewer than 1 of 10,000 experiments"
    if peeking:
        lines.append(
            f"  frequentist: were there no difference, so strong a sign would show on some day {rarity} at most"
        )
    else:
        lines.append(f"  frequentist: were there no difference, one as large would show {rarity}")
    beside = ", which takes no account of looking often" if peeking else ""
    lines.append(
        f"  Bayesian: the arm is better with chance {_chance(one.chance_better)}; its expected loss, were it"
        f" shipped, is {_loss(one)}{beside}"
    )
    return lines


def _share(p_value: float) -> str:
    return f"{p_value:.1%}" if p_value >= 0.001 else f"{p_value:.2%}"


def _loss(one: Comparison) -> str:
    """What is lost if the arm is worse, times the chance of it, in the metric's unit."""
    small = one.expected_loss < 1e-6 * abs(one.control_value)
    return "less than a millionth of the metric" if small else f"{one.expected_loss:.2g}"


def _chance(share: float) -> str:
    """A chance that is never called certain."""
    if share > 0.9999:
        return "above 99.99%"
    return "below 0.01%" if share < 0.0001 else f"{share:.1%}"
