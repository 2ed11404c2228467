"""``graph``: people by their items, items by what they are tied to, learned together.

Half of each history, drawn anew in every epoch, foretells the other half (softmax over all items); the best epoch on
validation questions is kept. Without its triples the same model learns from histories alone: that is what the graph's
worth is measured against (``evaluate --without relation=*``).
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
import torch
from pydantic import Field
from scipy import sparse
from torch import Tensor

from swayline.core.rng import generator
from swayline.core.settings import Count, NotNegative, Seed, Share, Size, checked
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.counts.history_matrix import last_events
from swayline.models.graph.needed import graph_of
from swayline.models.graph.propagation import Propagation
from swayline.models.protocol import Scores
from swayline.models.validation import ValidationScorer
from swayline.numerics.training_loop import Descent, Limits, train


@checked
@dataclass(frozen=True)
class GraphSettings:
    """``layers`` steps along the graph; ``decay`` an event of age when asked; ``seed`` decides every draw."""

    embedding_dim: Size = 64
    layers: Count = 2
    decay: Share = 1.0
    dropout: Share = 0.2
    learning_rate: Annotated[float, Field(gt=0)] = 0.005
    weight_decay: NotNegative = 1e-5
    batch_size: Count = 256
    max_epochs: Count = 100
    patience: Count = 8
    seed: Seed = 0


class GraphModel:
    """Relation-aware propagation over a knowledge graph."""

    name: ClassVar[str] = "graph"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[GraphSettings]] = GraphSettings

    def __init__(self, settings: GraphSettings | None = None) -> None:
        self.settings = settings or GraphSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Learn until validation questions are answered no better.

        Raises
        ------
        SchemaError
            The log has no knowledge graph.
        """
        asked = valid if valid is not None and len(valid) else None
        return self._learn(train, self.settings.max_epochs, asked)

    def refit(self, train: Sequences) -> Self:
        """Learn again for as many epochs as were best."""
        return self._learn(train, self.best_epoch_, None)

    def _learn(self, train_on: Sequences, epochs: int, valid: Targets | None) -> Self:
        settings = self.settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            graph = graph_of(train_on, self.name)
            network = Propagation(graph, settings.embedding_dim, settings.layers, settings.dropout)
            moved = torch.optim.Adam(network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
            met = last_events(train_on, 1.0)
            judge = None if valid is None else ValidationScorer(valid, settings.seed)

            def figure() -> float:
                assert judge is not None
                return judge(self._from(network))

            done = train(
                network, lambda epoch: self._losses(network, met, epoch), Descent(moved, max_gradient=5.0),
                Limits(epochs, settings.patience if judge else None), f"fit {self.name}",
                judge=figure if judge else None,
            )  # fmt: skip
        self.best_epoch_ = max(1, done.best_epoch)
        return self._from(network)

    def _losses(self, network: Propagation, met: sparse.csr_array, epoch: int) -> Iterator[tuple[Tensor, int]]:
        """The softmax loss of one half of each history given the other, batch by batch."""
        rng = generator(self.settings.seed, "halves", str(epoch))
        able = np.flatnonzero(np.diff(met.indptr) >= 2)
        order = rng.permutation(able)
        for start in range(0, len(order), self.settings.batch_size):
            rows = met[order[start : start + self.settings.batch_size]].tocsr()
            lengths = np.diff(rows.indptr)
            owner = np.repeat(np.arange(len(lengths)), lengths)
            draw = rng.random(rows.nnz)
            place = np.lexsort((draw, owner))
            half = np.empty(rows.nnz, bool)
            half[place] = np.arange(rows.nnz) - rows.indptr[owner] < np.maximum(1, lengths[owner] // 2)
            given, wanted = _part(rows, owner, half), _part(rows, owner, ~half)
            items = network.items()
            log_chances = torch.log_softmax(network(*_tensors(_scaled(given)), items), dim=1)
            weight = torch.from_numpy(1.0 / np.diff(wanted.indptr)[owner[~half]].astype(np.float32))
            hit = log_chances[torch.from_numpy(owner[~half]), torch.from_numpy(wanted.indices.astype(np.int64))]
            yield -(hit * weight).sum() / len(lengths), len(lengths)

    def _from(self, network: Propagation) -> Self:
        """Keep what scoring needs: items as they are asked about and as they are had, and what each has for all."""
        training = network.training
        network.eval()
        with torch.no_grad():
            items = network.items()
            self.items_ = items.numpy().copy()
            self.taken_ = network.person(items).numpy().copy()
            self.everybody_ = network.everybody.detach().numpy().copy()
        network.train(training)
        return self

    def score(self, history: Sequences) -> Scores:
        """(Q, I) scores by the items of the history."""
        people = _scaled(last_events(history, self.settings.decay)) @ self.taken_
        return np.asarray(people @ self.items_.T + self.everybody_, np.float32)

    def save(self, folder: Path) -> None:
        """Write the vectors."""
        learned = {"n_items": len(self.items_), "best_epoch": self.best_epoch_}
        arrays = {"items": self.items_, "taken": self.taken_, "everybody": self.everybody_}
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        n_items, best = artifact.sizes_of(folder, stored, "n_items", "best_epoch")
        model = cls(artifact.settings_of(folder, stored, GraphSettings))
        shape = (n_items, model.settings.embedding_dim)
        shapes = {"items": (shape, "float32"), "taken": (shape, "float32"), "everybody": ((n_items,), "float32")}
        artifact.check_arrays(folder, stored, shapes)
        model.best_epoch_ = best
        model.items_, model.taken_, model.everybody_ = (stored.arrays[name] for name in shapes)
        return model


def _part(rows: sparse.csr_array, owner: np.ndarray, kept: np.ndarray) -> sparse.csr_array:
    offsets = np.r_[0, np.cumsum(np.bincount(owner[kept], minlength=rows.shape[0]))]
    return sparse.csr_array((rows.data[kept], rows.indices[kept], offsets), shape=rows.shape)


def _scaled(rows: sparse.csr_array) -> sparse.csr_array:
    """Histories over the root of their number of items."""
    sizes = np.maximum(np.diff(rows.indptr), 1).astype(np.float32)
    return sparse.csr_array(
        (rows.data / np.sqrt(np.repeat(sizes, np.diff(rows.indptr))), rows.indices, rows.indptr), shape=rows.shape
    )


def _tensors(rows: sparse.csr_array) -> tuple[Tensor, Tensor, Tensor]:
    """Columns, where each row begins, and values."""
    begins = torch.from_numpy(rows.indptr[:-1].astype(np.int64))
    return torch.from_numpy(rows.indices.astype(np.int64)), begins, torch.from_numpy(rows.data.astype(np.float32))
