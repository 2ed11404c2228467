"""Scores as probabilities, so that log-loss and calibration mean something for any model.

One number, chosen on validation questions, says how sure the scores are: the inverse temperature of a softmax.

References
----------
Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
"""

import numpy as np
from scipy.optimize import minimize_scalar

from swayline.core.rng import generator
from swayline.dataset import Targets, sample
from swayline.evaluation.significance import Values
from swayline.models import Recommender
from swayline.models.validation import candidates
from swayline.numerics.cores import each_part

_LOG_RANGE = (-14.0, 10.0)
"""Natural logarithm of the inverse temperature: scores may be logits, shares or counts."""
_QUESTIONS = 512
_SCORES = 1 << 24
_ROWS = 16
_CLOSE = 1e-3
"""The logarithm is found to this: a thousandth of the temperature, of which the loss feels the square."""


def probabilities(scores: np.ndarray, answers: np.ndarray, inverse_temperature: float) -> tuple[Values, Values, Values]:
    """What a softmax of scores says of the answers.

    Parameters
    ----------
    scores : (Q, I) float
        -inf where an item may not come.
    answers : (Q,) int

    Returns
    -------
    log_p : (Q,)
        Natural logarithm of the probability of the answer; -inf where the answer may not come.
    brier : (Q,)
        Sum over the items of (probability − whether it came)².
    confidence : (Q,)
        The largest probability; 0 where no item may come.

    >>> [one.round(2).tolist() for one in probabilities(np.array([[0.0, 0.0, -np.inf]]), np.array([1]), 2.0)]
    [[-0.69], [0.5], [0.5]]
    """
    most = scores.max(axis=1, keepdims=True)
    nothing = np.isneginf(most[:, 0])
    shifted = (scores - np.where(nothing[:, None], 0.0, most)) * scores.dtype.type(inverse_temperature)
    answer = shifted[np.arange(len(answers)), answers].astype(np.float64)
    weights = np.exp(shifted, out=shifted)
    total = np.where(nothing, 1.0, weights.sum(axis=1, dtype=np.float64))
    squares = np.einsum("qi,qi->q", weights, weights).astype(np.float64) / total**2
    log_p = answer - np.log(total)
    return log_p, 1.0 - 2.0 * np.exp(log_p) + squares, np.where(nothing, 0.0, 1.0 / total)


def inverse_temperature(model: Recommender, valid: Targets, exclude_seen: bool, seed: int = 0) -> float | None:
    """What scores are multiplied with so that validation answers are likeliest; None without questions.

    Answers that may not be recommended say nothing of it and are left out.
    """
    n = min(_QUESTIONS, max(32, _SCORES // max(valid.history.n_items, 1)))
    questions = sample(valid, n, generator(seed, "temperature"))
    if len(questions) == 0:
        return None
    scores = candidates(model.score(questions.history), questions, exclude_seen)
    may_come = ~np.isneginf(scores[np.arange(len(questions)), questions.items])
    scores, answers = scores[may_come], questions.items[may_come]
    if len(answers) == 0:
        return None

    scores -= scores.max(axis=1, keepdims=True)  # what answers may come has a largest score that is finite
    own = scores[np.arange(len(answers)), answers].astype(np.float64)
    if (scores == scores[0]).all():  # popularity says the same to everybody: one row stands for all
        scores = scores[:1]
    parts = [slice(start, start + _ROWS) for start in range(0, len(scores), _ROWS)]

    def loss(log_inverse: float) -> float:
        inverse = np.exp(log_inverse)
        totals = each_part(lambda part: _totals(scores[part], scores.dtype.type(inverse)), parts)
        return float(np.log(np.concatenate(totals)).mean() - inverse * own.mean())

    found = minimize_scalar(loss, bounds=_LOG_RANGE, method="bounded", options={"xatol": _CLOSE})
    return float(np.exp(found.x))


def _totals(scores: np.ndarray, inverse: np.floating) -> Values:
    """(Q,) sums of exp(inverse · score); one row's numbers at a time, so that they stay in the processor's cache."""
    held = np.empty(scores.shape[1], scores.dtype)
    return np.array([np.exp(np.multiply(row, inverse, out=held), out=held).sum() for row in scores], np.float64)
