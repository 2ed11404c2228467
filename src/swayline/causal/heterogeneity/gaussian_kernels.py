"""Covariance of a Gaussian process over controls and arms, and how likely an outcome is under it, with the gradient.

Shapes: x (n, p) standardised controls; arm (n,) from 0; index x @ w (n,).

    k((x, a), (x', a')) = Σ_c  (s_c + d_c·[a = a']) · k_c(x, x')

over four parts: a constant, a linear one, one on a learned index x @ w, and one with a length scale a control. Arms
share what is common (s) and keep what is their own (d), so that a large arm teaches a small one as much as the data
allow. The kernel on the index is exp(g·g') - 1 with g the index from a learned origin: a straight line where the index
is short, and any bend, or growth ever faster to one side as spendings, counts and durations have it, where it is long.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import linalg

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
CONSTANT, LINEAR, INDEX, LOCAL = range(4)
JITTER = 1e-6
_MOST_GROWTH = 40.0
"""No exponent of the index's kernel is larger, so that a far row leaves all numbers finite."""


@dataclass(frozen=True)
class Parts:
    """Parameters by name.

    Attributes
    ----------
    shared, own : variances of the four kernels that arms share, and that each has for itself, (4,) each
    noise : noise variance of each arm, (arms,)
    rate : inverse length scale of each control, (p,)
    index : direction of the index, (p,)
    origin : where the index starts from
    reach : rows further along the index than this count as no further, since growth may not go on unseen
    """

    shared: Floats
    own: Floats
    noise: Floats
    rate: Floats
    index: Floats
    origin: float
    reach: tuple[float, float] = (-np.inf, np.inf)


def within_reach(parts: Parts, x: Floats) -> Parts:
    """The parameters with a reach of the rows' range along the index, and a quarter of its width to each side."""
    low, high = float((x @ parts.index).min()), float((x @ parts.index).max())
    return replace(parts, reach=(low - (high - low) / 4, high + (high - low) / 4))


def unpack(theta: Floats, p: int, arms: int) -> Parts:
    """Parameters from their logs (and the index as it is), shape (8 + arms + 2p + 1,)."""
    return Parts(
        np.exp(theta[:4]), np.exp(theta[4:8]), np.exp(theta[8 : 8 + arms]), np.exp(-theta[8 + arms : 8 + arms + p]),
        theta[8 + arms + p : -1], float(theta[-1]),
    )  # fmt: skip


def bases(parts: Parts, left: Floats, right: Floats) -> list[Floats]:
    """The linear, the index and the local kernel before arms come in, each (m, n); the constant one is 1."""
    one, two = left * parts.rate, right * parts.rate
    squared = (one**2).sum(1)[:, None] + (two**2).sum(1)[None] - 2 * one @ two.T
    index = np.empty((len(left), len(right)))
    _on_index(parts, _place(parts, left), _place(parts, right), index)
    return [left @ right.T / max(1, left.shape[1]), index, np.exp(-0.5 * np.maximum(squared, 0))]


def own_variance(parts: Parts, x: Floats) -> Floats:
    """Prior variance of what an arm has for itself at rows, (m,)."""
    from_origin = _place(parts, x) + parts.origin
    grown = np.expm1(np.minimum(from_origin**2, _MOST_GROWTH))
    linear = (x**2).sum(1) / max(1, x.shape[1])
    own = parts.own
    return np.asarray(own[CONSTANT] + own[LINEAR] * linear + own[INDEX] * grown + own[LOCAL])


def kernel(parts: Parts, left: Floats, left_arm: Ints, right: Floats, right_arm: Ints) -> Floats:
    """Covariances of rows, (m, n), without noise."""
    same = left_arm[:, None] == right_arm[None]
    total = parts.shared[CONSTANT] + parts.own[CONSTANT] * same
    for c, base in enumerate(bases(parts, left, right), start=1):
        total = total + (parts.shared[c] + parts.own[c] * same) * base
    return np.asarray(total)


def _place(parts: Parts, x: Floats) -> Floats:
    """Where rows stand on the index, (n,)."""
    return np.asarray(np.clip(x @ parts.index, *parts.reach))


def _on_index(parts: Parts, left: Floats, right: Floats, out: Floats) -> None:
    np.multiply((left + parts.origin)[:, None], right + parts.origin, out=out)
    np.minimum(out, _MOST_GROWTH, out=out)
    np.expm1(out, out=out)


def inverse_of(factor: Floats) -> Floats:
    """The inverse of a matrix from its lower Cholesky factor."""
    inverse, _ = linalg.lapack.dpotri(factor, lower=1)
    return np.asarray(np.tril(inverse) + np.tril(inverse, -1).T)


class Evidence:
    """-log p(y | θ) up to a constant, and its gradient from G = (K⁻¹ - αα')/2 alone.

    Rows stand arm by arm, so that what an arm keeps for itself is a block on the diagonal; the matrices are made once
    and written over at every θ, since asking the system for memory costs as much as filling it.

    Parameters
    ----------
    x : shape (n, p); arm, target : shape (n,)
    """

    def __init__(self, x: Floats, arm: Ints, target: Floats, arms: int) -> None:
        order = np.argsort(arm, kind="stable")
        ends = np.cumsum([0, *np.bincount(arm, minlength=arms)])
        self.blocks = [slice(int(low), int(high)) for low, high in pairwise(ends)]
        self.x, self.arm, self.target = x[order], arm[order], target[order]
        self.squares = self.x**2
        n = len(x)
        self.matrix, self.part = np.empty((n, n)), np.empty((n, n))
        self.bases = np.empty((3, n, n))
        self.bases[LINEAR - 1] = self.x @ self.x.T / max(1, x.shape[1])

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        """The value and its gradient, shape as θ; a value of 1e12 where the matrix is not positive definite."""
        x, parts = self.x, unpack(theta, self.x.shape[1], len(self.blocks))
        at = x @ parts.index
        self._fill(parts, at)
        try:
            factor = linalg.cholesky(self.matrix, lower=True, check_finite=False)
        except linalg.LinAlgError:
            return 1e12, np.zeros_like(theta)
        g = inverse_of(factor)
        weights = g @ self.target
        value = 0.5 * float(self.target @ weights) + float(np.log(np.diag(factor)).sum())
        g -= np.multiply(weights[:, None], weights, out=self.matrix)
        g *= 0.5
        flat = self.bases.reshape(3, -1)
        shared = np.concatenate([[g.sum()], flat @ g.ravel()])
        own = np.zeros(4)
        for one in self.blocks:
            own += [g[one, one].sum(), *np.einsum("cij,ij->c", self.bases[:, one, one], g[one, one])]
        noise = parts.noise * np.array([np.diag(g)[one].sum() for one in self.blocks])
        local = self._weighted(parts, g, LOCAL)
        rate = 2 * parts.rate**2 * (self.squares.T @ local.sum(1) - (x * (local @ x)).sum(0))
        index, origin = self._index_slope(parts, g, at)
        return value, np.concatenate([parts.shared * shared, parts.own * own, noise, rate, index, [origin]])

    def _index_slope(self, parts: Parts, g: Floats, at: Floats) -> tuple[Floats, float]:
        """The gradient in the index's direction, (p,), and in its origin."""
        part = self._weighted(parts, g, INDEX)
        pull = 2 * part @ (at + parts.origin)
        return self.x.T @ pull, float(pull.sum())

    def _weighted(self, parts: Parts, g: Floats, c: int) -> Floats:
        """G times a part's covariance; of the index's, exp(g·g') - 1, its derivative exp(g·g')."""
        part = self.part
        np.multiply(g, self.bases[c - 1], out=part)
        if c == INDEX:
            part += g
        part *= parts.shared[c]
        for one in self.blocks:
            part[one, one] *= 1 + parts.own[c] / parts.shared[c]
        return part

    def _fill(self, parts: Parts, at: Floats) -> None:
        """Fill the index and the local kernel, and the noisy sum of all."""
        _on_index(parts, at, at, self.bases[INDEX - 1])
        local, scaled = self.bases[LOCAL - 1], self.x * parts.rate
        half = 0.5 * (scaled**2).sum(1)
        np.matmul(scaled, scaled.T, out=local)
        local -= half[:, None]
        local -= half
        np.minimum(local, 0, out=local)
        np.exp(local, out=local)
        np.dot(parts.shared[1:], self.bases.reshape(3, -1), out=self.matrix.reshape(-1))
        self.matrix += parts.shared[CONSTANT]
        for one in self.blocks:
            self.matrix[one, one] += np.tensordot(parts.own[1:], self.bases[:, one, one], 1) + parts.own[CONSTANT]
        self.matrix[np.diag_indices_from(self.matrix)] += parts.noise[self.arm] + JITTER
