"""Heads that read a person's last acts: a Transformer, and a GRU, a CNN and an MLP beside it.

Shapes: N people, L steps, D width.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

WIDTH, HEADS, DEPTH, KERNEL = 32, 4, 2, 5


class Steps(nn.Module):
    """Each act as a vector: behaviour and category by tables, when and how known the item was by a line."""

    def __init__(self, n_behaviors: int, n_categories: int) -> None:
        super().__init__()
        self.behavior = nn.Embedding(n_behaviors, WIDTH, padding_idx=0)
        self.category = nn.Embedding(n_categories, WIDTH, padding_idx=0)
        self.line = nn.Linear(2, WIDTH)

    def forward(self, behavior: Tensor, category: Tensor, told: Tensor) -> Tensor:
        """(N, L) codes and (N, L, 2) numbers → (N, L, D)."""
        real = (behavior > 0).unsqueeze(-1)
        found: Tensor = (self.behavior(behavior) + self.category(category) + self.line(told)) * real
        return found


class TransformerEncoder(nn.Module):
    """Self-attention over the acts, their mean read out (Vaswani et al. 2017, pre-norm)."""

    name: ClassVar[str] = "transformer"

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 2 * WIDTH, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, DEPTH, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, steps: Tensor, real: Tensor) -> Tensor:
        """(N, L, D), (N, L) → (N, D)."""
        return _mean(self.norm(self.layers(steps, src_key_padding_mask=~real)), real)


class GRUEncoder(nn.Module):
    """A recurrent state after the last act."""

    name: ClassVar[str] = "gru"

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(WIDTH, WIDTH, batch_first=True)

    def forward(self, steps: Tensor, real: Tensor) -> Tensor:
        """(N, L, D) → (N, D); the acts stand at the end, so that the last state is of the last act."""
        found: Tensor = self.gru(steps)[1][0]
        return found


class CNNEncoder(nn.Module):
    """Convolutions over neighbouring acts, their largest answers read out."""

    name: ClassVar[str] = "cnn"

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(WIDTH, WIDTH, KERNEL, padding=KERNEL // 2), nn.GELU(),
            nn.Conv1d(WIDTH, WIDTH, KERNEL, padding=KERNEL // 2), nn.GELU(),
        )  # fmt: skip

    def forward(self, steps: Tensor, real: Tensor) -> Tensor:
        """(N, L, D) → (N, D)."""
        found: Tensor = self.layers(steps.transpose(1, 2)).amax(dim=2)
        return found


class MLPEncoder(nn.Module):
    """The mean act through one hidden layer: no order."""

    name: ClassVar[str] = "mlp"

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, steps: Tensor, real: Tensor) -> Tensor:
        """(N, L, D) → (N, D)."""
        found: Tensor = self.layers(_mean(steps, real))
        return found


def _mean(steps: Tensor, real: Tensor) -> Tensor:
    weight = real.unsqueeze(-1).to(steps.dtype)
    return (steps * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1.0)


ENCODERS: dict[str, type[nn.Module]] = {
    "transformer": TransformerEncoder, "gru": GRUEncoder, "cnn": CNNEncoder, "mlp": MLPEncoder,
}  # fmt: skip
"""Name → head over the acts."""


class InfluenceNetwork(nn.Module):
    """Acts and numbers in; reach and the logit of being an influencer out."""

    def __init__(self, head: str, n_behaviors: int, n_categories: int, n_numbers: int) -> None:
        super().__init__()
        self.steps = Steps(n_behaviors, n_categories)
        self.encoder = ENCODERS[head]()
        self.numbers = nn.Sequential(nn.Linear(n_numbers, WIDTH), nn.GELU())
        self.joint = nn.Sequential(nn.Linear(2 * WIDTH, WIDTH), nn.GELU(), nn.Dropout(0.1))
        self.reach, self.influencer = nn.Linear(WIDTH, 1), nn.Linear(WIDTH, 1)

    def forward(self, behavior: Tensor, category: Tensor, told: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """→ (N,) standardised reach, (N,) logits."""
        state = self.encoder(self.steps(behavior, category, told), behavior > 0)
        state = self.joint(torch.cat([state, self.numbers(numbers)], dim=1))
        return self.reach(state).squeeze(1), self.influencer(state).squeeze(1)
