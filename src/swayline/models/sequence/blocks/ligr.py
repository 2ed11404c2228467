"""A gated block: each layer's answer is let through by a sigmoid gate of what came in; SwiGLU feeds forward.

References
----------
Borisyuk et al., "From Features to Transformers: Redefining Ranking for Scalable Impact" (LiGR), 2025.
Shazeer, "GLU Variants Improve Transformer", 2020.
Tikhonovich et al., "eSASRec", RecSys 2025 (this block in a SASRec).
"""

from torch import Tensor, nn
from torch.nn import functional as F

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.layers.attention import causal_attention
from swayline.models.sequence.layers.dropout import Dropout
from swayline.models.sequence.settings import TransformerSettings


class LiGR(nn.Module):
    """x + gate(x) · attention(norm(x)), then x + gate(x) · SwiGLU(norm(x))."""

    def __init__(self, settings: TransformerSettings) -> None:
        super().__init__()
        dim, hidden = settings.width, settings.width * settings.expansion
        self.n_heads = settings.heads
        self.norm_attention, self.norm_forward = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.gate_attention, self.gate_forward = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, 2 * hidden, bias=False), nn.Linear(hidden, dim, bias=False)
        self.dropout = Dropout(settings.dropout)

    def forward(self, x: Tensor, batch: Packed, only: Tensor | None = None) -> Tensor:
        """(T, D) to (T, D), or to (Q, D) of the (Q,) tokens asked for."""
        drawn = causal_attention(self.qkv(self.norm_attention(x)), batch, self.n_heads, only)
        x = x if only is None else x[only]
        x = x + self.dropout(self.out(drawn) * self.gate_attention(x).sigmoid())
        gate, value = self.up(self.norm_forward(x)).chunk(2, dim=-1)
        forward = self.down(F.silu(gate) * value)
        return x + self.dropout(forward * self.gate_forward(x).sigmoid())  # type: ignore[no-any-return]
