"""Intervals of simple figures."""

from math import sqrt

_Z95 = 1.959964


def wilson(rate: float, n: float) -> tuple[float, float]:
    """Wilson's 95% interval of a share seen in ``n`` independent cases.

    >>> tuple(round(bound, 3) for bound in wilson(0.5, 100))
    (0.404, 0.596)
    """
    z = _Z95
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
