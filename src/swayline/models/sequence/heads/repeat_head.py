"""Whether the next event returns to an item of the history, and to which.

In a shop's log every other event is on an item the person already met, most of them items that nobody else ever met:
no embedding can learn those, but the history names them. So two ways of going on are mixed, as a pointer network does::

    P(item)  =  (1 - g) · softmax over the catalogue  +  g · softmax over the items of the history

The gate g and the choice among what was met are read off the states and off what the history counts (how often, by
which behaviour, how lately; see :mod:`~swayline.models.sequence.heads.repeat_features`).

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

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.heads.repeat_features import Asked, look_back, n_asking_features, n_pair_features

_FAR = 512
_HIDDEN = 64
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
    """(Q, W) g times the share of each place's item, at its latest place; 0 elsewhere."""
    items: Tensor
    """(Q, W) the item of each place; any where no event stands."""

    def mixed(self, logits: Tensor) -> Tensor:
        """(Q, I) log-probabilities of the mixture, from the catalogue's logits."""
        found = logits.float().log_softmax(1) + self.log_new[:, None]
        alike = self.items[:, :, None] == self.items[:, None, :]
        total = (alike * self.again[:, None, :]).sum(2)  # of each place's item, over all its places
        there = torch.logaddexp(found.gather(1, self.items), total.clamp_min(1e-38).log())
        return found.scatter_(1, self.items, there)

    def mixed_pairs(self, logits: Tensor, wholes: Tensor, at: Tensor, wanted: Tensor) -> Tensor:
        """(R,) what :meth:`mixed` says of the items ``wanted`` (R,) after the histories ``at`` (R,).

        Parameters
        ----------
        logits : (R,) the catalogue's, of those items
        wholes : (Q,) log of the sum of exp of all logits of a history
        """
        found = logits - wholes[at] + self.log_new[at]
        alike = self.items[at] == wanted[:, None]  # (R, W)
        total = (alike * self.again[at]).sum(1)
        return torch.where(alike.any(1), torch.logaddexp(found, total.clamp_min(1e-38).log()), found)


class RepeatHead(nn.Module):
    """The gate and the choice among what was met."""

    def __init__(self, dim: int, n_behaviors: int, reads_request: bool = False) -> None:
        super().__init__()
        self.n_behaviors, self.reads_request = n_behaviors, reads_request
        self.query, self.key = nn.Linear(dim, dim, bias=False), nn.Linear(dim, dim, bias=False)
        self.gate = nn.Linear(dim, 1)
        self.often = nn.Parameter(torch.full((1,), _SELDOM / _FASTER))
        self.by_asking = nn.Parameter(torch.zeros(n_asking_features(reads_request)))
        self.hidden = nn.Linear(n_pair_features(n_behaviors, reads_request), _HIDDEN)
        self.out = nn.Linear(_HIDDEN, 1, bias=False)
        self.by_place = nn.Parameter(-torch.arange(1.0, _FAR + 1).log() / _FASTER)  # what is near returns sooner

    def quick(self) -> list[nn.Parameter]:
        """The few numbers that weigh counts: hundreds of steps must place them, before ids are learned by heart."""
        return [self.often, self.by_asking, *self.hidden.parameters(), *self.out.parameters(), self.by_place]

    @property
    def log_odds(self) -> float:
        """The gate's own log-odds, before what states and counts add."""
        return float(self.often.detach().item()) * _FASTER

    def set_log_odds(self, value: float) -> None:
        """Begin from, or go on with, another gate."""
        with torch.no_grad():
            self.often.fill_(value / _FASTER)

    def among(
        self, states: Tensor, past: Tensor, asked: Asked, codes: Tensor, needed: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(R, A, W) shares of the items met, each at its latest place, and (R, A) log (1 - g) and log g.

        ``states`` (R, A, D) ask, ``past`` (R, W, D) answers; ``codes`` (I + 1, C) are the items' attributes. Shares
        are 0 where ``needed`` (R, A) says that nobody reads them.
        """
        met = look_back(asked, codes, self.n_behaviors, self.reads_request, needed)
        scores = (self.query(states) @ self.key(past).transpose(1, 2)).float() * past.shape[-1] ** -0.5
        with torch.autocast(states.device.type, enabled=False):  # the number of pairs is never the same: see `batches`
            counted = self.out(F.silu(self.hidden(met.pairs * _FASTER))).squeeze(1)
        counted = counted + self.by_place[met.apart.clamp_max(_FAR - 1)]
        known = torch.full_like(scores, _NEVER)
        known[met.latest] = scores[met.latest] + counted * _FASTER
        shares = known.softmax(-1) * met.latest
        logit = self.gate(states).squeeze(-1).float() + (met.asking @ self.by_asking + self.often) * _FASTER
        return shares, F.logsigmoid(-logit), F.logsigmoid(logit)

    def of_batch(self, states: Tensor, batch: Packed, codes: Tensor) -> tuple[Tensor, Tensor]:
        """For each of T tokens: log (1 - g), and the log of g times the share of its target."""
        if batch.targets is None:
            raise TypeError("a training batch carries its targets")
        asked = Asked.all_of(batch, len(codes) - 1)
        inside = states.view(*asked.items.shape, -1)
        there = asked.items[:, None, :] == batch.targets.view(asked.items.shape)[:, :, None]
        # Where the target was never met its share is 0, whatever was: half the pairs of a shop's log.
        returns = (there & asked.visible).any(-1)
        shares, log_new, log_again = self.among(inside, inside, asked, codes, returns)
        found = (shares * there).sum(-1)
        return log_new.view(-1), (log_again + (found + _LEAST).log()).view(-1)

    def returns(self, states: Tensor, batch: Packed, codes: Tensor) -> Returns:
        """What each history of a batch of questions may return to; ``states`` (T, D) are those of all tokens."""
        asked, token = Asked.last_of(batch, len(codes) - 1)
        return self.returns_of(states[batch.last], states[token], asked, codes)

    def returns_of(self, states: Tensor, past: Tensor, asked: Asked, codes: Tensor) -> Returns:
        """The same from (Q, D) states, the (Q, W, D) past they look back at and who asks (R = Q, A = 1)."""
        shares, log_new, log_again = (x[:, 0] for x in self.among(states[:, None], past, asked, codes))
        none = shares.sum(1) <= 0  # no event, so what comes is new
        log_new = torch.where(none, torch.zeros_like(log_new), log_new)
        n_items = len(codes) - 1
        return Returns(log_new, shares * log_again.exp()[:, None], torch.where(asked.items < n_items, asked.items, 0))
