"""The share of likeness that adjusting leaves, read off a placebo, and taken off the effect.

What exposed people did in the category *before* the tie acted cannot be the tie's doing. Beside people exposed later it
shows likeness twice: naive, and after the same controls. If the controls leave the same share of likeness in the
outcome as in the placebo::

    share    = adjusted placebo / naive placebo
    naive    = effect + likeness
    adjusted = effect + share · likeness        effect = (adjusted - share · naive) / (1 - share)

The share's own error is in the interval. Nothing is taken off where the placebo shows no likeness to calibrate by.

References
----------
Lipsitch, Tchetgen Tchetgen & Cohen, "Negative controls", Epidemiology 2010. Sofer et al., "On negative outcome control
of unobserved confounding as a generalization of difference-in-differences", Statistical Science 2016.
"""

from dataclasses import replace

import numpy as np

from swayline.causal.effect import EffectEstimate
from swayline.causal.inference.intervals import Estimate, interval
from swayline.causal.inference.refutation import as_json
from swayline.influence.contagion.measure import Measured
from swayline.influence.contagion.placebos import Placebo
from swayline.ledger import EffectRow

METHOD = "calibrated by earlier acts"
CLEAR = 3.0
"""Standard errors by which the naive placebo must differ from none."""
MOST_SHARE = 0.8


def calibrated(adjusted: Estimate, naive: Estimate, placebo: Measured) -> Estimate | None:
    """The effect without the share of likeness that the placebo shows to be left; None where it shows too little.

    >>> from swayline.causal.inference.intervals import interval
    >>> earlier = Measured(interval(0.1, 0.01), interval(0.03, 0.001), 500, 100)
    >>> one = calibrated(interval(0.036, 0.005), interval(0.05, 0.004), earlier)
    >>> round(one.value, 3), one.se > 0.005
    (0.03, True)
    """
    seen, left = placebo.naive, placebo.adjusted
    if not (seen.se > 0 and seen.value > CLEAR * seen.se and naive.value > adjusted.value and left.se > 0):
        return None
    share = float(np.clip(left.value / seen.value, 0.0, MOST_SHARE))
    share_se = float(np.hypot(left.se, share * seen.se)) / seen.value
    rest = 1.0 - share
    value = (adjusted.value - share * naive.value) / rest
    of_figures = np.hypot(adjusted.se, share * naive.se) / rest
    of_share = share_se * (naive.value - adjusted.value) / rest**2
    return interval(float(value), float(np.hypot(of_figures, of_share)))


def quote_calibrated(found: EffectEstimate, main: Measured, tried: tuple[Placebo, ...]) -> EffectEstimate:
    """An answer in which the calibrated effect is the one to quote, where there is one."""
    earlier = next((one.found for one in tried if one.name == "earlier acts"), None)
    effect = None if earlier is None else calibrated(found.estimate, main.naive, earlier)
    if effect is None:
        return found
    assert earlier is not None
    arm = found.arms[0]
    share = np.clip(earlier.adjusted.value / earlier.naive.value, 0.0, MOST_SHARE)
    words = (
        f"Earlier acts show that the controls leave {share:.0%} of likeness; as much is taken off, and the interval "
        f"carries how surely that is known. Before: {found.estimate.value:.4g} by {arm.quoted}."
    )
    rows = [replace(row, primary=False) if isinstance(row, EffectRow) and row.primary else row for row in found.rows]
    quoted = next(row for row in found.rows if isinstance(row, EffectRow) and row.primary)
    rows.append(replace(
        quoted, method=f"{arm.quoted}, {METHOD}", figure=effect.figure, primary=True,
        assumptions=f"{quoted.assumptions} {words}", refutations=as_json(arm.refutations),
    ))  # fmt: skip
    name = f"{arm.quoted}, {METHOD}"
    return replace(
        found, rows=tuple(rows),
        arms=(replace(arm, estimates={**arm.estimates, name: effect}, quoted=name), *found.arms[1:]),
    )  # fmt: skip
