"""Which event stands at which token of a batch, and arrays filled by it.

A history of Q takes ``read + 1`` tokens: its events and one more, which stands before them (``first``: the start of a
history) or behind them (the place of what is asked).

Shapes: T tokens, Q histories, S tokens in use.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.models.sequence.batching.layout import EMPTY, Layout
from swayline.models.sequence.batching.value_inputs import N_READ, features

Where = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Slots:
    """The tokens in use."""

    layout: Layout
    device: torch.device
    row: Ints
    """(S,) the history each token belongs to."""
    within: Ints
    """(S,) its place in the history's tokens, from 0."""
    token: Ints
    """(S,) its place in the batch."""

    @classmethod
    def of(cls, layout: Layout, sizes: Ints, device: torch.device) -> "Slots":
        """Histories of ``sizes`` (Q,) tokens where the layout puts them."""
        row = np.repeat(np.arange(len(sizes)), sizes)
        within = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return cls(layout, device, row, within, layout.starts[row] + within)

    def filled(self, values: npt.NDArray[np.integer], empty: int, where: Where | None = None) -> Tensor:
        """(T,) values at the tokens in use (at those ``where`` (S,) says), ``empty`` at all others."""
        array = np.full(self.layout.n_bins * self.layout.width, empty, np.int64)
        array[self.token if where is None else self.token[where]] = values
        return moved(array, self.device)

    def worth(self, values: Floats | None, source: Ints, where: Where | None = None) -> Tensor | None:
        """(T, 4) what is read of scaled values (E,) of the events ``source`` at the tokens in use, 0 elsewhere."""
        if values is None:
            return None
        inside = np.ones(len(self.row), bool) if where is None else where
        scaled = np.full(len(self.row), np.nan)
        scaled[inside] = values[source[inside]]
        array = np.zeros((self.layout.n_bins * self.layout.width, N_READ), np.float32)
        array[self.token] = features(scaled, self.row)
        return moved(array, self.device)

    def target_worth(self, values: Floats | None, wanted: Ints, where: Where | None = None) -> Tensor | None:
        """(T,) scaled values (E,) of the events ``wanted`` at the tokens in use, NaN elsewhere."""
        if values is None:
            return None
        array = np.full(self.layout.n_bins * self.layout.width, np.nan, np.float32)
        array[self.token if where is None else self.token[where]] = values[wanted]
        return moved(array, self.device)

    def before(self, times: Tensor) -> Tensor:
        """(T,) of (T,) times, that of the token before it in its history; 0 at the first."""
        found = torch.zeros_like(times)
        later = moved(self.token[self.within > 0], times.device)
        found[later] = times[later - 1]
        return found

    def profiles(self, history: Sequences) -> Tensor | None:
        """(T, A) of each token's user."""
        if history.profiles is None:
            return None
        return torch.stack([self.filled(column[self.row], 0) for column in history.profiles.T], dim=1)

    def owners(self) -> Tensor:
        """(N, 1, W) the history of each token, -1 in empty places."""
        return self.filled(self.row, EMPTY).view(self.layout.n_bins, 1, self.layout.width)

    def together(self) -> Tensor:
        """(N, 1, W, W) bool: tokens of one history; empty places are together, so that each sees something."""
        owner = self.owners()
        return owner[:, :, :, None] == owner[:, :, None, :]


def moved(array: npt.NDArray[np.integer] | npt.NDArray[np.floating], device: torch.device) -> Tensor:
    """An array on a device; a GPU copies it while the program goes on."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
