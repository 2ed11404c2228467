"""How much the likeness of titles says about what comes next, measured before anything is learned.

The strength s makes the items that followed likeliest, each among items that followed somebody else::

    P (j follows i)  ∝  exp( s · cosine(text of i, text of j) )

It is near 0 where titles say nothing, and larger the more alike titles are that follow one another. It then stays as it
is: learned with the ids it would fade, since these memorise the training histories.

Shapes: P pairs, I items, F features, K others.
"""

import torch
from torch import Tensor

_OTHERS = 1024
_GRID = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0)


def strength(told: Tensor, pairs: Tensor, generator: torch.Generator) -> float:
    """The likeliest strength for (I, F) features of length one and (P, 2) items that followed one another.

    >>> told, pairs = torch.eye(8), torch.tensor([[0, 0], [1, 1], [2, 2], [3, 3]])
    >>> strength(told, pairs, torch.Generator().manual_seed(0))
    16.0
    >>> strength(told, pairs.flip(0) * torch.tensor([1, 0]), torch.Generator().manual_seed(0))
    0.0
    """
    if not len(pairs):
        return 0.0
    drawn = pairs[torch.randint(len(pairs), (_OTHERS,), generator=generator), 1]
    before, after = told[pairs[:, 0]], told[pairs[:, 1]]
    own, others = (before * after).sum(1, keepdim=True), before @ told[drawn].T
    others = others.masked_fill(drawn[None] == pairs[:, 1:], -torch.inf)
    found = [
        float((torch.cat([s * own, torch.where(others.isinf(), others, s * others)], 1).log_softmax(1)[:, 0]).mean())
        for s in _GRID
    ]
    return _GRID[max(range(len(_GRID)), key=found.__getitem__)]
