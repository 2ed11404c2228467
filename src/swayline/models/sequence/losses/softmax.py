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

from swayline.models.sequence.device import kind_of

_LOGITS_AT_ONCE = {"cpu": 1 << 20, "gpu": 1 << 27}
"""On a CPU 2 MiB of bfloat16, so that a chunk stays in the cache between its passes; on a GPU work for all of it."""
_ROWS = 64
"""At least so many rows a chunk, or the product would be slow: 128 MB of logits for a million items."""
_COLUMNS = 1 << 17
"""Candidates whose gradient is added at a time: the product is held beside the sum."""
_NEVER = -1e9


class _CandidateSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, wanted: Tensor, candidates: Tensor, *rest: Any) -> Tensor:
        log_weights, columns, weights, log_new, log_again = rest
        compute = torch.bfloat16 if torch.is_autocast_enabled(states.device.type) else torch.float32
        hidden, table = states.detach().to(compute), candidates.detach().to(compute)
        own = (states.detach().float() * wanted.detach().float()).sum(1)
        grad_states = torch.empty(states.shape, dtype=torch.float32, device=states.device)
        grad_table = torch.zeros(candidates.shape, dtype=torch.float32, device=states.device)
        surprise, pull, drawn = torch.empty_like(own), torch.empty_like(own), torch.ones_like(own)
        at_once = _LOGITS_AT_ONCE[kind_of(states.device)]
        step = min(len(states), max(_ROWS, at_once // max(1, len(candidates))))
        for start in range(0, len(states), step):
            part = slice(start, start + step)
            shares, log_sum = _softmax(_logits(hidden[part], table, log_weights), log_weights, columns[part])
            log_total = torch.logaddexp(log_sum, own[part])
            surprise[part] = log_total - own[part]
            counted = weights[part]
            own_share = (-surprise[part]).exp()
            if log_new is not None:
                new = log_new[part] - surprise[part]
                surprise[part] = -torch.logaddexp(new, log_again[part])
                drawn[part] = (new + surprise[part]).exp()  # how surely the target came from the catalogue
                counted = counted * drawn[part]
            pull[part] = (1.0 - own_share) * counted
            others = (log_sum - log_total).exp_() * counted
            grad_states[part] = torch.mm(shares, table).float() * others[:, None]
            pushed = hidden[part] * others[:, None].to(compute)
            for first in range(0, len(table), _COLUMNS):
                some = slice(first, first + _COLUMNS)
                grad_table[some] += torch.mm(shares[:, some].T, pushed)
        grad_states.addcmul_(wanted.detach().float(), pull[:, None], value=-1.0)
        scale = 1.0 / weights.sum().clamp_min(1.0)
        ctx.save_for_backward(grad_states, grad_table, pull, states, scale, weights, drawn)
        ctx.mixed = log_new is not None
        return (surprise * weights).sum() * scale  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        grad_states, grad_table, pull, states, scale, weights, drawn = ctx.saved_tensors
        scale = grads[0] * scale
        wanted = states.float() * (pull * -scale)[:, None]
        by_states = grad_states.mul_(scale).to(states.dtype)
        ways = (drawn * weights * -scale, (1.0 - drawn) * weights * -scale) if ctx.mixed else (None, None)
        return by_states, wanted, grad_table.mul_(scale), None, None, None, *ways


def _logits(hidden: Tensor, table: Tensor, log_weights: Tensor) -> Tensor:
    """(R, K) products; a weight a candidate is added inside the product where the device can."""
    if len(log_weights) == 1:
        return torch.mm(hidden, table.T)
    by_candidate = log_weights.to(hidden.dtype)
    if hidden.is_cuda:
        return torch.addmm(by_candidate, hidden, table.T)
    return torch.mm(hidden, table.T).add_(by_candidate)


def _softmax(logits: Tensor, log_weights: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Shares (R, K) among the candidates, the target's own column left out, and the log of their sum (R,).

    PyTorch's softmax is one pass over the logits; the sum it divides by is read back from the largest share.
    """
    found = columns.clamp_min(0)[:, None]
    logits.scatter_(1, found, torch.where(columns[:, None] >= 0, _NEVER, logits.gather(1, found)).to(logits.dtype))
    shares = logits.softmax(1)
    log_sum = logits.amax(1).float() - shares.amax(1).float().log()
    return shares, log_sum + log_weights if len(log_weights) == 1 else log_sum


def candidate_softmax(
    states: Tensor,
    wanted: Tensor,
    candidates: Tensor,
    log_weights: Tensor,
    columns: Tensor,
    weights: Tensor,
    log_new: Tensor | None = None,
    log_again: Tensor | None = None,
) -> Tensor:
    """Weighted mean loss of T positions.

    Parameters
    ----------
    states : (T, D)
        What the network knows at each position.
    wanted : (T, D)
        The table's row of each position's target.
    candidates : (K, D)
        The table's rows of the candidates.
    log_weights : (K,) or (1,)
        Added to the candidates' logits (log-Q correction); one number for all is added to their sum instead.
    columns : (T,) int64
        Where the target stands among the candidates, -1 where it does not: it is counted once.
    weights : (T,)
        Of each position in the mean; 0 leaves it out.
    log_new, log_again : (T,), optional
        With them the target's chance is exp(log_new) · its share among the candidates + exp(log_again): it comes from
        the catalogue or from somewhere else.
    """
    given = (log_weights, columns, weights, log_new, log_again)
    return _CandidateSoftmax.apply(states, wanted, candidates, *given)  # type: ignore[no-any-return,no-untyped-call]
