"""Ridge-penalised logistic regression: of one set of rows, and of every fold's other rows at once.

Shapes: X (n, p); y (n,) of 0 and 1; K folds. Coefficients stand intercept first, (p + 1, ...).
"""

import numpy as np
from scipy import linalg

from swayline.influence.behaviors.cut import Cut, Design, Flags, Floats, Ints, add_square, slabs

STEPS = 25
_CLOSE = 1e-4
"""A fit ends where its distance from the optimum, squared and in standard errors, is below this."""
_FAR = 0.3
"""A step that leaves more than this of the last one's distance calls for fresh curvature."""


def newton(x: Design, y: Floats, beta: Floats, penalty: float, close: float = _CLOSE) -> Floats:
    """Coefficients by Newton's method from a start, steps halved until the penalised likelihood improves, (p + 1,)."""
    shrink = np.array([0.0, *np.full(x.shape[1], penalty)])
    every = np.arange(len(x))
    score = _score(x, beta)
    loss = _loss(score, y, beta, penalty)
    for _ in range(STEPS):
        chance = _chance(score)
        square = np.zeros((len(beta), len(beta)))
        curve = np.maximum(chance * (1 - chance), 1e-6)
        for at in slabs(every):
            add_square(square, x[at], curve[at])
        slope = y - chance
        gradient = np.concatenate([[slope.sum()], np.asarray(x.T @ slope.astype(x.dtype), dtype=np.float64)])
        step = linalg.solve(square + np.diag(shrink + 1e-9), gradient - shrink * beta, assume_a="pos")
        # Near separation a full step overshoots.
        for _ in range(12):
            trial = beta + step
            score = _score(x, trial)
            now = _loss(score, y, trial, penalty)
            if now <= loss:
                break
            step = step / 2
        gain, beta, loss = loss - now, trial, now
        if gain < close:
            break
    return beta


def logistic_out_of_fold(cut: Cut, x: Design, y: Floats, rows: Flags | None, penalty: float) -> Floats:
    """Chances by logistic regressions on the other folds, all of them found together; shape (n,).

    A regression on everybody is close to that of any fold's other rows, and one pass at its coefficients gives the
    curvature outside every fold. Each fold then walks to its own optimum by its own gradients; where that curvature
    serves it badly (few outcomes, many columns) it goes on by itself.

    Parameters
    ----------
    x : ``cut.x`` or one of its wider designs
    rows : those that may teach, shape (n,); None: all
    """
    teaching = cut.teaching(rows)
    common = _common(x, y, np.concatenate(teaching), penalty)
    shrink = np.array([0.0, *np.full(x.shape[1], penalty)])
    own = np.stack([_curvature(x, at, common) for at in teaching])
    factors = [_factor(one, shrink) for one in own.sum(axis=0) - own]
    beta = np.repeat(common[:, None], cut.count, axis=1)
    before, going = np.full(cut.count, np.inf), np.arange(cut.count)
    for _ in range(STEPS):
        if not len(going):
            break
        gradient = _gradients(x, y, teaching, beta, going) - shrink[:, None] * beta[:, going]
        step = np.stack([linalg.cho_solve(factors[k], gradient[:, j]) for j, k in enumerate(going)], axis=1)
        distance = (gradient * step).sum(axis=0)
        slow = (distance > _FAR * before[going]) & (distance >= _CLOSE)
        beta[:, going[~slow]] += step[:, ~slow]
        for k in going[slow]:
            rest = np.concatenate([at for j, at in enumerate(teaching) if j != k])
            beta[:, k] = newton(x[rest], y[rest], beta[:, k], penalty)
        before[going] = distance
        going = going[~slow & (distance >= _CLOSE)]
    return _chance(cut.predict(x, beta))


def _common(x: Design, y: Floats, rows: Ints, penalty: float) -> Floats:
    """Coefficients of all rows, (p + 1,): from those of a part where rows are many."""
    share = float(np.clip(y[rows].mean(), 1e-6, 1 - 1e-6))
    found = np.array([np.log(share / (1 - share)), *np.zeros(x.shape[1])])
    part = 20 * x.shape[1] + 4000
    if len(rows) > 2 * part:
        some = rows[:: len(rows) // part]
        found = newton(x[some], y[some], found, penalty, close=1.0)
    return newton(x[rows], y[rows], found, penalty, close=1.0)


def _curvature(x: Design, rows: Ints, beta: Floats) -> Floats:
    """Curvature of the likelihood of some rows, (p + 1, p + 1)."""
    total = np.zeros((len(beta), len(beta)))
    for at in slabs(rows):
        block = x[at]
        chance = _chance(_score(block, beta))
        add_square(total, block, np.maximum(chance * (1 - chance), 1e-6))
    return total


def _factor(curvature: Floats, shrink: Floats) -> tuple[Floats, bool]:
    more = shrink + 1e-9 * max(1.0, float(np.trace(curvature)) / len(shrink))
    triangle, lower = linalg.cho_factor(curvature + np.diag(more), lower=True, check_finite=False)
    return np.asarray(triangle), bool(lower)


def _gradients(x: Design, y: Floats, teaching: list[Ints], beta: Floats, going: Ints) -> Floats:
    """Gradients of some folds' likelihoods over the other folds' rows, (p + 1, folds asked)."""
    total, asked = np.zeros((len(beta), len(going))), beta[:, going]
    for k, rows in enumerate(teaching):
        for at in slabs(rows):
            block = x[at]
            left = y[at][:, None] - _chance(_score(block, asked))
            left[:, going == k] = 0.0
            total[0] += left.sum(axis=0)
            total[1:] += block.T @ left.astype(x.dtype)
    return total


def _score(x: Design, beta: Floats) -> Floats:
    return np.asarray(x @ beta[1:].astype(x.dtype) + beta[0], dtype=np.float64)


def _chance(score: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(score, -30, 30))))


def _loss(score: Floats, y: Floats, beta: Floats, penalty: float) -> float:
    return float((np.logaddexp(0, score) - y * score).sum() + 0.5 * penalty * (beta[1:] @ beta[1:]))
