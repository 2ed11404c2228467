"""How much each training history pulled at one answer: products of gradients of the last layer, at the fitted weights.

The loss of a token is the cross-entropy of what came next among all items, so its gradient in the items' answers is
(probabilities - what came) ⊗ state. The product of two such gradients needs neither of them whole::

    g(t) · g(q)  =  (state of t · state of q) · ((p_t - y_t) · (p_q - y_q))

Only the answers' part of the weights is followed, and one checkpoint: the fitted one.

Shapes: U training histories, Q questions, T tokens, W width, I items.

References
----------
Pruthi, Liu, Kale and Sundararajan, "Estimating Training Data Influence by Tracing Gradient Descent" (TracIn), NeurIPS
2020 (last layer, one checkpoint).
"""

import numpy as np
import torch
from torch import Tensor

from swayline.core.errors import UsageError
from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.models.sequence.serving.scorer import Scorer


def gradient_products(scorer: Scorer, train: Sequences, history: Sequences, items: Ints) -> Floats:
    """(U, Q) of every training history and every question (a history and an item each); above 0 it speaks for it.

    Raises
    ------
    UsageError
        The objective does not predict each event from those before it.
    """
    if scorer.settings.objective != "next-item":
        raise UsageError(f"objective {scorer.settings.objective} has no loss after each event: TracIn needs next-item")
    with torch.no_grad():
        answers = scorer.network.answers()
        asked = torch.empty(len(history), answers.shape[1], device=answers.device)
        for rows, batch in scorer.batches(history):
            asked[torch.from_numpy(rows).to(answers.device)] = scorer.network(batch, last_only=True)
        wanted = torch.from_numpy(items.astype(np.int64)).to(answers.device)
        misses = (asked @ answers.T).softmax(1)  # (Q, I)
        misses[torch.arange(len(wanted)), wanted] -= 1.0
        found = np.zeros((len(train), len(history)))
        for rows, batch in scorer.batches(train):
            states = scorer.network(batch)
            tokens, targets, row = _predicting(train, rows, scorer.sizes.max_length, batch.last)
            found[rows] = _summed(states[tokens], targets, row, len(rows), answers, asked, misses)
    return found


def _predicting(train: Sequences, rows: Ints, longest: int, last: Tensor) -> tuple[Tensor, Tensor, Ints]:
    """(T,) the tokens that predict an event, the items that came, and each token's history among ``rows``."""
    read = np.minimum(train.lengths[rows], longest)
    row = np.repeat(np.arange(len(rows)), read)
    within = np.arange(len(row)) - np.repeat(np.cumsum(read) - read, read)
    ends = last.cpu().numpy()
    tokens = (ends - read)[row] + within
    source = (train.offsets[1:][rows] - read)[row] + within
    targets = train.items[source].astype(np.int64)
    return torch.from_numpy(tokens).to(last.device), torch.from_numpy(targets).to(last.device), row


def _summed(
    states: Tensor, targets: Tensor, row: Ints, n: int, answers: Tensor, asked: Tensor, misses: Tensor
) -> Floats:
    """(n, Q) sums over each history's tokens, a part of the tokens at a time."""
    found = torch.zeros(n, len(asked), dtype=torch.float64, device=states.device)
    owner = torch.from_numpy(row).to(states.device)
    step = max(1, (1 << 24) // len(answers))
    for start in range(0, len(states), step):
        part = slice(start, start + step)
        chances = (states[part] @ answers.T).softmax(1)
        chances[torch.arange(len(chances)), targets[part]] -= 1.0
        products = (states[part] @ asked.T) * (chances @ misses.T)  # (T, Q)
        found.index_add_(0, owner[part], products.double())
    return found.cpu().numpy()
