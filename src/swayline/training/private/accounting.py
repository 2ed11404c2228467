"""What noisy steps cost, by the Rényi accountant of Opacus.

References
----------
Mironov, Talwar and Zhang, "Rényi Differential Privacy of the Sampled Gaussian Mechanism", 2019.
Balle et al., "Hypothesis Testing Interpretations and Rényi Differential Privacy", AISTATS 2020 (RDP to ε, δ).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from swayline.core.errors import UsageError
from swayline.core.extras import require

ACCOUNTANT = "rdp"
"""Opacus's name of it: an upper bound at every δ."""


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
    return float(accountant.get_epsilon(delta=delta))


def noise_for(epsilon: float, delta: float, sampling_rate: float, n_steps: int) -> Steps:
    """Steps that cost at most ε at δ, with the least noise.

    Raises
    ------
    UsageError
        No amount of noise that the accountant knows makes them so cheap.
    """
    _accountants()
    solver = require("opacus.accountants.utils", "private")
    try:
        multiplier = float(
            solver.get_noise_multiplier(
                target_epsilon=epsilon, target_delta=delta, sample_rate=sampling_rate, steps=n_steps,
                accountant=ACCOUNTANT, epsilon_tolerance=min(0.01, epsilon / 100),
            )
        )  # fmt: skip
    except ValueError as error:
        raise UsageError(
            f"no noise makes {n_steps:,} steps cost so little as ε {epsilon:g} at δ {delta:.3g} ({error}): raise"
            " --epsilon, or take fewer steps"
        ) from None
    return Steps(multiplier, sampling_rate, n_steps)


def library() -> str:
    """Name and version of the accountant, as a card tells it."""
    return f"RDP accountant of Opacus {require('opacus', 'private').__version__}"


def _accountants() -> Any:
    return require("opacus.accountants", "private")
