"""Predictions against what happened: errors, log-loss, AUC, calibration.

References
----------
Hanley and McNeil, "The Meaning and Use of the Area under a ROC Curve", Radiology 1982.
Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather Review 1950.
Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (expected calibration error, temperature).
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from swayline.core.errors import UsageError

Values = npt.NDArray[np.float64]
_LEAST = 1e-15
"""No probability counts as less, so that one impossible event does not make every figure infinite."""


def accuracy(truth: np.ndarray, guess: np.ndarray) -> Values:
    """(n,) 1 where the guess is right.

    >>> accuracy(np.array([1, 2]), np.array([1, 0])).tolist()
    [1.0, 0.0]
    """
    right: Values = (truth == guess).astype(np.float64)
    return right


def macro_f1(truth: np.ndarray, guess: np.ndarray) -> float:
    """Mean over the classes present of the F1 of guessing each, so that a rare class counts like a frequent one.

    >>> macro_f1(np.array([0, 0, 1]), np.array([0, 0, 0])).__round__(3)
    0.4
    """
    classes = np.unique(np.concatenate([truth, guess]))
    if len(classes) == 0:
        return float("nan")
    right = np.array([np.sum((truth == one) & (guess == one)) for one in classes])
    total = np.array([np.sum(truth == one) + np.sum(guess == one) for one in classes])
    return float(np.mean(2.0 * right / total))


def squared_error(truth: np.ndarray, guess: np.ndarray) -> Values:
    """(n,) squared differences; their mean is the MSE, and of probabilities of yes or no the Brier score.

    >>> squared_error(np.array([1.0, 3.0]), np.array([2.0, 3.0])).tolist()
    [1.0, 0.0]
    """
    error: Values = np.square(np.asarray(truth, np.float64) - guess)
    return error


def log_loss(truth: np.ndarray, probability: np.ndarray) -> Values:
    """(n,) minus the natural logarithm of the probability given to what happened.

    Parameters
    ----------
    truth : (n,) 0, 1 or bool
    probability : (n,) float
        Of 1; kept away from 0 and 1 by 1e-15.

    >>> log_loss(np.array([1, 0]), np.array([0.5, 0.5])).round(4).tolist()
    [0.6931, 0.6931]
    """
    p = np.clip(np.asarray(probability, np.float64), _LEAST, 1.0 - _LEAST)
    return np.where(np.asarray(truth, bool), -np.log(p), -np.log1p(-p))


def auc(truth: np.ndarray, score: np.ndarray) -> float:
    """Chance that one that happened has a higher score than one that did not, ties counting half; NaN if all alike.

    >>> auc(np.array([1, 0, 0]), np.array([0.5, 0.5, 0.1]))
    0.75
    """
    happened = np.asarray(truth, bool)
    n_yes, n_no = int(happened.sum()), int((~happened).sum())
    if n_yes == 0 or n_no == 0:
        return float("nan")
    places = rankdata(score)
    return float((places[happened].sum() - n_yes * (n_yes + 1) / 2) / (n_yes * n_no))


def calibration_error(truth: np.ndarray, probability: np.ndarray, n_bins: int = 10, equal: str = "width") -> float:
    """Mean over the bins of probability, weighted by their size, of |share that happened − mean probability|.

    Parameters
    ----------
    equal : str
        Bins of equal ``width``, or of equal ``mass`` (about as many predictions in each).

    >>> calibration_error(np.array([1, 0, 1, 0]), np.array([0.5, 0.5, 0.5, 0.5]))
    0.0
    """
    if n_bins < 1 or equal not in ("width", "mass"):
        raise UsageError(f"calibration needs at least 1 bin of equal width or mass, not {n_bins} of equal {equal!r}")
    p, happened = np.asarray(probability, np.float64), np.asarray(truth, np.float64)
    if len(p) == 0:
        return float("nan")
    edges = np.linspace(0.0, 1.0, n_bins + 1) if equal == "width" else np.quantile(p, np.linspace(0, 1, n_bins + 1))
    bins = np.searchsorted(edges[1:-1], p)
    gap = np.bincount(bins, happened, n_bins) - np.bincount(bins, p, n_bins)
    return float(np.abs(gap).sum() / len(p))
