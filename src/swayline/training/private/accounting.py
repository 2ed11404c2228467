"""What noisy steps cost, by the Rényi accountant of Opacus.

References
----------
Mironov, Talwar and Zhang, "Rényi Differential Privacy of the Sampled Gaussian Mechanism", 2019.
Balle et al., "Hypothesis Testing Interpretations and Rényi Differential Privacy", AISTATS 2020 (RDP to ε, δ).
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from swayline.core.errors import UsageError
from swayline.core.extras import require

ORDERS = [1.25, 1.5, 1.75, *range(2, 64), 80, 96, 128, 192, 256]
"""Rényi orders that are tried; the best one counts."""
_FIRST_MULTIPLIER, _MOST_MULTIPLIER, _PRECISION = 0.5, 512.0, 1e-3


@dataclass(frozen=True)
class Steps:
    """Noisy steps of one kind.

    Parameters
    ----------
    noise_multiplier : float
        Standard deviation of the noise over the clip.
    sampling_rate : float
        The chance of each person to be in a step (Poisson).
    n_steps : int
    """

    noise_multiplier: float
    sampling_rate: float
    n_steps: int


def epsilon_of(steps: Sequence[Steps], delta: float) -> float:
    """ε of all these steps together, at δ; 0 for none.

    Raises
    ------
    MissingExtraError
        Opacus is not installed.
    """
    if not steps:
        return 0.0
    accountant = _accountants().RDPAccountant()
    accountant.history = [(one.noise_multiplier, one.sampling_rate, one.n_steps) for one in steps]
    with _quiet():
        return float(accountant.get_epsilon(delta=delta, alphas=ORDERS))


def noise_for(epsilon: float, delta: float, sampling_rate: float, n_steps: int) -> Steps:
    """Steps that cost at most ε at δ, with the least noise.

    Raises
    ------
    UsageError
        No amount of noise that the accountant knows makes them so cheap.
    """
    low, high = 0.0, _FIRST_MULTIPLIER
    while epsilon_of([Steps(high, sampling_rate, n_steps)], delta) > epsilon:
        low, high = high, 2.0 * high
        if high > _MOST_MULTIPLIER:
            raise UsageError(
                f"no noise makes {n_steps:,} steps cost so little as ε {epsilon:g} at δ {delta:.3g}: raise --epsilon,"
                " or take fewer steps"
            )
    while high - low > _PRECISION * high:
        middle = 0.5 * (low + high)
        if epsilon_of([Steps(middle, sampling_rate, n_steps)], delta) > epsilon:
            low = middle
        else:
            high = middle
    return Steps(high, sampling_rate, n_steps)


def library() -> str:
    """Name and version of the accountant, as a card tells it."""
    return f"RDP accountant of Opacus {require('opacus', 'private').__version__}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's notes that an order at the edge is the best one: the bound holds at every order."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Optimal order is the")
        yield


def _accountants() -> Any:
    return require("opacus.accountants", "private")
