"""Estimators side by side, each from the same cross-fitted nuisances: a value and an influence value a row.

Shapes: e, mu (n, arms); d_a and d_0 are 1 where the row is in the arm, or in the reference.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg, spatial, stats

from swayline.causal.inference.intervals import Estimate, difference_in_means, from_parts, from_scores, interval
from swayline.causal.nuisance.cross_fitting import Nuisances
from swayline.numerics.ridge import BLOCK, moments, solve_ridge
from swayline.numerics.spread import spread

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
LEAST_CHANCE = 0.04
"""A row is averaged over where its propensity of either arm is at least this much of the arm's share of the rows.

Its stabilised weight (share over propensity) is then 25 at most. With arms of half the rows each that is a propensity
within [.02, .98]; an arm of 1% of the rows is not refused because each of its propensities is near .01.
"""


@dataclass(frozen=True)
class Contrast:
    """One arm against the reference, over the rows where both may happen.

    Attributes
    ----------
    x : design, shape (n, p)
    y : outcome, shape (n,)
    treated, control : rows in the arm, and in the reference, shape (n,); with more arms some rows are in neither
    e1, e0 : propensities of the two, shape (n,)
    mu1, mu0 : predicted outcomes under the two, shape (n,)
    clusters : cluster of each row, shape (n,), or None
    estimand : "ate" or "att"
    share_kept : share of the rows (of the treated, for att) that trimming kept
    """

    x: npt.NDArray[Any]
    y: Floats
    treated: Flags
    control: Flags
    e1: Floats
    e0: Floats
    mu1: Floats
    mu0: Floats
    clusters: Ints | None
    estimand: str
    share_kept: float
    kept: Flags

    @property
    def odds(self) -> Floats:
        """Propensity of the treated among the two arms, shape (n,)."""
        return self.e1 / (self.e1 + self.e0)

    def estimate(self, value: float, *parts: tuple[Floats, Floats]) -> Estimate:
        """A value with the interval of its parts' influence values and weights, each a pair of (n,)."""
        scores, weights = (np.stack(side, axis=1) for side in zip(*parts, strict=True))
        return from_parts(value, scores, weights, self.clusters)


def contrast(
    x: npt.NDArray[Any], y: Floats, arm: Ints, a: int, found: Nuisances, clusters: Ints | None, estimand: str
) -> Contrast:
    """Rows of arm ``a`` against the reference, trimmed to common support.

    For the effect on the treated only a propensity near 1 is a lack of support: a row near 0 weighs almost nothing.
    Known propensities need no support in the data, and nothing is trimmed.
    """
    e1, e0 = found.propensity[:, a], found.propensity[:, 0]
    keep = np.ones(len(y), dtype=bool) if found.propensity_known else has_support(e1, e0, arm, a, estimand)
    if found.comparable is not None:
        keep = keep & found.comparable
    of = arm == a if estimand == "att" else np.ones(len(y), dtype=bool)
    share = float(keep[of].mean()) if of.any() else 0.0
    packed = None
    if clusters is not None:
        packed = np.unique(clusters[keep], return_inverse=True)[1].astype(np.int64)
    return Contrast(
        x[keep], y[keep], (arm == a)[keep], (arm == 0)[keep], e1[keep], e0[keep], found.outcome[keep, a],
        found.outcome[keep, 0], packed, estimand, share, keep,
    )  # fmt: skip


def has_support(e1: Floats, e0: Floats, arm: Ints, a: int, estimand: str) -> Flags:
    """Which rows may be in either arm, by their propensities relative to the arms' shares, shape (n,).

    Notes
    -----
    An absolute bound refuses every arm that is small by design. Weights are compared with the average one instead.

    References
    ----------
    Robins, Hernán, Brumback (2000), Marginal structural models and causal inference in epidemiology (stabilised
    weights). Cole & Hernán (2008), Constructing inverse probability weights for marginal structural models. Crump,
    Hotz, Imbens, Mitnik (2009), Dealing with limited overlap in estimation of average treatment effects: there, too,
    nothing is trimmed where propensities are small but alike.
    """
    share1, share0 = float((arm == a).mean()), float((arm == 0).mean())
    keep = e0 / (e1 + e0) >= LEAST_CHANCE * share0 / max(share1 + share0, 1e-300)
    if estimand == "att":
        return np.asarray(keep)
    return np.asarray(keep & (e1 >= LEAST_CHANCE * share1) & (e0 >= LEAST_CHANCE * share0))


def naive(c: Contrast) -> Estimate:
    """Difference of the two arms' mean outcomes: an association."""
    both = c.treated | c.control
    return difference_in_means(c.treated[both], c.y[both], None if c.clusters is None else _repack(c.clusters[both]))


def _repack(clusters: Ints) -> Ints:
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)


def logistic_association(c: Contrast) -> Estimate:
    """Log odds ratio of a yes/no outcome between the arms, half a row added to each cell: an association.

    References
    ----------
    Gart, "Alternative analyses of contingency tables", Journal of the Royal Statistical Society B 1966 (the interval).
    """
    high, low = c.y[c.treated], c.y[c.control]
    cells = np.array([high.sum(), len(high) - high.sum(), low.sum(), len(low) - low.sum()]) + 0.5
    value = float(np.log(cells[0] / cells[1]) - np.log(cells[2] / cells[3]))
    p1, p0 = cells[0] / cells[:2].sum(), cells[2] / cells[2:].sum()
    ones, others = c.treated.astype(np.float64), c.control.astype(np.float64)
    found = c.estimate(
        value,
        (ones * (c.y - p1) / (p1 * (1 - p1)) * len(c.y) / len(high), ones),
        (-others * (c.y - p0) / (p0 * (1 - p0)) * len(c.y) / len(low), others),
    )
    own = interval(value, float(np.sqrt((1 / cells).sum())))  # residuals say nothing of an arm that is all alike
    return found if found.high - found.low > own.high - own.low else own


def bayes_association(c: Contrast) -> Estimate:
    """Posterior difference of the two rates under Jeffreys priors, Beta(½, ½): an association of a yes/no outcome.

    The posterior takes rows for independent, so that clustered ones are given the difference in means' error where
    that is larger.
    """
    posteriors = [
        stats.beta(0.5 + c.y[rows].sum(), 0.5 + rows.sum() - c.y[rows].sum()) for rows in (c.treated, c.control)
    ]
    value = float(posteriors[0].mean() - posteriors[1].mean())
    own = interval(value, float(np.hypot(posteriors[0].std(), posteriors[1].std())))
    if c.clusters is None:
        return own
    clustered = naive(c)
    if not clustered.se <= own.se or clustered.high - clustered.low > own.high - own.low:
        half = (clustered.high - clustered.low) / 2
        return Estimate(value, clustered.se, value - half, value + half, clustered.p)
    return own


def regression(c: Contrast) -> Estimate:
    """Regression adjustment: least squares of each arm on the controls, averaged over the target's rows.

    Residuals are divided by one less their leverage (HC3): with as many columns as an arm has rows, they are far
    smaller than the errors.

    References
    ----------
    Lin (2013), Agnostic notes on regression adjustments to experimental data.
    """
    over = c.treated if c.estimand == "att" else np.ones(len(c.y), dtype=bool)
    weight = over / over.mean()
    average = np.concatenate([[1.0], np.asarray((weight.astype(c.x.dtype) @ c.x) / len(c.y), dtype=np.float64)])
    parts, value, gaps = [], 0.0, np.zeros(len(c.y))
    for sign, rows in ((1.0, c.treated), (-1.0, c.control)):
        square, cross = moments(c.x[rows], c.y[rows])
        penalty = 1e-3 * len(c.x) ** 0.5
        beta = solve_ridge(square, cross, penalty)[:, 0]
        direction = solve_ridge(square, average[:, None], penalty)[:, 0]
        fitted, lever = _apply(c.x, beta), _apply(c.x, direction)
        value += sign * float(average @ beta)
        gaps += sign * fitted
        left = (c.y - fitted) / (1 - rows * _leverage(c.x, square, penalty))
        parts.append((rows * sign * len(c.y) * lever * left, rows.astype(np.float64)))
    return c.estimate(value, *parts, (weight * (gaps - value), weight))


def _leverage(x: npt.NDArray[Any], square: Floats, penalty: float) -> Floats:
    """How much of its own fitted value each row decides, shape (n,), at most 0.99."""
    root = linalg.cholesky(square + np.diag([1e-9, *np.full(len(square) - 1, penalty)]), lower=True)
    found = np.empty(len(x))
    for start in range(0, len(x), BLOCK):
        block = np.column_stack([np.ones(len(x[start : start + BLOCK])), x[start : start + BLOCK]])
        found[start : start + BLOCK] = (linalg.solve_triangular(root, block.T, lower=True) ** 2).sum(axis=0)
    return np.minimum(found, 0.99)


def _apply(x: npt.NDArray[Any], beta: Floats) -> Floats:
    found = np.empty(len(x))
    for start in range(0, len(x), BLOCK):
        found[start : start + BLOCK] = x[start : start + BLOCK] @ beta[1:].astype(x.dtype)
    return np.asarray(found + beta[0])


def _weights(c: Contrast) -> tuple[Floats, Floats]:
    """Inverse-propensity weights of the two arms, zero elsewhere; each (n,)."""
    if c.estimand == "att":
        return c.treated.astype(np.float64), np.where(c.control, c.e1 / c.e0, 0.0)
    return np.where(c.treated, 1 / c.e1, 0.0), np.where(c.control, 1 / c.e0, 0.0)


def ipw(c: Contrast) -> Estimate:
    """Inverse-propensity weighting with weights that add to one (Hájek)."""
    high, low = _weights(c)
    m1, m0 = float(high @ c.y / high.sum()), float(low @ c.y / low.sum())
    return c.estimate(m1 - m0, (high / high.mean() * (c.y - m1), high), (-low / low.mean() * (c.y - m0), low))


def aipw(c: Contrast) -> Estimate:
    """Augmented inverse-propensity weighting: right if either the propensity or the outcome model is.

    References
    ----------
    Robins, Rotnitzky, Zhao (1994); Chernozhukov et al. (2018), Double/debiased machine learning.
    """
    value = float(aipw_scores(c).mean())
    return c.estimate(value, *aipw_parts(c, value))


def aipw_parts(c: Contrast, value: float) -> list[tuple[Floats, Floats]]:
    """The two arms' weighted residuals and the predicted gap: influence values and weights of each."""
    high, low = _weights(c)
    if c.estimand == "att":
        share = float(c.treated.mean())
        return [(high * (c.y - c.mu0 - value) / share, high), (-low * (c.y - c.mu0) / share, low)]
    return [
        (high * (c.y - c.mu1), high), (-low * (c.y - c.mu0), low), (c.mu1 - c.mu0 - value, np.ones(len(c.y))),
    ]  # fmt: skip


def aipw_scores(c: Contrast) -> Floats:
    """Doubly robust pseudo-outcomes, shape (n,); their mean is the AIPW estimate."""
    high, low = _weights(c)
    if c.estimand == "att":
        return (high * (c.y - c.mu0) - low * (c.y - c.mu0)) / float(c.treated.mean())
    return c.mu1 - c.mu0 + high * (c.y - c.mu1) - low * (c.y - c.mu0)


def tmle(c: Contrast) -> Estimate:
    """Targeted minimum loss: the outcome models are moved until their inverse-propensity residuals vanish.

    A yes/no outcome is moved on the logit scale, so that predictions stay in [0, 1]; any other additively.

    References
    ----------
    van der Laan & Rubin (2006), Targeted maximum likelihood learning.
    """
    high, low = _weights(c)
    binary = bool(np.isin(c.y, (0.0, 1.0)).all() and min(c.mu1.min(), c.mu0.min()) >= 0)
    binary = binary and max(c.mu1.max(), c.mu0.max()) <= 1
    move = _move_logit if binary else _move_mean
    mu1, mu0 = (c.mu1 if c.estimand == "att" else move(c.mu1, c.y, high)), move(c.mu0, c.y, low)
    return aipw(replace(c, mu1=mu1, mu0=mu0))


def _move_mean(mu: Floats, y: Floats, weight: Floats) -> Floats:
    return np.asarray(mu + weight @ (y - mu) / weight.sum())


def _move_logit(mu: Floats, y: Floats, weight: Floats) -> Floats:
    bounded = np.clip(mu, 1e-4, 1 - 1e-4)
    logit, shift = np.log(bounded / (1 - bounded)), 0.0
    for _ in range(30):
        probability = 1 / (1 + np.exp(-(logit + shift)))
        step = float(weight @ (y - probability) / max(float(weight @ (probability * (1 - probability))), 1e-12))
        shift += float(np.clip(step, -2, 2))
        if abs(step) < 1e-8:
            break
    return np.asarray(1 / (1 + np.exp(-(logit + shift))))


def residuals(c: Contrast) -> tuple[Floats, Floats, Flags]:
    """Treatment and outcome less what the controls predict, over the rows of the two arms; and which rows those are."""
    both = c.treated | c.control
    odds = c.odds[both]
    expected = odds * c.mu1[both] + (1 - odds) * c.mu0[both]
    return c.treated[both] - odds, c.y[both] - expected, both


def dml(c: Contrast) -> Estimate:
    """Partially linear double machine learning: the residual outcome on the residual treatment.

    Where effects differ, it averages them with weight e(1 - e): most where both arms are likely.
    """
    d, y, both = residuals(c)
    return partial_slope(d, y, None if c.clusters is None else _repack(c.clusters[both]), c.treated[both])


def partial_slope(d: Floats, y: Floats, clusters: Ints | None, treated: Flags | None = None) -> Estimate:
    """Slope of residuals on residuals without an intercept, its interval clustered; by arms where there are two."""
    square = float(d @ d) / len(d)
    value = float(d @ y) / len(d) / square
    scores = d * (y - value * d) / square
    if treated is None:
        return from_scores(value, scores, clusters, weights=d**2)
    arms = np.column_stack([treated, ~treated])
    return from_parts(value, arms * scores[:, None], arms * d[:, None] ** 2, clusters)


MATCHES = 4
MOST_MATCHED = 300_000
"""Above this many rows matching is left out: it adds hours and no evidence."""


def matching(c: Contrast) -> Estimate:
    """Nearest neighbours in propensity and prognosis, the remaining gap corrected by the outcome models.

    References
    ----------
    Abadie & Imbens (2011), Bias-corrected matching estimators. Yang & Zhang (2023), Multiply robust matching
    estimators (double scores).
    """
    odds = np.clip(c.odds, 1e-3, 1 - 1e-3)
    place = np.column_stack([np.log(odds / (1 - odds)), c.mu0])
    apart = spread(place)
    place = place / np.where(apart > 0, apart, 1.0)
    effect, used = np.zeros(len(c.y)), np.zeros(len(c.y))
    for rows, donors, sign, mu in ((c.treated, c.control, 1.0, c.mu0), (c.control, c.treated, -1.0, c.mu1)):
        if c.estimand == "att" and sign < 0:
            continue
        pool = np.flatnonzero(donors)
        count = min(MATCHES, len(pool))
        near = spatial.cKDTree(place[pool]).query(place[rows], k=count)[1].reshape(-1, count)
        chosen = pool[near]
        imputed = (c.y[chosen] + mu[rows][:, None] - mu[chosen]).mean(axis=1)
        effect[rows] = sign * (c.y[rows] - imputed)
        np.add.at(used, chosen.ravel(), 1 / count)
    over = c.treated if c.estimand == "att" else c.treated | c.control
    value = float(effect[over].mean())
    scale = len(c.y) / int(over.sum())
    if c.estimand == "att":
        high, low = c.treated.astype(np.float64), np.where(c.control, used, 0.0)
        return c.estimate(value, (scale * high * (c.y - c.mu0 - value), high), (-scale * low * (c.y - c.mu0), low))
    gap, weight = c.mu1 - c.mu0, over.astype(np.float64)
    high, low = np.where(c.treated, 1 + used, 0.0), np.where(c.control, 1 + used, 0.0)
    return c.estimate(
        value,
        (scale * high * (c.y - c.mu1), high),
        (-scale * low * (c.y - c.mu0), low),
        (scale * weight * (gap - float(gap[over].mean())), weight),
    )


@dataclass(frozen=True)
class Balance:
    """How alike the arms are, control by control, before and after weighting.

    ``before`` and ``after``: standardised mean differences, each (p,); ``effective`` sample sizes of the two arms.
    """

    before: Floats
    after: Floats
    effective: tuple[float, float]


def balance(c: Contrast) -> Balance:
    """Standardised differences of the design's columns and the effective sample size (Kish) of each weighted arm."""
    high, low = _weights(c)
    size = (float(high.sum() ** 2 / (high @ high)), float(low.sum() ** 2 / (low @ low)))
    spread = np.maximum(np.sqrt((_variance(c.x, c.treated) + _variance(c.x, c.control)) / 2), 1e-12)
    before = _mean(c.x, c.treated.astype(np.float64)) - _mean(c.x, c.control.astype(np.float64))
    return Balance(before / spread, (_mean(c.x, high) - _mean(c.x, low)) / spread, size)


def _mean(x: npt.NDArray[Any], weight: Floats) -> Floats:
    total = np.zeros(x.shape[1])
    for start in range(0, len(x), BLOCK):
        total += weight[start : start + BLOCK].astype(x.dtype) @ x[start : start + BLOCK]
    return np.asarray(total / weight.sum())


def _variance(x: npt.NDArray[Any], rows: Flags) -> Floats:
    mean = _mean(x, rows.astype(np.float64))
    total = np.zeros(x.shape[1])
    for start in range(0, len(x), BLOCK):
        part = x[start : start + BLOCK][rows[start : start + BLOCK]] - mean.astype(x.dtype)
        total += (part**2).sum(axis=0)
    return np.asarray(total / max(1, int(rows.sum())))


ADJUSTED: dict[str, Callable[[Contrast], Estimate]] = {
    "regression adjustment": regression, "ipw": ipw, "matching": matching, "dml": dml, "aipw": aipw, "tmle": tmle,
}  # fmt: skip
"""Estimators that adjust for the controls, by name."""
OF_LEVELS = ("dml", "aipw", "tmle")
"""Those of them that hold controls of many levels fixed: they read the outcome's nuisance and nothing else."""
