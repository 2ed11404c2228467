"""The network: events in, a state after each event out; items are scored against the table they came in by.

Shapes: T tokens, D width, I items, Q histories.
"""

import torch
from torch import Tensor, nn

from swayline.models.sequence.batches import Packed
from swayline.models.sequence.blocks import BLOCKS
from swayline.models.sequence.dropout import Dropout
from swayline.models.sequence.rows import rows
from swayline.models.sequence.settings import TransformerSettings

_INITIAL_STD = 0.02


class Network(nn.Module):
    """Embeddings, blocks, a last normalisation; the item table serves input and output alike."""

    def __init__(self, settings: TransformerSettings, n_items: int, n_behaviors: int, max_length: int) -> None:
        super().__init__()
        dim = settings.embedding_dim
        self.items = nn.Embedding(n_items + 1, dim)  # the last row starts a history
        self.positions = nn.Embedding(max_length + 1, dim) if settings.positions != "none" else None
        self.behaviors = nn.Embedding(n_behaviors + 1, dim) if settings.behaviors and n_behaviors > 1 else None
        self.dropout = Dropout(settings.dropout)
        self.blocks = nn.ModuleList(BLOCKS[settings.block](settings) for _ in range(settings.n_blocks))
        self.norm = nn.LayerNorm(dim)
        self.scale = dim**0.5

    def start(self, generator: torch.Generator) -> None:
        """Draw the first weights from the generator alone."""
        with torch.no_grad():
            for module in self.modules():
                if isinstance(module, nn.Embedding):
                    module.weight.normal_(std=_INITIAL_STD, generator=generator)
                elif isinstance(module, nn.Linear):
                    nn.init.xavier_uniform_(module.weight, generator=generator)
                    if module.bias is not None:
                        module.bias.zero_()

    def forward(self, batch: Packed) -> Tensor:
        """(T, D) the state after each event."""
        x = rows(self.items, batch.items) * self.scale
        if self.positions is not None:
            x = x + rows(self.positions, batch.positions)
        if self.behaviors is not None:
            x = x + rows(self.behaviors, batch.behaviors)
        x = self.dropout(x)
        for block in self.blocks:
            x = block(x, batch)
        return self.norm(x)  # type: ignore[no-any-return]

    def table(self) -> Tensor:
        """(I, D) the items as answers."""
        return self.items.weight[:-1]
