"""How sure a tie's branching is: profile-likelihood or information intervals, and a placebo turned round in time."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2, norm

from swayline.core.errors import UsageError, nearest
from swayline.core.types import Bools, Floats
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.fit.solver_inputs import Coefficients, Intervals
from swayline.influence.network.fit.threads import over_people

INTERVALS = ("auto", "profile", "information")
_PROFILE_UP_TO = 50_000
_PLACEBO_Z = 3.0


@dataclass(frozen=True)
class TieEstimates:
    """Branching of every tie with its interval; arrays are (T,) in the order of ``fit.ties``.

    Parameters
    ----------
    estimate, low, high, error : float64
        Acts of the target caused by one act of the source; NaN where the source never acted, so that nothing is known.
    p_value : float64
        Of no influence, two-sided, so that it is below .05 exactly when the 95% interval leaves out zero.
    ahead : float64
        Placebo score: how far the target's acts run ahead of the source's; N(0, 1) where all is well. NaN where the
        opposite tie sways, since the target then rightly runs ahead.
    received_error : (people,) float64
        Standard error of the sum over the ties into each person.
    method : str
        How the intervals were made.
    """

    estimate: Floats
    low: Floats
    high: Floats
    error: Floats
    p_value: Floats
    ahead: Floats
    received_error: Floats
    method: str

    @property
    def known(self) -> Bools:
        """Whether the tie could be measured at all."""
        return ~np.isnan(self.estimate)

    @property
    def sound(self) -> Bools:
        """Whether the tie could be measured and its placebo found nothing."""
        return self.known & ~(self.ahead > _PLACEBO_Z)


def tie_estimates(fit: HawkesFit, interval: str = "auto", level: float = 0.95, placebo: bool = True) -> TieEstimates:
    """Intervals of every tie.

    Parameters
    ----------
    interval : str
        ``profile`` (every other coefficient fitted again along the way; ends where the likelihood has fallen by half
        the chi-squared quantile), ``information`` (estimate -+ standard errors, cheap), or ``auto``: profile up to
        50,000 ties.
    level : float
        Coverage.
    placebo : bool
        Whether to look for targets that run ahead of their sources.

    Raises
    ------
    UsageError
        An unknown kind of interval, or a level outside (0, 1).
    """
    return _measured(fit, interval, level, placebo, fitting=False)[1]


def fitted_with_estimates(
    fit: HawkesFit, interval: str = "auto", level: float = 0.95, placebo: bool = True
) -> tuple[HawkesFit, TieEstimates]:
    """Fit everybody's coefficients and measure them in one pass, where nothing shared is left to learn.

    Takes one rhythm, no penalty and the shared parts as they are; options as in :func:`tie_estimates`.
    """
    return _measured(fit, interval, level, placebo, fitting=True)


def _measured(
    fit: HawkesFit, interval: str, level: float, placebo: bool, fitting: bool
) -> tuple[HawkesFit, TieEstimates]:
    from swayline.influence.network.compiled import passes as _compiled

    if interval not in INTERVALS:
        raise UsageError(f"interval {interval!r} is unknown: {nearest(interval, INTERVALS)}")
    if not 0.0 < level < 1.0:
        raise UsageError(f"level must lie between 0 and 1, not {level}")
    profile = interval == "profile" or (interval == "auto" and len(fit.ties) <= _PROFILE_UP_TO)
    people = np.arange(fit.acts.people)
    prior = fit.prior(people)
    low, high, ratio, error, ahead = (np.zeros(len(fit.ties)) for _ in range(5))
    out = Intervals(low, high, ratio, error, np.zeros(len(people)))
    coefficients = Coefficients(fit.x_base.copy(), fit.x_tie.copy(), fit.losses.copy())
    cut = float(chi2.ppf(level, 1)) / 2.0
    inputs = fit.solver_inputs()
    over_people(_compiled.tie_intervals, people, inputs, prior, cut, profile, coefficients, out)
    if fitting:
        fit = replace(fit, **coefficients._asdict())
    if placebo:
        gap = fit.acts.clock.unit_s if fit.acts.clock.is_coarse else 0.0
        over_people(_compiled.anticipation, people, inputs, prior, fit.x_base, fit.x_tie, gap, ahead)
    ahead[_answered(fit, low > 0)] = np.nan
    estimate = _known(fit, fit.x_tie)
    estimates = TieEstimates(
        estimate,
        np.minimum(_known(fit, low), estimate),
        np.maximum(_known(fit, high), estimate),
        _known(fit, error),
        _known(fit, np.asarray(chi2.sf(ratio, 1), np.float64)),
        ahead,
        out.received_error,
        "profile likelihood" if profile else "observed information",
    )
    return fit, estimates


def _known(fit: HawkesFit, values: Floats) -> Floats:
    """NaN where the source never acted."""
    return np.where(fit.acts.counts[fit.ties.source] == 0, np.nan, values)


def _answered(fit: HawkesFit, sways: Bools) -> Bools:
    """Ties whose opposite tie sways."""
    n = fit.acts.people
    forward = fit.ties.source * n + fit.ties.target
    answered: Bools = np.isin(fit.ties.target * n + fit.ties.source, forward[sways])
    return answered


def sum_interval(total: Floats, error: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Normal interval of a sum of branchings, cut at zero."""
    width = float(norm.ppf(0.5 + level / 2)) * error
    return np.maximum(total - width, 0.0), total + width
