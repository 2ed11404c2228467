"""Links that are known or stated: each account in one link at most, what contradicts is refused with its reason."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import EmptyLogError
from swayline.core.names import SOURCE, TARGET
from swayline.core.types import Ints
from swayline.events import name_of
from swayline.events.links import read_pairs
from swayline.events.sources.block import Refusal, rejected_table
from swayline.identities.platform import Platform
from swayline.identities.walls import Walls

_REMEDY = "Call two of its columns source and target, or say --seeds-columns source,target for a file without a header"


@dataclass(frozen=True)
class Claims:
    """Known links between two platforms, by account numbers, one to one.

    Parameters
    ----------
    pairs : (S, 2) int64
        Account of A, account of B.
    rejected : pa.Table
        Rows that are no such link, each with its reason.
    """

    pairs: Ints
    rejected: pa.Table

    def __len__(self) -> int:
        return len(self.pairs)


def read_claims(source: Any, a: Platform, b: Platform, walls: Walls, columns: tuple[str, ...] = ()) -> Claims:
    """Read known links: ``source`` an account of A, ``target`` one of B.

    A row that repeats another is refused; of rows that contradict each other (one account, several counterparts) all
    are refused, since none is better founded than the other.

    Raises
    ------
    EmptyLogError
        No usable link is left.
    """
    name, table, refused = read_pairs(source, columns, _REMEDY)
    sources, targets, numbers = table[SOURCE].to_pylist(), table[TARGET].to_pylist(), table["row"].to_pylist()
    left, right = a.rows(table[SOURCE]), b.rows(table[TARGET])
    kept: list[tuple[int, int, int]] = []
    for at, (row, one, other) in enumerate(zip(numbers, sources, targets, strict=True)):
        if left[at] < 0:
            refused.append(Refusal(row, SOURCE, one, f"is no account of {a.name}"))
        elif right[at] < 0:
            refused.append(Refusal(row, TARGET, other, f"is no account of {b.name}"))
        elif walls.forbids(one, other):
            refused.append(Refusal(row, TARGET, other, f"a wall stands between it and {one!r}"))
        else:
            kept.append((at, int(left[at]), int(right[at])))
    pairs, more = _one_to_one(kept, sources, targets, numbers)
    rejected = rejected_table(name, sorted([*refused, *more], key=lambda one: one.row))
    if not len(pairs):
        first = rejected.slice(0, 1).to_pylist()
        why = f"; first: row {first[0]['row']}, {first[0]['column']} {first[0]['reason']}" if first else ""
        raise EmptyLogError(f"{name_of(source)} has no usable link: {len(rejected)} rejected{why}")
    return Claims(pairs, rejected)


def _one_to_one(
    kept: list[tuple[int, int, int]], sources: list[str], targets: list[str], numbers: list[int]
) -> tuple[Ints, list[Refusal]]:
    """Links whose two accounts stand in no other link, and refusals of the others."""
    refused: list[Refusal] = []
    first: dict[tuple[int, int], int] = {}
    for at, one, other in kept:
        if (one, other) in first:
            refused.append(Refusal(numbers[at], TARGET, targets[at], "is named twice; the first stands"))
        first.setdefault((one, other), at)
    partners: tuple[dict[int, set[int]], dict[int, set[int]]] = ({}, {})
    for one, other in first:
        partners[0].setdefault(one, set()).add(other)
        partners[1].setdefault(other, set()).add(one)
    pairs = []
    for (one, other), at in first.items():
        if len(partners[0][one]) > 1:
            why = f"contradicts other rows: it is linked to {len(partners[0][one])} accounts"
            refused.append(Refusal(numbers[at], SOURCE, sources[at], why))
        elif len(partners[1][other]) > 1:
            why = f"contradicts other rows: it is claimed by {len(partners[1][other])} accounts"
            refused.append(Refusal(numbers[at], TARGET, targets[at], why))
        else:
            pairs.append((one, other))
    return np.array(pairs, np.int64).reshape(-1, 2), refused


def drop_taken(pairs: Ints, taken: Ints) -> Ints:
    """The pairs of which neither account stands in a pair that is taken.

    >>> drop_taken(np.array([[0, 1], [2, 3]]), np.array([[0, 9]])).tolist()
    [[2, 3]]
    """
    free = ~np.isin(pairs[:, 0], taken[:, 0]) & ~np.isin(pairs[:, 1], taken[:, 1])
    return pairs[free]


def as_table(pairs: Ints, a: Platform, b: Platform) -> pa.Table:
    """The pairs by outside ids."""
    return pa.table({SOURCE: pc.take(a.ids, pa.array(pairs[:, 0])), TARGET: pc.take(b.ids, pa.array(pairs[:, 1]))})
