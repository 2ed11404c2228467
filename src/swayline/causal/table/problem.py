"""The question asked of a table, checked, and its rows as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.nuisance.levels import Levels, learn_levels, level_remarks
from swayline.causal.refute.refutations import Refutation
from swayline.causal.table.frame import (
    Encoder,
    Treatment,
    column,
    learn_encoder,
    numeric,
    read_clusters,
    read_treatment,
)
from swayline.causal.table.unusable import control_remarks, copies, does_not_vary, missing_in
from swayline.core.errors import IdentificationError, UsageError, nearest

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
ESTIMANDS = ("ate", "att", "cate")
LEARNERS = ("auto", "linear", "boosting", "gaussian", "forest")


@dataclass(frozen=True)
class Setting:
    """What was asked; the fields are :func:`.estimate_effect`'s arguments."""

    treatment: str
    outcome: str
    estimand: str
    clusters: str | None
    reference: str | None
    randomised: bool
    propensity: str | None
    learner: str
    negative_controls: tuple[str, ...]
    n_folds: int
    seed: int
    instrument: str | None = None
    beside: bool = False


@dataclass(frozen=True)
class Data:
    """The rows that have treatment and outcome.

    ``checks`` made and reasons ``against`` found before estimating; ``told``: what a graph says of the controls;
    ``remarks``: what was done about rows and controls that lack values; ``missing``: rows in which a control is empty.
    """

    x: npt.NDArray[Any]
    y: Floats
    treatment: Treatment
    clusters: Ints | None
    encoder: Encoder
    known: Floats | None
    negatives: dict[str, Floats]
    rows: Ints
    dropped: int
    checks: dict[str, Refutation] = field(default_factory=dict)
    against: tuple[str, ...] = ()
    told: str = ""
    instrument: Floats | None = None
    levels: Levels | None = None
    remarks: tuple[str, ...] = ()
    missing: dict[str, Flags] = field(default_factory=dict, repr=False)


def check(table: pa.Table, s: Setting, controls: Sequence[str] | None) -> tuple[str, ...]:
    """The controls to use, once the question makes sense.

    Raises
    ------
    UsageError
        An option is not one of its words, a column is missing or used twice.
    """
    if s.estimand not in ESTIMANDS:
        raise UsageError(f"estimand is {s.estimand!r}; it must be one of {', '.join(ESTIMANDS)}")
    if s.learner not in LEARNERS:
        raise UsageError(f"learner is {s.learner!r}; it must be one of {', '.join(LEARNERS)}")
    if s.n_folds < 2:
        raise UsageError(f"n_folds is {s.n_folds}; cross-fitting needs at least 2")
    used = [s.treatment, s.outcome, *([s.clusters] if s.clusters else []), *s.negative_controls]
    used += [name for name in (s.propensity, s.instrument) if name]
    if s.instrument in (s.treatment, s.outcome):
        raise UsageError(f"{s.instrument!r} cannot be the instrument of itself: name another column")
    if s.treatment == s.outcome:
        raise UsageError(f"{s.treatment!r} is both treatment and outcome")
    if controls is None:
        return tuple(name for name in table.column_names if name not in used)
    if isinstance(controls, str):
        raise UsageError(f"controls is {controls!r}; a list of columns is needed, as in ['{controls}']")
    for name in controls:
        if name in (s.treatment, s.outcome):
            raise UsageError(f"control {name!r} is the treatment or the outcome: leave it out")
        if name == s.instrument:
            raise UsageError(f"{name!r} is the instrument, which must not be a control too: leave it out")
        if name not in table.column_names:
            raise UsageError(f"the table has no control {name!r}; {nearest(name, table.column_names)}")
        if column(table, name).null_count == table.num_rows:
            raise UsageError(f"control {name!r} is empty in every row, so nothing can be adjusted for: leave it out")
    return tuple(dict.fromkeys(controls))


def read(table: pa.Table, s: Setting, controls: tuple[str, ...], merge: bool = False) -> Data:
    """The rows that have treatment and outcome, as arrays; ``merge``: see :func:`.learn_encoder`.

    Raises
    ------
    IdentificationError
        Too few rows, arms or clusters are left.
    """
    y = numeric(table, s.outcome)
    treatment = read_treatment(table, s.treatment, s.reference)
    good = np.isfinite(y) & np.isfinite(treatment.dose)
    known = None
    if s.propensity:
        known = numeric(table, s.propensity)
        outside = good & ~((known > 0) & (known < 1))
        if outside.any():
            raise UsageError(
                f"propensity column {s.propensity!r} must lie strictly between 0 and 1 in every row: "
                f"{int(outside.sum()):,} rows are empty or do not, the first is row {np.flatnonzero(outside)[0] + 1}"
            )
        if len(treatment.arms) != 2:
            raise UsageError(
                f"a propensity column needs a treatment with two arms; {s.treatment!r} has {len(treatment.arms)}"
            )
    rows = np.flatnonzero(good)
    clean = table if len(rows) == table.num_rows else table.take(pa.array(rows))
    kept = Treatment(
        treatment.arms, treatment.arm[rows] if not treatment.is_dose else treatment.arm, treatment.dose[rows]
    )
    for k, word in enumerate(kept.arms):
        if (kept.arm == k).sum() < 2:
            raise IdentificationError(
                f"arm {word!r} of {s.treatment!r} has {int((kept.arm == k).sum())} row(s): at least 2 are needed"
            )
    if len(rows) < 10:
        raise IdentificationError(
            f"{len(rows)} rows have both {s.treatment!r} and {s.outcome!r}: at least 10 are needed"
        )
    does_not_vary(y[rows], s.outcome)
    encoder, x = learn_encoder(clean, controls, merge)
    levels = learn_levels(clean, encoder)
    missing = missing_in(clean, controls)
    remarks = control_remarks(clean, encoder, missing)
    if len(rows) < table.num_rows:
        remarks = (f"{table.num_rows - len(rows):,} rows without treatment or outcome left out", *remarks)
    remarks += () if levels is None else level_remarks(levels)
    clusters = None
    if s.clusters:
        clusters, said = _clusters(clean, s)
        remarks += said
    negatives = {name: numeric(clean, name) for name in s.negative_controls}
    return Data(
        x,
        y[rows],
        kept,
        clusters,
        encoder,
        None if known is None else known[rows],
        negatives,
        rows,
        table.num_rows - len(rows),
        against=tuple(copies(x, encoder, y[rows], kept, s.outcome, s.treatment)),
        instrument=numeric(clean, s.instrument) if s.instrument else None,
        levels=levels,
        remarks=remarks,
        missing=missing,
    )


def _clusters(table: pa.Table, s: Setting) -> tuple[Ints, tuple[str, ...]]:
    """Cluster numbers, and what was done about rows without one."""
    assert s.clusters is not None
    clusters, gaps = read_clusters(table, s.clusters), column(table, s.clusters).null_count
    count = int(clusters.max()) + 1 - gaps
    if count < s.n_folds:
        raise IdentificationError(f"{s.clusters!r} has {count} clusters: at least {s.n_folds} are needed")
    return clusters, (f"{gaps:,} rows without {s.clusters!r} are clusters of their own",) if gaps else ()
