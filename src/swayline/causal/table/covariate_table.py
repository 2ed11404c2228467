"""The rows of a table that an effect is estimated from, as arrays."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.inference.refutation import Refutation
from swayline.causal.table.evidence import copied_rows, lost_outcomes
from swayline.causal.table.frame import (
    Encoder,
    Treatment,
    column,
    learn_encoder,
    numeric,
    read_clusters,
    read_treatment,
)
from swayline.causal.table.levels import Levels, learn_levels, level_remarks
from swayline.causal.table.question import EffectQuery
from swayline.causal.table.shared import Shared
from swayline.causal.table.unusable import control_remarks, copies, does_not_vary, missing_in
from swayline.core.errors import IdentificationError, UsageError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
MOST_COLUMNS = 2000
"""Columns of controls that are held fixed at once: matrices of their square are inverted, 32 MB each."""


@dataclass(frozen=True)
class CovariateTable:
    """The rows that have treatment and outcome.

    Attributes
    ----------
    x : standardised design, shape (n, p); ``encoder`` made it
    y : outcome, shape (n,)
    treatment, clusters, propensity, instrument : of each row; the last three None where there is none
    negatives : negative controls, shape (n,) each
    rows : which rows of the table these are, shape (n,); ``dropped`` are not among them
    checks, objections : checks made, and reasons against the estimate found, before estimating
    graph_rationale : what a causal graph says of the controls
    levels : controls of many levels
    remarks : what was done about rows and controls that lack values
    missing : rows in which a control is empty, shape (n,) each
    shared : what rows have in common besides, to be held fixed or checked
    """

    x: npt.NDArray[Any]
    y: Floats
    treatment: Treatment
    clusters: Ints | None
    encoder: Encoder
    propensity: Floats | None
    negatives: dict[str, Floats]
    rows: Ints
    dropped: int
    checks: dict[str, Refutation] = field(default_factory=dict)
    objections: tuple[str, ...] = ()
    graph_rationale: str = ""
    instrument: Floats | None = None
    levels: Levels | None = None
    remarks: tuple[str, ...] = ()
    missing: dict[str, Flags] = field(default_factory=dict, repr=False)
    shared: Shared | None = field(default=None, repr=False)


def read(table: pa.Table, s: EffectQuery, controls: tuple[str, ...], merge: bool = False) -> CovariateTable:
    """The rows that have treatment and outcome, as arrays; ``merge``: see :func:`.learn_encoder`.

    Raises
    ------
    IdentificationError
        Too few rows, arms or clusters are left.
    UsageError
        The controls make more than :data:`MOST_COLUMNS` columns.
    """
    _few(controls, len(controls))
    y, treatment = numeric(table, s.outcome), read_treatment(table, s.treatment, s.reference)
    known = np.isfinite(y)
    good = known & np.isfinite(treatment.dose)
    propensity = _propensity(table, s, treatment, good) if s.propensity else None
    rows = np.flatnonzero(good)
    dropped = table.num_rows - len(rows)
    clean = table.take(pa.array(rows)) if dropped else table
    kept, y = _kept(treatment, rows, s), y[rows]
    does_not_vary(y, s.outcome)
    if kept.is_dose:
        does_not_vary(kept.dose, s.treatment, "treatment")
    encoder, x = learn_encoder(clean, controls, merge)
    _few(controls, x.shape[1])
    levels, missing = learn_levels(clean, encoder), missing_in(clean, controls)
    clusters, said = _clusters(clean, s) if s.clusters else (None, ())
    remarks = (
        *([f"{dropped:,} rows without treatment or outcome left out"] if dropped else []),
        *control_remarks(clean, encoder, missing),
        *(() if levels is None else level_remarks(levels)),
        *said,
    )
    return CovariateTable(
        x, y, kept, clusters, encoder, None if propensity is None else propensity[rows],
        {name: numeric(clean, name) for name in s.negative_controls}, rows, dropped,
        objections=(
            *copies(x, encoder, y, kept, s.outcome, s.treatment),
            *lost_outcomes(treatment.arms, treatment.arm, known, s.outcome),
            *(() if s.clusters else copied_rows(clean, [s.treatment, s.outcome, *encoder.used])),
        ),
        instrument=numeric(clean, s.instrument) if s.instrument else None,
        levels=levels, remarks=remarks, missing=missing,
    )  # fmt: skip


LEAST_PROPENSITY = 1e-9
"""A row of a smaller chance would weigh more than all the rows of any table; and squares of weights must be numbers."""


def _propensity(table: pa.Table, s: EffectQuery, treatment: Treatment, good: Flags) -> Floats:
    """Known chances of the treatment, strictly between 0 and 1 wherever it counts."""
    assert s.propensity is not None
    chance = numeric(table, s.propensity)
    outside = good & ~((chance >= LEAST_PROPENSITY) & (chance <= 1 - LEAST_PROPENSITY))
    if outside.any():
        raise UsageError(
            f"propensity column {s.propensity!r} must lie strictly between 0 and 1 in every row, by "
            f"{LEAST_PROPENSITY:g} at least: {int(outside.sum()):,} rows are empty or do not, the first is row "
            f"{np.flatnonzero(outside)[0] + 1}"
        )
    if len(treatment.arms) != 2:
        raise UsageError(
            f"a propensity column needs a treatment with two arms; {s.treatment!r} has {len(treatment.arms)}"
        )
    return chance


def _kept(treatment: Treatment, rows: Ints, s: EffectQuery) -> Treatment:
    """The treatment of the rows that count, once there are enough of every arm."""
    arm = treatment.arm if treatment.is_dose else treatment.arm[rows]
    for k, word in enumerate(treatment.arms):
        if (arm == k).sum() < 2:
            raise IdentificationError(
                f"arm {word!r} of {s.treatment!r} has {int((arm == k).sum())} row(s): at least 2 are needed"
            )
    if len(rows) < 10:
        raise IdentificationError(
            f"{len(rows)} rows have both {s.treatment!r} and {s.outcome!r}: at least 10 are needed"
        )
    return Treatment(treatment.arms, arm, treatment.dose[rows])


def _clusters(table: pa.Table, s: EffectQuery) -> tuple[Ints, tuple[str, ...]]:
    """Cluster numbers, and what was done about rows without one."""
    assert s.clusters is not None
    clusters, gaps = read_clusters(table, s.clusters), column(table, s.clusters).null_count
    count = int(clusters.max()) + 1 - gaps
    if count < s.n_folds:
        raise IdentificationError(f"{s.clusters!r} has {count} clusters: at least {s.n_folds} are needed")
    return clusters, (f"{gaps:,} rows without {s.clusters!r} are clusters of their own",) if gaps else ()


def _few(controls: tuple[str, ...], columns: int) -> None:
    """Refuse what would take minutes to hold fixed: before anything is encoded where the names alone are too many."""
    if columns > MOST_COLUMNS:
        raise UsageError(
            f"{len(controls):,} controls make {columns:,} columns, and at most {MOST_COLUMNS:,} are held fixed at "
            "once: name those that may cause both treatment and outcome (--controls a,b,c)"
        )
