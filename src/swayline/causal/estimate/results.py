"""What an estimate holds, and its rows in the ledger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.estimate.estimators import LEAST_CHANCE
from swayline.causal.estimate.inference import Estimate
from swayline.causal.heterogeneity.dr_learner import EffectModel
from swayline.causal.refute import refutations as refute
from swayline.causal.refute.refutations import Refutation
from swayline.causal.refute.sensitivity import Sensitivity
from swayline.causal.table.problem import Data, Setting

Floats = npt.NDArray[np.float64]
Z = 1.959963984540054


@dataclass(frozen=True)
class ArmResult:
    """Everything found of one arm against the reference (or of a dose, per unit)."""

    arm: str
    reference: str | None
    estimates: Mapping[str, Estimate]
    recommended: str
    n: int
    arm_sizes: tuple[int, int]
    share_kept: float
    refutations: Mapping[str, Refutation]
    sensitivity: Sensitivity
    balance: pa.Table
    effective: tuple[float, float]
    identified: str
    reason: str
    kept: npt.NDArray[np.bool_] = field(repr=False)
    scores: Floats = field(repr=False)


_ASSOCIATIONS = ("difference in means", "logistic association", "bayes association", "least squares association")


_LEARNERS = {"_OfArm": "gaussian process", "Halves": "dr-learner", "Forest": "causal forest"}


def method_rows(data: Data, s: Setting, results: Sequence[ArmResult], notes: Sequence[str]) -> list[dict[str, Any]]:
    """A row for every method of every arm, and one for the bound."""
    rows = []
    for one in results:
        for method, found in one.estimates.items():
            rows.append(_row(data, s, one, method, found, notes))
        rows.append(_bound_row(data, s, one))
    return rows


def _unit(data: Data, s: Setting) -> str:
    return "probability" if np.isin(data.y, (0.0, 1.0)).all() else s.outcome


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def base_row(data: Data, s: Setting, one: ArmResult) -> dict[str, Any]:
    """What every ledger row of an arm says of its cause and effect."""
    several = len(data.treatment.arms) != 2
    return {
        "cause_kind": "treatment", "cause": f"{s.treatment}={one.arm}" if several and one.reference else s.treatment,
        "effect_kind": "outcome", "effect": s.outcome, "channel": "all", "unit": _unit(data, s), "n": one.n,
        "reference": one.reference,
    }  # fmt: skip


def _row(data: Data, s: Setting, one: ArmResult, method: str, found: Estimate, notes: Sequence[str]) -> dict[str, Any]:
    row = base_row(data, s, one) | {
        "estimate": _finite(found.value), "ci_low": _finite(found.low), "ci_high": _finite(found.high),
        "p_value": _finite(found.p), "method": method,
    }  # fmt: skip
    if method in _ASSOCIATIONS and not (s.randomised and method == "difference in means"):
        unit = "logit" if method == "logistic association" else row["unit"]
        words = "An association, not an effect: nothing is adjusted for."
        return row | {
            "estimand": "association",
            "identified": "no",
            "assumptions": words,
            "unit": unit,
            "n": len(data.y),
        }
    main = method == one.recommended
    return row | {
        "estimand": "att" if s.estimand == "att" else "ate", "recommended": main,
        "identified": one.identified if np.isfinite([found.value, found.low, found.high]).all() else "no",
        "assumptions": f"{one.reason} {_bound_words(data, s, one)} Models: {'; '.join(notes)}." if main else one.reason,
        "refutations": refute.as_json(one.refutations),
    }  # fmt: skip


def _averaged(data: Data, s: Setting, one: ArmResult) -> str:
    """Over whom the effect is an average."""
    who = "treated rows" if s.estimand == "att" else "rows"
    if one.kept.all():
        return f"Averaged over all {who}."
    return (
        f"Averaged over the {one.share_kept:.1%} of {who} whose chance of either arm is at least {LEAST_CHANCE:.0%} of "
        f"that arm's share, not over the other {np.sum(~one.kept):,}, which have nothing comparable."
    )


def _bound_words(data: Data, s: Setting, one: ArmResult) -> str:
    bound = one.sensitivity
    kept = _averaged(data, s, one) if one.reference else ""
    if bound.strongest is None:
        return kept
    return (
        f"{kept} A hidden cause as strong as {bound.strongest!r} would leave it between {bound.low:.4g} and "
        f"{bound.high:.4g}; E-value {bound.e_value:.2f}, robustness value {bound.robustness:.2f}."
    )


def _bound_row(data: Data, s: Setting, one: ArmResult) -> dict[str, Any]:
    bound = one.sensitivity
    return base_row(data, s, one) | {
        "estimand": "bound", "estimate": _finite(one.estimates[one.recommended].value), "ci_low": _finite(bound.low),
        "ci_high": _finite(bound.high), "method": "hidden cause as strong as the strongest control (Cinelli-Hazlett)",
        "identified": one.identified, "assumptions": _bound_words(data, s, one),
    }  # fmt: skip


def person_rows(
    data: Data, s: Setting, results: Sequence[ArmResult], models: Callable[[], tuple[EffectModel, ...]]
) -> list[dict[str, Any]]:
    """A row for every person and arm: the effect at that person's controls."""
    rows = []
    for one, model in zip(results, models(), strict=True):
        mean, spread = model.effect(data.x)
        base = base_row(data, s, one) | {
            "estimand": "cate", "method": "", "identified": one.identified,
            "assumptions": one.reason, "n": 1, "recommended": True,
        }  # fmt: skip
        base["method"] = _LEARNERS[type(model).__name__]
        rows += [
            base | {"estimate": float(m), "ci_low": float(m - Z * d), "ci_high": float(m + Z * d), "subject": str(row)}
            for m, d, row in zip(mean, spread, data.rows, strict=True)
        ]
    return rows
