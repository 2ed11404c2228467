"""How good predictions are, on people never seen in training at a later date, each figure beside the baselines'."""

import numpy as np

from swayline.core.types import Ints
from swayline.influence.contagion.reading import Floats
from swayline.metrics.prediction import accuracy, auc, calibration_error

TOP = 0.1


def of_scores(label: Floats, truth: Ints, score: Floats) -> dict[str, float]:
    """What any score can be asked: AUC of influencers, and the lift of its top tenth.

    Parameters
    ----------
    label : acts of others brought, (n,)
    truth : 1 for influencers, (n,)
    """
    return {
        "auc": _auc(truth, score),
        "top_decile_lift": top_lift(label, score),
        "reach_of_top": top_mean(label, score),
    }


def of_predictions(label: Floats, truth: Ints, reach: Floats, chance: Floats, cut: float) -> dict[str, float]:
    """What a predictor can be asked besides: accuracy, precision, recall, F1, squared error, calibration."""
    called = (chance >= cut).astype(np.int64)
    hits = int((called & truth).sum())
    precision = hits / max(int(called.sum()), 1)
    recall = hits / max(int(truth.sum()), 1)
    return of_scores(label, truth, reach) | {
        "auc": _auc(truth, chance), "accuracy": float(accuracy(truth, called).mean()), "precision": precision,
        "recall": recall, "f1": 2 * hits / max(int(called.sum() + truth.sum()), 1),
        "mse": float(np.mean((reach - label) ** 2)), "mse_of_mean": float(label.var()),
        "calibration_error": float(calibration_error(truth, chance)),
    }  # fmt: skip


def top_mean(label: Floats, score: Floats) -> float:
    """Mean label of the tenth with the highest scores; ties of scores share the last places."""
    k = max(1, round(TOP * len(label)))
    bar = np.sort(score)[-k]
    above, at = score > bar, score == bar
    return float((label[above].sum() + label[at].mean() * (k - above.sum())) / k)


def top_lift(label: Floats, score: Floats) -> float:
    """Times as much as everybody's mean; NaN where that is not above zero.

    >>> top_lift(np.array([1.0] * 9 + [11.0]), np.arange(10.0))
    5.5
    """
    mean = float(label.mean())
    return top_mean(label, score) / mean if mean > 0 else float("nan")


def paired_gain(label: Floats, score: Floats, other: Floats, rng: np.random.Generator, draws: int = 400) -> list[float]:
    """How much more the top tenth by a score brings than that by another: mean, and 95% of people drawn anew."""
    n = len(label)
    found = np.empty(draws)
    for k in range(draws):
        some = rng.integers(0, n, n)
        found[k] = top_mean(label[some], score[some]) - top_mean(label[some], other[some])
    low, high = np.quantile(found, (0.025, 0.975))
    return [top_mean(label, score) - top_mean(label, other), float(low), float(high)]


def _auc(truth: Ints, score: Floats) -> float:
    return float(auc(truth, score)) if 0 < truth.sum() < len(truth) else float("nan")
