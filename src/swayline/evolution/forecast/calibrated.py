"""A logistic model of a yes or no, calibrated on later cuts that it never saw, with intervals.

Three things a chance may be wrong by stand in its interval: the model's coefficients (people are the units that are
independent), the calibration's, and how far the level moves from one cut to the next, which
no cut can tell of the next.

Shapes: R rows (people at cuts), F features.

References
----------
Platt, "Probabilistic outputs for support vector machines", 1999 (calibration); Liang and Zeger, "Longitudinal data
analysis using generalized linear models", Biometrika 1986 (units with several rows).
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from swayline.core.types import Floats, Ints
from swayline.numerics.logistic import chance, fit_logistic

_PENALTY = 1.0
_Z95 = 1.959964


@dataclass(frozen=True)
class Rows:
    """People at cuts: (R, F) what was known, (R,) what came, who, and at which cut."""

    x: Floats
    y: Floats
    person: Ints
    cut: Ints


@dataclass(frozen=True)
class Calibrated:
    """A fitted and calibrated model.

    Attributes
    ----------
    mean, scale : (F,) of the features
    beta, cover : (F + 1,) coefficients, intercept first, and their covariance
    line, line_cover : (2,) intercept and slope of the calibration, and their covariance
    level_variance : of the log-odds of a whole cut
    """

    mean: Floats
    scale: Floats
    beta: Floats
    cover: Floats
    line: Floats
    line_cover: Floats
    level_variance: float

    def chances(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """(R,) chances with their 95% intervals."""
        design = self._design(x)
        score = design @ self.beta
        own = np.einsum("rf,fg,rg->r", design, self.cover, design)
        axis = np.stack([np.ones(len(x)), score], axis=1)
        spread = np.einsum("rf,fg,rg->r", axis, self.line_cover, axis) + self.line[1] ** 2 * own + self.level_variance
        middle, half = self.line[0] + self.line[1] * score, _Z95 * np.sqrt(spread)
        return chance(middle), chance(middle - half), chance(middle + half)

    def _design(self, x: Floats) -> Floats:
        return np.concatenate([np.ones((len(x), 1)), np.clip((x - self.mean) / self.scale, -6, 6)], axis=1)


def calibrate(learn: Rows, held: Rows) -> Calibrated:
    """Learn from some rows, calibrate on others that are later or of other people."""
    mean, scale = learn.x.mean(axis=0), np.maximum(learn.x.std(axis=0), 1e-6)
    plain = Calibrated(mean, scale, np.zeros(0), np.zeros((0, 0)), np.zeros(2), np.zeros((2, 2)), 0.0)
    design = plain._design(learn.x)
    beta = np.asarray(fit_logistic(design[:, 1:], learn.y, _PENALTY))
    cover = _sandwich(design, learn.y, chance(design @ beta), learn.person, _PENALTY)
    score = plain._design(held.x) @ beta
    line, line_cover = _line(score, held.y, held.person)
    return Calibrated(mean, scale, beta, cover, line, line_cover, _level_variance(beta, plain._design(learn.x), learn))


def _line(score: Floats, y: Floats, person: Ints) -> tuple[Floats, Floats]:
    """Intercept and slope of the log-odds on the score, drawn to 0 and 1 where outcomes are few."""
    moved = np.asarray(np.stack([np.ones(len(score)), score], axis=1), np.float64)
    line = np.array([0.0, 1.0])
    prior = np.array([0.5, 4.0])
    for _ in range(40):
        p = chance(moved @ line)
        slope = moved.T @ (y - p) - prior * (line - np.array([0.0, 1.0]))
        bend = (moved * (p * (1 - p))[:, None]).T @ moved + np.diag(prior)
        step = linalg.solve(bend, slope, assume_a="pos")
        line = line + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-8:
            break
    line = np.array([line[0], max(line[1], 0.05)])
    return line, _sandwich(moved, y, chance(moved @ line), person, prior)


def _sandwich(design: Floats, y: Floats, p: Floats, person: Ints, penalty: Floats | float) -> Floats:
    """Covariance of penalised logistic coefficients, people as units."""
    each = np.full(design.shape[1], penalty) if np.ndim(penalty) == 0 else np.asarray(penalty)
    if np.ndim(penalty) == 0:
        each[0] = 1e-6
    bend = (design * (p * (1 - p))[:, None]).T @ design + np.diag(each)
    _, at = np.unique(person, return_inverse=True)
    pulls = np.zeros((int(at.max()) + 1, design.shape[1]))
    np.add.at(pulls, at, design * (y - p)[:, None])
    inverse = linalg.inv(bend)
    return np.asarray(inverse @ (pulls.T @ pulls) @ inverse)


def _level_variance(beta: Floats, design: Floats, rows: Rows) -> float:
    """How far the log-odds of whole cuts lie apart, beyond what their people's chance explains."""
    p = chance(design @ beta)
    cuts = np.unique(rows.cut)
    if len(cuts) < 3:
        return 0.0
    shifts, noise = [], []
    for cut in cuts:
        at = rows.cut == cut
        bend = float((p[at] * (1 - p[at])).sum())
        if bend < 5:
            continue
        shifts.append(float((rows.y[at] - p[at]).sum()) / bend)
        noise.append(1 / bend)
    return max(0.0, float(np.var(shifts, ddof=1) - np.mean(noise))) if len(shifts) >= 3 else 0.0
