"""Long-term effects from short experiments: a surrogate index carries two-week outcomes to ninety-day ones.

In a log of the past (where both are known) the long-term outcome is regressed on the short-term ones and on what was
known before; in the experiment, where only the short-term ones are known yet, the prediction is compared between arms.
The answer is the long-term effect if the arm moves the long-term outcome through the surrogates alone, and if what ties
the two together is in the experiment what it was in the past.

References
----------
Athey, Chetty, Imbens and Kang (2019), The surrogate index: combining short-term proxies to estimate long-term treatment
effects more rapidly and precisely. Prentice (1989), Surrogate endpoints in clinical trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import stats

from swayline.causal.experiments.design import Design, Units, columns_known_before, read_units
from swayline.core.errors import DataError, UsageError, nearest
from swayline.core.numbers import as_floats
from swayline.ledger import EffectRow, Figure
from swayline.numerics.spread import spread

Floats = npt.NDArray[np.float64]
_Z = 1.959963984540054
_KNOTS = (0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class LongTermEffect:
    """An arm's effect on the long-term outcome, as the surrogates foretell it.

    Parameters
    ----------
    effect, se, ci_low, ci_high, p_value : float
        The interval holds the experiment's chance and that of the regression of the past.
    direct, direct_se : float
        The effect on the outcome itself, in an experiment that is old enough to know it; else NaN.
    surrogacy_p : float
        There, of "no effect but through the surrogates": small where they miss a part.
    """

    arm: str
    control: str
    outcome: str
    effect: float
    se: float
    ci_low: float
    ci_high: float
    p_value: float
    r_squared: float
    n: int
    direct: float
    direct_se: float
    surrogacy_p: float

    def words(self) -> str:
        """The effect in one line, and beside it what is known of it directly."""
        line = (
            f"{self.arm} against {self.control}, {self.outcome} foretold: {self.effect:+.4g} ({self.ci_low:+.4g} to"
            f" {self.ci_high:+.4g}), if the arm works through the surrogates alone (they explain"
            f" {self.r_squared:.0%} of the outcome in the past)"
        )
        if not np.isfinite(self.direct):
            return line
        verdict = "the surrogates miss a part" if self.surrogacy_p < 0.05 else "nothing beside the surrogates is seen"
        return (
            f"{line}; measured directly {self.direct:+.4g} ± {_Z * self.direct_se:.2g}: {verdict}"
            f" (p = {self.surrogacy_p:.2g})"
        )

    def row(self, cause: str, cause_kind: str = "treatment") -> EffectRow:
        """The foretold effect as a row of the ledger: assumed, or no where the direct effect speaks against it."""
        missed = self.surrogacy_p < 0.05
        return EffectRow(
            cause_kind=cause_kind, cause=cause, effect=self.outcome, channel="all", estimand="ate", unit=self.outcome,
            method="surrogate index", evidence="experiment", identified="no" if missed else "assumed",
            figure=Figure(self.effect, self.ci_low, self.ci_high, self.p_value), n=self.n, reference=self.control,
            assumptions="The arm moves the outcome through the surrogates alone, as they went together in the past.",
            refutations=None if np.isnan(self.surrogacy_p) else {
                "surrogacy": {"passed": not missed, "figure": self.surrogacy_p, "what": "p-value of a direct effect"}
            },
        )  # fmt: skip


def surrogate_effects(
    experiment: pa.Table, past: pa.Table, outcome: str, surrogates: Sequence[str], design: Design
) -> tuple[LongTermEffect, ...]:
    """The long-term effect of every arm, foretold from short-term outcomes.

    Parameters
    ----------
    experiment : pa.Table
        A row a unit: the arm, the surrogates, and ``design.covariates``; the outcome too where it is known already.
    past : pa.Table
        A row a unit of a log: surrogates, covariates and the outcome.
    surrogates : sequence of str
        Columns of short-term outcomes.

    Raises
    ------
    UsageError
        A column is missing.
    DataError
        A column holds no numbers, or the past has too few rows.

    Notes
    -----
    The regression is least squares on the surrogates, on bends at their quartiles (and the top twentieth) and on the
    covariates; its covariance is robust to unequal variances. Surrogates of the experiment that are missing are an
    error: a short-term outcome that is not known is no zero.
    """
    for name in (outcome, *surrogates, *design.covariates):
        if name not in past.column_names:
            raise UsageError(f"the past has no column {name!r}; {nearest(name, past.column_names)}")
    for name in surrogates:
        if name not in experiment.column_names:
            raise UsageError(f"the experiment has no column {name!r}; {nearest(name, experiment.column_names)}")
    if not surrogates:
        raise UsageError("at least one surrogate is needed: a short-term outcome that both tables hold")
    units = read_units(experiment, design)
    old, new = _columns(past, surrogates), _columns(units.table, surrogates)
    bends = [_bends(one) for one in old.T]
    both = columns_known_before(
        pa.concat_tables([_only(past, design.covariates), _only(units.table, design.covariates)]), design.covariates
    )
    basis, own = (
        _basis(part, bends, covariates)
        for part, covariates in ((old, both[: len(past)]), (new, both[len(past) :]))
    )  # fmt: skip
    y = _columns(past, (outcome,))[:, 0]
    if len(y) < 5 * basis.shape[1]:
        raise DataError(f"the past has {len(y)} rows for {basis.shape[1]} terms: at least 5 a term are needed")
    keep = spread(basis) > 0
    keep[0] = True
    beta, covariance, r_squared = _least_squares(basis[:, keep], y)
    known = _columns(units.table, (outcome,))[:, 0] if outcome in units.table.column_names else None
    return tuple(
        _effect(units, number, own[:, keep], (beta, covariance, r_squared), known, outcome)
        for number in range(len(units.arms))
        if number != units.control
    )


def _only(table: pa.Table, names: Sequence[str]) -> pa.Table:
    columns = {name: table[name] for name in names}
    columns[" rows"] = pa.chunked_array([pa.array(np.zeros(len(table)))])
    return pa.table({name: one.cast(pa.float64()) if _numeric(one) else one for name, one in columns.items()})


def _numeric(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_integer(column.type) or pa.types.is_floating(column.type))


def _columns(table: pa.Table, names: Sequence[str]) -> Floats:
    found = []
    for name in names:
        try:
            values = as_floats(table[name], name)
        except (pa.ArrowException, ValueError):
            raise DataError(f"column {name!r} holds {table[name].type} and not numbers") from None
        if not np.isfinite(values).all():
            raise DataError(f"column {name!r} lacks a number in {int((~np.isfinite(values)).sum())} rows")
        found.append(values)
    return np.stack(found, axis=1)


def _bends(values: Floats) -> Floats:
    if len(np.unique(values)) < 6:
        return np.unique(values)[1:-1]
    return np.unique(np.quantile(values, _KNOTS))


def _basis(surrogates: Floats, bends: list[Floats], covariates: Floats) -> Floats:
    columns = [np.ones(len(surrogates)), *surrogates.T, *covariates.T]
    for one, knots in zip(surrogates.T, bends, strict=True):
        columns += [np.maximum(one - knot, 0) for knot in knots]
    return np.stack(columns, axis=1)


def _least_squares(x: Floats, y: Floats) -> tuple[Floats, Floats, float]:
    """Coefficients, their covariance (HC1), and the share explained."""
    inverse = np.linalg.pinv(x.T @ x, hermitian=True)
    beta = inverse @ (x.T @ y)
    residual = y - x @ beta
    meat = (x * residual[:, None] ** 2).T @ x
    return beta, inverse @ meat @ inverse * len(y) / max(len(y) - x.shape[1], 1), float(1 - residual.var() / y.var())


def _effect(
    units: Units, number: int, basis: Floats, fit: tuple[Floats, Floats, float], known: Floats | None, outcome: str
) -> LongTermEffect:
    beta, covariance, r_squared = fit
    rows, others = units.arm == number, units.arm == units.control
    index = basis @ beta
    effect, variance = _difference(index, rows, others, units)
    moved = basis[rows].mean(axis=0) - basis[others].mean(axis=0)
    se = float(np.sqrt(variance + moved @ covariance @ moved))
    direct = direct_se = surrogacy = float("nan")
    if known is not None:
        direct, direct_variance = _difference(known, rows, others, units)
        direct_se = float(np.sqrt(direct_variance))
        missed, missed_variance = _difference(known - index, rows, others, units)
        spread = float(np.sqrt(missed_variance + moved @ covariance @ moved))
        surrogacy = float(2 * stats.norm.sf(abs(missed) / spread)) if spread > 0 else 1.0
    p_value = float(2 * stats.norm.sf(abs(effect) / se)) if se > 0 else 1.0
    return LongTermEffect(
        units.arms[number], units.arms[units.control], outcome, effect, se, effect - _Z * se, effect + _Z * se, p_value,
        r_squared, int(rows.sum() + others.sum()), direct, direct_se, surrogacy,
    )  # fmt: skip


def _difference(
    values: Floats, rows: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_], units: Units
) -> tuple[float, float]:
    """Difference of means and its variance, summed within clusters."""
    means, variance = [], 0.0
    for part in (rows, others):
        mean = values[part].mean()
        residual = values[part] - mean
        if units.cluster is not None:
            residual = np.bincount(np.unique(units.cluster[part], return_inverse=True)[1], weights=residual)
        groups = len(residual)
        variance += float(groups / (groups - 1) * (residual**2).sum() / part.sum() ** 2)
        means.append(float(mean))
    return means[0] - means[1], variance
