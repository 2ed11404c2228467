"""Whether groups of people are served alike, and groups of items shown alike.

Shapes: Q questions or people, k places, I items, G groups. -1 marks an empty place or an unknown group.

References
----------
Hardt, Price and Srebro, "Equality of Opportunity in Supervised Learning", NeurIPS 2016.
Singh and Joachims, "Fairness of Exposure in Rankings", KDD 2018.
Abdollahpouri et al., "The Unfairness of Popularity Bias in Recommendation", RMSE at RecSys 2019.
Pleiss et al., "On Fairness and Calibration", NeurIPS 2017.
"""

import numpy as np
import numpy.typing as npt

from swayline.metrics.prediction import calibration_error

Values = npt.NDArray[np.float64]


def group_means(values: np.ndarray, groups: np.ndarray, n_groups: int) -> Values:
    """(G,) mean of each group's values, NaN values and unknown groups left out; NaN of an empty group.

    >>> group_means(np.array([1.0, 0.0, 1.0]), np.array([0, 0, 1]), 3).tolist()
    [0.5, 1.0, nan]
    """
    kept = (groups >= 0) & ~np.isnan(values)
    n = np.bincount(groups[kept], minlength=n_groups)
    total = np.bincount(groups[kept], values[kept].astype(np.float64), minlength=n_groups)
    means: Values = total / np.where(n > 0, n, np.nan)
    return means


def gap(figures: np.ndarray) -> float:
    """The largest figure minus the smallest; NaN where fewer than two groups have one.

    >>> gap(np.array([0.5, np.nan, 0.75]))
    0.25
    """
    known = figures[~np.isnan(figures)]
    return float(known.max() - known.min()) if len(known) > 1 else float("nan")


def demographic_parity_difference(selected: np.ndarray, groups: np.ndarray, n_groups: int) -> float:
    """How much more often the best-off group is selected than the worst-off.

    >>> demographic_parity_difference(np.array([1.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 1]), 2)
    0.5
    """
    return gap(group_means(selected, groups, n_groups))


def equal_opportunity_difference(
    selected: np.ndarray, positive: np.ndarray, groups: np.ndarray, n_groups: int
) -> float:
    """The same among those alone who should be selected: the largest difference of true-positive rates.

    >>> picked, right = np.array([1.0, 0.0, 1.0, 0.0]), np.array([True, True, True, False])
    >>> equal_opportunity_difference(picked, right, np.array([0, 0, 1, 1]), 2)
    0.5
    """
    return gap(group_means(selected[positive], groups[positive], n_groups))


def calibration_by_group(truth: np.ndarray, chance: np.ndarray, groups: np.ndarray, n_groups: int) -> Values:
    """(G,) expected calibration error of each group's probabilities; NaN of an empty group."""
    return np.array([
        calibration_error(truth[groups == one], chance[groups == one]) if (groups == one).any() else np.nan
        for one in range(n_groups)
    ])  # fmt: skip


def exposure_weights(k: int) -> Values:
    """(k,) how much attention each place gets: 1 / log2(1 + place)."""
    weights: Values = 1.0 / np.log2(np.arange(2, k + 2))
    return weights


def exposure_by_group(lists: np.ndarray, groups: np.ndarray, n_groups: int) -> Values:
    """(G,) share of all attention that each group of items gets; items of no group are left out.

    >>> exposure_by_group(np.array([[0, 1]]), np.array([0, 1]), 2).round(2).tolist()
    [0.61, 0.39]
    """
    weights = np.broadcast_to(exposure_weights(lists.shape[1]), lists.shape)
    kept = (lists >= 0) & (groups[np.maximum(lists, 0)] >= 0)
    total = np.bincount(groups[lists[kept]], weights[kept], minlength=n_groups)
    shares: Values = total / total.sum() if total.sum() > 0 else np.full(n_groups, np.nan)
    return shares


def exposure_gap(shares: np.ndarray, deserved: np.ndarray) -> float:
    """How much attention would have to move for every group to get what it deserves: total variation, 0 to 1.

    >>> exposure_gap(np.array([0.7, 0.3]), np.array([0.5, 0.5])).__round__(2)
    0.2
    """
    return float(np.abs(shares - deserved).sum() / 2.0)


def popularity_lift(lists: np.ndarray, usual: np.ndarray, of_item: np.ndarray) -> Values:
    """(Q,) how much more popular a list is than what the person takes; 0 alike, NaN of empty lists.

    Parameters
    ----------
    usual : (Q,) float
        Mean popularity of the items of each history.
    of_item : (I,) float
        Popularity of each item, such as the logarithm of its people.
    """
    filled = lists >= 0
    n = filled.sum(axis=1)
    mean = np.where(filled, of_item[np.maximum(lists, 0)], 0.0).sum(axis=1) / np.where(n > 0, n, np.nan)
    lift: Values = mean - usual
    return lift
