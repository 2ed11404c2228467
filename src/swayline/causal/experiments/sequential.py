"""Intervals that hold on every day at once, so that an experiment may be looked at whenever one likes.

An asymptotic confidence sequence: at n units with standard error s the interval is ``estimate ± s · w(n)``,

    w(n)² = (nρ² + 1) / (nρ²) · log((nρ² + 1) / α²)

With probability 1 - α the truth lies in the intervals of all n together. ``ρ`` decides where it is tightest; it is set
from a planned number of units that must not depend on the data (:data:`PLANNED_UNITS` unless said).

References
----------
Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-uniform central limit theory and asymptotic confidence
sequences, Annals of Statistics. Howard, Ramdas, McAuliffe and Sekhon (2021), Time-uniform, nonparametric,
nonasymptotic confidence sequences.
"""

import numpy as np

PLANNED_UNITS = 10_000
"""Where intervals are tightest if nobody says how many units are planned."""


def rho_squared(planned: int, alpha: float = 0.05) -> float:
    """ρ² for which the interval at ``planned`` units is shortest.

    >>> round(rho_squared(10_000) * 10_000, 2)
    7.94
    """
    log_term = -2 * np.log(alpha)
    return float((log_term + np.log(log_term + 1)) / planned)


def sequence_width(n: int, planned: int = PLANNED_UNITS, alpha: float = 0.05) -> float:
    """How many standard errors the always-valid interval reaches to each side after n units.

    >>> round(sequence_width(10_000), 2)
    3.04
    """
    scale = n * rho_squared(planned)
    return float(np.sqrt((scale + 1) / scale * np.log((scale + 1) / alpha**2)))


def sequence_p_value(z: float, n: int, planned: int = PLANNED_UNITS) -> float:
    """The always-valid p-value of an estimate ``z`` standard errors from none: the α whose interval just excludes none.

    >>> round(sequence_p_value(sequence_width(5_000), 5_000), 3)
    0.05
    """
    if not np.isfinite(z):
        return float("nan")
    scale = n * rho_squared(planned)
    return float(min(1.0, np.sqrt(scale + 1) * np.exp(-0.5 * z * z * scale / (scale + 1))))
