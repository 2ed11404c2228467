"""In the middle of an experiment: what its end can still show, and whether going on is futile.

With a share t of the planned information, the test statistic at the end is B(1) = B(t) + drift · (1 - t) + noise of
variance 1 - t, where B(t) = z √t (Lan and Wittes). The drift is set by the lift that matters, or by what was seen.

References
----------
Lan and Wittes (1988), The B-value: a tool for monitoring data. Spiegelhalter, Freedman and Blackburn (1986),
Monitoring clinical trials: conditional or predictive power?
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from swayline.causal.experiments.comparison import Comparison
from swayline.causal.experiments.sequential import sequence_width

FUTILE = 0.1
"""Below this chance to see, at the end, a lift that matters, going on is called futile."""


@dataclass(frozen=True)
class Outlook:
    """What the planned end of an experiment can still show of one comparison.

    Parameters
    ----------
    share : float
        Of the planned units that are in.
    power : float
        At the planned end, for the smallest lift that matters, from the spread seen and not from the effect.
    conditional_power : float
        The same given what was seen so far, were the lift the smallest that matters from here on.
    predictive_power : float
        The chance of a clear result in the good direction, were the lift what was seen so far, with its uncertainty.
    """

    arm: str
    metric: str
    lift: float
    share: float
    power: float
    conditional_power: float
    predictive_power: float

    @property
    def futile(self) -> bool:
        """Whether the end will hardly show a lift that matters, whether trusted to come or seen so far."""
        return self.conditional_power < FUTILE and self.predictive_power < FUTILE

    def words(self) -> str:
        """One line."""
        return (
            f"{self.arm}, {self.metric}: {self.share:.0%} of the plan is in; the end shows a lift of {self.lift:+.1%}"
            f" with power {self.power:.0%}, given what was seen {self.conditional_power:.0%}; if it goes on as it went,"
            f" {self.predictive_power:.0%}"
        )


def outlook(one: Comparison, planned_units: int, arms: int, lift: float, peeking: bool) -> Outlook | None:
    """What the planned end can still show; None where it is reached, or the metric's control value is zero.

    Parameters
    ----------
    planned_units : int
        In all arms together.
    arms : int
        Arms in all, of equal planned sizes.
    lift : float
        The smallest that matters, relative to the control, in the good direction.
    peeking : bool
        Whether the interval that holds on every day decides at the end.
    """
    share = (one.n_arm + one.n_control) / (planned_units * 2 / arms)
    if share >= 1 or not one.se > 0 or one.control_value == 0:
        return None
    z = one.effect * one.metric.good / one.se
    drift = abs(lift * one.control_value) / (one.se * np.sqrt(share))
    bar = sequence_width(planned_units, planned_units) if peeking else float(stats.norm.ppf(0.975))
    power = float(stats.norm.sf(bar - drift))
    rest = 1 - share
    conditional = float(stats.norm.sf((bar - z * np.sqrt(share) - drift * rest) / np.sqrt(rest)))
    predictive = float(stats.norm.sf((bar - z / np.sqrt(share)) / np.sqrt(rest / share)))
    return Outlook(one.arm, one.metric.name, abs(lift) * one.metric.good, share, power, conditional, predictive)
