"""Candidates for each account and what every signal says of them, as columns that one model weighs.

Shapes: C candidate pairs, F columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from swayline.core.types import Floats, Ints
from swayline.identities.evidence.signal import Signal, products

PER_SIGNAL = 40
"""Candidates that each signal names for an account."""
_LEAST = 1e-3
"""What a signal that says nothing counts for, as a share of the account's best."""


@dataclass(frozen=True)
class Candidates:
    """Pairs in the order of A's accounts.

    Parameters
    ----------
    rows, columns : (C,) int64
        Account of A, account of B.
    x : (C, F) float64
        What the signals say.
    names : tuple of str
        What each column is.
    scores : dict
        Signal → (C,) its plain score.
    """

    rows: Ints
    columns: Ints
    x: Floats
    names: tuple[str, ...]
    scores: dict[str, Floats]


def find_candidates(
    signals: Sequence[Signal], open_a: Ints, open_b: Ints, sizes: tuple[Floats, Floats], allowed: object = None
) -> Candidates:
    """The best of every signal, together, with every signal's words on each.

    Parameters
    ----------
    open_a, open_b : int64
        Accounts that are in no known link.
    sizes : ((N,), (M,))
        How much is known of each account (acts or ties).
    """
    found = [signal.best(PER_SIGNAL, open_a, open_b) for signal in signals]
    width = len(sizes[1])
    keys = np.unique(np.concatenate([one[0] * width + one[1] for one in found] or [np.zeros(0, np.int64)]))
    rows, columns = keys // width, keys % width
    if callable(allowed):
        kept = allowed(rows, columns)
        rows, columns = rows[kept], columns[kept]
    x: list[Floats] = []
    names: list[str] = []
    scores: dict[str, Floats] = {}
    for signal, (_, _, _, best_a, best_b) in zip(signals, found, strict=True):
        score = signal.at(rows, columns)
        scores[signal.name] = score
        x += _columns(score, rows, columns, best_a, best_b)
        names += [f"{signal.name}: {what}" for what in ("score", "of a's best", "of b's best", "rank", "rank for b")]
        for part, (one, other) in signal.parts.items():
            x.append(np.log(products(one, other, rows, columns) + 0.1))
            names.append(f"{signal.name}: {part}")
    x += [np.abs(np.log((1 + sizes[0][rows]) / (1 + sizes[1][columns]))), np.log(1 + sizes[1][columns])]
    table = np.stack(x, axis=1).astype(np.float64)
    return Candidates(rows, columns, table, (*names, "difference in size", "size of b"), scores)


def _columns(score: Floats, rows: Ints, columns: Ints, best_a: Floats, best_b: Floats) -> list[Floats]:
    """Score, share of either's best, rank among either's candidates, all as logarithms."""
    best = np.maximum(best_a[rows], 1e-12), np.maximum(best_b[columns], 1e-12)
    floor = np.maximum(score, _LEAST * best[0])
    shares = [np.log(np.clip(floor / one, _LEAST, 1.0)) for one in best]
    ranks = [np.log1p(ranks_within(one, -score)) for one in (rows, columns)]
    return [np.log(np.maximum(floor, 1e-9)), *shares, *ranks]


def ranks_within(group: Ints, keys: Floats) -> Floats:
    """(C,) place of each pair among its group's by rising key, from 0.

    >>> ranks_within(np.array([5, 5, 7]), np.array([2.0, 1.0, 9.0])).tolist()
    [1.0, 0.0, 0.0]
    """
    order = np.lexsort((keys, group))
    sorted_group = group[order]
    first = np.r_[0, np.flatnonzero(np.diff(sorted_group)) + 1] if len(order) else np.zeros(0, np.int64)
    places = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    found = np.empty(len(order))
    found[order] = places
    return found
