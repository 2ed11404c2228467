"""Weights in eight bits: a quarter of the disk, and the product with the whole catalogue on integers.

Every row of a matrix keeps one scale, its largest size over 127; states are rounded alike, row by row, when they meet
the catalogue. What rounding costs in ranking is measured in ``docs/benchmarks/models.md``.

Shapes: Q states, I items, D width.

References
----------
Dettmers et al., "LLM.int8(): 8-bit Matrix Multiplication for Transformers at Scale", NeurIPS 2022 (a scale a row).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

_SCALE = ".scale"
_MOST = 127.0


@dataclass(frozen=True)
class Rounded:
    """A matrix as whole numbers and a scale a row."""

    values: Tensor
    """(R, D) int8."""
    scale: Tensor
    """(R, 1) float32."""

    @classmethod
    def of(cls, matrix: Tensor) -> "Rounded":
        """The nearest eight-bit numbers."""
        scale = (matrix.abs().amax(1, keepdim=True) / _MOST).clamp_min(1e-12)
        return cls((matrix / scale).round().to(torch.int8), scale)

    def floats(self) -> Tensor:
        """(R, D) float32."""
        return self.values.float() * self.scale

    def scores(self, states: Tensor) -> Tensor:
        """(Q, R) products of (Q, D) states with every row, multiplied as integers."""
        mine = Rounded.of(states.float())
        if states.is_cuda:  # whose integer product wants shapes of its own
            return mine.floats() @ self.floats().T
        return torch._int_mm(mine.values, self.values.T).float().mul_(mine.scale).mul_(self.scale.T)


def round_weights(network: nn.Module) -> None:
    """Move every matrix of a network to what eight bits can say, so that it scores the same saved and unsaved."""
    with torch.no_grad():
        for weight in (*network.parameters(), *network.buffers()):
            if is_matrix(tuple(weight.shape), str(weight.dtype).removeprefix("torch.")):
                weight.copy_(Rounded.of(weight).floats())


def shrunk(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays with every matrix of floats in eight bits and its scales beside it."""
    found: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if is_matrix(array.shape, array.dtype.name):
            rounded = Rounded.of(torch.from_numpy(array))
            found |= {name: rounded.values.numpy(), name + _SCALE: rounded.scale.numpy()}
        else:
            found[name] = array
    return found


def grown(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The inverse of :func:`shrunk`."""
    scales = {name for name in arrays if name.endswith(_SCALE) and name.removesuffix(_SCALE) in arrays}
    return {
        name: array.astype(np.float32) * arrays[name + _SCALE] if name + _SCALE in scales else array
        for name, array in arrays.items()
        if name not in scales
    }


def shrunk_shapes(shapes: dict[str, tuple[tuple[int, ...], str]]) -> dict[str, tuple[tuple[int, ...], str]]:
    """What :func:`shrunk` makes of arrays of these shapes and kinds."""
    found: dict[str, tuple[tuple[int, ...], str]] = {}
    for name, (shape, kind) in shapes.items():
        if is_matrix(shape, kind):
            found |= {name: (shape, "int8"), name + _SCALE: ((shape[0], 1), "float32")}
        else:
            found[name] = (shape, kind)
    return found


def is_matrix(shape: tuple[int, ...], kind: str) -> bool:
    """Whether an array is kept in eight bits."""
    return len(shape) == 2 and kind == "float32"
