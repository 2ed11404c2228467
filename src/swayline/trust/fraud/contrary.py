"""Whose ratings contradict everybody's: attack profiles rate what they do not know.

    contrary(u)  mean over the own ratings of |rating - mean of the others' ratings of that item|
    evidence(u)  (contrary - median) / sqrt(spread² + s² / n),   s² the variance of single deviations

Strict and generous people contradict others a little, all the time; alone this accuses nobody.

References
----------
Chirita, Nejdl and Zamfir, "Preventing Shilling Attacks in Online Recommender Systems", WIDM 2005 (rating deviation).
"""

import numpy as np

from swayline.trust.acts import Acts, Floats

LEAST_RATINGS = 10
_LEAN = 3.0
_MAD_TO_SD = 1.4826


def contrary(acts: Acts) -> Floats:
    """(U,) standard deviations above what is usual; NaN where there are too few ratings."""
    n_users = len(acts.users)
    values = acts.pair_values
    if values is None:
        return np.full(n_users, np.nan)
    known = ~np.isnan(values)
    people, items = (one[known] for one in acts.pairs)
    rating = values[known]
    n = np.bincount(items, minlength=len(acts.items))
    total = np.bincount(items, rating, minlength=len(acts.items))
    others = (total[items] - rating + _LEAN * rating.mean()) / (n[items] - 1 + _LEAN)
    off = np.abs(rating - others)
    count = np.bincount(people, minlength=n_users)
    mean = np.bincount(people, off, minlength=n_users) / np.maximum(count, 1)
    judged = count >= LEAST_RATINGS
    if judged.sum() < 20:
        return np.full(n_users, np.nan)
    middle = float(np.median(mean[judged]))
    spread = _MAD_TO_SD * float(np.median(np.abs(mean[judged] - middle)))
    evidence: Floats = (mean - middle) / np.sqrt(spread**2 + float(off.var()) / np.maximum(count, 1))
    return np.where(judged, evidence, np.nan)
