"""Effects through an instrument: something that moves the treatment and reaches the outcome in no other way.

A share of the people does what the instrument says; the effect found is theirs (a local effect). Shapes: residuals of
instrument z, treatment d and outcome y less what the controls predict, each (n,).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.causal.inference.intervals import Estimate, from_parts

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
WEAK = 10.0
"""A first stage whose F is below this cannot carry a normal interval."""


@dataclass(frozen=True)
class InstrumentEstimate:
    """The local effect of a treatment.

    Attributes
    ----------
    estimate : two-stage least squares with its clustered normal interval
    low, high : ends of Anderson and Rubin's 95% set, right however weak the instrument; infinite where it has none
    first_stage : F of the instrument on the treatment, clustered
    reduced : effect of the instrument itself on the outcome, per unit of it
    p : p-value of no effect, by Anderson and Rubin's test
    gap : where that set is two rays, the values between them: all that the data exclude
    """

    estimate: Estimate
    low: float
    high: float
    first_stage: float
    reduced: Estimate
    p: float
    gap: tuple[float, float] | None = None

    @property
    def weak(self) -> bool:
        """Whether the instrument moves the treatment too little to be used."""
        return not self.first_stage >= WEAK

    def holds(self, effect: float) -> bool:
        """Whether Anderson and Rubin's set has a value: not excluded by the data.

        >>> some = Estimate(0.0, 1.0, -2.0, 2.0, 1.0)
        >>> rays = InstrumentEstimate(some, -np.inf, np.inf, 0.5, some, 0.04, gap=(-0.3, 0.2))
        >>> rays.holds(1.0), rays.holds(0.0)
        (True, False)
        """
        inside = self.gap is not None and self.gap[0] < effect < self.gap[1]
        return self.low <= effect <= self.high and not inside

    def quoted(self) -> Estimate:
        """The estimate with the Anderson-Rubin interval and p-value, which a weak instrument does not mislead."""
        return Estimate(self.estimate.value, self.estimate.se, self.low, self.high, self.p)


def two_stage(
    z: Floats, d: Floats, y: Floats, clusters: Ints | None, arms: npt.NDArray[np.bool_] | None = None
) -> InstrumentEstimate:
    """The effect of d on y through z, all three less what the controls predict.

    ``arms`` says where an instrument of two values has the higher one: its clusters are then counted by arm.

    References
    ----------
    Angrist, Imbens, Rubin (1996), Identification of causal effects using instrumental variables. Anderson & Rubin
    (1949). Andrews, Stock, Sun (2019), Weak instruments in IV regression. Chernozhukov et al. (2018), section 4.2
    (the partially linear instrument model).
    """
    square = float(z @ z) / len(z)
    moved, answered = float(z @ d) / len(z), float(z @ y) / len(z)
    sides = np.ones((len(z), 1)) if arms is None else np.column_stack([arms, ~arms]).astype(np.float64)

    def estimate(value: float, scores: Floats) -> Estimate:
        return from_parts(value, sides * scores[:, None], sides * z[:, None] ** 2, clusters)

    reduced = estimate(answered / square, z * (y - answered / square * z) / square)
    first = estimate(moved / square, z * (d - moved / square * z) / square)
    strength = float("nan") if moved == 0 or not np.isfinite(first.se) else _f(first)
    value = answered / moved if moved != 0 else float("nan")
    found = estimate(value, z * (y - value * d) / moved if moved != 0 else np.zeros(len(z)))
    low, high, gap = _anderson_rubin(z, d, y, reduced, clusters)
    return InstrumentEstimate(found, low, high, strength, reduced, reduced.p, gap)


def _f(first: Estimate) -> float:
    """Square of an estimate over its error; infinite where the instrument leaves no error at all."""
    return (first.value / first.se) ** 2 if first.se > 0 else float("inf")


def _anderson_rubin(
    z: Floats, d: Floats, y: Floats, reduced: Estimate, clusters: Ints | None
) -> tuple[float, float, tuple[float, float] | None]:
    """Effects β for which the mean of z(y - βd) is within chance of zero: the ends of the set, and its gap.

    With a = zy and b = zd: (ā - βb̄)² ≤ c²·Var(ā - βb̄), between the roots of a parabola; where it opens downwards (the
    instrument does not surely move the treatment) the set is all but what lies between them, or where it has none
    everything. The limit c is that of the reduced form's interval.
    """
    if not np.isfinite(reduced.se) or reduced.se <= 0:
        return float("nan"), float("nan"), None
    a, b = z * y, z * d
    variance = _covariance(a, b, z**2, clusters)
    limit = ((reduced.high - reduced.low) / 2 / reduced.se) ** 2
    mean_a, mean_b = float(a.mean()), float(b.mean())
    two = mean_b**2 - limit * variance[1, 1]
    one = -2 * (mean_a * mean_b - limit * variance[0, 1])
    zero = mean_a**2 - limit * variance[0, 0]
    inside = one**2 - 4 * two * zero
    if two == 0 or (two < 0 and inside <= 0):
        return -np.inf, np.inf, None
    root = float(np.sqrt(max(inside, 0.0)))
    low, high = sorted(((-one - root) / (2 * two), (-one + root) / (2 * two)))
    return (low, high, None) if two > 0 else (-np.inf, np.inf, (low, high))


def _covariance(a: Floats, b: Floats, weight: Floats, clusters: Ints | None) -> Floats:
    """Covariance of the two means by leaving out one cluster after the other, each with its share of the weight."""
    pair, share = np.column_stack([a - a.mean(), b - b.mean()]), weight / weight.sum()
    if clusters is not None:
        some = np.bincount(clusters) > 0
        share = np.bincount(clusters, weights=share)[some]
        pair = np.column_stack([np.bincount(clusters, weights=pair[:, k])[some] for k in (0, 1)])
    pair, groups = pair / (1 - share)[:, None], len(pair)
    return np.asarray(pair.T @ pair / len(a) ** 2 * (groups - 1) / groups)
