"""What events were worth to people (stars, seconds, prices): read with each event, and foretold of the next.

Values of each behaviour are brought to one scale (mean 0, deviation 1, cut at 4), so that stars and seconds can stand
in one history; what is read of them is said in :mod:`~swayline.models.sequence.batching.value_inputs`.

The head foretells value of item i after a history: usual + bias_i + P(state) · Q(answer_i). It starts from the bias
baseline, so that training can only add to it.

Shapes: E events, S tokens in use, T tokens, Q questions, I items, D width, B behaviours.

References
----------
Koren, Bell and Volinsky, "Matrix Factorization Techniques for Recommender Systems", Computer 2009 (the baseline).
"""

import dataclasses

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from swayline.core.types import Floats
from swayline.dataset import Sequences
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.batching.value_inputs import ADDED, N_READ, USUAL

_MOST, _WIDTH = 4.0, 32
_LEAST_SPREAD = 1e-6


class Values(nn.Module):
    """The scale of a log's values, how they are read, and the head that foretells them."""

    center: Tensor
    spread: Tensor
    shrink: Tensor
    left: Tensor

    def __init__(self, dim: int, wide: int, n_items: int, n_behaviors: int, reads: bool, foretells: bool) -> None:
        super().__init__()
        self.register_buffer("center", torch.zeros(n_behaviors))
        self.register_buffer("spread", torch.zeros(n_behaviors))  # 0: events of this behaviour have no values
        self.mix = nn.Parameter(torch.zeros(N_READ, dim)) if reads else None
        self.foretells = foretells
        if foretells:
            self.bias = nn.Parameter(torch.zeros(n_items))
            self.state = nn.Linear(wide, _WIDTH, bias=False)
            self.content = nn.Linear(wide, _WIDTH, bias=False)
            self.register_buffer("shrink", torch.tensor([0.0, 1.0]))
            self.register_buffer("left", torch.ones(1))

    def start(self, histories: Sequences) -> None:
        """Learn the scale, and begin from the bias baseline."""
        if histories.values is None:
            return
        known = ~np.isnan(histories.values)
        for behavior in range(len(self.center)):
            inside = histories.values[known & (histories.behaviors == behavior)]
            if len(inside):
                self.center[behavior] = float(inside.mean())
                self.spread[behavior] = max(float(inside.std()), _LEAST_SPREAD)
        if not self.foretells:
            return
        scaled = self.scaled(histories).values
        assert scaled is not None
        of_user = _means(histories.users[known], scaled[known], len(histories))
        rest = scaled[known] - of_user[histories.users[known]]
        with torch.no_grad():
            self.bias.copy_(torch.from_numpy(_means(histories.items[known], rest, histories.n_items)))
            self.content.weight.zero_()

    def scaled(self, history: Sequences) -> Sequences:
        """The same histories with values on the model's scale; NaN for behaviours it knows no values of."""
        if history.values is None:
            return dataclasses.replace(history, values=np.full(len(history.items), np.nan))
        center, spread = (np.append(x.cpu().numpy(), 0.0) for x in (self.center, self.spread))
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (history.values - center[history.behaviors]) / spread[history.behaviors]
        found = np.where(spread[history.behaviors] > 0, np.clip(found, -_MOST, _MOST), np.nan)
        return dataclasses.replace(history, values=found)

    def read(self, x: Tensor, batch: Packed) -> Tensor:
        """(T, D) ``x`` and what the events were worth."""
        return x if self.mix is None or batch.values is None else x + batch.values @ self.mix

    def forward(self, states: Tensor, answers: Tensor, items: Tensor, usual: Tensor) -> Tensor:
        """(Q,) scaled values of one item a state."""
        together = (self.state(states) * self.content(answers)).sum(1).float()
        return usual + self.bias[items] + together  # type: ignore[no-any-return]

    def of_all(self, states: Tensor, answers: Tensor, usual: Tensor) -> Tensor:
        """(Q, I) scaled values of every item after each state, as they came true on validation questions."""
        found = usual[:, None] + self.bias + (self.state(states) @ self.content(answers).T).float()
        return found * self.shrink[1] + self.shrink[0]  # type: ignore[no-any-return]

    def loss(self, states: Tensor, answers: Tensor, batch: Packed) -> Tensor:
        """Mean squared error over the positions whose next event has a value."""
        targets, wanted, weights = batch.targets, batch.target_values, batch.weights
        if targets is None or wanted is None or weights is None or batch.values is None:
            raise TypeError("a training batch of a log with values carries its targets")
        known = ~wanted.isnan() & (weights > 0)
        found = self(states, answers, targets, batch.values[:, USUAL])
        each = torch.where(known, found - wanted.nan_to_num(), 0.0).square()
        return each.sum() / known.sum().clamp_min(1)

    def calibrate(self, found: npt.NDArray[np.float64], came: npt.NDArray[np.float64]) -> None:
        """Draw predictions to their mean as far as validation says, and learn how far off they are."""
        known = ~np.isnan(came)
        found, came = found[known], came[known]
        if len(came) < 20 or float(found.std()) < _LEAST_SPREAD:
            return
        slope = float(np.clip(np.cov(found, came)[0, 1] / found.var(ddof=1), 0.0, 1.5))
        shift = float(came.mean() - slope * found.mean())
        self.shrink.copy_(torch.tensor([shift, slope]))
        self.left.fill_(max(float(np.std(came - shift - slope * found)), _LEAST_SPREAD))


def usual_of(batch: Packed) -> Tensor:
    """(Q,) the usual value of each history's person, at its last token."""
    return torch.zeros_like(batch.last).float() if batch.values is None else batch.values[batch.last, USUAL]


def log_likely(found: Tensor, left: float, at_least: float) -> Tensor:
    """Log of the chance that a value reaches ``at_least``, errors being normal with deviation ``left``."""
    return torch.special.log_ndtr((found - at_least) / max(left, _LEAST_SPREAD))  # type: ignore[no-any-return]


def _means(groups: npt.NDArray[np.integer], values: Floats, n: int) -> npt.NDArray[np.float64]:
    """(n,) mean of each group, drawn to 0 by :data:`ADDED` values."""
    total = np.bincount(groups, values, n)
    return np.asarray(total / (np.bincount(groups, minlength=n) + ADDED))
