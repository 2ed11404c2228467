"""Cross-entropy over a set of candidates, whole catalogue or sample, that never holds positions × candidates.

Rows are taken in chunks that fit the cache; each chunk's loss and gradient are computed in the same pass, so that the
logits are multiplied once and written nowhere else::

    loss_t = log( exp(h_t · w_target) + Σ_j exp(h_t · w_j + log_weight_j) ) - h_t · w_target        j ≠ target

Shapes: T positions, D width, K candidates.

References
----------
Wijmans et al., "Cut Your Losses in Large-Vocabulary Language Models", ICLR 2025 (no N × V in memory).
Bengio and Senécal, "Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic Language Model",
IEEE TNN 2008 (the log-Q correction).
"""

from typing import Any

import torch
from torch import Tensor

_LOGITS_AT_ONCE = 1 << 20
"""4 MiB of float32: a chunk stays in the cache between its passes."""


class _CandidateSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, states: Tensor, wanted: Tensor, candidates: Tensor, log_weights: Tensor, columns: Tensor
    ) -> Tensor:
        n = len(states)
        compute = torch.bfloat16 if torch.is_autocast_enabled(states.device.type) else torch.float32
        hidden, table = states.detach().to(compute), candidates.detach().to(compute)
        own = (states.detach().float() * wanted.detach().float()).sum(1)
        grad_states = torch.empty_like(states, dtype=torch.float32)
        grad_table = torch.zeros_like(candidates, dtype=torch.float32)
        surprise, pull = torch.empty(n, device=states.device), torch.empty(n, device=states.device)
        step = max(16, _LOGITS_AT_ONCE // max(1, len(candidates)))
        for start in range(0, n, step):
            part = slice(start, min(start + step, n))
            logits = torch.mm(hidden[part], table.T).float() + log_weights
            found = (columns[part] >= 0).nonzero().squeeze(1)
            logits[found, columns[part][found]] = -torch.inf
            top = torch.maximum(logits.amax(1), own[part])
            logits.sub_(top[:, None]).exp_()
            own_part = (own[part] - top).exp_()
            total = logits.sum(1).add_(own_part)
            surprise[part] = total.log() + top - own[part]
            shares = logits.div_(total[:, None]).to(compute)
            pull[part] = own_part / total - 1.0
            grad_states[part] = torch.mm(shares, table).float()
            grad_table += torch.mm(shares.T, hidden[part])
        grad_states.addcmul_(wanted.detach().float(), pull[:, None])
        ctx.save_for_backward(grad_states, grad_table, pull, states)
        return surprise.mean()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        grad_states, grad_table, pull, states = ctx.saved_tensors
        scale = grads[0] / len(states)
        wanted = states.float() * (pull * scale)[:, None]
        return (grad_states * scale).to(states.dtype), wanted, grad_table * scale, None, None


def candidate_softmax(
    states: Tensor, wanted: Tensor, candidates: Tensor, log_weights: Tensor, columns: Tensor
) -> Tensor:
    """Mean loss of T positions.

    Parameters
    ----------
    states : (T, D)
        What the network knows at each position.
    wanted : (T, D)
        The table's row of each position's target.
    candidates : (K, D)
        The table's rows of the candidates.
    log_weights : (K,)
        Added to the candidates' logits (log-Q correction).
    columns : (T,) int64
        Where the target stands among the candidates, -1 where it does not: it is counted once.
    """
    return _CandidateSoftmax.apply(states, wanted, candidates, log_weights, columns)  # type: ignore[no-any-return,no-untyped-call]
