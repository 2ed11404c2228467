"""Columns that cannot carry an estimate: empty, constant, or copies of what is asked about."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from swayline.causal.table.folds import Design, Flags, Floats, Ints
from swayline.causal.table.frame import Encoder, Treatment, column
from swayline.core.errors import IdentificationError, SchemaError

SMALLEST = 1e-60
"""Standard deviation that an outcome or a dose has at least: of smaller ones squares of variances are zero."""
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
        if spread < SMALLEST or not x.shape[1]:
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


def does_not_vary(values: Floats, name: str, what: str = "outcome") -> None:
    """Refuse an outcome or a dose that is the same in every row, or differs by so little that squares vanish."""
    if not len(values):
        return
    if float(values.min()) == float(values.max()):
        raise IdentificationError(f"{what} {name!r} is {values[0]:g} in every row: there is nothing to explain")
    if float(values.std()) < SMALLEST:
        raise IdentificationError(
            f"{what} {name!r} differs between rows by less than {SMALLEST:g}, which cannot be squared: give it in a "
            "smaller unit"
        )
