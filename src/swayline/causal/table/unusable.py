"""Columns that cannot carry an estimate: empty, constant, copies, or with so many gaps that they adjust for too little.

A gap in a control is filled with the median (or is a level of its own) and flagged. That adjusts for the control where
it is known, and only there: what the control does to the estimate is left undone in the other rows.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from swayline.causal.estimate.inference import Estimate, from_scores
from swayline.causal.estimate.joint import joint_slopes
from swayline.causal.nuisance.learners import least_squares
from swayline.causal.refute.refutations import Refutation
from swayline.causal.table.folds import Design, Flags, Floats, Ints
from swayline.causal.table.frame import Encoder, Treatment, column
from swayline.core.errors import IdentificationError, SchemaError

TOLERATED = 0.25
"""Bias that gaps may leave, in standard errors: a quarter takes the coverage of an interval from .95 to .94."""
_CHANCE = 0.05
_MOST_ROWS = 50_000
_FEWEST = 20


def missing_in(table: pa.Table, controls: Sequence[str]) -> dict[str, Flags]:
    """Which rows of each control are empty, shape (n,); controls without a gap, or without a value, are left out."""
    found = {}
    for name in controls:
        values = column(table, name)
        if 0 < values.null_count < len(values):
            found[name] = np.asarray(values.is_null().to_numpy(), dtype=bool)
    return found


def control_remarks(table: pa.Table, encoder: Encoder, missing: dict[str, Flags]) -> tuple[str, ...]:
    """What was done about controls that are empty, do not vary, or have gaps: a remark each."""
    used, said = set(encoder.used), []
    for name in encoder.controls:
        if column(table, name).null_count == table.num_rows:
            said.append(f"control {name!r} is empty and was not adjusted for")
        elif name in encoder.identifiers:
            said.append(
                f"control {name!r} tells nearly every row apart, as an identifier does, and was not adjusted for"
            )
        elif name not in used:
            said.append(f"control {name!r} does not vary and was not adjusted for")
        elif name in missing:
            gaps = int(missing[name].sum())
            said.append(
                f"control {name!r} is empty in {gaps:,} of {table.num_rows:,} rows ({gaps / table.num_rows:.0%}); "
                "there the median (of words: a level of its own) and an indicator stand for it"
            )
    return tuple(said)


def copies(x: Design, encoder: Encoder, y: Floats, treatment: Treatment, s_outcome: str, s_treatment: str) -> list[str]:
    """Controls that are the outcome or the treatment under another name (any linear function of it), in words."""
    targets = [(s_outcome, "outcome", y)]
    if treatment.is_dose:
        targets.append((s_treatment, "treatment", treatment.dose))
    else:
        kept = range(1 if len(treatment.arms) == 2 else 0, len(treatment.arms))
        targets += [(s_treatment, "treatment", (treatment.arm == a).astype(np.float64)) for a in kept]
    close, found = (1e-9 if x.dtype == np.float64 else 1e-5), {}
    for name, kind, values in targets:
        spread = float(values.std())
        if spread == 0 or not x.shape[1]:
            continue
        alike = np.abs(((values - values.mean()) / spread).astype(x.dtype) @ x) / len(x)
        for k in np.flatnonzero(alike > 1 - close):
            control = encoder.controls[encoder.groups[k]]
            found[control] = f"control {control!r} is a copy of the {kind} {name!r}: leave it out"
    return list(found.values())


def known_of(values: Floats, name: str) -> Ints:
    """Row numbers in which a negative control or the like is known.

    Raises
    ------
    SchemaError
        It is known in too few.
    """
    rows = np.flatnonzero(np.isfinite(values))
    if len(rows) < _FEWEST:
        raise SchemaError(f"column {name!r} holds a number in {len(rows)} rows: at least {_FEWEST} are needed")
    return rows


def does_not_vary(y: Floats, name: str) -> None:
    """Refuse an outcome that is the same in every row."""
    if len(y) and float(y.min()) == float(y.max()):
        raise IdentificationError(f"outcome {name!r} is {y[0]:g} in every row: there is nothing to explain")


def gaps_left(
    x: Design, d: Floats, y: Floats, rows: Flags, encoder: Encoder, missing: dict[str, Flags],
    clusters: Ints | None, main: Estimate,
) -> dict[str, Refutation]:  # fmt: skip
    """Whether gaps in a control may leave a bias that matters, a check for each control with gaps.

    Where the control is known, the slope of the outcome on the treatment is taken without it and with it. The rows
    with a gap keep the difference: their share of it is the bias that may be left.

    Parameters
    ----------
    x : shape (n, p); d, y : treatment and outcome, (n,)
    rows : those the estimate is over, shape (n,)
    missing : rows of each control without a value, shape (n,) each
    main : the estimate whose standard error the bias is measured in

    Notes
    -----
    Linear, in the control and its squares. Assumes that gaps confound no more than values do where they are known.
    """
    asked = {name: gap for name, gap in missing.items() if gap[rows].any() and name in encoder.used}
    found = {}
    for name, gap in asked.items():
        share = float(gap[rows].mean())
        at = np.flatnonzero(rows & ~gap)
        at = at[:: max(1, len(at) // _MOST_ROWS)]
        own, others = _columns(x[at], encoder, name)
        if len(at) < max(2 * _FEWEST, 2 * (x.shape[1] + 2)):
            told = f"{name!r} is known in {len(at):,} rows only: what it does cannot be told; the share that lacks it"
            found[f"gaps in {name}"] = Refutation(False, share, told)
            continue
        moved = _moved(others, own, d[at], y[at], None if clusters is None else _packed(clusters[at]))
        bias = share * moved.value
        harms = abs(bias) > TOLERATED * main.se and moved.p < _CHANCE / len(asked)
        told = (
            f"{name!r} is empty in {share:.0%} of the rows; where it is known it moves the estimate by "
            f"{moved.value:.3g}; the bias that its gaps may leave"
        )
        found[f"gaps in {name}"] = Refutation(not harms, bias, told)
    return found


def _packed(clusters: Ints) -> Ints:
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)


def _columns(x: Design, encoder: Encoder, name: str) -> tuple[Floats, Floats]:
    """Columns of one control (with squares of what is not yes/no), and those of the others; constant ones left out."""
    group = encoder.controls.index(name)
    mine = np.asarray(encoder.groups) == group
    parts = [x[:, mine].astype(np.float64)]
    wide = [k for k in range(parts[0].shape[1]) if len(np.unique(parts[0][:2000, k])) > 2]
    if wide:
        parts.append(np.clip(parts[0][:, wide], -3, 3) ** 2)
    own, others = np.concatenate(parts, axis=1), x[:, ~mine].astype(np.float64)
    return own[:, own.std(axis=0) > 1e-9], others[:, others.std(axis=0) > 1e-9]


def _moved(others: Floats, own: Floats, d: Floats, y: Floats, clusters: Ints | None) -> Estimate:
    """By how much the slope of y on d changes where ``own`` is left out, others held fixed."""
    left_d, left_y = d - least_squares(others, d), y - least_squares(others, y)
    left_own = np.column_stack([each - least_squares(others, each) for each in own.T]) if own.shape[1] else own
    if not own.shape[1] or float(np.var(left_d)) <= 1e-12 * max(float(np.var(d)), 1e-300):
        return Estimate(0.0, 0.0, 0.0, 0.0, 1.0)
    without = joint_slopes(left_d[:, None], left_y)
    within = joint_slopes(np.column_stack([left_d, left_own]), left_y)
    value = float(without.values[0] - within.values[0])
    found = from_scores(value, without.scores[:, 0] - within.scores[:, 0], clusters)
    return found if np.isfinite(found.p) else Estimate(value, found.se, value, value, 1.0)
