"""A directed graph with a propagation probability on every arc, as compiled code walks it."""

from dataclasses import dataclass

import numpy as np

from swayline.core.errors import UsageError
from swayline.core.types import Floats, Ints


@dataclass(frozen=True)
class Graph:
    """N nodes and M arcs, kept once by source and once by target.

    Parameters
    ----------
    n : int
    out_ptr, out_to, out_p : (N + 1,), (M,), (M,)
        Arcs by source: int64, int32, float32.
    in_ptr, in_from, in_p : (N + 1,), (M,), (M,)
        The same arcs by target.
    """

    n: int
    out_ptr: Ints
    out_to: np.ndarray
    out_p: np.ndarray
    in_ptr: Ints
    in_from: np.ndarray
    in_p: np.ndarray

    @property
    def arcs(self) -> int:
        """How many arcs there are."""
        return len(self.out_to)

    def weights_in(self) -> Floats:
        """(N,) sum of the probabilities into each node; at most one where the linear threshold model applies."""
        total: Floats = np.bincount(self.sources_and_targets()[1], self.out_p, self.n).astype(np.float64)
        return total

    def sources_and_targets(self) -> tuple[Ints, Ints]:
        """Both ends of every arc, by source."""
        return np.repeat(np.arange(self.n), np.diff(self.out_ptr)), self.out_to.astype(np.int64)


def make_graph(source: Ints, target: Ints, probability: Floats, n: int) -> Graph:
    """Build a graph; an arc given twice counts once, with the chance that either of the two works.

    Raises
    ------
    UsageError
        A probability outside [0, 1], or a node outside 0..n-1.

    Examples
    --------
    >>> make_graph(np.array([0, 0]), np.array([1, 1]), np.array([0.5, 0.5]), n=2).out_p.tolist()
    [0.75]
    """
    source, target = np.asarray(source, np.int64), np.asarray(target, np.int64)
    probability = np.asarray(probability, np.float64)
    if len(probability) and not (np.nanmin(probability) >= 0.0 and np.nanmax(probability) <= 1.0):
        raise UsageError(
            f"propagation probabilities must lie in [0, 1], not {probability.min()} to {probability.max()}"
        )
    if len(source) and (min(source.min(), target.min()) < 0 or max(source.max(), target.max()) >= n):
        raise UsageError(f"arcs name nodes outside 0 to {n - 1}")
    kept = (source != target) & (probability > 0)
    keys, place = np.unique(source[kept] * n + target[kept], return_inverse=True)
    fails = np.zeros(len(keys))
    np.add.at(fails, place, np.log1p(-np.minimum(probability[kept], 1.0 - 1e-12)))
    p = (-np.expm1(fails)).astype(np.float32)
    source, target = keys // n, keys % n
    by_target = np.argsort(target, kind="stable")
    return Graph(
        n, _pointer(source, n), target.astype(np.int32), p,
        _pointer(target[by_target], n), source[by_target].astype(np.int32), p[by_target],
    )  # fmt: skip


def _pointer(rising: Ints, n: int) -> Ints:
    return np.searchsorted(rising, np.arange(n + 1)).astype(np.int64)
