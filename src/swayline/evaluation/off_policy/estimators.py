"""Six estimators of a policy's value from another policy's log, with intervals and what they rest on.

::

    w = π(a | x) / π_logged(a | x)      q(x, a) predicted outcome, cross-fitted      v(x) = Σ_a π(a | x) q(x, a)

    ips      mean  w r                                   unbiased, and as wild as the weights
    snips    Σ w r / Σ w                                 steadier, bias of order 1/n
    dm       mean  v                                     as good as the predictions; its interval knows no bias
    dr       mean  v + w (r - q)                         unbiased where the propensities are right
    dros     mean  v + w λ/(w² + λ) (r - q)              weights shrunk, λ by the least estimated error
    switch   mean  v + w 1(w ≤ τ) (r - q)                large weights left to the predictions, τ likewise

Shapes: n choices of the log.

References
----------
Dudík, Langford and Li (2011), doubly robust. Swaminathan and Joachims (2015), self-normalised. Wang, Agarwal and Dudík
(2017), SWITCH. Su et al. (2020), optimistic shrinkage. Hall (1992), intervals for means of skewed values.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from swayline.core.errors import IdentificationError, UsageError, shown

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ESTIMATORS = ("ips", "snips", "dm", "dr", "dros", "switch")
LEAST_ESS = 30.0
"""Effective choices below which a value cannot be told."""
_GRID = 30


@dataclass(frozen=True)
class PolicyEstimate:
    """One estimator's answer: the value with its interval, and the tuning it chose (``dros``, ``switch``)."""

    value: float
    ci_low: float
    ci_high: float
    tuning: float | None = None


@dataclass(frozen=True)
class PolicyValues:
    """What a policy would have been worth.

    Attributes
    ----------
    estimates : estimator → its answer
    primary : the estimator to quote
    logged : what the log's own policy was worth
    gain : the primary estimator's value less the logged one's, paired over the same choices
    n, ess : choices, and effective ones: (Σ w)² / Σ w²
    largest_weight, mean_weight : a mean weight far from 1 says that propensities or probabilities are wrong
    unsupported : share of the policy's choices that the log's policy never, or hardly ever, makes
    """

    estimates: Mapping[str, PolicyEstimate]
    primary: str
    logged: PolicyEstimate
    gain: PolicyEstimate
    n: int
    ess: float
    largest_weight: float
    mean_weight: float
    unsupported: float

    def as_json(self) -> dict[str, Any]:
        """Everything by name, with ``trouble``."""
        return asdict(self) | {"trouble": self.trouble}

    def in_words(self) -> list[str]:
        """The values, the diagnostics, and whether the value can be told at all, a line each."""
        lines = [
            f"  {name:<8} {one.value:.5f}  [{one.ci_low:.5f}, {one.ci_high:.5f}]"
            + "  to quote" * (name == self.primary)
            for name, one in self.estimates.items()
        ]
        lines += [
            f"  {name:<8} {one.value:+.5f}  [{one.ci_low:+.5f}, {one.ci_high:+.5f}]"
            for name, one in (("the log", self.logged), ("gain", self.gain))
        ]
        lines.append(
            f"  effective choices {self.ess:,.0f} of {self.n:,}, largest weight {self.largest_weight:.1f},"
            f" mean weight {self.mean_weight:.2f}, never shown in the log {self.unsupported:.1%}"
        )
        return [*lines, f"cannot be told from this log: {self.trouble}"] if self.trouble else lines

    @property
    def trouble(self) -> str | None:
        """Why the value cannot be told from this log; None where it can."""
        if self.ess < LEAST_ESS:
            return f"the log's choices count as {self.ess:.0f} of the policy's own: the two hardly ever choose alike"
        if self.unsupported > 0.1:
            return f"{self.unsupported:.0%} of what the policy shows was never shown in the log"
        if abs(self.mean_weight - 1.0) > 0.25:
            return f"the weights' mean is {self.mean_weight:.2f} and should be 1: the propensities do not fit the log"
        return None


def estimate_policy(
    reward: Floats,
    propensity: Floats,
    target: Floats,
    predicted: Floats,
    predicted_value: Floats,
    clusters: Ints | None = None,
    unsupported: float = 0.0,
) -> PolicyValues:
    """Estimate a policy's value by every estimator.

    Parameters
    ----------
    reward : (n,) the outcome of each choice
    propensity : (n,) how likely the log's policy made the choice, above 0, at most 1
    target : (n,) how likely the policy would have made it
    predicted : (n,) predicted outcome of the choice made, by a model that did not see it
    predicted_value : (n,) predicted outcome under the policy: Σ_a π(a | x) q(x, a)
    clusters : (n,), optional
        Choices of one person (or day) stand together in the intervals.
    unsupported : float
        Share of the policy's choices that the log never makes.

    Raises
    ------
    UsageError
        A propensity is 0, negative or above 1, a probability is none, or a number is not finite.
    IdentificationError
        No choice of the log is one that the policy makes.

    >>> made = np.array([1.0, 0.0, 1.0, 0.0])
    >>> found = estimate_policy(made, np.full(4, 0.5), np.array([1.0, 0, 1, 0]), np.full(4, 0.5), np.full(4, 0.5))
    >>> found.estimates["ips"].value, found.estimates["snips"].value
    (1.0, 1.0)
    """
    _check(reward, propensity, target, predicted, predicted_value)
    weight = target / propensity
    if not weight.any():
        raise IdentificationError("the policy never makes a choice that this log holds: its value cannot be told")
    residual = reward - predicted
    parts: dict[str, tuple[Floats, float | None]] = {
        "ips": (weight * reward, None),
        "dm": (predicted_value, None),
        "dr": (predicted_value + weight * residual, None),
    }
    for name in ("dros", "switch"):
        tuning = _tuned(name, weight, residual, predicted_value)
        parts[name] = (predicted_value + _shrunk(name, weight, tuning) * residual, tuning)
    ratio = float((weight * reward).sum() / weight.sum())
    normal = weight / weight.mean()
    estimates = {name: _interval(values, clusters, tuning) for name, (values, tuning) in parts.items()}
    estimates["snips"] = _interval(normal * (reward - ratio) + ratio, clusters, None)
    paired = parts["dr"][0] - reward
    return PolicyValues(
        {name: estimates[name] for name in ESTIMATORS}, "dr", _interval(reward, clusters, None),
        _interval(paired, clusters, None), len(reward), float(weight.sum() ** 2 / (weight**2).sum()),
        float(weight.max()), float(weight.mean()), unsupported,
    )  # fmt: skip


def _check(reward: Floats, propensity: Floats, target: Floats, *predictions: Floats) -> None:
    for name, values in (("reward", reward), ("propensity", propensity), ("probability", target)):
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise UsageError(
                f"{name} of choice {bad[0] + 1} is {values[bad[0]]}: give finite numbers, or leave the row out"
            )
    for name, values, least in (("propensity", propensity, "above 0"), ("probability", target, "from 0")):
        bad = np.flatnonzero((values < 0) | (values > 1) | ((values == 0) if name == "propensity" else False))
        if len(bad):
            others = f" ({len(bad):,} choices in all)" if len(bad) > 1 else ""
            raise UsageError(
                f"{name} of choice {bad[0] + 1} is {shown(values[bad[0]])}{others}: it must be {least} and at most 1;"
                " leave such rows out, or say what the chance truly was"
            )
    if any(not np.isfinite(one).all() for one in predictions):
        raise UsageError("a predicted outcome is no finite number: fit the predictions again")
    if not len(reward):
        raise UsageError("there is no choice to learn from: give rows with a propensity")


def _shrunk(name: str, weight: Floats, tuning: float) -> Floats:
    if name == "switch":
        return np.asarray(np.where(weight <= tuning, weight, 0.0))
    return np.asarray(weight * tuning / (weight**2 + tuning))


def _tuned(name: str, weight: Floats, residual: Floats, value: Floats) -> float:
    """The tuning with the least estimated squared error: variance of the mean + (what shrinking leaves out)²."""
    positive = weight[weight > 0]
    low, high = (float(x) for x in np.quantile(positive, [0.25, 1.0]))
    grid = np.geomspace(max(low, 1e-6), max(high, low * 1.01), _GRID)
    grid = np.append(grid if name == "switch" else grid**2, high if name == "switch" else 1e6 * high**2)
    best, least = float(grid[-1]), np.inf
    for tuning in grid:
        kept = _shrunk(name, weight, float(tuning))
        values = value + kept * residual
        left = (weight - kept) * residual
        # The bias is bounded from above by its estimate and two standard errors of that.
        bias = abs(left.mean()) + 2.0 * left.std() / np.sqrt(len(left))
        error = values.var() / len(values) + bias**2
        if error < least:
            best, least = float(tuning), error
    return best


def _interval(values: Floats, clusters: Ints | None, tuning: float | None) -> PolicyEstimate:
    """The mean and its 95% interval, corrected for the skewness that rare outcomes and large weights bring."""
    mean = float(values.mean())
    centred = values - mean
    if clusters is not None:
        _, place = np.unique(clusters, return_inverse=True)
        n_clusters = int(place.max()) + 1
        centred = np.bincount(place, centred, n_clusters) * n_clusters / len(values)
    n = len(centred)
    spread = float(centred.std(ddof=1)) if n > 1 else 0.0
    if spread == 0.0:
        return PolicyEstimate(mean, mean, mean, tuning)
    skew = float((centred**3).mean() / (centred**2).mean() ** 1.5) / np.sqrt(n)
    low, high = (_unskewed(float(stats.t.ppf(p, n - 1)), skew) for p in (0.975, 0.025))
    se = spread / np.sqrt(n)
    return PolicyEstimate(mean, float(mean - se * low), float(mean - se * high), tuning)


def _unskewed(x: float, skew: float) -> float:
    """Hall's transformation of a studentised mean, backwards: what t a normal quantile x stands for."""
    if abs(skew) < 1e-9:
        return x
    return float((np.cbrt(1.0 + skew * (x - skew / 6.0)) - 1.0) * 3.0 / skew)
