"""Experiments known by counts, means and variances alone, as platforms keep them: one snapshot, or one a day.

A table of snapshots has a row a metric, arm and moment. Cumulative snapshots of one experiment may be read at every
moment: the always-valid interval holds over all of them.
"""

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
    """
    for name in columns:
        if name not in table.column_names:
            raise UsageError(f"the table has no column {name!r}; {nearest(name, table.column_names)}")
    n_c, mean_c, var_c, n_t, mean_t, var_t = (as_floats(table[name], name) for name in columns)
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
