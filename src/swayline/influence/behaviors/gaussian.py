"""Gaussian process over controls and arms for small data: who is affected how much, with an honest spread.

Shapes: x (n, p) standardised controls; arm (n,) from 0; index x @ w (n,).

    k((x, a), (x', a')) = Σ_c  (s_c + d_c·[a = a']) · k_c(x, x')

over four parts: a constant, a linear one, one on a learned index x @ w, and one with a length scale a control. Arms
share what is common (s) and keep what is their own (d), so that a large arm teaches a small one as much as the data
allow. Everything is set by the marginal likelihood under wide priors; nothing is drawn at random.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import linalg, optimize

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MOST_ROWS = 1200
"""Beyond this the cubic cost is no longer small."""
_JITTER = 1e-6


@dataclass(frozen=True)
class _Parts:
    """Unpacked parameters: logs of the variances (c, 2), of the noises, of the length scales (p,), the index w (p,)."""

    shared_own: torch.Tensor
    noise: torch.Tensor
    scales: torch.Tensor
    index: torch.Tensor


_CONSTANT, _LINEAR, _INDEX, _LOCAL = range(4)


def _unpack(theta: torch.Tensor, p: int, arms: int) -> _Parts:
    own, noise, scales, index = torch.split(theta, [8, arms, p, p])
    return _Parts(own.reshape(4, 2), noise, scales, index)


def _squared(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Squared distances between rows, (m, n)."""
    cross = left @ right.T
    return ((left**2).sum(1)[:, None] + (right**2).sum(1)[None] - 2 * cross).clamp_min(0)


def _base(parts: _Parts, left: torch.Tensor, right: torch.Tensor) -> list[torch.Tensor]:
    """The four kernels before arms come in, each (m, n)."""
    scale = torch.exp(-parts.scales)
    index_left, index_right = left @ parts.index, right @ parts.index
    return [
        torch.ones(len(left), len(right), dtype=left.dtype),
        left @ right.T / max(1, left.shape[1]),
        torch.exp(-0.5 * (index_left[:, None] - index_right[None]) ** 2),
        torch.exp(-0.5 * _squared(left * scale, right * scale)),
    ]


def _kernel(
    parts: _Parts, left: torch.Tensor, left_arm: torch.Tensor, right: torch.Tensor, right_arm: torch.Tensor
) -> torch.Tensor:
    same = (left_arm[:, None] == right_arm[None]).to(left.dtype)
    total = torch.zeros(len(left), len(right), dtype=left.dtype)
    for c, kernel in enumerate(_base(parts, left, right)):
        total = total + (torch.exp(parts.shared_own[c, 0]) + torch.exp(parts.shared_own[c, 1]) * same) * kernel
    return total


@dataclass(frozen=True)
class ArmsProcess:
    """A fitted process.

    Attributes
    ----------
    x, arm : the rows learned from, shapes (n, p) and (n,)
    level, spread : mean and standard deviation of the outcome, by which it was standardised
    inverse : inverse of the kernel matrix with noise, (n, n); ``weights`` is it times the standardised outcome
    """

    x: torch.Tensor
    arm: torch.Tensor
    parts: _Parts
    level: float
    spread: float
    inverse: Floats
    weights: Floats
    noise: Floats

    def outcome(self, x: npt.NDArray[Any], arm: int) -> Floats:
        """E[Y | x, arm] at new rows, shape (m,)."""
        new = torch.tensor(x, dtype=torch.float64)
        cross = _kernel(self.parts, new, torch.full((len(new),), arm), self.x, self.arm).numpy()
        return np.asarray(cross @ self.weights * self.spread + self.level)

    def effect(self, x: npt.NDArray[Any], arm: int, reference: int = 0) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the effect of an arm at new rows, each (m,)."""
        mean, root = [], []
        for start in range(0, len(x), 2000):
            new = torch.tensor(x[start : start + 2000], dtype=torch.float64)
            size = len(new)
            cross = (
                _kernel(self.parts, new, torch.full((size,), arm), self.x, self.arm)
                - _kernel(self.parts, new, torch.full((size,), reference), self.x, self.arm)
            ).numpy()
            own = np.exp(self.parts.shared_own[:, 1].numpy())
            linear = (new**2).sum(1).numpy() / max(1, new.shape[1])
            prior = 2 * (own[_CONSTANT] + own[_LINEAR] * linear + own[_INDEX] + own[_LOCAL])
            variance = prior - np.einsum("ij,jk,ik->i", cross, self.inverse, cross, optimize=True)
            mean.append(cross @ self.weights * self.spread)
            root.append(np.sqrt(np.maximum(variance, 0)) * self.spread)
        return np.concatenate(mean), np.concatenate(root)

    def held_out(self, fold: Ints, arms: int) -> Floats:
        """E[Y | x, arm] of every row from the other folds' rows, hyperparameters kept; shape (n, arms).

        For held-out rows S the other rows' weights are K_RR⁻¹ y_R, and K_RR⁻¹ follows from blocks of K⁻¹.
        """
        found = np.empty((len(self.arm), arms))
        target = self.inverse_apply()
        for k in range(int(fold.max()) + 1):
            out = fold == k
            block = self.inverse[np.ix_(~out, ~out)]
            cross = self.inverse[np.ix_(~out, out)]
            weights = block @ target[~out] - cross @ linalg.solve(
                self.inverse[np.ix_(out, out)], cross.T @ target[~out], assume_a="pos"
            )
            rest = torch.tensor(~out)
            for a in range(arms):
                new = self.x[torch.tensor(out)]
                kernel = _kernel(self.parts, new, torch.full((len(new),), a), self.x[rest], self.arm[rest]).numpy()
                found[out, a] = kernel @ weights * self.spread + self.level
        return found

    def inverse_apply(self) -> Floats:
        """The standardised outcome, recovered as K times the weights; shape (n,)."""
        return np.asarray(linalg.solve(self.inverse, self.weights, assume_a="pos"))


def fit_arms(
    x: npt.NDArray[Any], arm: Ints, y: Floats, arms: int, steps: int = 120, advance: Callable[[], None] = lambda: None
) -> ArmsProcess:
    """Fit hyperparameters by marginal likelihood with wide normal priors on their logs.

    Parameters
    ----------
    x : standardised controls, shape (n, p)
    arm : arm of each row, from 0, shape (n,)
    y : outcome, shape (n,)
    steps : most steps of L-BFGS

    References
    ----------
    Alaa & van der Schaar (2017), Bayesian inference of individualized treatment effects using multi-task Gaussian
    processes. Constantine, Dow, Wang (2014), Active subspace methods (the learned index).
    """
    level, spread = float(y.mean()), float(y.std()) or 1.0
    features, arm_t = torch.tensor(x, dtype=torch.float64), torch.tensor(arm)
    target = (y - level) / spread
    p = x.shape[1]
    wide = float(np.log(np.sqrt(max(1, p)))) + 0.5
    start = np.concatenate(
        [np.array([0.0, 0, -1, -2, 0, -2, -2, -3]), np.full(arms, -1.0), np.full(p, wide), _first_index(x, arm, target)]
    )
    centre = np.concatenate([np.full(8 + arms, -1.0), np.full(p, wide), np.zeros(p)])
    width = np.concatenate([np.full(8 + arms, 3.0), np.full(p, 1.0), np.full(p, 0.7)])

    def loss(theta: Floats) -> tuple[float, Floats]:
        variable = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
        parts = _unpack(variable, p, arms)
        matrix = _kernel(parts, features, arm_t, features, arm_t) + torch.diag(torch.exp(parts.noise)[arm_t] + _JITTER)
        try:
            factor = linalg.cholesky(matrix.detach().numpy(), lower=True, check_finite=False)
        except linalg.LinAlgError:
            return 1e12, np.zeros_like(theta)
        inverse = _inverse(factor)
        weights = inverse @ target
        value = 0.5 * float(target @ weights) + float(np.log(np.diag(factor)).sum())
        # dL/dK = (K⁻¹ - αα')/2, carried through the kernel alone: no derivative of a Cholesky factor is needed.
        matrix.backward(torch.tensor(0.5 * (inverse - np.outer(weights, weights))))  # type: ignore[no-untyped-call]
        prior = (theta - centre) / width
        slope = np.asarray(variable.grad) + prior / width
        advance()
        return value + 0.5 * float(prior @ prior), slope

    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps})
    parts = _unpack(torch.tensor(found.x, dtype=torch.float64), p, arms)
    matrix = _kernel(parts, features, arm_t, features, arm_t) + torch.diag(torch.exp(parts.noise)[arm_t] + _JITTER)
    inverse = _inverse(linalg.cholesky(matrix.numpy(), lower=True))
    noise = np.sqrt(np.exp(parts.noise.numpy())) * spread
    return ArmsProcess(features, arm_t, parts, level, spread, inverse, inverse @ target, noise)


def _inverse(factor: Floats) -> Floats:
    inverse, _ = linalg.lapack.dpotri(factor, lower=1)
    return np.asarray(np.tril(inverse) + np.tril(inverse, -1).T)


def _first_index(x: npt.NDArray[Any], arm: Ints, y: Floats) -> Floats:
    """A start for the index: the direction of a ridge regression, arms' means taken out; shape (p,)."""
    residual = y.copy()
    for a in np.unique(arm):
        residual[arm == a] -= residual[arm == a].mean()
    direction = linalg.solve(x.T @ x + 5 * np.eye(x.shape[1]), x.T @ residual, assume_a="pos")
    length = float(np.linalg.norm(direction))
    return np.asarray(direction / length * 0.5 if length > 0 else direction)
