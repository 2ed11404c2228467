"""Whether arms are alike in what was known before: where they are not, assignment or logging is broken.

Arms of the planned sizes can still be broken inside: a redirect that fails in one browser, a bucket that follows the
country. Each column known before is compared between each arm and the control by a Hotelling test of its level shares
(or its mean), summed within clusters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from swayline.causal.experiments.design import Design, Units
from swayline.causal.experiments.metrics import Metric
from swayline.causal.experiments.sample_ratio import ALARM
from swayline.core.numbers import as_floats

Floats = npt.NDArray[np.float64]
_RARE = 50
"""Levels of fewer rows are one level: shares of so few tell nothing."""
_MOST_LEVELS = 200


@dataclass(frozen=True)
class Balance:
    """How alike an arm and the control are in one column known before.

    Parameters
    ----------
    p_value : float
        Of the column's comparison, before the correction for how many are made; NaN where too few clusters compare it.
    among : int
        Comparisons that are made together.
    what : str
        The level (or mean) that differs most, in words.
    """

    column: str
    arm: str
    p_value: float
    among: int
    what: str

    @property
    def alarmed(self) -> bool:
        """Whether they differ by more than chance explains."""
        return self.p_value * self.among < ALARM


def check_balance(units: Units, design: Design) -> tuple[Balance, ...]:
    """Every column known before, compared between every arm and the control.

    Notes
    -----
    Under equal distributions the pooled mean is the mean of either arm, so that variances are taken around it: levels
    that are rare, or absent in one arm, do not raise false alarms.
    """
    names = tuple(dict.fromkeys((*design.covariates, *design.strata, *design.balance)))
    others = [number for number in range(len(units.arms)) if number != units.control]
    found = []
    for name in names:
        x, labels = _columns(units.table[name], name)
        for number in others:
            p_value, what = _compare(units, number, x, labels)
            words = f"{name} differs between {units.arms[number]} and {units.arms[units.control]} ({what})"
            found.append(Balance(name, units.arms[number], p_value, len(names) * len(others), words))
    return tuple(found)


def whole_values(units: Units, design: Design, metrics: Sequence[Metric]) -> tuple[str, ...]:
    """Columns whose values each stand in one arm alone: a larger unit was randomised, and rows are taken for it.

    Among rows randomised one by one this does not happen by chance; a column of few values an arm (its name, its
    e-mail) is passed over.
    """
    if units.cluster is not None:
        return ()
    used = {design.arm, *(one.column for one in metrics), *(one.denominator for one in metrics)}
    found = []
    for name in units.table.column_names:
        column = units.table[name]
        if name in used or not (pa.types.is_integer(column.type) or pa.types.is_string(column.type)):
            continue
        codes = column.combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
        values = len(np.unique(codes))
        if 2 * len(units.arms) <= values <= len(codes) / 5 and (
            len(np.unique(codes.astype(np.int64) * len(units.arms) + units.arm)) == values
        ):
            found.append(
                f"each of the {values} values of {name} stands in one arm alone, so rows were not randomised one by"
                f" one (--clusters {name}, or leave the column out)"
            )
    return tuple(found)


def _columns(column: pa.ChunkedArray, name: str) -> tuple[Floats, list[str]]:
    """(n, p) indicators of a column's levels, or its values; and what each is called."""
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if numeric and len(pc.unique(column)) > 10:
        values = as_floats(column, name)
        known = np.isfinite(values)
        mean = values[known].mean() if known.any() else 0.0
        return np.stack([np.where(known, values, mean), (~known).astype(float)], axis=1), ["mean", "missing"]
    coded = pc.fill_null(column.cast(pa.string()), "(none)").combine_chunks().dictionary_encode()
    codes, words = coded.indices.to_numpy(zero_copy_only=False), coded.dictionary.to_pylist()
    counts = np.bincount(codes, minlength=len(words))
    common = [level for level in np.argsort(-counts)[:_MOST_LEVELS] if counts[level] >= _RARE]
    return np.stack([codes == level for level in common] or [np.zeros(len(codes))], axis=1).astype(float), [
        words[level] for level in common
    ]


def _compare(units: Units, number: int, x: Floats, labels: list[str]) -> tuple[float, str]:
    arm, control = units.arm == number, units.arm == units.control
    pooled = x[arm | control].mean(axis=0)
    means, covariance, groups = [], np.zeros((x.shape[1], x.shape[1])), 0
    for rows in (arm, control):
        residual = x[rows] - pooled
        if units.cluster is not None:
            code = np.unique(units.cluster[rows], return_inverse=True)[1]
            residual = np.stack([np.bincount(code, weights=one) for one in residual.T], axis=1)
        covariance += residual.T @ residual / rows.sum() ** 2
        groups += len(residual)
        means.append(x[rows].mean(axis=0))
    gap = means[0] - means[1]
    rank = int(np.linalg.matrix_rank(covariance, hermitian=True))
    freedom = groups - 2
    if rank == 0 or freedom - rank + 1 < max(10, rank):
        return float("nan"), ""
    squared = float(gap @ np.linalg.pinv(covariance, hermitian=True) @ gap)
    p_value = float(stats.f.sf(squared * (freedom - rank + 1) / (freedom * rank), rank, freedom - rank + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        worst = int(np.nanargmax(np.nan_to_num(np.abs(gap) / np.sqrt(np.diag(covariance)))))
    form = ".4g" if labels[worst] == "mean" else ".1%"
    side = f"{labels[worst]} {means[0][worst]:{form}} against {means[1][worst]:{form}}"
    return p_value, f"{side}; p = {p_value:.1e}"
