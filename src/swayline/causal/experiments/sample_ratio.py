"""Whether arms have the sizes they were planned to have; where they do not, the randomisation is broken."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import gammaln

from swayline.core.errors import UsageError

Floats = npt.NDArray[np.float64]
ALARM = 0.001
"""A p-value below this is an alarm: a check that is made on every experiment must hardly ever cry wolf."""


@dataclass(frozen=True)
class SampleRatio:
    """How the sizes of arms compare with the plan.

    Parameters
    ----------
    observed : dict of str to int
        Units of each arm.
    planned : dict of str to float
        Share of each arm, summing to 1.
    p_value : float
        Of the chi-square test; valid once, at a planned end.
    always_valid_p : float
        Valid however often it is looked at.
    peeking : bool
        Whether the arms are looked at more than once: the second p-value then decides.
    """

    observed: dict[str, int]
    planned: dict[str, float]
    p_value: float
    always_valid_p: float
    peeking: bool = False

    @property
    def alarmed(self) -> bool:
        """Whether sizes differ from the plan by more than chance explains."""
        return self.deciding_p < ALARM

    @property
    def deciding_p(self) -> float:
        """The p-value that the alarm is about."""
        return self.always_valid_p if self.peeking else self.p_value


def check_sample_ratio(
    observed: Mapping[str, int], weights: Mapping[str, float] | None = None, peeking: bool = False
) -> SampleRatio:
    """Compare the sizes of arms with the planned shares.

    Parameters
    ----------
    observed : mapping
        Arm → units.
    weights : mapping, optional
        Arm → planned share, in any unit; equal shares by default.
    peeking : bool
        The sizes are looked at more than once.

    Raises
    ------
    UsageError
        A size is below zero, arms differ, or a share is not above zero.

    References
    ----------
    Fabijan et al. (2019), Diagnosing sample ratio mismatch. Lindon and Malek (2022), Anytime-valid inference for
    multinomial count data (the Dirichlet mixture behind ``always_valid_p``).

    Examples
    --------
    >>> check_sample_ratio({"a": 5_000, "b": 5_400}).alarmed
    True
    >>> check_sample_ratio({"a": 5_000, "b": 5_030}).alarmed
    False
    """
    shares = dict.fromkeys(observed, 1.0) if weights is None else dict(weights)
    if set(shares) != set(observed):
        raise UsageError(f"planned shares name {sorted(shares)}, the table has arms {sorted(observed)}: name each once")
    for arm, n in observed.items():
        if n < 0:
            raise UsageError(f"arm {arm!r} has {n} units; a count cannot be below 0")
        if not (np.isfinite(shares[arm]) and shares[arm] > 0):
            raise UsageError(f"the planned share of arm {arm!r} is {shares[arm]}; it must be above 0")
    counts = np.array([observed[arm] for arm in observed], float)
    planned = np.array([shares[arm] for arm in observed]) / sum(shares.values())
    total = counts.sum()
    if total == 0 or len(counts) < 2:
        p = always = 1.0
    else:
        p = float(stats.chisquare(counts, total * planned).pvalue)
        always = float(min(1.0, np.exp(-_log_bayes_factor(counts, planned))))
    return SampleRatio(
        {arm: int(n) for arm, n in observed.items()}, dict(zip(observed, planned.tolist(), strict=True)), p, always,
        peeking,
    )  # fmt: skip


def _log_bayes_factor(counts: Floats, planned: Floats) -> float:
    """Log of Dirichlet-multinomial against the planned multinomial; the prior is centred on the plan."""
    prior = planned * len(planned) * 10
    mixed = (
        gammaln(prior.sum()) - gammaln(prior.sum() + counts.sum()) + (gammaln(prior + counts) - gammaln(prior)).sum()
    )
    return float(mixed - (counts * np.log(planned)).sum())
