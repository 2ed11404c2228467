"""Policies as tables of probabilities: what a policy shows in each context.

Shapes: n choices, C contexts (positions, or one), I items.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError, UsageError, nearest, shown
from swayline.core.names import ITEM, POSITION
from swayline.evaluation.off_policy.from_log import LoggedChoices
from swayline.events import read_table

Floats = npt.NDArray[np.float64]
PROBABILITY = "probability"
UNIFORM, BEST = "uniform", "best"


def uniform_policy(choices: LoggedChoices) -> Floats:
    """(n, I) every item of the log alike."""
    return np.full((len(choices), len(choices.items)), 1.0 / len(choices.items))


def policy_from_table(choices: LoggedChoices, table: pa.Table) -> Floats:
    """(n, I) probabilities from ``item``, ``probability`` and, where they differ by it, ``position``.

    Raises
    ------
    DataError
        A column is missing, or the probabilities of a context do not sum to one.
    UsageError
        A probability is none, or an item stands in no row of the log.
    """
    for name in (ITEM, PROBABILITY):
        if name not in table.column_names:
            raise DataError(f"the policy has no column {name!r}: {nearest(name, table.column_names)}")
    chance = np.asarray(table[PROBABILITY].cast(pa.float64()).to_numpy(), dtype=np.float64)
    bad = np.flatnonzero(~((chance >= 0) & (chance <= 1)))
    if len(bad):
        raise UsageError(f"probability of row {bad[0] + 1} of the policy is {chance[bad[0]]}: give numbers from 0 to 1")
    rows = np.asarray(pc.fill_null(pc.index_in(table[ITEM].cast(pa.string()), value_set=pa.array(choices.items)), -1))
    if (rows[chance > 0] < 0).all():
        first = str(table[ITEM][0].as_py())
        raise UsageError(
            f"the policy shows {shown(first)}, and the log shows no item of it: {nearest(first, choices.items)}"
        )
    by = POSITION in table.column_names and choices.contexts is not None
    where = _contexts(choices, table) if by else np.zeros(len(table), np.int64)
    n_contexts = len(choices.contexts) if by and choices.contexts is not None else 1
    totals = np.bincount(where, chance, minlength=n_contexts)
    off = np.flatnonzero(np.abs(totals - 1) > 1e-6)
    if len(off):
        raise DataError(f"the policy's probabilities of context {off[0] + 1} sum to {totals[off[0]]:.6f}: make it 1")
    found = np.zeros((n_contexts, len(choices.items)))
    np.add.at(found, (where[rows >= 0], rows[rows >= 0]), chance[rows >= 0])
    return found[choices.context] if by else np.repeat(found, len(choices), axis=0)


def _contexts(choices: LoggedChoices, table: pa.Table) -> npt.NDArray[np.int64]:
    assert choices.contexts is not None
    place = {one: at for at, one in enumerate(choices.contexts)}
    said = table[POSITION].cast(pa.int64()).to_pylist()
    for one in said:
        if one not in place:
            raise UsageError(
                f"the policy has a position {one} that the log has not: {nearest(str(one), map(str, place))}"
            )
    return np.array([place[one] for one in said], np.int64)


def named_policy(choices: LoggedChoices, name: str) -> Floats:
    """(n, I) ``uniform``, ``best``, or the table of a file.

    Raises
    ------
    UsageError
        It is neither a name nor a file.
    """
    if name == UNIFORM:
        return uniform_policy(choices)
    if name == BEST:
        return best_policy(choices)
    if not Path(name).is_file():
        raise UsageError(f"policy {shown(name)} is neither a file nor a name: {nearest(name, (UNIFORM, BEST))}")
    return policy_from_table(choices, read_table(name))


def best_policy(choices: LoggedChoices) -> Floats:
    """(n, I) the item of the highest predicted outcome in each context, learned from the other folds alone."""
    predicted = choices.predicted()
    found = np.zeros_like(predicted)
    found[np.arange(len(choices)), predicted.argmax(axis=1)] = 1.0
    return found
