"""A fitted model of who moves whom: its shared parts, everybody's coefficients, and what solvers read of it."""

from dataclasses import dataclass

import numpy as np

from swayline.core.types import Floats, Ints
from swayline.influence.network.acts import Acts, Kernel, Ties
from swayline.influence.network.fit.baseline import Baseline
from swayline.influence.network.fit.kernels import Delays
from swayline.influence.network.fit.solver_inputs import Prior, SolverInputs, solver_inputs


@dataclass(frozen=True)
class HawkesFit:
    """A fitted model of who moves whom.

    Parameters
    ----------
    acts : Acts
    ties : Ties
    baseline : Baseline
        Shared rhythms and personal levels.
    pattern_width : int
        Bins that a smoothing bump of the rhythms spans.
    trend_strength : float
        Acts' worth of everybody's trend in each person's own.
    own : Kernel
        Exponentials by which a person's own past acts bring more (bursts, sessions); possibly none.
    kernel : Delays
        Delays along ties.
    x_base : (people, R + S) float64
        Weights of the patterns and of the own past.
    x_tie : (T,) float64
        Branching of every tie.
    losses : (people,) float64
        Negative penalised log-likelihood of each person.
    sparsity, group : float
        Penalties used.
    solver : str
    """

    acts: Acts
    ties: Ties
    baseline: Baseline
    pattern_width: int
    trend_strength: float
    own: Kernel
    kernel: Delays
    x_base: Floats
    x_tie: Floats
    losses: Floats
    sparsity: float
    group: float
    solver: str

    @property
    def n_patterns(self) -> int:
        """How many shared rhythms the baseline mixes."""
        return len(self.baseline.patterns)

    def solver_inputs(self, begin_s: float = 0.0) -> SolverInputs:
        """The arrays that compiled passes read."""
        return solver_inputs(self.acts, self.ties, self.baseline, self.own, self.kernel.compiled(), begin_s)

    def prior(self, people: Ints) -> Prior:
        """Gamma prior of the baseline weights: rates (everybody, R + S) and shapes (R + S,).

        The mixture of the given people counts for ``strength`` acts; rates are such that nobody's total level moves.
        """
        n = self.n_patterns
        if n == 1:
            return Prior(np.zeros_like(self.x_base), np.zeros(self.x_base.shape[1]))
        weights = self.x_base[:, :n]
        share = weights[people].sum(axis=0) / max(weights[people].sum(), 1e-9)
        rate = np.zeros_like(self.x_base)
        rate[:, :n] = self.baseline.strength / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
        shape = np.zeros(self.x_base.shape[1])
        shape[:n] = self.baseline.strength * np.maximum(share, 1e-4)
        return Prior(rate, shape)


def own_kernel(means_s: list[float]) -> Kernel:
    """Exponentials of the own past with some mean delays, seconds."""
    rates = 1.0 / np.array(means_s, np.float64) if means_s else np.zeros(0)
    return np.stack([np.zeros(len(rates)), rates, np.zeros(len(rates)), np.ones(len(rates))])
