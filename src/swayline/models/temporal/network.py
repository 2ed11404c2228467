"""A small network over the features of an item: one score, learned to tell the item that came from the others.

::

    score = w · relu(B relu(A x + a) + b) + v · x        x: features, each less its mean, over its spread

Shapes: Q questions, C candidates, F features.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from swayline.core.rng import generator
from swayline.numerics.schedules import cosine
from swayline.numerics.training_loop import Descent, Limits, Trained, train

Part = tuple[Tensor, Tensor]
Parts = Callable[[int], Iterable[Part]]
_BATCH = 64
_ROWS_AT_ONCE = 1 << 12
_WARMUP = 20
_FAR = 8.0
"""Spreads from the mean beyond which a feature says no more."""
_SPREAD = 1e-3
"""Below it a feature says nothing and is left at zero."""


class Scorer(nn.Module):
    """Features to a score; ``mean`` and ``scale`` are of the rows it learned from."""

    mean: Tensor
    scale: Tensor

    def __init__(self, n_features: int, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        self.first = nn.Linear(n_features, width)
        self.second = nn.Linear(width, width // 2)
        self.last = nn.Linear(width // 2, 1, bias=False)
        self.direct = nn.Linear(n_features, 1, bias=False)

    def start(self, seed: int, rows: Tensor) -> None:
        """Draw the first weights from the seed, and take means and spreads from rows (n, F)."""
        draws = torch.Generator().manual_seed(int(generator(seed, "temporal weights").integers(2**62)))
        with torch.no_grad():
            for name, weights in self.named_parameters():
                if weights.ndim > 1 and not name.startswith("direct"):
                    weights.normal_(0.0, (2.0 / weights.shape[1]) ** 0.5, generator=draws)
                else:
                    weights.zero_()
            spread = rows.std(dim=0, correction=0)
            self.mean.copy_(rows.mean(dim=0))
            self.scale.copy_(torch.where(spread > _SPREAD, 1.0 / spread.clamp_min(_SPREAD), torch.zeros_like(spread)))

    def forward(self, features: Tensor) -> Tensor:
        """(…, F) → (…) scores."""
        x = ((features - self.mean) * self.scale).clamp(-_FAR, _FAR)
        hidden = torch.relu(self.second(torch.relu(self.first(x))))
        return (self.last(hidden) + self.direct(x)).squeeze(-1)  # type: ignore[no-any-return]


def learn(
    network: Scorer, parts: Parts, n_questions: int, *, max_epochs: int, learning_rate: float, seed: int,
    asked: Part | None = None,
) -> Trained:  # fmt: skip
    """Train on questions whose answer is the first candidate, part after part.

    Parameters
    ----------
    parts : callable
        Epoch (from 1) → (Q, C, F) features and (Q, C) offsets: the logarithm of how many items a candidate stands for,
        below zero where it is there twice and counts for nothing.
    n_questions : int
        Of all parts.
    asked : (features, offset), optional
        Not learned from: the epoch with the best NDCG@10 among their candidates is kept.
    """
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=1e-3)
    steps = max_epochs * -(-n_questions // _BATCH)

    def losses(epoch: int) -> Iterator[tuple[Tensor, int]]:
        rng = generator(seed, "temporal batches", str(epoch))
        for features, offset in parts(epoch):
            for rows in torch.split(torch.from_numpy(rng.permutation(len(features))), _BATCH):
                logits = network(features[rows]) + offset[rows]
                yield nn.functional.cross_entropy(logits, torch.zeros(len(rows), dtype=torch.long)), len(rows)

    return train(
        network, losses, Descent(optimizer, max_gradient=1.0), Limits(max_epochs, patience=3), "temporal",
        rates=lambda step: [cosine(learning_rate, step, steps, _WARMUP)],
        judge=None if asked is None else lambda: _quality(network, *asked),
    )  # fmt: skip


def _quality(network: Scorer, features: Tensor, offset: Tensor) -> float:
    """NDCG@10 among the candidates."""
    total = 0.0
    with torch.no_grad():
        for rows in torch.split(torch.arange(len(features)), 256):
            logits = network(features[rows]).masked_fill(offset[rows] < 0, -torch.inf)
            better = (logits[:, 1:] >= logits[:, :1]).sum(dim=1).double()
            total += float(torch.where(better < 10, 1 / torch.log2(better + 2), 0.0).sum())
    return total / len(features)


def scores_of(network: Scorer, features: np.ndarray) -> np.ndarray:
    """(Q, I, F) → (Q, I) float32: :meth:`Scorer.forward` in pieces that stay in the processor's cache."""
    flat = torch.from_numpy(features).reshape(-1, features.shape[-1])
    found = torch.empty(len(flat))
    with torch.no_grad():
        first, second = network.first.weight.T.contiguous(), network.second.weight.T.contiguous()
        last, direct = network.last.weight[0].contiguous(), network.direct.weight[0].contiguous()
        for start in range(0, len(flat), _ROWS_AT_ONCE):
            x = (flat[start : start + _ROWS_AT_ONCE] - network.mean).mul_(network.scale).clamp_(-_FAR, _FAR)
            hidden = torch.addmm(network.first.bias, x, first).relu_()
            hidden = torch.addmm(network.second.bias, hidden, second).relu_()
            found[start : start + len(x)] = (hidden @ last).add_(x @ direct)
    return found.reshape(features.shape[:2]).numpy()
