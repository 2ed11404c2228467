"""Which behaviours the next event on an item would be: σ(W_u · u + W_c · c + b), one probability a behaviour.

u is the state after the history, c the item's embedding. It is learned together with the next item, so that a click, a
cart and a purchase are told apart on the side of what was done and on the side of what comes. After training the
logits are rescaled on validation questions, so that a probability of .3 comes true three times in ten.

Shapes: Q questions, B behaviours, D width.

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

_RIDGE = 1e-3
_PRIOR = np.array([1.0, 0.0])


class BehaviorHead(nn.Module):
    """Logits of each behaviour, given a state and an item."""

    scale: Tensor
    shift: Tensor

    def __init__(self, dim: int, n_behaviors: int) -> None:
        super().__init__()
        self.user = nn.Linear(dim, n_behaviors)
        self.content = nn.Linear(dim, n_behaviors, bias=False)
        self.register_buffer("scale", torch.ones(n_behaviors))
        self.register_buffer("shift", torch.zeros(n_behaviors))

    def forward(self, states: Tensor, items: Tensor) -> Tensor:
        """(Q, B) logits from (Q, D) states and the (Q, D) embeddings of one item each."""
        return (self.user(states) + self.content(items)) * self.scale + self.shift  # type: ignore[no-any-return]

    def loss(self, states: Tensor, items: Tensor, behaviors: Tensor, weights: Tensor) -> Tensor:
        """Mean over weighted positions of the cross-entropy, summed over behaviours."""
        logits = self.user(states) + self.content(items)
        came = F.one_hot(behaviors, logits.shape[1]).to(logits.dtype)
        each = F.binary_cross_entropy_with_logits(logits.float(), came.float(), reduction="none").sum(1)
        return (each * weights).sum() / weights.sum().clamp_min(1.0)

    def calibrate(self, states: Tensor, items: Tensor, behaviors: np.ndarray) -> None:
        """Fit scale and shift of each behaviour's logit on questions whose (Q,) behaviours are known."""
        with torch.no_grad():
            self.scale.fill_(1.0)
            self.shift.zero_()
            logits = self(states.float(), items.float()).double().cpu().numpy()
        for behavior in range(logits.shape[1]):
            scale, shift = platt(logits[:, behavior], behaviors == behavior)
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
