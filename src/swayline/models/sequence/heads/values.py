"""What events were worth to people (stars, seconds, prices): read with each event, and foretold of the next.

Values of each behaviour are brought to one scale (mean 0, deviation 1, cut at 4), so that stars and seconds can stand
in one history. A person's usual value at an event is the mean of those up to it, drawn to 0 by :data:`ADDED` events::

    value        1.2   -     .3
    usual        .2    .2    .21          (ADDED = 5)
    read         value, value - usual, usual, known      zeros where an event has no value

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

from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.models.sequence.batching.batches import Packed

ADDED = 5.0
"""Events of the log's mean value that every person, and every item's bias, is given."""
N_READ = 4
_USUAL, _MOST, _WIDTH = 2, 4.0, 32
_LEAST_SPREAD = 1e-6
Floats32 = npt.NDArray[np.float32]


def features(values: Floats, row: Ints) -> Floats32:
    """(S, 4) value, value - usual, usual, known of (S,) scaled values (NaN: none) in histories ``row`` (S,).

    >>> features(np.array([1.2, np.nan]), np.array([0, 0])).round(2).tolist()
    [[1.2000000476837158, 1.0, 0.20000000298023224, 1.0], [0.0, 0.0, 0.20000000298023224, 0.0]]
    """
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    first = np.flatnonzero(np.diff(row, prepend=-1))
    place = np.cumsum(np.diff(row, prepend=-1) != 0) - 1
    total, count = np.cumsum(filled), np.cumsum(known)
    total = total - (total[first] - filled[first])[place] if len(row) else total
    count = count - (count[first] - known[first])[place] if len(row) else count
    usual = total / (count + ADDED)
    return np.stack([filled, np.where(known, filled - usual, 0.0), usual, known], axis=1).astype(np.float32)


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
        found = self(states, answers, targets, batch.values[:, _USUAL])
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
    return torch.zeros_like(batch.last).float() if batch.values is None else batch.values[batch.last, _USUAL]


def log_likely(found: Tensor, left: float, at_least: float) -> Tensor:
    """Log of the chance that a value reaches ``at_least``, errors being normal with deviation ``left``."""
    return torch.special.log_ndtr((found - at_least) / max(left, _LEAST_SPREAD))  # type: ignore[no-any-return]


def _means(groups: npt.NDArray[np.integer], values: Floats, n: int) -> npt.NDArray[np.float64]:
    """(n,) mean of each group, drawn to 0 by :data:`ADDED` values."""
    total = np.bincount(groups, values, n)
    return np.asarray(total / (np.bincount(groups, minlength=n) + ADDED))
