"""Histories made by a chain of items, from pure order to pure noise."""

from dataclasses import dataclass

import numpy as np

from swayline.core.errors import UsageError, shown
from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.dataset import Sequences

_HOUR_US = 3_600_000_000
_START_US = 1_767_225_600_000_000  # 2026-01-01


@dataclass(frozen=True)
class MarkovWorld:
    """Histories and the chain that made them: after item ``i`` comes ``successor[i]`` as often as the signal says."""

    sequences: Sequences
    successor: Ints


def markov_sequences(
    seed: int, n_users: int = 300, n_items: int = 50, length: int = 20, signal: float = 0.8, zipf: float = 1.0
) -> MarkovWorld:
    """Histories of ``length`` events an hour apart, each the successor of the last or drawn by popularity.

    Parameters
    ----------
    signal : float
        Chance that the next item is the present one's successor: 0 is noise (only popularity can be learned), 1 is
        certainty. A model that knows the chain hits at rank 1 with about this chance.
    zipf : float
        Exponent of the popularity of what is drawn; 0 makes all items alike.

    Raises
    ------
    UsageError
        The signal is no chance, or there are fewer than two items.

    Examples
    --------
    >>> made = markov_sequences(seed=0, n_users=3, n_items=5, length=4, signal=1.0)
    >>> items = made.sequences.items
    >>> bool((made.successor[items[:3]] == items[1:4]).all())
    True
    """
    if not 0.0 <= signal <= 1.0:
        raise UsageError(f"signal is {shown(signal)}; give a number from 0 to 1")
    if n_items < 2 or n_users < 1 or length < 1:
        raise UsageError(f"{n_users} users, {n_items} items, length {length}: give at least 1, 2 and 1")
    rng = generator(seed, "testing", "markov")
    ring = rng.permutation(n_items)
    successor = np.empty(n_items, np.int64)
    successor[ring] = np.roll(ring, -1)
    weight = np.arange(1, n_items + 1) ** -zipf
    drawn = rng.choice(n_items, (n_users, length), p=weight / weight.sum())
    follows = rng.random((n_users, length)) < signal
    items = drawn.copy()
    for step in range(1, length):
        items[:, step] = np.where(follows[:, step], successor[items[:, step - 1]], drawn[:, step])
    begin = _START_US + rng.integers(0, 24 * 7, n_users) * _HOUR_US
    times = begin[:, None] + np.arange(length) * _HOUR_US
    n = n_users * length
    sequences = Sequences(
        offsets=np.arange(n_users + 1, dtype=np.int64) * length, items=items.ravel().astype(np.int32),
        behaviors=np.zeros(n, np.int16), times=times.ravel().astype(np.int64), events=np.arange(n, dtype=np.int64),
        n_items=n_items, n_behaviors=1,
    )  # fmt: skip
    return MarkovWorld(sequences, successor)
