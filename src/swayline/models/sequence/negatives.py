"""Items that a batch is told apart from: drawn once, shared by all its positions, each at most once.

Shapes: K candidates, T positions, I items.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Candidates:
    """The drawn items and how much of the catalogue each stands for."""

    items: Tensor
    """(K,) unique item rows."""
    log_weights: Tensor
    """(K,) minus the log of each item's chance to be drawn: zeros where no correction is wanted."""
    columns: Tensor
    """(T,) where each position's own target stands among them, -1 where it does not."""


def draw(
    targets: Tensor, n: int, share: Tensor | None, n_items: int, corrected: bool, generator: torch.Generator
) -> Candidates:
    """Draw ``n`` items uniformly without repeats and, given their ``share`` (I,) of all targets, add the batch's own.

    An item's chance to be among them is π = 1 - (1 - n/I)(1 - share)^T; weighting by 1/π makes the sampled sum of
    exponentials an unbiased stand-in for the sum over the whole catalogue (Horvitz and Thompson, 1952).
    """
    device = targets.device
    n = min(n, n_items)
    chosen = torch.zeros(n_items, dtype=torch.bool)
    chosen[_distinct(n, n_items, generator)] = True
    chosen = chosen.to(device)
    if share is not None:
        chosen[targets] = True
    items = chosen.nonzero().squeeze(1)
    place = torch.full((n_items,), -1, dtype=torch.int64, device=device)
    place[items] = torch.arange(len(items), device=device)
    if not corrected:
        weights = torch.zeros(len(items), device=device)
    else:
        missed = torch.full((len(items),), 1.0 - n / n_items, device=device, dtype=torch.float64)
        if share is not None:
            missed *= (1.0 - share[items].double()) ** len(targets)
        weights = -(1.0 - missed).log().float()
    return Candidates(items, weights, place[targets])


def _distinct(n: int, n_items: int, generator: torch.Generator) -> Tensor:
    """(n,) different items: a shuffle of small catalogues, draws with a second try for repeats in large ones."""
    if n * 4 >= n_items or n_items <= 1 << 16:
        return torch.randperm(n_items, generator=generator)[:n]
    found = torch.empty(0, dtype=torch.int64)
    while len(found) < n:
        more = torch.randint(n_items, (n,), generator=generator)
        found = torch.unique(torch.cat([found, more]))
    return found[torch.randperm(len(found), generator=generator)[:n]]
