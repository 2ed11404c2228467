"""The network: events in, a state after each event out; items are scored against the table they came in by.

Shapes: T tokens, D width, W width of states and answers (D, and what a fusion compares beside), I items, Q histories.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.batching.request import seconds_away
from swayline.models.sequence.blocks import BLOCKS
from swayline.models.sequence.fusion import FUSIONS
from swayline.models.sequence.fusion.text_fusion import TextFusion, Texts
from swayline.models.sequence.heads.behavior_head import BehaviorHead
from swayline.models.sequence.heads.repeat_head import RepeatHead
from swayline.models.sequence.heads.values import Values
from swayline.models.sequence.layers.away import Away
from swayline.models.sequence.layers.dropout import Dropout
from swayline.models.sequence.layers.embedding_rows import first_rows, rows
from swayline.models.sequence.layers.event_inputs import Inputs
from swayline.models.sequence.settings import TransformerSettings
from swayline.models.sequence.sizes import Sizes

INITIAL_STD = 0.02
_NOISE = 0.1


class Network(nn.Module):
    """Embeddings, blocks, a last normalisation; the item table serves input and output alike."""

    codes: Tensor

    def __init__(self, settings: TransformerSettings, sizes: Sizes) -> None:
        super().__init__()
        dim, n_texts, n_behaviors = settings.width, sizes.n_text_features, sizes.n_behaviors
        self.items = nn.Embedding(sizes.n_items + 1, dim)  # the last row stands where no item is
        self.attributes = nn.Embedding(sizes.n_values, dim) if sizes.n_values else None
        self.register_buffer("codes", torch.zeros(sizes.n_items + 1, sizes.n_columns, dtype=torch.int64))
        self.told = TextFusion(FUSIONS[settings.fusion](settings, n_texts), sizes.n_items, n_texts) if n_texts else None
        wide = dim + (0 if self.told is None else self.told.beside)  # states and answers
        self.inputs = Inputs(settings, sizes)
        self.head = BehaviorHead(wide, n_behaviors) if settings.behavior_loss and n_behaviors > 1 else None
        asked = bool(settings.request_time) and sizes.timed and settings.objective != "masked"
        self.away = Away(wide) if asked else None
        self.repeats = RepeatHead(wide, n_behaviors, asked) if settings.repeats else None
        self.dropout = Dropout(settings.dropout)
        self.blocks = nn.ModuleList(BLOCKS[settings.block](settings) for _ in range(settings.depth))
        self.norm = nn.LayerNorm(dim)
        self.scale = dim**0.5
        reads, foretells = sizes.valued and settings.values, sizes.valued and bool(settings.value_loss)
        self.values = Values(dim, wide, sizes.n_items, n_behaviors, reads, foretells) if reads or foretells else None
        self.temperature = settings.temperature

    def start(self, generator: torch.Generator, items: Tensor | None = None, told: Texts | None = None) -> None:
        """Draw the first weights from the generator alone; ``items`` (I, D) are added to the item table's.

        With ``told`` an item that nobody met starts where the others do on average.

        Each block starts as the identity (its last layers are zero), so that a table that already knows something is
        not drowned by layers that do not.
        """
        with torch.no_grad():
            for name, module in self.named_modules():
                if isinstance(module, nn.Embedding):
                    module.weight.normal_(std=INITIAL_STD, generator=generator)
                elif isinstance(module, nn.Linear):
                    nn.init.xavier_uniform_(module.weight, generator=generator)
                    if name.endswith((".out", ".down")):
                        module.weight.zero_()
                    if module.bias is not None:
                        module.bias.zero_()
            for table in (self.attributes, None if self.away is None else self.away.table):
                if table is not None:
                    table.weight.zero_()
            if items is not None:
                self.items.weight *= _NOISE
                if self.told is not None:
                    items = torch.where(items.any(1, keepdim=True), items, items[items.any(1)].mean(0))
                self.items.weight[:-1] += items
            if self.told is not None and told is not None:
                self.told.start(self.items.weight[:-1], told, generator)

    def forward(self, batch: Packed, last_only: bool = False, embedded: Tensor | None = None) -> Tensor:
        """(T, W) the state after each event, or (Q, W) those that answer, which spares most of the last block.

        ``embedded`` (T, D) stands for what is read of the tokens' items, where that is asked to vary.
        """
        only = batch.last if last_only and (self.told is None or not self.told.n_layers) else None
        x = self.inputs((self.embedded(batch.items) if embedded is None else embedded) * self.scale, batch)
        x = self.dropout(x if self.values is None else self.values.read(x, batch))
        for block in self.blocks[:-1]:
            x = block(x, batch)
        states: Tensor = self.norm(self.blocks[-1](x, batch, only))
        states = states if self.temperature is None else F.normalize(states, dim=1) / self.temperature
        if self.told is not None:
            states = self.told.states(states, batch, only)
        moments, times = (x if only is None else x[only] for x in (batch.asked_at, batch.times))
        states = self.after(states, moments, times)
        return states if only is not None or not last_only else states[batch.last]

    def after(self, states: Tensor, moments: Tensor, times: Tensor) -> Tensor:
        """(T, W) states after events at (T,) times, as they answer at (T,) moments; 0 where either is not known."""
        if self.away is None:
            return states
        found: Tensor = self.away(states, seconds_away(moments, times))
        return found

    @property
    def n_text_dims(self) -> int:
        """Columns of states and answers that hold texts beside the ids, the last ones; 0 where texts say nothing."""
        return 0 if self.told is None or not self.told.beside or not float(self.told.strength) else self.told.beside

    @property
    def n_layers(self) -> int:
        """Layers of attention."""
        return len(self.blocks) + (0 if self.told is None else self.told.n_layers)

    def embedded(self, items: Tensor | None = None) -> Tensor:
        """(R, D) what the network reads of items, or (I, D) of all: own row, attributes, text."""
        n_items = self.items.num_embeddings - 1
        own = first_rows(self.items, n_items) if items is None else rows(self.items, items)
        if self.attributes is not None:
            codes = self.codes[:n_items] if items is None else self.codes[items]
            own = own + rows(self.attributes, codes.reshape(-1)).view(*codes.shape, -1).sum(1)
        return own if self.told is None else self.told(own, items)

    def place_unmet(self, first: Tensor, met: Tensor) -> None:
        """Move the rows of items that training never met as the others moved on average since ``first`` (I, D)."""
        with torch.no_grad():
            now = self.items.weight[:-1]
            now[~met] += (now - first.to(now.device))[met].mean(0)

    def answers(self, items: Tensor | None = None) -> Tensor:
        """(I, W) all items as answers, or (R, W) some of them: a state times an answer is the item's logit."""
        chosen = self.embedded(items)
        chosen = chosen if self.temperature is None else F.normalize(chosen, dim=1)
        return chosen if self.told is None else self.told.answers(chosen, items)
