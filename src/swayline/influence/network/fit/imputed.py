"""Ties measured over several draws of times that a coarse clock leaves open.

Estimates are the draws' mean; intervals and p-values carry the spread between draws.

References
----------
Rubin, "Multiple Imputation for Nonresponse in Surveys", 1987 (total variance).
Li, Meng, Raghunathan and Rubin, "Significance levels from repeated p-values with multiply-imputed data", Statistica
Sinica 1991 (the combined likelihood ratio).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import chi2, f, norm

from swayline.core.types import Floats
from swayline.influence.network.acts import Acts
from swayline.influence.network.clock import order_kept
from swayline.influence.network.fit.intervals import TieEstimates, tie_estimates
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.fit.solve import solve

DRAWS = 5
_MATTERS = 20.0
"""Ticks of the mean delay from which one draw says what all say."""


def needs_draws(fit: HawkesFit) -> bool:
    """Whether the times that the clock leaves open matter beside the delays."""
    return fit.acts.clock.is_coarse and fit.kernel.mean_s() < _MATTERS * fit.acts.clock.unit_s


def imputed(fit: HawkesFit, others: Sequence[Acts], interval: str) -> tuple[HawkesFit, TieEstimates]:
    """The fit with branchings that are the mean over all draws, and their combined estimates.

    Effects that the draws put ahead of their causes are given back (``order_kept``).

    Parameters
    ----------
    fit : HawkesFit
        Fitted on the first draw; rhythms and delays stay.
    others : sequence of Acts
        Further draws of the same log.
    """
    everybody, each = np.arange(fit.acts.people), [tie_estimates(fit, interval)]
    for acts in others:
        each.append(tie_estimates(solve(replace(fit, acts=acts), everybody, warm=True), interval))
    found = scaled(combined(each), 1.0 / order_kept(fit.kernel.mean_s(), fit.acts.clock.unit_s))
    return replace(fit, x_tie=np.nan_to_num(np.asarray(found.estimate, np.float64))), found


def scaled(one: TieEstimates, by: float) -> TieEstimates:
    """All branchings times a number."""
    names = ("estimate", "low", "high", "error", "received_error")
    return replace(one, **{name: getattr(one, name) * by for name in names})


def combined(each: Sequence[TieEstimates]) -> TieEstimates:
    """Several draws' estimates as one."""
    m = len(each)
    if m == 1:
        return each[0]
    estimates, lows, highs, errors = (
        np.stack([getattr(one, name) for one in each]) for name in ("estimate", "low", "high", "error")
    )
    estimate = estimates.mean(axis=0)
    between: Floats = (1 + 1 / m) * estimates.var(axis=0, ddof=1)
    p_value = _combined_p(np.array([one.p_value for one in each], np.float64))
    up = np.sqrt((highs.mean(axis=0) - estimate) ** 2 + norm.ppf(0.975) ** 2 * between)
    down = np.sqrt((estimate - lows.mean(axis=0)) ** 2 + norm.ppf(0.975) ** 2 * between)
    # The lower end leaves out zero exactly where the p-value is below .05.
    least = estimate * np.maximum(1.0 - norm.ppf(0.975) / np.maximum(norm.isf(p_value / 2), 1e-9), 0.0)
    sure = p_value < 0.05
    low = np.where(sure, np.where(estimate > down, np.minimum(estimate - down, estimate), least), 0.0)
    unknown = np.isnan(estimate)
    ahead = np.stack([one.ahead for one in each]).mean(axis=0)
    received = np.stack([one.received_error for one in each]).mean(axis=0)
    return TieEstimates(
        estimate, np.where(unknown, np.nan, low), estimate + up, np.sqrt((errors**2).mean(axis=0) + between), p_value,
        ahead, received, f"{each[0].method}, {m} draws within the clock's ticks",
    )  # fmt: skip


def _combined_p(p_values: Floats) -> Floats:
    """The p-value of likelihood ratios (one degree of freedom) over draws (m, T)."""
    m = len(p_values)
    ratio = chi2.isf(np.clip(p_values, 1e-300, 1.0), 1)
    extra = np.maximum((1 + 1 / m) * np.sqrt(ratio).var(axis=0, ddof=1), 1e-4)
    statistic = np.maximum((ratio.mean(axis=0) - (m + 1) / (m - 1) * extra) / (1 + extra), 0.0)
    freedom = (m - 1) * (1 + 1 / extra) ** 2
    return np.asarray(f.sf(statistic, 1, freedom), np.float64)
