"""Is the effect identified? Yes, assumed or no, with the reason in words a product manager reads."""

from collections.abc import Mapping

import numpy as np

from swayline.causal.estimate.inference import Estimate
from swayline.causal.refute.refutations import Refutation

LEAST_KEPT = 0.5
"""Where trimming keeps a smaller share than this, the average is over too odd a part to be quoted."""
FEWEST = 10
"""Arms with fewer rows than this, or with weights worth fewer, are not compared."""


def no_interval(found: Estimate) -> tuple[str, ...]:
    """A reason against an estimate whose error cannot be told; none where it can."""
    if not np.isfinite(found.value) or np.isfinite(found.se):
        return ()
    return ("its error cannot be told, since all rows of an arm lie in one cluster",)


def verdict(
    *,
    randomised: bool,
    n_controls: int,
    share_kept: float,
    arm_sizes: tuple[int, int],
    refutations: Mapping[str, Refutation],
    others: tuple[str, ...] = (),
    told: str = "",
    effective: tuple[float, float] | None = None,
    averaged: str = "rows",
    alone: float = 0.0,
) -> tuple[str, str]:
    """The ledger's ``identified`` and the reason.

    Parameters
    ----------
    others : further reasons against, found elsewhere (such as outcomes that precede the landmark)
    n_controls : controls that vary, and so were adjusted for
    told : what a causal graph says of the controls
    effective : effective rows (Kish) of the weighted arms
    averaged : what the average is over, in words
    alone : share of the rows that no other row shares a level of a control with
    """
    against = list(others)
    failed = [f"{name} ({one.words}: {one.figure:.3g})" for name, one in refutations.items() if not one.passed]
    if failed:
        against.append(f"a check failed: {'; '.join(failed)}")
    if share_kept < LEAST_KEPT:
        against += [f"{alone:.0%} of the rows are alone in their level of a control, with nothing to compare"] * (
            alone > 0
        )
        against.append(
            f"the controls all but decide the treatment in {1 - alone - share_kept:.0%} of the {averaged}, which have "
            "nothing comparable in the other arm"
        )
    if min(arm_sizes) < FEWEST:
        against.append(f"an arm has only {min(arm_sizes)} comparable rows")
    elif effective is not None and min(effective) < FEWEST:
        against.append(f"the weights leave an arm worth only {min(effective):.1f} rows")
    if not randomised and n_controls == 0 and not told:
        against.append("nothing was adjusted for and the treatment was not randomised")
    if against:
        return "no", "Not identified: " + "; ".join(against) + "."
    if randomised:
        return "yes", "Identified: the treatment was randomised, and no check failed."
    if told:
        return "assumed", f"Holds if the graph is right: {told}; no check failed, and none can prove the graph."
    return "assumed", (
        f"Holds if the {n_controls} {'control carries' if n_controls == 1 else 'controls carry'} every common cause of "
        "treatment and outcome; no check failed, and none can prove that."
    )
