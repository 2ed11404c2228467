"""Experiments known by counts, means and variances alone, as platforms keep them: one snapshot, or one a day.

A table of snapshots has a row a metric, arm and moment. Cumulative snapshots of one experiment may be read at every
moment: the always-valid interval holds over all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.experiments.comparison import Comparison, Moments, compare
from swayline.causal.experiments.metrics import Metric
from swayline.causal.experiments.sequential import PLANNED_UNITS, sequence_width
from swayline.core.errors import DataError, UsageError, nearest
from swayline.core.numbers import as_floats

Floats = npt.NDArray[np.float64]


def compare_summaries(
    metric: Metric, control: tuple[int, float, float], arm: tuple[int, float, float], names: tuple[str, str],
    planned_units: int = PLANNED_UNITS, prior_sd: float | None = None,
) -> Comparison:  # fmt: skip
    """A comparison from (count, mean, variance) of control and arm.

    Raises
    ------
    DataError
        A count is below 2, a variance is missing or below zero, or a mean is not a number.
    """
    found = []
    for (n, mean, variance), name in zip((control, arm), names, strict=True):
        if n < 2:
            raise DataError(f"arm {name!r} has {n} unit(s): at least 2 are needed")
        if not np.isfinite(variance) or variance < 0:
            raise DataError(f"arm {name!r} has variance {variance}: it must be a number of at least 0")
        if not np.isfinite(mean):
            raise DataError(f"arm {name!r} has mean {mean}: it must be a number")
        found.append(Moments(float(mean), float(variance) / n, float(variance) / n, int(n)))
    return compare(metric, found[0], found[1], names, planned_units, prior_sd)


def analyze_snapshots(
    table: pa.Table, columns: tuple[str, str, str, str, str, str], planned_units: int = PLANNED_UNITS
) -> pa.Table:
    """Effect, plain and always-valid intervals at every snapshot.

    Parameters
    ----------
    table : pa.Table
        A row a snapshot: count, mean and variance of control and arm.
    columns : tuple of str
        Names of: control's count, mean, variance; the arm's count, mean, variance.

    Returns
    -------
    pa.Table
        The table's own columns, then ``effect``, ``se``, ``z``, ``ci_low``, ``ci_high``, ``always_low``,
        ``always_high`` and ``usable``; rows that lack a number are not usable and hold nulls.

    Raises
    ------
    UsageError
        A column is missing.
    DataError
        A column holds no numbers, or a count below zero.
    """
    for name in columns:
        if name not in table.column_names:
            raise UsageError(f"the table has no column {name!r}; {nearest(name, table.column_names)}")
    n_c, mean_c, var_c, n_t, mean_t, var_t = (_numbers(table, name) for name in columns)
    for name, counts in ((columns[0], n_c), (columns[3], n_t)):
        if (counts < 0).any():
            raise DataError(f"column {name!r} holds the count {np.nanmin(counts):g}; no count is below 0")
    usable = (n_c >= 2) & (n_t >= 2) & (var_c >= 0) & (var_t >= 0) & np.isfinite(mean_c) & np.isfinite(mean_t)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.where(usable, mean_t - mean_c, np.nan)
        se = np.where(usable, np.sqrt(var_c / n_c + var_t / n_t), np.nan)
        z = np.where(se > 0, effect / se, np.where(effect == 0, 0.0, np.nan))
    smaller = np.where(usable, np.minimum(n_c, n_t) * 2, 2)
    width = np.array([sequence_width(int(n), planned_units) for n in smaller]) * se
    added = {
        "effect": effect, "se": se, "z": z, "ci_low": effect - 1.959964 * se, "ci_high": effect + 1.959964 * se,
        "always_low": effect - width, "always_high": effect + width,
    }  # fmt: skip
    for name, values in added.items():
        table = table.append_column(name, pa.array(values, pa.float64(), from_pandas=True))
    return table.append_column("usable", pa.array(usable))


def _numbers(table: pa.Table, name: str) -> Floats:
    try:
        return as_floats(table[name], name)
    except (pa.ArrowException, ValueError):
        raise DataError(f"column {name!r} holds {table[name].type} and not numbers") from None


@dataclass(frozen=True)
class Streams:
    """How a table's comparisons ended, and what looking at every snapshot would have made of them.

    Parameters
    ----------
    rows, unusable : int
        Snapshots, and those that lack a number or have fewer than 2 units.
    streams, looks : int
        Comparisons, and their snapshots in the middle one.
    plain_end, plain_ever : int
        Comparisons that the plain 95% interval calls different at the end, and on any snapshot.
    changed : int
        Those that it calls different on some snapshot and not at the end.
    always_end, always_ever : int
        The same of the interval that holds on all snapshots.
    """

    rows: int
    unusable: int
    streams: int
    looks: int
    plain_end: int
    plain_ever: int
    changed: int
    always_end: int
    always_ever: int

    def summary(self) -> list[str]:
        """In words; with several snapshots the plain interval is quoted as a warning alone."""
        lines = []
        if self.unusable:
            lines.append(
                f"{self.unusable:,} of {self.rows:,} snapshots lack a mean, a variance or a count of at least 2,"
                " and are left out"
            )
        if self.looks <= 1:
            return [*lines, f"{self.plain_end} of {self.streams} comparisons differ, read once (95%)"]
        return [
            *lines,
            f"{self.always_ever} of {self.streams} comparisons differ, by intervals that hold on every snapshot"
            f" ({self.always_end} of their intervals leave out 0 at the last one too)",
            f"looked at on every snapshot, plain intervals would call {self.plain_ever} different and"
            f" {self.plain_end} at the last one: {self.changed} times the answer depends on the day,"
            " so they are not to be read so",
        ]


def read_streams(found: pa.Table, by: Sequence[str], time: str | None) -> Streams:
    """Comparisons of a table that :func:`analyze_snapshots` read.

    Parameters
    ----------
    by : sequence of str
        Columns that name one comparison; without them the table is one.
    time : str, optional
        Column that orders its snapshots; the table's order by default.

    Raises
    ------
    UsageError
        A column is missing.
    DataError
        No snapshot can be used.
    """
    for name in (*by, *([time] if time else [])):
        if name not in found.column_names:
            raise UsageError(f"the table has no column {name!r}; {nearest(name, found.column_names)}")
    kept = found.filter(found["usable"])
    if len(kept) == 0:
        raise DataError("no snapshot has counts of at least 2, means and variances: nothing can be compared")
    if time is not None:
        kept = kept.sort_by(time)
    keys = list(zip(*(kept[name].to_pylist() for name in by), strict=True)) if by else [()] * len(kept)
    plain = (np.asarray(kept["ci_low"]) > 0) | (np.asarray(kept["ci_high"]) < 0)
    always = (np.asarray(kept["always_low"]) > 0) | (np.asarray(kept["always_high"]) < 0)
    rows: dict[tuple[object, ...], list[int]] = {}
    for number, key in enumerate(keys):
        rows.setdefault(key, []).append(number)
    ends = np.array([plain[one[-1]] for one in rows.values()])
    ever = np.array([plain[one].any() for one in rows.values()])
    return Streams(
        len(found), len(found) - len(kept), len(rows), int(np.median([len(one) for one in rows.values()])),
        int(ends.sum()), int(ever.sum()), int((ever & ~ends).sum()),
        int(sum(always[one[-1]] for one in rows.values())), int(sum(always[one].any() for one in rows.values())),
    )  # fmt: skip
