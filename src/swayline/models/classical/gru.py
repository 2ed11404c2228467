"""A recurrent network over the history: the sequence model of the years before attention.

::

    item + behaviour  →  dropout  →  GRU  →  dropout  →  linear  →  product with the item table + bias

The table that items come in by is the table they are scored against (tied, as GRU4Rec found best), and it starts as
the factors of who-met-this-also-met-that. Histories longer than ``max_length`` are trained in pieces and scored by
their last events. The loss is the softmax over the catalogue or over items drawn for each batch with log-Q correction;
when to stop is decided on validation questions, dropout and width by how many events an item has.

Shapes: B rows, L events, T positions, Q histories, I items, D width, H hidden width.

References
----------
Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks", ICLR 2016.
Hidasi and Karatzoglou, "Recurrent Neural Networks with Top-k Gains for Session-based Recommendations", CIKM 2018.
Petrov and Macdonald, "A Systematic Review and Replicability Study of BERT4Rec", RecSys 2022 (GRU4Rec under-tuned).
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from swayline.core.rng import generator
from swayline.core.settings import Count, checked
from swayline.core.types import Ints
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.epochs import (
    INITIAL_STD,
    Line,
    NetworkSettings,
    NextItemLoss,
    dropout_of,
    first_factors,
    train_network,
)
from swayline.models.protocol import Scores
from swayline.models.tuning import judge_of

_ROWS_AT_ONCE = 512


@checked
@dataclass(frozen=True)
class GRUSettings(NetworkSettings):
    """A network's settings, the width of its state, and how much of a history it reads and a batch holds."""

    hidden_dim: Count = 128
    max_length: Count = 100
    batch_tokens: Count = 4096


class GRU:
    """The next item from a recurrent state. After :meth:`fit`, ``history_`` holds a line an epoch."""

    name: ClassVar[str] = "gru"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[GRUSettings]] = GRUSettings

    def __init__(self, settings: GRUSettings | None = None) -> None:
        self.settings = settings or GRUSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Learn from histories; with ``valid``, stop when its NDCG@10 no longer rises.

        Raises
        ------
        EmptyLogError
            There is no event to learn from.
        """
        return self._train(train, valid, self.settings.max_epochs)

    def refit(self, train: Sequences) -> Self:
        """Learn again from (more) histories for as many epochs as :meth:`fit` found best."""
        return self._train(train, None, self.best_epoch_)

    def _train(self, train: Sequences, valid: Targets | None, max_epochs: int) -> Self:
        settings, judge, factors = self.settings, judge_of(valid), first_factors(self.settings, train)
        self._network = _Network(settings, train.n_items, train.n_behaviors, dropout_of(settings, train))
        self._network.start(settings.seed, factors)
        losses = _Losses(self._network, train, settings)
        self.history_: list[Line]
        self.history_, self.best_epoch_ = train_network(
            self.name, self._network, losses, settings, max_epochs, (lambda: judge(self)) if judge else None
        )
        return self

    def score(self, history: Sequences) -> Scores:
        """(Q, I) logits of every item as the next one."""
        network = self._network
        scores = np.empty((len(history), network.n_items), np.float32)
        for rows in _by_length(history.lengths, _ROWS_AT_ONCE):
            batch = _padded(history.take(rows).last(self.settings.max_length))
            with torch.no_grad():
                states = network(batch)[torch.arange(len(rows)), batch.lengths]
                scores[rows] = (states @ network.answers(torch.arange(network.n_items)).T).numpy()
        return scores

    def save(self, folder: Path) -> None:
        """Write weights, settings and how long was trained."""
        learned = {
            "n_items": self._network.n_items, "n_behaviors": self._network.n_behaviors, "best_epoch": self.best_epoch_,
        }  # fmt: skip
        arrays = {name: value.detach().numpy() for name, value in self._network.state_dict().items()}
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; the lines of training are not kept."""
        stored = artifact.read(folder, cls.name)
        model = cls(artifact.settings_of(folder, stored, GRUSettings))
        n_items, n_behaviors, model.best_epoch_ = artifact.sizes_of(
            folder, stored, "n_items", "n_behaviors", "best_epoch"
        )
        with torch.device("meta"):  # sizes are only believed once the arrays on disk agree with them
            network = _Network(model.settings, n_items, n_behaviors, 0.0)
        shapes = {name: (tuple(value.shape), "float32") for name, value in network.state_dict().items()}
        artifact.check_arrays(folder, stored, shapes)
        network.load_state_dict({name: torch.from_numpy(array) for name, array in stored.arrays.items()}, assign=True)
        model._network, model.history_ = network.eval(), []
        return model


@dataclass(frozen=True)
class _Padded:
    """Histories side by side, behind a start token: (B, L + 1) items and behaviours, and lengths (B,)."""

    items: Tensor
    behaviors: Tensor
    lengths: Tensor


class _Network(nn.Module):
    def __init__(self, settings: GRUSettings, n_items: int, n_behaviors: int, dropout: float) -> None:
        super().__init__()
        self.n_items, self.n_behaviors = n_items, n_behaviors
        width, hidden = settings.embedding_dim, settings.hidden_dim
        self.items = nn.Embedding(n_items + 1, width)  # the last row is the start token
        self.behaviors = nn.Embedding(n_behaviors + 1, width)
        self.gru = nn.GRU(width, hidden, batch_first=True)
        self.out = nn.Linear(hidden, width)
        self.bias = nn.Parameter(torch.zeros(n_items, 1))
        self.dropout = nn.Dropout(dropout)

    def start(self, seed: int, factors: np.ndarray | None) -> None:
        """Draw the first weights from the seed."""
        draws = torch.Generator().manual_seed(int(generator(seed, "gru weights").integers(2**62)))
        with torch.no_grad():
            for name, weights in self.named_parameters():
                if weights.ndim > 1 and name != "bias":
                    spread = INITIAL_STD if name.startswith(("items", "behaviors")) else weights.shape[1] ** -0.5
                    weights.normal_(0.0, spread, generator=draws)
                else:
                    weights.zero_()
            if factors is not None:
                self.items.weight[: self.n_items] = torch.from_numpy(factors)

    def forward(self, batch: _Padded) -> Tensor:
        """(B, L + 1, D + 1) what is known behind each token; the last column meets the bias."""
        come_in = self.items(batch.items)
        if self.n_behaviors > 1:
            come_in = come_in + self.behaviors(batch.behaviors)
        states, _ = self.gru(self.dropout(come_in))
        states = self.out(self.dropout(states))
        return torch.cat([states, torch.ones_like(states[..., :1])], dim=-1)

    def answers(self, items: Tensor) -> Tensor:
        """(n, D + 1) rows of the table that items are scored against, and their biases."""
        return torch.cat([self.items.weight[items], self.bias[items]], dim=1)


class _Losses:
    """The batches of an epoch: pieces of like lengths, drawn anew."""

    def __init__(self, network: _Network, train: Sequences, settings: GRUSettings) -> None:
        self.network, self.settings = network, settings
        self.pieces = _pieces(train, settings.max_length)
        self.loss = NextItemLoss(train, settings.n_negatives, settings.seed)

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, int]]:
        rng = generator(self.settings.seed, "gru batches", str(epoch))
        rows = list(_by_length(self.pieces.lengths, 0, self.settings.batch_tokens, rng))
        for place in rng.permutation(len(rows)):
            batch = _padded(self.pieces.take(rows[place]))
            wanted = torch.arange(batch.items.shape[1])[None, :-1] < batch.lengths[:, None]  # (B, L)
            states = self.network(batch)[:, :-1][wanted]  # (T, D + 1)
            yield self.loss(states, batch.items[:, 1:][wanted], self.network.answers), int(wanted.sum())


def _pieces(train: Sequences, length: int) -> Sequences:
    """The histories cut into pieces of at most so many events, the first piece of each the short one."""
    counts = -(-train.lengths // length)
    ends = np.repeat(train.offsets[1:], counts)
    back = np.concatenate([np.arange(n, 0, -1) for n in counts]) if len(counts) else np.empty(0, np.int64)
    starts = np.maximum(ends - back.astype(np.int64) * length, np.repeat(train.offsets[:-1], counts))
    return dataclasses.replace(train, offsets=np.append(starts, len(train.items)).astype(np.int64))


def _by_length(lengths: Ints, n: int, tokens: int = 0, rng: np.random.Generator | None = None) -> Iterator[Ints]:
    """Rows of like lengths: ``n`` at a time, or as many as make about ``tokens``; chance among equals with ``rng``."""
    order = np.lexsort((rng.random(len(lengths)), lengths)) if rng is not None else np.argsort(lengths, kind="stable")
    if not tokens:
        yield from (order[start : start + n] for start in range(0, len(order), n))
        return
    start = 0
    filled = np.cumsum(lengths[order] + 1)
    while start < len(order):
        before = filled[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(filled, before + tokens, side="right")))
        yield order[start:end]
        start = end


def _padded(histories: Sequences) -> _Padded:
    """Each history behind a start token, filled up with it to the longest."""
    lengths = histories.lengths
    shape = (len(histories), int(lengths.max(initial=0)) + 1)
    items = np.full(shape, histories.n_items, np.int64)
    behaviors = np.full(shape, histories.n_behaviors, np.int64)
    place = np.arange(len(histories.items)) - np.repeat(histories.offsets[:-1], lengths) + 1
    items[histories.users, place] = histories.items
    behaviors[histories.users, place] = histories.behaviors
    return _Padded(torch.from_numpy(items), torch.from_numpy(behaviors), torch.from_numpy(lengths.astype(np.int64)))
