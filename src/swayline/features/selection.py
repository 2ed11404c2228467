"""Which columns say something of another one: stability selection, with the false selections to be expected.

The lasso is followed on complementary halves of the rows until it holds ``q`` columns, or until no correlation left is
above what a column of noise has in one of five halves (1.3 standard errors: without it one of few columns always comes
first); a column stays whose share of the halves that hold it is at least ``least``. Then no more than
``q² / ((2 · least − 1) · p)`` of the p columns stay by chance, on average; ``q`` is chosen so that this is one (or up
to three, where the columns are few), and the bound is told.

References
----------
Meinshausen and Bühlmann, "Stability selection", JRSS B 2010. Shah and Samworth, "Variable selection with error control:
another look at stability selection", JRSS B 2013 (complementary halves).
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.core.errors import DataError, UsageError, shown
from swayline.core.rng import generator
from swayline.core.types import Floats

LEAST = 0.75
"""Share of the halves that must hold a column."""
_PAIRS = 50
_LEVELS = 20
"""Words of a column that are told apart, the most frequent; the others are one level."""
_ROWS = 20_000
"""Rows of a half at most, drawn by the seed."""
_FEWEST = 20
_NOISE = 1.3
_FEWEST_HELD = 3
"""Columns that a half may hold where so few are asked about that the bound would allow one or two."""


@dataclass(frozen=True)
class Selection:
    """Columns and how steadily each was chosen.

    Parameters
    ----------
    share : mapping
        Column → share of the halves whose lasso held it.
    chosen : tuple of str
        Those with at least ``least``.
    expected_false : float
        How many of the chosen would be there by chance at most, on average, if no column said anything.
    """

    share: Mapping[str, float]
    chosen: tuple[str, ...]
    least: float
    expected_false: float


def select_stable(
    columns: Mapping[str, npt.NDArray[np.generic]], outcome: Floats, least: float = LEAST, seed: int = 0
) -> Selection:
    """Columns that foretell an outcome steadily.

    Parameters
    ----------
    columns : mapping
        (n,) numbers, or words, without gaps.
    outcome : (n,) float64
        Numbers, or 0 and 1.
    least : float
        Above one half, at most 1.

    Raises
    ------
    UsageError
        ``least`` is out of range, or there is no column.
    DataError
        The outcome never varies, or there are fewer than 20 rows.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import lars_path

    if not 0.5 < least <= 1.0:
        raise UsageError(f"least is {shown(least)}: give a share above 0.5 and at most 1")
    if not columns:
        raise UsageError("there is no column to choose from")
    n = len(outcome)
    if n < _FEWEST:
        raise DataError(f"{n} rows are too few to choose columns by: at least {_FEWEST} are needed")
    if np.ptp(outcome) == 0:
        raise DataError("the outcome never varies: no column can say anything of it")
    names, design, owner = list(columns), *_design(columns)
    p = len(names)
    most = max(1, min(p // 2, max(_FEWEST_HELD, int(np.sqrt((2 * least - 1) * p)))))
    rng = generator(seed, "stability selection")
    held = np.zeros(p)
    for _ in range(_PAIRS):
        order = rng.permutation(n)
        for half in (order[: n // 2], order[n // 2 : 2 * (n // 2)]):
            rows = half[:_ROWS]
            x, y = _standard(design[rows]), outcome[rows] - outcome[rows].mean()
            # A column comes with the first of its levels, so more steps than columns may be walked.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # a copy of a column that is held is left out
                _, _, path = lars_path(x, y, method="lasso", max_iter=4 * most + 8, alpha_min=_NOISE * y.std() / len(y))
            held[_first(path, owner, most)] += 1
    share = held / (2 * _PAIRS)
    return Selection(
        dict(zip(names, share.tolist(), strict=True)),
        tuple(name for name, one in zip(names, share, strict=True) if one >= least), least,
        min(float(p), most**2 / ((2 * least - 1) * p)),
    )  # fmt: skip


def _design(columns: Mapping[str, npt.NDArray[np.generic]]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """(n, m) numbers and levels, and (m,) whose column each is."""
    parts: list[Floats] = []
    owner: list[int] = []
    for at, values in enumerate(columns.values()):
        if values.dtype.kind in "fiub":
            parts.append(values.astype(np.float64))
            owner.append(at)
            continue
        words, code, count = np.unique(values.astype(str), return_inverse=True, return_counts=True)
        for level in np.argsort(-count, kind="stable")[: min(_LEVELS, max(1, len(words) - 1))]:
            parts.append((code == level).astype(np.float64))
            owner.append(at)
    design: Floats = np.column_stack(parts).astype(np.float64)
    return design, np.array(owner)


def _standard(x: Floats) -> Floats:
    """Columns with mean 0 and length 1; a constant one is 0 throughout, so that it is never chosen."""
    centred = x - x.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    found: Floats = np.where(
        length > 1e-9 * np.maximum(1.0, np.abs(x).max(axis=0)), centred / np.maximum(length, 1e-300), 0.0
    )
    return found


def _first(path: Floats, owner: npt.NDArray[np.int64], most: int) -> list[int]:
    """The first columns to come in along a path (m, steps), ``most`` of them."""
    found: list[int] = []
    for step in range(1, path.shape[1]):
        for at in np.flatnonzero((path[:, step] != 0) & (path[:, step - 1] == 0)):
            if owner[at] not in found and len(found) < most:
                found.append(int(owner[at]))
        if len(found) == most:
            break
    return found
