"""Attention inside the bins of a batch.

Shapes: T tokens in N bins of W places, D width, H heads.

In training on a CPU and up to 256 places the scores are written out: two batched products are faster there than the
fused kernel (measured, bf16, width 256: 80 bins of 50 places take 8.0 ms forward and back, fused 17.7 ms). Everywhere
else PyTorch's fused attention runs; scoring MovieLens-1M takes two thirds of the time with it.

References
----------
Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from swayline.models.sequence.batching.packed import Packed

_WRITTEN_OUT = 256
_NEVER = -1e9


def causal_attention(qkv: Tensor, batch: Packed, n_heads: int, only: Tensor | None = None) -> Tensor:
    """(T, D) what each token draws from the tokens it may look at, from (T, 3 · D); (Q, D) of the (Q,) asked for."""
    if batch.memory is not None:
        return batch.memory.attend(qkv, n_heads, only)
    n_bins, _, width, _ = batch.visible.shape
    dim = qkv.shape[1] // 3
    query, key, value = qkv.view(n_bins, width, 3, n_heads, dim // n_heads).permute(
        2, 0, 3, 1, 4
    )  # each (N, H, W, D/H)
    if only is not None:
        row, place = only // width, only % width
        drawn = F.scaled_dot_product_attention(
            query[row, :, place].unsqueeze(2), key[row], value[row], attn_mask=batch.visible[row, :, place].unsqueeze(2)
        )  # (Q, H, 1, D/H)
    elif qkv.is_cuda or width > _WRITTEN_OUT or not torch.is_grad_enabled():
        drawn = F.scaled_dot_product_attention(query, key, value, attn_mask=batch.visible)
    else:
        scores = query @ key.transpose(-1, -2) * (dim // n_heads) ** -0.5  # (N, H, W, W)
        drawn = scores.masked_fill(~batch.visible, _NEVER).softmax(-1) @ value
    return drawn.transpose(1, 2).reshape(-1, dim)
