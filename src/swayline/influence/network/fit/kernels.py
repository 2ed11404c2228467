"""How long after an act its effects come: delay kernels, as mixtures of exponentials or of boxes.

A kernel integrates to one, so that a tie's coefficient is its branching: acts caused per act. All ties share the
kernel; ties differ in how much, not in how fast.
"""

from dataclasses import dataclass, replace

import numpy as np

from swayline.core.errors import UsageError, nearest
from swayline.core.types import Floats
from swayline.influence.network.acts import Kernel
from swayline.influence.network.clock import COARSE_S

KERNELS = ("exponential", "sum-of-exponentials", "histogram")
_N_EXPONENTIALS, _N_BOXES = 6, 16


@dataclass(frozen=True)
class Delays:
    """A delay kernel.

    Parameters
    ----------
    name : str
        One of :data:`KERNELS`.
    lows, highs : (R,) float64
        Exponentials: the rate (1/s) in ``lows``. Boxes: between which lags (s) the mass lies.
    weights : (R,) float64
        Mass of each component; they sum to one.
    """

    name: str
    lows: Floats
    highs: Floats
    weights: Floats

    @property
    def is_box(self) -> bool:
        """Whether components are boxes."""
        return self.name == "histogram"

    def compiled(self) -> Kernel:
        """As compiled code takes it."""
        kinds = np.full(len(self.lows), 1.0 if self.is_box else 0.0)
        return np.stack([kinds, self.lows, self.highs, self.weights])

    def mass(self, lags: Floats) -> Floats:
        """Share of the effect that comes within each lag (s).

        >>> round(float(exponential(1.0).mass(np.array([np.log(2.0)]))[0]), 6)
        0.5
        """
        lags = np.maximum(np.asarray(lags, np.float64)[:, None], 0.0)
        if self.is_box:
            parts = np.clip((lags - self.lows) / (self.highs - self.lows), 0.0, 1.0)
        else:
            parts = 1.0 - np.exp(-self.lows * lags)
        total: Floats = parts @ self.weights
        return total

    def quantile(self, share: float) -> float:
        """The lag (s) within which a share of the effect comes."""
        longest = float(self.highs.max()) if self.is_box else float(40.0 / self.lows.min())
        lags = np.geomspace(longest * 1e-9, longest, 4000)
        return float(np.interp(share, self.mass(lags), lags))

    def mean_s(self) -> float:
        """Mean delay in seconds."""
        centres = (self.lows + self.highs) / 2 if self.is_box else 1.0 / self.lows
        return float(centres @ self.weights)

    def weighted(self, weights: Floats) -> "Delays":
        """The same components with other weights."""
        return replace(self, weights=weights / weights.sum())


def exponential(mean_s: float) -> Delays:
    """One exponential of the given mean delay."""
    return Delays("exponential", np.array([1.0 / mean_s]), np.zeros(1), np.ones(1))


def start_kernel(name: str, shortest_s: float, longest_s: float) -> Delays:
    """A kernel to start learning from: mean delays between the shortest and the longest that the log can show.

    Raises
    ------
    UsageError
        The name is unknown.
    """
    if name == "exponential":
        return exponential(float(np.sqrt(shortest_s * longest_s)))
    if name == "sum-of-exponentials":
        means = np.geomspace(shortest_s, longest_s, _N_EXPONENTIALS)
        return Delays(name, 1.0 / means, np.zeros(_N_EXPONENTIALS), np.full(_N_EXPONENTIALS, 1.0 / _N_EXPONENTIALS))
    if name == "histogram":
        edges = np.concatenate([[0.0], np.geomspace(shortest_s, 3 * longest_s, _N_BOXES)])
        return Delays(name, edges[:-1], edges[1:], np.full(_N_BOXES, 1.0 / _N_BOXES))
    raise UsageError(f"kernel {name!r} is unknown: {nearest(name, KERNELS)}")


def delay_range(span_s: float, resolution_s: float) -> tuple[float, float]:
    """The shortest and longest mean delay that a log can tell: its clock below, slow drifts above.

    >>> delay_range(365 * 86400.0, 1.0)
    (30.0, 2592000.0)
    """
    longest = min(span_s / 10.0, 30 * 86400.0)
    finest = resolution_s / 4 if resolution_s >= COARSE_S else resolution_s  # times are drawn within the tick
    shortest = min(max(30.0, finest), longest / 4)
    return min(shortest, span_s / 1e4 + finest), max(longest, resolution_s)
