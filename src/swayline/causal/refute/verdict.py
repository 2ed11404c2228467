"""Is the effect identified? Yes, assumed or no, with the reason in words a product manager reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.causal.inference.intervals import Estimate
from swayline.causal.inference.refutation import Refutation

LEAST_KEPT = 0.5
"""Where trimming keeps a smaller share than this, the average is over too odd a part to be quoted."""
FEWEST = 10
"""Arms with fewer rows than this, or with weights worth fewer, are not compared."""
FEWEST_EXPECTED = 5
"""Rows of the rarer outcome that the smaller arm would have, were the arms alike."""


def no_interval(found: Estimate) -> tuple[str, ...]:
    """A reason against an estimate whose error cannot be told; none where it can."""
    if not np.isfinite(found.value) or np.isfinite(found.se):
        return ()
    return ("its error cannot be told, since all rows of an arm lie in one cluster",)


def rare_outcome(outcome: npt.NDArray[np.float64], worth: tuple[float, float]) -> tuple[str, ...]:
    """A reason against an interval of a yes/no outcome that hardly anybody has; none where enough have it.

    ``worth``: effective rows of the arms. Where the smaller one would have fewer than five rows of the rarer value,
    intervals that lean on a normal distribution cover .80 to .88 of what they promise .95 of (``docs/benchmarks``).

    References
    ----------
    Cochran, "Some Methods for Strengthening the Common χ² Tests", Biometrics 1954 (expected counts of five).

    >>> rare_outcome(np.array([1.0] + [0.0] * 99), (50.0, 90.0))
    ('the smaller arm is worth 50 rows, of which 0.5 would have the rarer outcome: too few for an interval',)
    """
    if not len(outcome) or not np.isin(outcome, (0.0, 1.0)).all():
        return ()
    rate = float(min(outcome.mean(), 1 - outcome.mean()))
    fewest = min(worth)
    if rate == 0.0 or fewest * rate >= FEWEST_EXPECTED:
        return ()
    return (
        f"the smaller arm is worth {fewest:,.0f} rows, of which {fewest * rate:.1f} would have the rarer outcome: "
        "too few for an interval",
    )


@dataclass(frozen=True)
class Comparison:
    """What was compared, as far as a verdict turns on it.

    Attributes
    ----------
    randomised : whether the treatment was drawn, or its propensity is known
    n_controls : controls that vary, and so were adjusted for
    arm_sizes : rows of the two arms
    share_kept : share of what is averaged over that trimming kept
    graph_rationale : what a causal graph says of the controls
    effective : effective rows (Kish) of the weighted arms
    averaged : what the average is over, in words
    alone : share of the rows that no other row shares a level of a control with
    """

    randomised: bool
    n_controls: int
    arm_sizes: tuple[int, int]
    share_kept: float = 1.0
    graph_rationale: str = ""
    effective: tuple[float, float] | None = None
    averaged: str = "rows"
    alone: float = 0.0


def verdict(made: Comparison, refutations: Mapping[str, Refutation], objections: Sequence[str] = ()) -> tuple[str, str]:
    """The ledger's ``identified`` and the reason.

    ``objections`` are further reasons against, found elsewhere (such as outcomes that precede the landmark).
    """
    against = [*objections, *_found_against(made, refutations)]
    if against:
        return "no", "Not identified: " + "; ".join(against) + "."
    if made.randomised:
        return "yes", "Identified: the treatment was randomised, and no check failed."
    if made.graph_rationale:
        return "assumed", (
            f"Holds if the graph is right: {made.graph_rationale}; no check failed, and none can prove the graph."
        )
    return "assumed", (
        f"Holds if the {made.n_controls} {'control carries' if made.n_controls == 1 else 'controls carry'} every "
        "common cause of treatment and outcome; no check failed, and none can prove that."
    )


def _found_against(made: Comparison, refutations: Mapping[str, Refutation]) -> list[str]:
    """Reasons against an estimate, in words."""
    against = []
    failed = [f"{name} ({one.words}: {one.figure:.3g})" for name, one in refutations.items() if not one.passed]
    if failed:
        against.append(f"a check failed: {'; '.join(failed)}")
    if made.share_kept < LEAST_KEPT:
        if made.alone > 0:
            against.append(
                f"{made.alone:.0%} of the rows are alone in their level of a control, with nothing to compare"
            )
        against.append(
            f"the controls all but decide the treatment in {1 - made.alone - made.share_kept:.0%} of the "
            f"{made.averaged}, which have nothing comparable in the other arm"
        )
    if min(made.arm_sizes) < FEWEST:
        against.append(f"an arm has only {min(made.arm_sizes)} comparable rows")
    elif made.effective is not None and min(made.effective) < FEWEST:
        against.append(f"the weights leave an arm worth only {min(made.effective):.1f} rows")
    if not made.randomised and made.n_controls == 0 and not made.graph_rationale:
        against.append("nothing was adjusted for and the treatment was not randomised")
    return against
