"""Whether the next event returns to an item of the history, and to which.

In a shop's log every other event is on an item the person already met, most of them items that nobody else ever met:
no embedding can learn those, but the history names them. So two ways of going on are mixed, as a pointer network does::

    P(item)  =  (1 - g) · softmax over the catalogue  +  g · Σ attention to the history's events on that item

The gate g and the attention are read off the state after the history.

Shapes: T tokens in N bins of W places, A of them asked, Q questions, I items, D width.

References
----------
Ren et al., "RepeatNet: A Repeat Aware Neural Recommendation Machine for Session-based Recommendation", AAAI 2019.
See, Liu and Manning, "Get To The Point: Summarization with Pointer-Generator Networks", ACL 2017.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from swayline.models.sequence.batches import Packed

_FAR = 512
_NEVER = -1e9
_LEAST = 1e-9
_SELDOM = -2.0
"""The gate's first logit: about one event in eight."""
_FASTER = 10.0
"""Numbers that stand alone move this much faster than a weight among many."""


@dataclass(frozen=True)
class Returns:
    """For Q questions: how likely something new comes, and each event of the history again."""

    log_new: Tensor
    """(Q,) log (1 - g)."""
    again: Tensor
    """(Q, W) g times the attention to each place; 0 where no event stands."""
    items: Tensor
    """(Q, W) the item of each place; any where no event stands."""

    def mixed(self, logits: Tensor) -> Tensor:
        """(Q, I) log-probabilities of the mixture, from the catalogue's logits."""
        found = logits.float().log_softmax(1) + self.log_new[:, None]
        alike = self.items[:, :, None] == self.items[:, None, :]
        total = (alike * self.again[:, None, :]).sum(2)  # of each place's item, over all its places
        there = torch.logaddexp(found.gather(1, self.items), total.clamp_min(1e-38).log())
        return found.scatter_(1, self.items, there)


class RepeatHead(nn.Module):
    """The gate and the attention to what was met."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(dim, dim, bias=False), nn.Linear(dim, dim, bias=False)
        self.gate = nn.Linear(dim, 1)
        self.often = nn.Parameter(torch.full((1,), _SELDOM / _FASTER))
        self.by_place = nn.Parameter(-torch.arange(1.0, _FAR + 1).log() / _FASTER)  # what is near returns sooner

    def attention(self, states: Tensor, past: Tensor, events: Tensor, apart: Tensor) -> Tensor:
        """(N, A, W) shares of each event, 0 where ``events`` (N, A, W) is false.

        ``states`` (N, A, D) ask, ``past`` (N, W, D) answers, ``apart`` (A, W) or (N, A, W) places lie between.
        """
        scores = self.query(states) @ self.key(past).transpose(1, 2) * past.shape[-1] ** -0.5
        scores = scores.float() + self.by_place[apart.clamp(0, _FAR - 1)] * _FASTER
        return scores.masked_fill(~events, _NEVER).softmax(-1) * events  # type: ignore[no-any-return]

    def log_gate(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Log (1 - g) and log g of each state."""
        logit = self.gate(states).squeeze(-1).float() + self.often * _FASTER
        return F.logsigmoid(-logit), F.logsigmoid(logit)

    def of_batch(self, states: Tensor, batch: Packed, n_items: int) -> tuple[Tensor, Tensor]:
        """For each of T tokens: log (1 - g), and the log of g times the attention to events on its target."""
        if batch.targets is None:
            raise TypeError("a training batch carries its targets")
        n_bins, _, width, _ = batch.visible.shape
        items, targets = batch.items.view(n_bins, width), batch.targets.view(n_bins, width)
        shares = self.shares(states, batch, n_items)
        found = (shares * (items[:, None, :] == targets[:, :, None])).sum(-1).view(-1)
        log_new, log_again = self.log_gate(states)
        return log_new, log_again + (found + _LEAST).log()

    def shares(self, states: Tensor, batch: Packed, n_items: int) -> Tensor:
        """(N, W, W) of a batch."""
        n_bins, _, width, _ = batch.visible.shape
        inside = states.view(n_bins, width, -1)
        place = torch.arange(width, device=states.device)
        events = batch.visible[:, 0] & (batch.items.view(n_bins, 1, width) != n_items)
        return self.attention(inside, inside, events, place[:, None] - place[None, :])

    def returns(self, states: Tensor, batch: Packed, n_items: int) -> Returns:
        """What each history of a batch of questions may return to; ``states`` (T, D) are those of all tokens."""
        width = batch.visible.shape[-1]
        row, place = batch.last // width, batch.last % width
        return self.returns_of(
            states[batch.last], self.shares(states, batch, n_items)[row, place],
            batch.items.view(-1, width)[row], n_items,
        )  # fmt: skip

    def returns_of(self, states: Tensor, shares: Tensor, items: Tensor, n_items: int) -> Returns:
        """The same from (Q, D) states, (Q, W) shares and the (Q, W) items they belong to."""
        log_new, log_again = self.log_gate(states)
        none = shares.sum(1) <= 0  # no event, so what comes is new
        log_new = torch.where(none, torch.zeros_like(log_new), log_new)
        return Returns(log_new, shares * log_again.exp()[:, None], torch.where(items < n_items, items, 0))
