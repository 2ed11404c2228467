"""Items that a batch is told apart from: drawn once, shared by all its positions, each at most once.

Shapes: K candidates, T positions, I items.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_ROUND = 256
_NEVER = -1e9


@dataclass(frozen=True)
class Candidates:
    """The drawn items and how much of the catalogue each stands for."""

    items: Tensor
    """(K,) item rows, each once, the filling aside."""
    log_weights: Tensor
    """(K,), or (1,) for all alike: minus the log of the chance to be drawn; 0 where no correction is wanted."""
    columns: Tensor
    """(T,) where each position's own target stands among them, -1 where it does not."""


def draw(
    targets: Tensor,
    predicted: Tensor,
    n: int,
    share: Tensor | None,
    corrected: bool,
    n_items: int,
    generator: torch.Generator,
) -> Candidates:
    """Draw ``n`` items uniformly without repeats and, given their ``share`` (I,) of all targets, add the batch's own.

    An item's chance to be among them is π = 1 - (1 - n/I)(1 - share)^predicted; weighting by 1/π makes the sampled sum
    of exponentials an unbiased stand-in for the sum over the whole catalogue (Horvitz and Thompson, 1952).

    Parameters
    ----------
    targets : (T,) int64
        The item wanted at each position.
    predicted : (T,) bool
        Positions that predict anything.
    """
    n, device = min(n, n_items), targets.device
    items = _distinct(n, n_items, generator).to(device)
    log_weights = torch.full((1,), math.log(n_items / n) if corrected else 0.0, device=device)
    if share is not None:
        items, log_weights = _joined(items, targets[predicted], n, share, corrected)
    column = torch.full((n_items,), -1, dtype=torch.int64, device=device)
    real = items[: int((log_weights > _NEVER).sum())] if len(log_weights) > 1 else items
    column[real] = torch.arange(len(real), device=device)
    return Candidates(items, log_weights, column[targets])


def _joined(items: Tensor, targets: Tensor, n: int, share: Tensor, corrected: bool) -> tuple[Tensor, Tensor]:
    """The drawn items and the batch's targets, filled up to a round number with items that count for nothing.

    The round number keeps the shapes of products few (see :mod:`~swayline.models.sequence.batching.layout`).
    """
    chosen = torch.zeros(len(share), dtype=torch.bool, device=items.device)
    chosen[items] = True
    chosen[targets] = True
    found = chosen.nonzero().squeeze(1)
    missed = (1.0 - n / len(share)) * (1.0 - share[found]) ** len(targets)
    log_weights = -(1.0 - missed).log().float() if corrected else torch.zeros(len(found), device=items.device)
    filling = -len(found) % _ROUND
    return (
        torch.cat([found, found.new_zeros(filling)]),
        torch.cat([log_weights, log_weights.new_full((filling,), _NEVER)]),
    )


def _distinct(n: int, n_items: int, generator: torch.Generator) -> Tensor:
    """(n,) different items: a shuffle of small catalogues, draws with a second try for repeats in large ones."""
    if n * 4 >= n_items or n_items <= 1 << 16:
        return torch.randperm(n_items, generator=generator)[:n]
    found = torch.empty(0, dtype=torch.int64)
    while len(found) < n:
        more = torch.randint(n_items, (n,), generator=generator)
        found = torch.unique(torch.cat([found, more]))
    return found[torch.randperm(len(found), generator=generator)[:n]]
