"""Covariate adjustment of a comparison: the interacted regression, of which CUPED and post-stratification are cases.

In each arm the pseudo-values are regressed on centred covariates; the effect is the difference of the predictions at
the average covariates. It cannot be less exact than the plain difference in large samples, whatever the outcome is.

References
----------
Lin (2013), Agnostic notes on regression adjustments to experimental data. Deng, Xu, Kohavi and Walker (2013), Improving
the sensitivity of online controlled experiments by utilizing pre-experiment data (CUPED).
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def adjust(values: Floats, x: Floats, centre: Floats) -> tuple[float, Floats, Floats]:
    """An arm's value at the average covariates.

    Parameters
    ----------
    values : (n,) pseudo-values of the arm.
    x : (n, p) its covariates.
    centre : (p,) average covariates of all arms together.

    Returns
    -------
    tuple
        The adjusted value, (n,) residuals, (p,) slopes.
    """
    if x.shape[1] == 0 or len(values) <= x.shape[1] + 1:
        return float(values.mean()), values - values.mean(), np.zeros(x.shape[1])
    mean_x = x.mean(axis=0)
    slope = np.linalg.lstsq(x - mean_x, values - values.mean(), rcond=None)[0]
    residuals = values - values.mean() - (x - mean_x) @ slope
    freedom = np.sqrt(len(values) / max(len(values) - x.shape[1] - 1, 1))  # residuals of a fit are too small
    return float(values.mean() + (centre - mean_x) @ slope), residuals * freedom, slope
