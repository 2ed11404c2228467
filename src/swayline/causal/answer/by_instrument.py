"""The effect of a treatment through an instrument column: residuals, estimate, checks, verdict, ledger rows."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from swayline.causal.estimate.instruments import InstrumentEstimate, two_stage
from swayline.causal.inference.refutation import Refutation, as_json
from swayline.causal.nuisance.cross_fitting import crossfit, default_learners, folds, left_within_levels
from swayline.causal.refute import refutations as refute
from swayline.causal.table.covariate_table import CovariateTable
from swayline.causal.table.folds import FoldedDesign
from swayline.causal.table.levels import Levels
from swayline.causal.table.question import EffectQuery
from swayline.causal.table.unusable import known_of
from swayline.core.errors import IdentificationError, UsageError
from swayline.core.rng import generator
from swayline.ledger import EffectRow

Floats = npt.NDArray[np.float64]
LATE = "late"
"""Estimand of the effect on those whom the instrument moves."""


@dataclass(frozen=True)
class ByInstrument:
    """What an instrument says of a treatment, with the checks made and the verdict."""

    instrument: str
    found: InstrumentEstimate
    refutations: dict[str, Refutation]
    identified: str
    reason: str
    n: int


def by_instrument(data: CovariateTable, s: EffectQuery, name: str, values: Floats) -> ByInstrument:
    """The local effect by two-stage least squares on cross-fitted residuals.

    Parameters
    ----------
    values : the instrument, shape (n,); rows where it is missing are left out

    Raises
    ------
    UsageError
        The treatment has more than two arms.
    IdentificationError
        The instrument does not vary, or fewer than 20 rows have it.
    """
    if len(data.treatment.arms) > 2:
        raise UsageError(
            f"an instrument serves a treatment with two arms or a dose; {s.treatment!r} has {len(data.treatment.arms)}"
        )
    rows = np.flatnonzero(np.isfinite(values))
    if len(rows) < 20 or float(np.std(values[rows])) == 0:
        raise IdentificationError(f"instrument {name!r} is known in {len(rows)} rows, or is the same in all of them")
    clusters = None
    if data.clusters is not None:
        clusters = np.unique(data.clusters[rows], return_inverse=True)[1].astype(np.int64)
    fold = folds(len(rows), s.n_folds, clusters, generator(s.seed, "instrument folds"))
    x = data.x[rows]
    levels = None if data.levels is None else data.levels.take(rows)
    known = values[rows]
    arms = known == known.max() if len(np.unique(known)) == 2 else None
    z, d, y = (_left(x, each[rows], fold, data, s, levels) for each in (values, data.treatment.dose, data.y))
    found = two_stage(z, d, y, clusters, arms)
    checks: dict[str, Refutation] = {}
    for other, outcome in data.negatives.items():
        at = known_of(outcome[rows], other)
        left = _left(x[at], outcome[rows][at], fold[at], data, s, None if levels is None else levels.take(at))
        within = None if clusters is None else np.unique(clusters[at], return_inverse=True)[1].astype(np.int64)
        against = two_stage(z[at], d[at], left, within, None if arms is None else arms[at])
        checks[f"negative control: {other}"] = refute.placebo_outcome(
            against.reduced, f"{other!r}, which it cannot have caused"
        )
    identified, reason = _verdict(name, found, checks)
    return ByInstrument(name, found, checks, identified, reason, len(rows))


def _left(
    x: npt.NDArray[Any],
    target: Floats,
    fold: npt.NDArray[np.int64],
    data: CovariateTable,
    s: EffectQuery,
    levels: Levels | None,
) -> Floats:
    """What the controls do not predict of a column."""
    kind = "linear" if s.learner in ("linear", "gaussian") else s.learner
    binary = bool(np.isin(target, (0.0, 1.0)).all())
    learners, _ = default_learners(x, data.encoder.groups, binary, kind, s.seed)
    if levels is not None:
        columns, groups = target[:, None], data.encoder.groups
        return left_within_levels(FoldedDesign(x, fold), columns, groups, levels, kind, s.seed)[0][:, 0]
    return target - crossfit(FoldedDesign(x, fold), target, learners)[0]


def _verdict(name: str, found: InstrumentEstimate, checks: dict[str, Refutation]) -> tuple[str, str]:
    against = [f"{word} ({one.words}: {one.figure:.3g})" for word, one in checks.items() if not one.passed]
    if not np.isfinite(found.low) or not np.isfinite(found.high):
        told = f"{name!r} moves the treatment too little (F = {strength(found.first_stage)})"
        against.append(f"{told}: {_excluded(found.gap)} excluded")
    if against:
        return "no", "Not identified: " + "; ".join(against) + "."
    weak = f" It is weak (F = {strength(found.first_stage)}), which the interval allows for." if found.weak else ""
    return "assumed", (
        f"Holds for those whom {name!r} moves, if it reaches the outcome through the treatment alone, shares no cause "
        f"with it beyond the controls, and pushes nobody the other way; F = {strength(found.first_stage)}.{weak}"
    )


def strength(f: float) -> str:
    """An F statistic in words.

    >>> strength(12.34), strength(float("inf"))
    ('12.3', 'above a million')
    """
    return "above a million" if f > 1e6 else f"{f:.1f}"


def _excluded(gap: tuple[float, float] | None) -> str:
    """A set of two rays has no ends that an interval could tell: what lies between them is told in words."""
    return "no effect is" if gap is None else f"only effects between {gap[0]:.4g} and {gap[1]:.4g} are"


def rows_by_instrument(base: EffectRow, one: ByInstrument) -> list[EffectRow]:
    """Ledger rows: the local effect with its Anderson-Rubin interval, and the instrument's own effect on the outcome.

    ``base`` says cause, effect, channel and unit.
    """
    told, plain, reduced = one.found.quoted(), one.found.estimate, one.found.reduced
    late = replace(
        base, estimand=LATE, method=f"2sls, instrument {one.instrument}, anderson-rubin interval", figure=told.figure,
        evidence="adjusted", identified=one.identified, n=one.n, primary=True, assumptions=one.reason,
        refutations=as_json(one.refutations),
    )  # fmt: skip
    return [
        late,
        replace(
            late, method=f"2sls, instrument {one.instrument}, normal interval", figure=plain.figure, primary=False
        ),
        replace(
            late, cause_kind="column", cause=one.instrument, estimand="reduced_form", reference=None, primary=False,
            method=f"dml of the outcome on {one.instrument}", figure=reduced.figure,
            assumptions="What the instrument itself does to the outcome, per unit of it. " + one.reason,
        ),
    ]  # fmt: skip
