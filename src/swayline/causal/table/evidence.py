"""Whether the rows that count are what they seem: none lost on one side alone, none a copy of another."""

import numpy as np
import pyarrow as pa
from scipy import stats

from swayline.causal.table.folds import Flags, Ints
from swayline.causal.table.frame import column

MOST_APART = 0.05
"""By how much the shares of rows without an outcome may differ between arms.

What Works Clearinghouse, "Standards Handbook" 4.1 (2020), tolerates about this much where few rows are lost in all.
"""
_ALARM = 0.001
_COPIES = 1 / 3
_NEARLY_ALL = 0.9
_FEWEST = 20


def lost_outcomes(arms: tuple[str, ...], arm: Ints, known: Flags, outcome: str) -> tuple[str, ...]:
    """A reason against comparing arms that lost unlike shares of their rows for want of an outcome; else none.

    Parameters
    ----------
    arm : number of each row's arm, (n,); below 0 where it is not known
    known : whether the outcome is, (n,)

    Examples
    --------
    >>> half = np.arange(400) % 2
    >>> lost_outcomes(("0", "1"), half, (half == 0) | (np.arange(400) < 300), "y")
    ("'y' is missing in 0% of the rows of '0' and 25% of '1': who is left of the arms may differ",)
    """
    counts = np.array([[(known & (arm == a)).sum(), (~known & (arm == a)).sum()] for a in range(len(arms))])
    if len(arms) < 2 or not counts[:, 1].any() or not counts[:, 0].any():
        return ()
    lost = counts[:, 1] / np.maximum(counts.sum(axis=1), 1)
    low, high = int(lost.argmin()), int(lost.argmax())
    if lost[high] - lost[low] <= MOST_APART or stats.chi2_contingency(counts).pvalue > _ALARM:
        return ()
    return (
        f"{outcome!r} is missing in {lost[low]:.0%} of the rows of {arms[low]!r} and {lost[high]:.0%} of "
        f"{arms[high]!r}: who is left of the arms may differ",
    )


def copied_rows(table: pa.Table, names: list[str]) -> tuple[str, ...]:
    """A reason against an interval that counts copies of a row as rows of their own; none where there are hardly any.

    Rows may be equal by chance where every column has few values. They are copies where equal rows are many though
    one column of numbers nearly tells the distinct ones apart.

    Parameters
    ----------
    names : the columns that are used

    Examples
    --------
    >>> some = pa.table({"t": [0, 1] * 50, "y": [float(k) for k in range(100)]})
    >>> copied_rows(pa.concat_tables([some] * 3), ["t", "y"])
    ('200 of 300 rows are copies of another, which are no new evidence: keep each once, or say --clusters COLUMN',)
    """
    n, most = table.num_rows, 0
    for name in names:
        values = column(table, name)
        if not pa.types.is_floating(values.type) and not pa.types.is_integer(values.type):
            continue
        most = max(most, len(values.unique()))
        if most > (1 - _COPIES) * n:
            return ()
    if most < _FEWEST:
        return ()
    distinct = table.select(list(dict.fromkeys(names))).group_by(names, use_threads=False).aggregate([]).num_rows
    if distinct > (1 - _COPIES) * n or most < _NEARLY_ALL * distinct:
        return ()
    return (
        f"{n - distinct:,} of {n:,} rows are copies of another, which are no new evidence: keep each once, or say "
        "--clusters COLUMN",
    )
