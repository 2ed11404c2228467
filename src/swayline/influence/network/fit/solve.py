"""Everybody's own coefficients, the shared parts held still: each person is a concave problem, solved exactly."""

from dataclasses import replace

import numpy as np

from swayline.core.types import Floats, Ints
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.fit.solver_inputs import Coefficients, Method, Penalty
from swayline.influence.network.fit.threads import over_people

SOLVERS = {"newton": 0, "em": 1, "accelerated": 2}


def solve(
    fit: HawkesFit, people: Ints, warm: bool, max_steps: int = 60, turns: int = 4, tie_scale: float = 0.0,
    price: tuple[Floats, Floats] | None = None,
) -> HawkesFit:  # fmt: skip
    """Fit the given people's coefficients, the shared parts held still.

    The prior that draws a person's rhythm to everybody's depends on the answer; it settles in a few turns.
    ``tie_scale`` above zero adds half the log determinant of the information to the losses, every branching on that
    scale (the adjusted profile likelihood). ``price``: what a unit of each tie (T,) and of each person's own past
    (people,) costs beside the penalties.
    """
    from swayline.influence.network.compiled import passes as _compiled

    if fit.baseline.is_steady and fit.own.shape[1] == 0 and len(fit.ties) == 0:
        return _steady(fit)
    coefficients = Coefficients(fit.x_base.copy(), fit.x_tie.copy(), fit.losses.copy())
    if not coefficients.x_base.any():
        coefficients.x_base[:, : fit.n_patterns] = 0.8 * np.maximum(fit.acts.counts, 1)[:, None] / fit.n_patterns
    inputs = fit.solver_inputs()
    penalty = Penalty(fit.sparsity + (np.zeros(len(fit.ties)) if price is None else price[0]), float(fit.group))
    steps = max_steps if fit.solver == "newton" else 20 * max_steps
    for turn in range(1 if fit.n_patterns == 1 else turns):
        prior = replace(fit, x_base=coefficients.x_base).prior(people)
        if price is not None:
            prior.rate[:, fit.n_patterns :] += price[1][:, None]
        method = Method(SOLVERS[fit.solver], warm or turn > 0, steps, tie_scale)
        over_people(_compiled.fit_people, people, inputs, prior, penalty, method, coefficients)
    return replace(fit, **coefficients._asdict())


def _steady(fit: HawkesFit) -> HawkesFit:
    """Where a person has one steady rate and nothing else, it is likeliest to be the acts over the span."""
    counts = fit.acts.counts
    rate = np.maximum(counts, 1) / fit.acts.span_s
    return replace(fit, x_base=counts[:, None].astype(np.float64), losses=counts * (1.0 - np.log(rate)))
