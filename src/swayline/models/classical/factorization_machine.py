"""A factorisation machine: every pair of what is known meets as the product of two learned vectors.

::

    known of the history     its last events (bag, weights decay^age / Σ), the last item, the last behaviour,
                             the last item's category
    known of a candidate j   the item itself, its category
    score (j)  =  w_j  +  Σ over f of the history, g of j:  x_f · <v_f, v_g>

Pairs within the history are the same for every candidate and pairs within a candidate belong to w_j, so this is the
whole machine as far as ranking goes. A feature that an item has both as history and as candidate is two features with
a vector each, which makes the last-item part a factorised Markov chain. Trained on every event of every history with
the softmax over the catalogue, or over items drawn for each batch with log-Q correction; when to stop is decided on
validation questions, dropout by how many events an item has.

Shapes: T positions, Q histories, I items, C categories, D width, M events of the bag.

References
----------
Rendle, "Factorization Machines", ICDM 2010.
Rendle, Freudenthaler and Schmidt-Thieme, "Factorizing Personalized Markov Chains", WWW 2010.
Rendle et al., "Fast Context-aware Recommendations with Factorization Machines", SIGIR 2011.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from swayline.core.errors import ArtifactError
from swayline.core.names import CATEGORY
from swayline.core.rng import generator
from swayline.core.settings import Count, Share, checked
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

_ROWS_AT_ONCE = 4096


@checked
@dataclass(frozen=True)
class FactorizationMachineSettings(NetworkSettings):
    """A network's settings, what the bag of last events holds, and the positions of a batch."""

    last: Count = 20
    decay: Share = 0.8
    batch_positions: Count = 2048


class FactorizationMachine:
    """The next item from products of vectors. After :meth:`fit`, ``history_`` holds a line an epoch."""

    name: ClassVar[str] = "factorization-machine"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[FactorizationMachineSettings]] = FactorizationMachineSettings

    def __init__(self, settings: FactorizationMachineSettings | None = None) -> None:
        self.settings = settings or FactorizationMachineSettings()

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
        self.categories_ = _categories(train)
        self._network = _Network(settings, self.categories_, train.n_behaviors, dropout_of(settings, train))
        self._network.start(settings.seed, factors)
        losses = _Losses(self._network, train, settings)
        self.history_: list[Line]
        self.history_, self.best_epoch_ = train_network(
            self.name, self._network, losses, settings, max_epochs, (lambda: judge(self)) if judge else None
        )
        return self

    def score(self, history: Sequences) -> Scores:
        """(Q, I) sums of products for every item as the next one."""
        network, settings = self._network, self.settings
        scores = np.empty((len(history), network.n_items), np.float32)
        for start in range(0, len(history), _ROWS_AT_ONCE):
            rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(history)))
            part = history.take(rows)
            known = _known(part, part.offsets[1:], part.offsets[:-1], settings)
            with torch.no_grad():
                scores[rows] = (network(known) @ network.answers(torch.arange(network.n_items)).T).numpy()
        return scores

    def save(self, folder: Path) -> None:
        """Write weights, settings and how long was trained."""
        network = self._network
        learned = {
            "n_items": network.n_items, "n_behaviors": network.behaviors.num_embeddings - 1,
            "n_categories": network.categories.num_embeddings - 1, "best_epoch": self.best_epoch_,
        }  # fmt: skip
        arrays = {name: value.detach().numpy() for name, value in network.state_dict().items()}
        artifact.write(
            folder, self.name, dataclasses.asdict(self.settings), learned, arrays | {"category": self.categories_}
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; the lines of training are not kept."""
        stored = artifact.read(folder, cls.name)
        model = cls(artifact.settings_of(folder, stored, FactorizationMachineSettings))
        n_items, n_behaviors, n_categories, model.best_epoch_ = artifact.sizes_of(
            folder, stored, "n_items", "n_behaviors", "n_categories", "best_epoch"
        )
        dim = model.settings.embedding_dim
        artifact.check_arrays(folder, stored, {
            "category": ((n_items,), "int64"), "bag.weight": ((n_items, dim), "float32"),
            "last.weight": ((n_items + 1, dim), "float32"), "behaviors.weight": ((n_behaviors + 1, dim), "float32"),
            "categories.weight": ((n_categories + 1, dim), "float32"),
            "of_items.weight": ((n_categories + 1, dim), "float32"), "items.weight": ((n_items, dim), "float32"),
            "bias": ((n_items, 1), "float32"),
        })  # fmt: skip
        arrays = dict(stored.arrays)
        model.categories_ = arrays.pop("category")
        if n_items and not 0 <= model.categories_.min() <= model.categories_.max() <= n_categories:
            raise ArtifactError(f"{folder / artifact.WEIGHTS_FILE}: category holds no numbers of categories")
        network = _Network(model.settings, model.categories_, n_behaviors, 0.0, n_categories)
        network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
        model._network, model.history_ = network.eval(), []
        return model


@dataclass(frozen=True)
class _Known:
    """What the machine knows of T positions."""

    items: Tensor
    """The bags' items, one bag after the other."""
    starts: Tensor
    """(T,) where each bag begins."""
    weights: Tensor
    """Of each item in its bag."""
    last: Tensor
    """(T,) the last item, ``n_items`` where there is none."""
    behavior: Tensor
    """(T,) the last behaviour, ``n_behaviors`` where there is none."""


class _Network(nn.Module):
    """Number 0 of the categories is "none"."""

    def __init__(
        self, settings: FactorizationMachineSettings, category: Ints, n_behaviors: int, dropout: float,
        n_categories: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.n_items, width = len(category), settings.embedding_dim
        n_categories = int(category.max(initial=0)) if n_categories is None else n_categories
        self.category = torch.from_numpy(np.append(category, 0))  # the item after the last is "no item"
        self.bag = nn.EmbeddingBag(self.n_items, width, mode="sum")
        self.last = nn.Embedding(self.n_items + 1, width)
        self.behaviors = nn.Embedding(n_behaviors + 1, width)
        self.categories = nn.Embedding(n_categories + 1, width)
        self.of_items = nn.Embedding(n_categories + 1, width)
        self.items = nn.Embedding(self.n_items, width)
        self.bias = nn.Parameter(torch.zeros(self.n_items, 1))
        self.dropout = nn.Dropout(dropout)

    def start(self, seed: int, factors: np.ndarray | None) -> None:
        """Draw the first vectors from the seed; the tables of items start alike where factors are given."""
        draws = torch.Generator().manual_seed(int(generator(seed, "factorization machine").integers(2**62)))
        with torch.no_grad():
            for name, weights in self.named_parameters():
                if name == "bias":
                    weights.zero_()
                else:
                    weights.normal_(
                        0.0, INITIAL_STD * (0.1 if name.startswith(("behav", "cat", "of")) else 1), generator=draws
                    )
            if factors is not None:
                first = torch.from_numpy(factors)
                self.bag.weight.copy_(first)
                self.last.weight[: self.n_items] = first
                self.items.weight.copy_(first)

    def forward(self, known: _Known) -> Tensor:
        """(T, D + 1) sums of the vectors of what is known; the last column meets the bias."""
        states = self.bag(known.items, known.starts, per_sample_weights=known.weights) + self.last(known.last)
        states = states + self.behaviors(known.behavior) + self.categories(self.category[known.last])
        return torch.cat([self.dropout(states), torch.ones(len(states), 1)], dim=1)

    def answers(self, items: Tensor) -> Tensor:
        """(n, D + 1) the vectors of candidates, and their own weights."""
        return torch.cat([self.items(items) + self.of_items(self.category[items]), self.bias[items]], dim=1)


class _Losses:
    """The batches of an epoch: every event of every history is an answer once."""

    def __init__(self, network: _Network, train: Sequences, settings: FactorizationMachineSettings) -> None:
        self.network, self.train, self.settings = network, train, settings
        self.begins = np.repeat(train.offsets[:-1], train.lengths)
        self.loss = NextItemLoss(train, settings.n_negatives, settings.seed)

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, int]]:
        order = generator(self.settings.seed, "machine batches", str(epoch)).permutation(len(self.train.items))
        for start in range(0, len(order), self.settings.batch_positions):
            positions = order[start : start + self.settings.batch_positions]
            known = _known(self.train, positions, self.begins[positions], self.settings)
            targets = torch.from_numpy(self.train.items[positions].astype(np.int64))
            yield self.loss(self.network(known), targets, self.network.answers), len(positions)


def _known(history: Sequences, ends: Ints, begins: Ints, settings: FactorizationMachineSettings) -> _Known:
    """What is known before each flat position ``ends`` (T,) of histories that begin at ``begins`` (T,)."""
    places = ends[:, None] - 1 - np.arange(settings.last)[None, :]  # (T, M), the last event first
    there = places >= begins[:, None]
    weights = np.where(there, settings.decay ** np.arange(settings.last)[None, :], 0.0)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    counts = there.sum(axis=1)
    some, before = counts > 0, np.maximum(ends - 1, 0)
    filled = len(history.items) > 0
    last = np.where(some, history.items[before] if filled else 0, history.n_items)
    behavior = np.where(some, history.behaviors[before] if filled else 0, history.n_behaviors)
    return _Known(
        torch.from_numpy(history.items[places[there]].astype(np.int64)),
        torch.from_numpy(np.cumsum(counts) - counts), torch.from_numpy(weights[there].astype(np.float32)),
        torch.from_numpy(last.astype(np.int64)), torch.from_numpy(behavior.astype(np.int64)),
    )  # fmt: skip


def _categories(train: Sequences) -> Ints:
    """(I,) each item's category from 1, 0 where it has none."""
    none = np.zeros(train.n_items, np.int64)
    return train.catalogue.codes(CATEGORY)[0] + 1 if train.catalogue is not None else none
