"""How well effects of persons sort them: Qini, AUUC, and what a policy of treating by them is worth.

Shapes: score (n,) predicted effect; treated (n,); y (n,) outcome.
"""

import numpy as np
import numpy.typing as npt

from swayline.causal.inference.intervals import Estimate, from_scores
from swayline.core.errors import UsageError

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def gain_curve(score: Floats, treated: Flags, y: Floats) -> Floats:
    """Outcomes gained by treating the first 1, 2, …, n persons by falling score, shape (n + 1,).

    gain(k) = (mean of the treated - mean of the others among the first k) × k. Equal scores share their steps evenly.

    Raises
    ------
    UsageError
        The arrays differ in length, or an arm is empty.
    """
    if not len(score) == len(treated) == len(y):
        raise UsageError(f"lengths differ: {len(score)} scores, {len(treated)} treated, {len(y)} outcomes")
    if treated.all() or not treated.any():
        raise UsageError("both arms are needed for an uplift curve")
    order = np.argsort(-score, kind="stable")
    t = treated[order].astype(np.float64)
    n1, n0 = np.cumsum(t), np.cumsum(1 - t)
    s1, s0 = np.cumsum(y[order] * t), np.cumsum(y[order] * (1 - t))
    rate1 = np.divide(s1, n1, out=np.zeros_like(s1), where=n1 > 0)
    rate0 = np.divide(s0, n0, out=np.zeros_like(s0), where=n0 > 0)
    gain = np.concatenate([[0.0], np.where((n1 > 0) & (n0 > 0), (rate1 - rate0) * (n1 + n0), 0.0)])
    ends = np.concatenate([[0], np.flatnonzero(np.diff(score[order]) != 0) + 1, [len(score)]])
    return np.asarray(np.interp(np.arange(len(score) + 1), ends, gain[ends]))


def auuc(score: Floats, treated: Flags, y: Floats) -> float:
    """Area under the gain curve, a person and per person: the mean gain over all depths, divided by n."""
    gain = gain_curve(score, treated, y)
    return float(np.trapezoid(gain) / len(score) ** 2)


def qini(score: Floats, treated: Flags, y: Floats) -> float:
    """AUUC less that of treating in random order (half of the whole gain): 0 says the sorting is worth nothing."""
    gain = gain_curve(score, treated, y)
    return float(np.trapezoid(gain) / len(score) ** 2 - gain[-1] / len(score) / 2)


def policy_value(choice: npt.NDArray[np.int64], pseudo: Floats) -> Estimate:
    """Mean outcome were everybody given the arm that a policy chooses, doubly robust.

    Parameters
    ----------
    choice : arm chosen for each row, shape (n,); it must not have been learned from these rows
    pseudo : doubly robust outcome of each row under each arm, shape (n, arms)

    References
    ----------
    Dudík, Langford, Li (2011), Doubly robust policy evaluation and learning.
    """
    values = pseudo[np.arange(len(choice)), choice]
    return from_scores(float(values.mean()), values - values.mean())


def best_arm(effects: Floats, cost: Floats | None = None) -> npt.NDArray[np.int64]:
    """The arm of greatest predicted effect net of its cost, 0 where none is above zero; shape (n,).

    Parameters
    ----------
    effects : effect of each arm against the reference, shape (n, arms - 1)
    cost : cost of each arm in the outcome's unit, shape (arms - 1,)

    >>> best_arm(np.array([[0.1, 0.3], [-0.2, -0.1]]))
    array([2, 0])
    """
    net = effects if cost is None else effects - cost
    return np.asarray(np.argmax(np.concatenate([np.zeros((len(net), 1)), net], axis=1), axis=1), dtype=np.int64)
