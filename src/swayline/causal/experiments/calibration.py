"""How far off rows of the ledger were where an experiment settled the same question, and what that makes of the others.

For each pair the row's error is ``d = row - experiment``, with known sampling variance ``v``. Over the pairs of one
kind of evidence and one unit, errors are ``d ~ N(b, τ² + v)``: ``b`` is their common bias, ``τ`` how much it differs
from row to row. A row that no experiment settled is moved by ``-b`` and its variance grows by ``τ²`` and that of ``b``.

References
----------
DerSimonian and Laird (1986), Meta-analysis in clinical trials. Hartung and Knapp (2001), A refined method for the
meta-analysis of controlled clinical trials (the interval of ``b`` for few pairs).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import stats

from swayline.ledger import EffectRow, Figure, ledger

Row = Mapping[str, Any]
Floats = npt.NDArray[np.float64]
LEAST_PAIRS = 3
"""Fewer pairs do not tell how errors differ from row to row: nothing is recalibrated by them."""
_Z = 1.959963984540054


@dataclass(frozen=True)
class Pair:
    """A row of the ledger and the experiment about the same cause and effect."""

    row: Row
    experiment: Row

    @property
    def error(self) -> float:
        """The row's estimate less the experiment's."""
        return float(self.row["estimate"] - self.experiment["estimate"])

    @property
    def variance(self) -> float:
        """Sampling variance of the error: the two are taken as independent."""
        return _se(self.row) ** 2 + _se(self.experiment) ** 2

    @property
    def agrees(self) -> bool:
        """Whether the error is one that sampling explains."""
        return bool(abs(self.error) <= _Z * np.sqrt(self.variance))


@dataclass(frozen=True)
class Offset:
    """How far off rows of one kind of evidence were, in one unit.

    Parameters
    ----------
    pairs : int
        Rows with an experiment beside.
    agreeing : int
        Rows whose error is explained by sampling.
    bias, bias_se : float
        Common error, and its standard error.
    spread : float
        τ, how much the error differs from row to row beyond sampling.
    """

    evidence: str
    unit: str
    pairs: int
    agreeing: int
    bias: float
    bias_se: float
    spread: float

    @property
    def usable(self) -> bool:
        """Whether there are pairs enough to move other rows."""
        return self.pairs >= LEAST_PAIRS

    def words(self) -> str:
        """One line."""
        head = (
            f"{self.pairs} {self.evidence} row(s) in {self.unit} have an experiment beside;"
            f" {self.agreeing} differ no more than sampling explains"
        )
        if not self.usable:
            return f"{head}; {LEAST_PAIRS} pairs are needed to move other rows"
        reach = float(stats.t.ppf(0.975, self.pairs - 1)) * self.bias_se
        return (
            f"{head}; on average they were off by {self.bias:+.3g} ({self.bias - reach:+.3g} to"
            f" {self.bias + reach:+.3g}), and from row to row by {self.spread:.3g} more"
        )


@dataclass(frozen=True)
class Recalibration:
    """What experiments say of a ledger: ``pairs``, an ``offset`` a kind of evidence and unit, the moved ``rows``."""

    pairs: tuple[Pair, ...]
    offsets: tuple[Offset, ...]
    rows: tuple[EffectRow, ...]

    @property
    def ledger(self) -> pa.Table:
        """The moved rows as a ledger."""
        return ledger(self.rows)

    def summary(self) -> list[str]:
        """How far off rows were, and how many were moved."""
        if not self.pairs:
            return [
                "no row has an experiment about the same cause and effect beside it: nothing can be said of the others"
            ]
        return [*(one.words() for one in self.offsets), f"{len(self.rows)} row(s) without an experiment were moved"]


def recalibrate(rows: pa.Table, experiments: pa.Table) -> Recalibration:
    """Set rows of the ledger beside experiments, and move those that have none by how far off the others were.

    Parameters
    ----------
    rows : pa.Table
        A ledger of adjusted effects and associations.
    experiments : pa.Table
        A ledger with rows of evidence ``experiment``; those that are not identified are passed over.

    Notes
    -----
    Rows pair by cause, effect and unit. Moved rows rest on the assumption that rows without an experiment err as those
    with one did; they are ``assumed``, never ``yes``, and are not the primary ones.
    """
    settled = {
        _key(one): one for one in experiments.to_pylist()
        if one["evidence"] == "experiment" and one["identified"] == "yes" and _measured(one)
    }  # fmt: skip
    asked = [
        one for one in rows.to_pylist()
        if one["evidence"] in ("adjusted", "association") and one["primary"] | (one["evidence"] == "association")
        and one["subject"] is None and _measured(one) and one["estimand"] in ("ate", "att", "association")
    ]  # fmt: skip
    pairs = tuple(Pair(one, settled[_key(one)]) for one in asked if _key(one) in settled)
    offsets = tuple(
        _offset(kind, unit, [one for one in pairs if (one.row["evidence"], one.row["unit"]) == (kind, unit)])
        for kind, unit in dict.fromkeys((one.row["evidence"], one.row["unit"]) for one in pairs)
    )
    by_kind = {(one.evidence, one.unit): one for one in offsets if one.usable}
    moved = tuple(
        _moved(one, by_kind[one["evidence"], one["unit"]])
        for one in asked if _key(one) not in settled and (one["evidence"], one["unit"]) in by_kind
    )  # fmt: skip
    return Recalibration(pairs, offsets, moved)


def _key(row: Row) -> tuple[str, str, str, str]:
    return row["cause_kind"], row["cause"], row["effect"], row["unit"]


def _measured(row: Row) -> bool:
    return None not in (row["estimate"], row["ci_low"], row["ci_high"]) and row["ci_high"] > row["ci_low"]


def _se(row: Row) -> float:
    return float(row["ci_high"] - row["ci_low"]) / (2 * _Z)


def _offset(evidence: str, unit: str, pairs: Sequence[Pair]) -> Offset:
    errors = np.array([one.error for one in pairs])
    variances = np.array([one.variance for one in pairs])
    spread = between_variance(errors, variances)
    weights = 1 / (variances + spread)
    bias = float(weights @ errors / weights.sum())
    se = float(np.sqrt(1 / weights.sum()))
    if len(pairs) > 1:
        knapp = float(weights @ (errors - bias) ** 2 / (len(pairs) - 1) / weights.sum())
        se = max(se, float(np.sqrt(knapp)))
    return Offset(
        evidence, unit, len(pairs), sum(one.agrees for one in pairs), bias, se, float(np.sqrt(spread))
    )  # fmt: skip


def between_variance(errors: Floats, variances: Floats) -> float:
    """τ² by the method of moments (Paule and Mandel): the value at which weighted squares are as many as freedoms.

    >>> between_variance(np.array([0.0, 0.0, 0.0]), np.ones(3))
    0.0
    """
    if len(errors) < 2:
        return 0.0

    def excess(spread: float) -> float:
        weights = 1 / (variances + spread)
        mean = weights @ errors / weights.sum()
        return float(weights @ (errors - mean) ** 2 - (len(errors) - 1))

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(np.ptp(errors) ** 2 + variances.max())
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high


def _moved(row: Row, offset: Offset) -> EffectRow:
    estimate = float(row["estimate"]) - offset.bias
    se = float(np.sqrt(_se(row) ** 2 + offset.spread**2 + offset.bias_se**2))
    freedom = offset.pairs - 1
    reach = float(stats.t.ppf(0.975, freedom)) * se
    p_value = float(2 * stats.t.sf(abs(estimate) / se, freedom))
    return EffectRow(
        cause_kind=row["cause_kind"], cause=row["cause"], effect=row["effect"], channel=row["channel"],
        estimand="ate" if row["estimand"] == "association" else row["estimand"], unit=row["unit"],
        method=f"{row['method']}, recalibrated", evidence="adjusted", identified="assumed",
        figure=Figure(estimate, estimate - reach, estimate + reach, p_value), n=row["n"], reference=row["reference"],
        window_s=row["window_s"], horizon_s=row["horizon_s"], as_of=row["as_of"],
        assumptions=(
            f"Rows without an experiment err as the {offset.pairs} {offset.evidence} rows with one did: by"
            f" {offset.bias:+.3g} on average, by {offset.spread:.3g} more from row to row."
        ),
    )  # fmt: skip
