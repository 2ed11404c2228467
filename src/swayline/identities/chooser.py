"""Which candidate is the counterpart, if any: a logit over each account's candidates and "none of them".

Shapes: C candidate pairs in the order of their account, F columns.

References
----------
McFadden, "Conditional logit analysis of qualitative choice behavior", 1974.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from swayline.core.types import Bools, Floats, Ints

_PENALTY = 1.0


@dataclass(frozen=True)
class Chooser:
    """Weights of the columns, standardised, and the worth of having no counterpart among the candidates."""

    weights: Floats
    none: float
    mean: Floats
    scale: Floats

    def utilities(self, x: Floats) -> Floats:
        """(C,) worth of each candidate."""
        return np.asarray(((x - self.mean) / self.scale) @ self.weights, np.float64)

    def chances(self, rows: Ints, x: Floats) -> Floats:
        """(C,) probability that the pair is one person's, given that the account has a counterpart somewhere."""
        worth = self.utilities(x)
        groups, group = np.unique(rows, return_inverse=True)
        top = np.full(len(groups), self.none)
        np.maximum.at(top, group, worth)
        power = np.exp(worth - top[group])
        total = np.exp(self.none - top) + np.bincount(group, power, minlength=len(groups))
        return np.asarray(power / total[group])


def fit_chooser(rows: Ints, x: Floats, true: Bools) -> Chooser:
    """Learn from accounts whose counterpart is known; one that is no candidate counts for "none of them".

    Parameters
    ----------
    rows : (C,) int64
        The account each candidate is for.
    true : (C,) bool
        Whether the candidate is the account's counterpart.
    """
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale < 1e-9, 1.0, scale)
    z = (x - mean) / scale
    groups, group = np.unique(rows, return_inverse=True)
    met = np.bincount(group, true, minlength=len(groups)) > 0

    def loss(w: Floats) -> tuple[float, Floats]:
        worth = z @ w[:-1]
        top = np.full(len(groups), w[-1])
        np.maximum.at(top, group, worth)
        power, none = np.exp(worth - top[group]), np.exp(w[-1] - top)
        total = none + np.bincount(group, power, minlength=len(groups))
        log_total = np.log(total)
        value = -(worth - top[group] - log_total[group])[true].sum() - (w[-1] - top - log_total)[~met].sum()
        slope = z.T @ (power / total[group] - true)
        slope_none = (none / total).sum() - (~met).sum()
        return value + 0.5 * _PENALTY * float(w @ w), np.r_[slope, slope_none] + _PENALTY * w

    best = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return Chooser(best[:-1], float(best[-1]), mean, scale)
