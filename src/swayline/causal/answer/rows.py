"""An answer as rows of the ledger."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.answer.results import ArmResult
from swayline.causal.estimate.estimators import LEAST_CHANCE
from swayline.causal.heterogeneity.dr_learner import EffectModel
from swayline.causal.inference.intervals import Estimate
from swayline.causal.inference.refutation import as_json
from swayline.causal.table.covariate_table import CovariateTable
from swayline.causal.table.question import EffectQuery
from swayline.ledger import AssociationRow, EffectRow, Figure, PersonRows
from swayline.ledger.schema import ADJUSTED, ASSOCIATION, EXPERIMENT

Floats = npt.NDArray[np.float64]
Z = 1.959963984540054


_ASSOCIATIONS = ("difference in means", "logistic association", "bayes association", "least squares association")


_LEARNERS = {"OfArm": "gaussian process", "Halves": "dr-learner", "Forest": "causal forest"}


def method_rows(
    data: CovariateTable, s: EffectQuery, results: Sequence[ArmResult], notes: Sequence[str]
) -> list[EffectRow | AssociationRow]:
    """A row for every method of every arm, and one for the bound."""
    rows: list[EffectRow | AssociationRow] = []
    for one in results:
        for method, found in one.estimates.items():
            if method in _ASSOCIATIONS and not (s.randomised and method == "difference in means"):
                rows.append(_association(data, s, one, method, found))
            else:
                rows.append(_effect(data, s, one, method, found, notes))
        rows.append(_bound_row(data, s, one))
    return rows


def _unit(data: CovariateTable, s: EffectQuery) -> str:
    return "probability" if np.isin(data.y, (0.0, 1.0)).all() else s.outcome


def evidence(data: CovariateTable, s: EffectQuery) -> str:
    """What effects rest on: the treatment was drawn, or controls (or a graph that needs none) make up for it."""
    if s.randomised:
        return EXPERIMENT
    return ADJUSTED if data.encoder.used or data.graph_rationale else ASSOCIATION


def _cause(s: EffectQuery, data: CovariateTable, one: ArmResult) -> str:
    several = len(data.treatment.arms) != 2
    return f"{s.treatment}={one.arm}" if several and one.reference else s.treatment


def base_row(data: CovariateTable, s: EffectQuery, one: ArmResult) -> EffectRow:
    """The row to quote of an arm, which its other rows differ from."""
    found = one.estimates[one.quoted]
    return EffectRow(
        cause_kind="treatment", cause=_cause(s, data, one), effect=s.outcome, channel="all", unit=_unit(data, s),
        estimand="att" if s.estimand == "att" else "ate", method=one.quoted, evidence=evidence(data, s),
        identified=one.identified, figure=found.figure, n=one.n, reference=one.reference, primary=True,
        assumptions=one.reason,
    )  # fmt: skip


def _effect(
    data: CovariateTable, s: EffectQuery, one: ArmResult, method: str, found: Estimate, notes: Sequence[str]
) -> EffectRow:
    main = method == one.quoted
    words = f"{one.reason} {_bound_words(data, s, one)} Models: {'; '.join(notes)}." if main else one.reason
    whole = np.isfinite([found.value, found.low, found.high]).all() and method not in one.unheld
    if method in one.unheld:
        words = (
            f"Not identified: it leaves out what rows share, which moves the estimate ({one.quoted} holds it fixed)."
        )
    return replace(
        base_row(data, s, one), method=method, figure=found.figure, primary=main, assumptions=words,
        identified=one.identified if whole else "no", refutations=as_json(one.refutations),
    )  # fmt: skip


def _association(data: CovariateTable, s: EffectQuery, one: ArmResult, method: str, found: Estimate) -> AssociationRow:
    return AssociationRow(
        cause_kind="treatment", cause=_cause(s, data, one), effect=s.outcome, channel="all",
        unit="logit" if method == "logistic association" else _unit(data, s), method=method, figure=found.figure,
        n=len(data.y), reference=one.reference, assumptions="An association, not an effect: nothing is adjusted for.",
    )  # fmt: skip


def _averaged(data: CovariateTable, s: EffectQuery, one: ArmResult) -> str:
    """Over whom the effect is an average."""
    who = "treated rows" if s.estimand == "att" else "rows"
    if one.kept.all():
        return f"Averaged over all {who}."
    return (
        f"Averaged over the {one.share_kept:.1%} of {who} whose chance of either arm is at least {LEAST_CHANCE:.0%} of "
        f"that arm's share, not over the other {np.sum(~one.kept):,}, which have nothing comparable."
    )


def _bound_words(data: CovariateTable, s: EffectQuery, one: ArmResult) -> str:
    bound = one.sensitivity
    kept = _averaged(data, s, one) if one.reference else ""
    if bound.strongest is None:
        return (
            f"{kept} No control was found to bear on both treatment and outcome; E-value {bound.e_value:.2f}.".strip()
        )
    if not np.isfinite(bound.low):
        return (
            f"{kept} A hidden cause as strong as {bound.strongest!r} would explain all of the treatment and could "
            f"leave any effect; E-value {bound.e_value:.2f}, robustness value {bound.robustness:.2f}."
        ).strip()
    return (
        f"{kept} A hidden cause as strong as {bound.strongest!r} would leave it between {bound.low:.4g} and "
        f"{bound.high:.4g}; E-value {bound.e_value:.2f}, robustness value {bound.robustness:.2f}."
    ).strip()


def _bound_row(data: CovariateTable, s: EffectQuery, one: ArmResult) -> EffectRow:
    bound = one.sensitivity
    return replace(
        base_row(data, s, one), estimand="bound", primary=False, assumptions=_bound_words(data, s, one),
        figure=Figure(one.estimates[one.quoted].value, bound.low, bound.high),
        identified=one.identified if np.isfinite(bound.low) else "no",
        method="hidden cause as strong as the strongest control (Cinelli-Hazlett)",
    )  # fmt: skip


def person_rows(
    data: CovariateTable, s: EffectQuery, results: Sequence[ArmResult], models: Callable[[], tuple[EffectModel, ...]]
) -> list[PersonRows]:
    """A row for every person and arm: the effect at that person's controls."""
    rows, subjects = [], pa.array(data.rows).cast(pa.string())
    for one, model in zip(results, models(), strict=True):
        mean, spread = model.effect(data.x)
        method = _LEARNERS[type(model).__name__]
        about = replace(base_row(data, s, one), estimand="cate", method=method, figure=Figure(), n=1)
        rows.append(PersonRows(about, subjects, mean, mean - Z * spread, mean + Z * spread))
    return rows
