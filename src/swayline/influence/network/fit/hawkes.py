"""The fit: personal baselines, own past, shared delays and a branching for every tie, by exact maximum likelihood.

The intensity of person i's acts is::

    lambda_i(t) = level_i(t) * sum_k w_ik pattern_k(hour of week)  +  own past
                  +  sum_j a_ij sum_{s in acts of j} g(t - s)

``a_ij`` is how many acts of i one act of j causes directly. Given the shared parts (patterns, levels, kernel g) every
person is a small concave problem, solved exactly; the shared parts are learned in turn from a sample of people, each
act counting for the baseline only by the share that the baseline explains.

References
----------
Hawkes, "Spectra of some self-exciting and mutually exciting point processes", Biometrika 1971.
Ogata, "Statistical models for earthquake occurrences and residual analysis", JASA 1988.
Zhou, Zha and Song, "Learning social infectivity in sparse low-rank networks using Hawkes processes", AISTATS 2013.
Lewis and Mohler, "A nonparametric EM algorithm for multiscale Hawkes processes", 2011.
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.errors import UsageError, nearest
from swayline.core.extras import require
from swayline.core.progress import task
from swayline.influence.network.acts import Acts, Ties
from swayline.influence.network.fit.kernels import Delays, start_kernel
from swayline.influence.network.fit.model import HawkesFit, own_kernel
from swayline.influence.network.fit.shared_parts import (
    SharedParts,
    first_baseline,
    learn_kernel,
    relearn_baseline,
    without_own_past_if_idle,
)
from swayline.influence.network.fit.solve import SOLVERS, solve


@dataclass(frozen=True)
class Solving:
    """Penalties, and the solver that minimises under them.

    Parameters
    ----------
    sparsity, group : float
        L1 weight on every tie, in acts (0: maximum likelihood), and weight on the norm of all ties into a person:
        people who follow nobody lose all their ties at once. The latter needs ``solver="accelerated"``.
    solver : str
        ``newton`` (exact, the default), ``em``, ``accelerated`` (proximal gradient).

    Raises
    ------
    UsageError
        An unknown solver, a negative penalty, or a group penalty with another solver.
    """

    sparsity: float = 0.0
    group: float = 0.0
    solver: str = "newton"

    def __post_init__(self) -> None:
        if self.solver not in SOLVERS:
            raise UsageError(f"solver {self.solver!r} is unknown: {nearest(self.solver, SOLVERS)}")
        if self.sparsity < 0 or self.group < 0:
            raise UsageError(f"penalties must not be negative: sparsity {self.sparsity}, group {self.group}")
        if self.group > 0 and self.solver != "accelerated":
            raise UsageError(f"a group penalty needs solver 'accelerated', not {self.solver!r}")


PLAIN = Solving()
"""Maximum likelihood by Newton's method."""


def fit_hawkes(
    acts: Acts,
    ties: Ties,
    *,
    kernel: str | Delays = "exponential",
    solving: Solving = PLAIN,
    rounds: int = 3,
    sample: int = 2000,
    rhythm: bool = True,
    own_past: bool = True,
    seed: int = 0,
) -> HawkesFit:
    """Fit the model.

    Parameters
    ----------
    acts, ties : Acts, Ties
    kernel : str or Delays
        ``exponential`` (its mean delay is learned), ``sum-of-exponentials`` or ``histogram`` (their weights are
        learned), or a kernel to take as it is.
    solving : Solving
        Penalties and solver.
    rounds, sample : int
        How often the shared parts are learned in turn, and from how many people.
    rhythm, own_past : bool
        Whether baselines follow shared rhythms and trends, and a person's own past; without them they are constant.

    Raises
    ------
    UsageError
        An unknown kernel, or no round.
    MissingExtraError
        numba is not installed.
    """
    require("numba", extra="people")
    if rounds < 1:
        raise UsageError(f"rounds must be at least 1, not {rounds}")
    shared = SharedParts.of(acts, ties, kernel, sample, rhythm, own_past, seed)
    fit = _unfitted(acts, ties, kernel, shared, solving)
    if isinstance(kernel, Delays) and not rhythm and not own_past:  # nothing shared is left to learn
        return solve(fit, np.arange(acts.people), warm=False)
    with task("who sways whom", total=rounds + 1) as bar:
        for step in range(rounds):
            fit = solve(fit, shared.some, warm=False)
            if not isinstance(kernel, Delays):
                fit = learn_kernel(fit, shared.some, shared.shortest, shared.longest, first=step == 0)
            if step == 0 and shared.own_means:
                fit = without_own_past_if_idle(fit, shared.some)
            if rhythm and step < rounds - 1:
                fit = relearn_baseline(fit, shared.some, seed + step)
            bar.advance()
        fit = solve(fit, np.arange(acts.people), warm=False)
        bar.advance()
    return fit


def _unfitted(
    acts: Acts, ties: Ties, kernel: str | Delays, shared: SharedParts, solving: Solving
) -> HawkesFit:  # fmt: skip
    """Where the fit starts: first rhythms and delays, every coefficient zero."""
    baseline, width, trend = first_baseline(acts, ties, shared.grid, shared.some, shared.rhythm, shared.seed)
    delays = kernel if isinstance(kernel, Delays) else start_kernel(kernel, shared.shortest, shared.longest)
    x_base = np.zeros((acts.people, len(baseline.patterns) + len(shared.own_means)))
    return HawkesFit(
        acts, ties, baseline, width, trend, own_kernel(shared.own_means), delays, x_base, np.zeros(len(ties)),
        np.zeros(acts.people), **vars(solving),
    )  # fmt: skip
