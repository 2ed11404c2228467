"""Which behaviours the next event on an item would be: σ(W_u · u + W_c · c + b), one probability a behaviour.

u is the state after the history and the person's habits so far, c the item's embedding and what the person did to that
very item. It is learned together with the next item, so that a click, a cart and a purchase are told apart on the side
of what was done and on the side of what comes. It starts from the habits alone (one person buys, another looks), so
that training can only add to them. After training the logits are rescaled on validation questions, so that a
probability of .3 comes true three times in ten.

Shapes: Q questions, T tokens, B behaviours, D width.

References
----------
Platt, "Probabilistic Outputs for Support Vector Machines", 1999 (the rescaling).
Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
"""

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from torch import Tensor, nn
from torch.nn import functional as F

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.heads.habits import habits, met

_FASTER = 10.0
"""The few weights on counts move this much faster than one among many."""
_RIDGE = 1e-3
_PRIOR = np.array([1.0, 0.0])


class BehaviorHead(nn.Module):
    """Logits of each behaviour, given a state, an item and what was done before."""

    shares: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(self, dim: int, n_behaviors: int) -> None:
        super().__init__()
        self.user = nn.Linear(dim, n_behaviors)
        self.content = nn.Linear(dim, n_behaviors, bias=False)
        self.by_habit = nn.Parameter(torch.eye(n_behaviors) / _FASTER)
        self.by_met = nn.Parameter(torch.zeros(n_behaviors, n_behaviors))
        self.register_buffer("shares", torch.full((n_behaviors,), 1 / n_behaviors))
        self.register_buffer("scale", torch.ones(n_behaviors))
        self.register_buffer("shift", torch.zeros(n_behaviors))

    def start(self, behaviors: np.ndarray) -> None:
        """Begin with the habits alone; ``behaviors`` are those of all training events."""
        n = len(self.shares)
        with torch.no_grad():
            self.user.weight.zero_()
            self.content.weight.zero_()
            self.shares.copy_(torch.from_numpy((np.bincount(behaviors, minlength=n) + 1) / (len(behaviors) + n)))

    def forward(
        self, states: Tensor, answers: Tensor, batch: Packed, items: Tensor, only: Tensor | None = None
    ) -> Tensor:
        """(Q, B) logits of the (Q,) tokens asked for, or of all T.

        ``states`` and ``answers`` (Q, D) are theirs, ``answers`` those of each one's item; ``items`` (T,) are of all.
        """
        known = habits(batch, self.shares) @ self.by_habit + met(batch, items, len(self.shares)) @ self.by_met
        known = known if only is None else known[only]
        return (self.user(states) + self.content(answers)).float() + known * _FASTER  # type: ignore[no-any-return]

    def loss(self, states: Tensor, answers: Tensor, batch: Packed) -> Tensor:
        """Mean over weighted positions of the cross-entropy, summed over behaviours."""
        targets, wanted, weights = batch.targets, batch.target_behaviors, batch.weights
        if targets is None or wanted is None or weights is None:
            raise TypeError("a training batch carries its targets")
        logits = self(states, answers, batch, targets)
        came = F.one_hot(wanted, logits.shape[1]).to(logits.dtype)
        each = F.binary_cross_entropy_with_logits(logits, came, reduction="none").sum(1)
        return (each * weights).sum() / weights.sum().clamp_min(1.0)

    def calibrated(self, logits: Tensor) -> Tensor:
        """Logits as they came true on validation questions."""
        return logits * self.scale + self.shift

    def calibrate(self, logits: np.ndarray, behaviors: np.ndarray) -> None:
        """Fit scale and shift of each behaviour's (Q, B) logits on questions whose (Q,) behaviours are known."""
        for behavior in range(logits.shape[1]):
            scale, shift = platt(logits[:, behavior].astype(float), behaviors == behavior)
            self.scale[behavior], self.shift[behavior] = scale, shift


def platt(logits: np.ndarray, came: np.ndarray) -> tuple[float, float]:
    """Scale and shift that make σ(scale · logit + shift) likeliest, drawn slightly to 1 and 0.

    A behaviour that never (or always) came keeps its logits.

    >>> scale, shift = platt(np.array([-2.0, -2.0, 2.0, 2.0]), np.array([True, False, True, False]))
    >>> abs(round(scale, 2)), abs(round(shift, 2))
    (0.0, 0.0)
    """
    if came.all() or not came.any():
        return 1.0, 0.0
    sign = np.where(came, 1.0, -1.0)

    def surprise(found: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (found[0] * logits + found[1])
        pull = -sign * expit(-margin)
        drawn = found - _PRIOR
        value = -log_expit(margin).sum() + _RIDGE * drawn @ drawn / 2
        return float(value), np.array([pull @ logits, pull.sum()]) + _RIDGE * drawn

    scale, shift = minimize(surprise, _PRIOR, jac=True, method="BFGS").x
    return float(scale), float(shift)
