"""The design of an experiment, and its units as arrays."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError, UsageError, nearest, shown
from swayline.core.numbers import as_floats
from swayline.numerics.spread import spread

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Design:
    """How units were given their arms.

    Parameters
    ----------
    arm : str
        Column of the arm.
    control : str, optional
        The arm compared with; by default the one named control, base, off, 0, a or false, else the largest.
    unit : str, optional
        Column of the unit that was randomised (person); rows of one unit belong together.
    clusters : str, optional
        Column of a larger randomised unit (village, graph cluster).
    weights : dict of str to float, optional
        Planned share of each arm; equal by default.
    covariates : tuple of str
        Columns known before the experiment (a forecast, the metric before it); they narrow intervals.
    strata : tuple of str
        Columns within whose levels arms are compared (post-stratification).
    balance : tuple of str
        Further columns known before; they and the covariates and strata must be alike in all arms.
    time : str, optional
        Column of the moment, for switchback designs: arms alternate in time within a unit.
    period_s, burn_in_s : float, optional
        Length of a switchback period, and how much of each period after a change of arm is left out.
    """

    arm: str
    control: str | None = None
    unit: str | None = None
    clusters: str | None = None
    weights: dict[str, float] | None = None
    covariates: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    balance: tuple[str, ...] = ()
    time: str | None = None
    period_s: float | None = None
    burn_in_s: float = 0.0


@dataclass(frozen=True)
class Units:
    """Rows with a known arm: ``arm`` (n,) number of the arm, ``cluster`` (n,) what was randomised together."""

    arms: tuple[str, ...]
    control: int
    arm: Ints
    cluster: Ints | None
    x: Floats
    table: pa.Table
    notes: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    burned: int = 0
    sizes: dict[str, int] = field(default_factory=dict)


_MOST_ARMS = 50
_CONTROL_WORDS = ("control", "base", "baseline", "off", "0", "a", "false", "none", "no e-mail")


def read_units(table: pa.Table, design: Design) -> Units:
    """Arms, clusters and covariates of every row that has an arm.

    Raises
    ------
    UsageError
        A column or an arm is not in the table.
    DataError
        There are fewer than two arms, or an arm has fewer than two units.
    """
    for name in (
        design.arm, design.unit, design.clusters, design.time, *design.covariates, *design.strata, *design.balance,
    ):  # fmt: skip
        if name is not None and name not in table.column_names:
            raise UsageError(f"the table has no column {name!r}; {nearest(name, table.column_names)}")
    notes: list[str] = []
    known = pc.is_valid(table[design.arm])
    missing = len(table) - int(pc.sum(known).as_py() or 0)
    if missing:
        notes.append(f"{missing} of {len(table)} rows name no arm and are left out")
        table = table.filter(known)
    coded = table[design.arm].combine_chunks().dictionary_encode()
    words = [_word(value) for value in coded.dictionary.to_pylist()]
    arms = tuple(sorted(set(words)))
    if len(arms) < 2:
        raise DataError(
            f"column {design.arm!r} has {len(arms)} arm{'' if len(arms) == 1 else 's'}: at least 2 are needed"
        )
    if len(arms) > _MOST_ARMS:
        raise DataError(
            f"column {design.arm!r} has {len(arms)} values: is it the arm? At most {_MOST_ARMS} arms are compared"
        )
    number = np.array([arms.index(word) for word in words], np.int64)
    arm = number[coded.indices.to_numpy(zero_copy_only=False)]
    control = _control(arms, design.control, np.bincount(arm, minlength=len(arms)))
    cluster_name = design.clusters or design.unit
    cluster = unit_codes(table[cluster_name]) if cluster_name else None
    units = Units(arms, control, arm, cluster, np.empty((len(arm), 0)), table, tuple(notes))
    if (design.time is None) != (design.period_s is None):
        raise UsageError("a switchback names both the column of the moment and the length of a period")
    units = _switchback(units, design) if design.time else units
    units = _crossing(units, design, cluster_name)
    x = columns_known_before(units.table, design.covariates, design.strata)
    sizes = {name: _size(units, number) for number, name in enumerate(arms)}
    for name, size in sizes.items():
        if size < 2:
            raise DataError(f"arm {name!r} has {size} unit{'' if size == 1 else 's'}: at least 2 are needed")
    return Units(
        arms, control, units.arm, units.cluster, x, units.table, units.notes, units.broken, units.burned, sizes
    )


def _word(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _control(arms: tuple[str, ...], asked: str | None, sizes: Ints) -> int:
    if asked is not None:
        if asked not in arms:
            raise UsageError(f"there is no arm {shown(asked)}; {nearest(asked, arms)}")
        return arms.index(asked)
    for word in _CONTROL_WORDS:
        for number, arm in enumerate(arms):
            if arm.lower().strip() == word:
                return number
    return int(np.argmax(sizes))


def unit_codes(column: pa.ChunkedArray) -> Ints:
    """(n,) a number for each unit; a row that names none is a unit of its own."""
    codes = column.combine_chunks().dictionary_encode().indices
    found = codes.to_numpy(zero_copy_only=False).astype(float)
    lone = np.isnan(found)
    found[lone] = np.nanmax(found, initial=-1) + 1 + np.arange(lone.sum())  # a row without a unit is its own
    return np.asarray(found, np.int64)


def _size(units: Units, number: int) -> int:
    rows = units.arm == number
    return int(rows.sum()) if units.cluster is None else len(np.unique(units.cluster[rows]))


def _crossing(units: Units, design: Design, name: str | None) -> Units:
    """Units that met several arms: broken in a parallel design, expected in a switchback one."""
    if units.cluster is None or design.time is not None:
        return units
    pairs = np.unique(np.stack([units.cluster, units.arm]), axis=1)[0]
    codes, counts = np.unique(pairs, return_counts=True)
    crossing = codes[counts > 1]
    if len(crossing) == 0:
        return units
    share = len(crossing) / len(codes)
    keep = ~np.isin(units.cluster, crossing)
    note = f"{len(crossing)} of {len(codes)} {name} values ({share:.1%}) stand in several arms and are left out"
    broken = (*units.broken, note) if share > 0.01 else units.broken
    return Units(
        units.arms, units.control, units.arm[keep], units.cluster[keep], units.x[:0],
        units.table.filter(pa.array(keep)), (*units.notes, note), broken, units.burned,
    )  # fmt: skip


def _switchback(units: Units, design: Design) -> Units:
    """A switchback's clusters are (unit, period); the first rows after a change of arm are left out."""
    assert design.time is not None
    assert design.period_s is not None
    if not design.period_s > design.burn_in_s >= 0:
        raise UsageError(
            f"the switchback period is {design.period_s:g} s and its burn-in {design.burn_in_s:g} s: the period must be"
            " the longer one"
        )
    column = units.table[design.time]
    if pa.types.is_timestamp(column.type):
        seconds = column.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy(zero_copy_only=False) / 1e6
    else:
        seconds = as_floats(column, design.time)
    if not np.isfinite(seconds).all():
        raise DataError(f"column {design.time!r} lacks a time in {int((~np.isfinite(seconds)).sum())} rows")
    place = units.cluster if units.cluster is not None else np.zeros(len(seconds), np.int64)
    period = np.floor(seconds / design.period_s).astype(np.int64)
    into = seconds - period * design.period_s
    cluster = np.unique(np.stack([place, period]), axis=1, return_inverse=True)[1].astype(np.int64)
    keep = into >= design.burn_in_s
    notes = list(units.notes)
    if design.burn_in_s:
        notes.append(
            f"{int((~keep).sum())} rows within {design.burn_in_s:g} s of a period's start are left out (carry-over)"
        )
    pairs = np.unique(np.stack([cluster[keep], units.arm[keep]]), axis=1)[0]
    mixed = np.flatnonzero(np.bincount(pairs) > 1)
    periods = len(np.unique(cluster[keep]))
    broken = units.broken
    if len(mixed):
        notes.append(
            f"{len(mixed)} of {periods} periods hold several arms: are periods {design.period_s:g} s long, from"
            " midnight UTC on? They are left out"
        )
        broken = (*broken, notes[-1]) if len(mixed) > 0.01 * periods else broken
    kept = keep & ~np.isin(cluster, mixed)
    return Units(
        units.arms, units.control, units.arm[kept], cluster[kept], units.x[:0], units.table.filter(pa.array(kept)),
        tuple(notes), broken, int((~keep).sum()),
    )  # fmt: skip


def columns_known_before(table: pa.Table, covariates: tuple[str, ...], strata: tuple[str, ...] = ()) -> Floats:
    """(n, p) centred covariates and strata; a missing number is the mean with a flag beside it.

    Raises
    ------
    DataError
        A covariate holds no number.
    UsageError
        A column of words has more than 200 levels.
    """
    columns: list[Floats] = []
    for name in covariates:
        column = table[name]
        try:
            values = as_floats(column, name)
        except (pa.ArrowException, ValueError):
            columns += _levels(column, name)
            continue
        known = np.isfinite(values)
        if not known.any():
            raise DataError(f"covariate {name!r} holds no number")
        columns.append(np.where(known, values, values[known].mean()))
        if not known.all():
            columns.append((~known).astype(float))
    for name in strata:
        columns += _levels(table[name], name)
    if not columns:
        return np.empty((len(table), 0))
    x = np.stack(columns, axis=1)
    apart = spread(x)
    x = x - x.mean(axis=0)
    return np.asarray(x[:, apart > 0] / apart[apart > 0], np.float64)


def _levels(column: pa.ChunkedArray, name: str) -> list[Floats]:
    words = pc.fill_null(column.cast(pa.string()), "(none)").combine_chunks().dictionary_encode()
    codes, n = words.indices.to_numpy(zero_copy_only=False), len(words.dictionary)
    if n > 200:
        raise UsageError(
            f"{name!r} has {n} levels: strata of at most 200 levels are compared; give numbers or fewer levels"
        )
    return [(codes == level).astype(float) for level in range(1, n)]
