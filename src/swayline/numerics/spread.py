"""How far the values of a column lie apart, at whatever scale they are written."""

import numpy as np
import numpy.typing as npt

_ROUNDING = 1e-14
"""Share of the largest value below which a spread is what rounding leaves of a constant."""


def spread(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Standard deviation of each column, 0 where it is one constant but for rounding.

    Parameters
    ----------
    values : (n,) or (n, p), finite; of any size, since squares are taken of shares of the largest

    Returns
    -------
    () or (p,)

    Examples
    --------
    >>> float(spread(np.array([-1e-13, 1e-13]))), float(spread(np.full(3, 0.1)))
    (1e-13, 0.0)
    """
    if not len(values):
        return np.zeros(values.shape[1:])
    largest = np.abs(values).max(axis=0)
    unit = np.where(largest > 0, largest, 1.0)
    shares = np.asarray((values / unit).std(axis=0))
    return np.asarray(np.where(shares > _ROUNDING, shares, 0.0) * unit)
