"""What a person did so far, of each behaviour: in all, and to the item in question.

Counted inside the batch, over the events that a token may look at, so that nothing of the future is in it and training
and questions count alike.

Shapes: T tokens in N bins of W places, B behaviours.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from swayline.models.sequence.batching.packed import Packed

_ADDED = 10.0
"""Events of an average person that every person is given."""


def habits(batch: Packed, shares: Tensor) -> Tensor:
    """(T, B) log-odds of each behaviour among the events before, drawn to the log's ``shares`` (B,)."""
    done = _counted(batch, batch.visible[:, 0], len(shares)) + _ADDED * shares
    others = done.sum(1, keepdim=True) - done
    return done.clamp_min(1e-3).log() - others.clamp_min(1e-3).log()


def met(batch: Packed, items: Tensor, n_behaviors: int) -> Tensor:
    """(T, B) log (1 + how often each behaviour was done to the token's one of ``items`` (T,))."""
    width = batch.visible.shape[-1]
    alike = batch.items.view(-1, 1, width) == items.view(-1, width, 1)
    return _counted(batch, batch.visible[:, 0] & alike, n_behaviors).log1p()


def _counted(batch: Packed, seen: Tensor, n_behaviors: int) -> Tensor:
    """(T, B) events of each behaviour among those that (N, W, W) ``seen`` lets each token see."""
    width = seen.shape[-1]
    done = F.one_hot(batch.behaviors.clamp_max(n_behaviors), n_behaviors + 1)[:, :-1].float()
    with torch.autocast(seen.device.type, enabled=False):
        return (seen.float() @ done.view(-1, width, n_behaviors)).view(-1, n_behaviors)
