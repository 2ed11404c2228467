"""L-BFGS of several smooth convex problems at once, so that they share every pass of the data.

Shapes: p unknowns, K problems. Each problem brings a first guess of its curvature (a preconditioner); what the guess
lacks is learned from the last steps. Problems that are done take no further part.

References
----------
Nocedal, Wright (2006), Numerical Optimization, algorithms 7.4 and 3.1 (backtracking by a parabola).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Look = Callable[[Floats, Ints], tuple[Floats, Floats]]
"""Points (p, j) of some problems (j,) → their losses (j,) and gradients (p, j)."""
Guess = Callable[[int, Floats], Floats]
"""A problem and a gradient (p,) → that gradient divided by the guessed curvature (p,)."""
MEMORY = 12
"""Steps remembered."""
_ENOUGH = 1e-4
"""A step must gain this share of what its slope promises."""


@dataclass
class _Problem:
    """One problem on its way: where it is, where it heads and what it remembers (steps, changes of the gradient)."""

    point: Floats
    loss: float
    gradient: Floats
    direction: Floats
    length: float = 1.0
    steps: list[Floats] = field(default_factory=list)
    changes: list[Floats] = field(default_factory=list)

    @property
    def slope(self) -> float:
        """Change of the loss a unit of the step; minus the squared distance from the optimum in its own curvature."""
        return float(self.gradient @ self.direction)

    @property
    def trial(self) -> Floats:
        """Where to look next, (p,)."""
        return self.point + self.length * self.direction

    def shorten(self, loss: float) -> None:
        """Take the lowest point of the parabola through what is known of a step that went too far."""
        above = loss - self.loss - self.length * self.slope
        best = -self.slope * self.length**2 / (2 * above) if above > 0 and np.isfinite(above) else 0.0
        self.length = float(np.clip(best, 0.1 * self.length, 0.5 * self.length))

    def accept(self, loss: float, gradient: Floats) -> None:
        """Go to the trial point and remember the way."""
        step, change = self.length * self.direction, gradient - self.gradient
        self.point, self.loss, self.gradient, self.length = self.trial, loss, gradient, 1.0
        if float(step @ change) > 0:
            self.steps, self.changes = [*self.steps, step][-MEMORY:], [*self.changes, change][-MEMORY:]

    def head(self, guess: Callable[[Floats], Floats]) -> None:
        """The next direction: two loops over the steps remembered around the guess."""
        left, weights = self.gradient.copy(), []
        for step, change in zip(reversed(self.steps), reversed(self.changes), strict=True):
            weights.append(float(step @ left) / float(step @ change))
            left -= weights[-1] * change
        found = guess(left)
        for step, change, weight in zip(self.steps, self.changes, reversed(weights), strict=True):
            found = found + (weight - float(change @ found) / float(step @ change)) * step
        self.direction = -found


def minimise(look: Look, guess: Guess, start: Floats, close: float, passes: int) -> tuple[Floats, Ints]:
    """The lowest points of K problems, found together.

    Parameters
    ----------
    look : one pass of the data for the problems asked
    start : (p, K)
    close : a problem ends where half of this is all that is left to gain, by its own curvature
    passes : at most so many looks

    Returns
    -------
    Points (p, K), and the problems that had not ended.

    >>> goal = np.array([[1.0, -2.0], [3.0, 0.5]])
    >>> bowl = lambda at, k: (((at - goal[:, k]) ** 2).sum(axis=0), 2 * (at - goal[:, k]))
    >>> found, unfinished = minimise(bowl, lambda k, g: g, np.zeros((2, 2)), 1e-12, 50)
    >>> bool(np.allclose(found, goal)), len(unfinished)
    (True, 0)
    """
    found, going = start.copy(), np.arange(start.shape[1])
    losses, gradients = look(start, going)
    problems = [
        _Problem(start[:, k].copy(), float(losses[k]), gradients[:, k], -guess(int(k), gradients[:, k])) for k in going
    ]
    for _ in range(passes):
        going = np.array([k for k in going if -problems[k].slope >= close], dtype=np.int64)
        if not len(going):
            break
        losses, gradients = look(np.stack([problems[k].trial for k in going], axis=1), going)
        for j, k in enumerate(going):
            one, loss = problems[k], float(losses[j])
            # Sums over many rows are exact to less than a tenth of what would end the search.
            if loss <= one.loss + _ENOUGH * one.length * one.slope + 0.1 * close:
                one.accept(loss, gradients[:, j])
                one.head(lambda gradient, k=int(k): guess(k, gradient))  # type: ignore[misc]
                found[:, k] = one.point
            else:
                one.shorten(loss)
    return found, going
