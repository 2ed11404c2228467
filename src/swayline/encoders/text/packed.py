"""Token lists to vectors: longest first, in batches of one shape, each text's states pooled to one vector.

Shapes: n texts, D width, T places a batch.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from swayline.core.progress import task
from swayline.encoders.text.bert import Group, PackedBert
from swayline.encoders.text.folder import Pooling

Vectors = npt.NDArray[np.float32]
_PADDED_AT_ONCE = 64
_FEWEST = 64


class Pooled(Protocol):
    """Token lists in, one vector each out, before normalisation."""

    dim: int

    def __call__(self, tokens: list[list[int]], label: str) -> Vectors:
        """(n, D)."""
        ...


class Packed:
    """An encoder of the BERT family over batches without padding."""

    def __init__(self, bert: PackedBert, pooling: Pooling, batch_tokens: int) -> None:
        self.bert, self.pooling, self.batch_tokens, self.dim = bert, pooling, batch_tokens, bert.dim

    def __call__(self, tokens: list[list[int]], label: str) -> Vectors:
        """(n, D) pooled states."""
        lengths = np.array([len(one) for one in tokens], np.int64)
        vectors = np.empty((len(tokens), self.dim), np.float32)
        size = _places(lengths, self.batch_tokens)
        with torch.inference_mode(), task(label, total=len(tokens)) as bar:
            for rows in _batches(lengths, size):
                vectors[rows] = self._pooled([tokens[row] for row in rows], size).numpy()
                bar.advance(len(rows))
        return vectors

    def _pooled(self, texts: list[list[int]], size: int) -> Tensor:
        """(n, D) of texts in order of falling length."""
        groups = _groups([len(text) for text in texts])
        used = groups[-1].start + groups[-1].n * groups[-1].length
        flat = torch.zeros(2, size, dtype=torch.int64)
        flat[0, :used] = torch.from_numpy(np.concatenate(texts))
        flat[1, :used] = torch.cat([torch.arange(group.length).repeat(group.n) for group in groups])
        states = self.bert(flat[0], flat[1], groups)
        parts = [
            states[group.start : group.start + group.n * group.length].view(group.n, group.length, self.dim)
            for group in groups
        ]
        return torch.cat([part[:, 0] if self.pooling == "cls" else part.mean(1) for part in parts])


class Padded:
    """Any other architecture that the transformers library knows, in batches of like lengths, padded."""

    def __init__(self, model: Any, pooling: Pooling, pad: int) -> None:
        self.model, self.pooling, self.pad, self.dim = model, pooling, pad, int(model.config.hidden_size)

    def __call__(self, tokens: list[list[int]], label: str) -> Vectors:
        """(n, D) pooled states."""
        vectors = np.empty((len(tokens), self.dim), np.float32)
        order = np.argsort([-len(one) for one in tokens], kind="stable")
        with torch.inference_mode(), task(label, total=len(tokens)) as bar:
            for start in range(0, len(order), _PADDED_AT_ONCE):
                rows = order[start : start + _PADDED_AT_ONCE]
                vectors[rows] = self._pooled([tokens[row] for row in rows]).numpy()
                bar.advance(len(rows))
        return vectors

    def _pooled(self, texts: list[list[int]]) -> Tensor:
        longest = len(texts[0])
        ids = torch.tensor([text + [self.pad] * (longest - len(text)) for text in texts])
        real = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])
        states: Tensor = self.model(input_ids=ids, attention_mask=real).last_hidden_state.float()
        if self.pooling == "cls":
            return states[:, 0]
        return (states * real[:, :, None]).sum(1) / real.sum(1, keepdim=True)


def _places(lengths: npt.NDArray[np.int64], most: int) -> int:
    """Places a batch: room for the longest text, and no more than few texts need (64, 256, 1,024 …).

    >>> _places(np.array([7]), 2048), _places(np.array([7] * 1000), 2048), _places(np.array([300]), 256)
    (64, 2048, 300)
    """
    size = _FEWEST
    while size < lengths.sum():
        size *= 4
    return max(min(size, most), int(lengths.max(initial=1)))


def _batches(lengths: npt.NDArray[np.int64], size: int) -> Iterator[npt.NDArray[np.int64]]:
    """Rows of each batch, longest first, at most ``size`` tokens."""
    order = np.argsort(-lengths, kind="stable")
    ends = np.cumsum(lengths[order])
    start = 0
    while start < len(order):
        before = ends[start - 1] if start else 0
        stop = int(np.searchsorted(ends, before + size, side="right"))
        yield order[start:stop]
        start = stop


def _groups(lengths: list[int]) -> list[Group]:
    """Runs of equal length.

    >>> _groups([3, 3, 2])
    [Group(start=0, n=2, length=3), Group(start=6, n=1, length=2)]
    """
    groups: list[Group] = []
    start = 0
    for length in dict.fromkeys(lengths):
        n = lengths.count(length)
        groups.append(Group(start, n, length))
        start += n * length
    return groups
