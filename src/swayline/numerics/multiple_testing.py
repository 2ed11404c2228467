"""What testing many times costs: q-values under control of the false-discovery rate."""

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

Floats = npt.NDArray[np.float64]


def q_values(p_values: npt.ArrayLike, n_tests: int | None = None) -> Floats:
    """(T,) smallest false-discovery rate at which each test would still be called a discovery.

    Parameters
    ----------
    p_values : (T,) from 0 to 1.
    n_tests : int, optional
        How many tests were made, where those not given have p = 1; T by default.

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate: a practical and powerful approach to multiple
    testing.

    >>> q_values([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.04, 0.04]
    >>> q_values([0.01, 0.04, 0.03], n_tests=6).round(2).tolist()
    [0.06, 0.08, 0.08]
    """
    p = np.clip(np.asarray(p_values, np.float64), 0.0, 1.0)
    if len(p) == 0:
        return p
    more = (n_tests or len(p)) / len(p)
    return np.asarray(np.minimum(false_discovery_control(p) * more, 1.0))
