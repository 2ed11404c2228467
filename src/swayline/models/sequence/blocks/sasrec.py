"""The classic block: attention, then a feed-forward layer, each added to what came in, normalised before.

References
----------
Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018.
Xiong et al., "On Layer Normalization in the Transformer Architecture", ICML 2020 (normalising before).
"""

from torch import Tensor, nn

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.layers.attention import causal_attention
from swayline.models.sequence.layers.dropout import Dropout
from swayline.models.sequence.settings import TransformerSettings


class SASRec(nn.Module):
    """x + attention(norm(x)), then x + feed-forward(norm(x))."""

    def __init__(self, settings: TransformerSettings) -> None:
        super().__init__()
        dim, hidden = settings.width, settings.width * settings.expansion
        self.n_heads = settings.heads
        self.norm_attention, self.norm_forward = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.dropout = Dropout(settings.dropout)

    def forward(self, x: Tensor, batch: Packed, only: Tensor | None = None) -> Tensor:
        """(T, D) to (T, D), or to (Q, D) of the (Q,) tokens asked for."""
        drawn = causal_attention(self.qkv(self.norm_attention(x)), batch, self.n_heads, only)
        x = x if only is None else x[only]
        x = x + self.dropout(self.out(drawn))
        hidden = self.up(self.norm_forward(x)).relu()
        return x + self.dropout(self.down(hidden))  # type: ignore[no-any-return]
