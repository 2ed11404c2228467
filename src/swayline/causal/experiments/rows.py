"""A finished experiment as rows of the influence table, beside what was measured from logs."""

import json
from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa

from swayline.causal.experiments.analysis import ExperimentResult
from swayline.causal.experiments.comparison import Comparison
from swayline.causal.experiments.verdict import BROKEN, OTHER_UNIT
from swayline.core.errors import UsageError, nearest
from swayline.core.names import EXPERIMENT_KEY
from swayline.ledger import EffectRow, Figure, ledger
from swayline.ledger.schema import EXPERIMENT

_HOW = {
    "mean": "difference of means",
    "proportion": "difference of shares",
    "ratio": "difference of ratios, by the delta method",
    "quantile": "difference of quantiles, by their influence function",
}


def experiment_ledger(
    found: ExperimentResult,
    *,
    cause: str | None = None,
    cause_kind: str = "treatment",
    effects: Mapping[str, str] | None = None,
    as_of: datetime | None = None,
) -> pa.Table:
    """The experiment's comparisons as a ledger; its verdicts and words stand in the table's metadata.

    Parameters
    ----------
    cause : str, optional
        What the arm is called in other rows, such as the behaviour ``cart``; by default the arm's column. With several
        arms against the control, ``=ARM`` follows.
    effects : mapping, optional
        Metric → outcome of other rows, where it is the same under another name.

    Raises
    ------
    UsageError
        ``effects`` names a metric that was not asked for, or a word is not one that the ledger allows.

    Notes
    -----
    ``identified`` is yes where arms have their planned sizes, are alike in what was known before, and share no unit;
    else no. Peeking experiments carry the intervals that hold on every day.
    """
    names = {one.metric.name for one in found.comparisons}
    for metric in effects or {}:
        if metric not in names:
            raise UsageError(f"the experiment has no metric {metric!r}; {nearest(metric, names)}")
    rows = [_row(found, one, cause or found.design.arm, cause_kind, effects or {}, as_of) for one in found.comparisons]
    table = ledger(rows)
    spoken = {
        "verdicts": [vars(one) for one in found.verdicts],
        "words": found.summary()[len(found.verdicts) :],
        "peeking": found.peeking,
    }
    return table.replace_schema_metadata({EXPERIMENT_KEY: json.dumps(spoken).encode()})


def _row(
    found: ExperimentResult, one: Comparison, cause: str, kind: str, effects: Mapping[str, str], as_of: datetime | None
) -> EffectRow:
    metric, name = one.metric, effects.get(one.metric.name, one.metric.name)
    low, high, p_value = (
        (one.always_low, one.always_high, one.always_p) if found.peeking else (one.ci_low, one.ci_high, one.p_value)
    )
    several = len({other.arm for other in found.comparisons}) > 1
    return EffectRow(
        cause_kind=kind, cause=f"{cause}={one.arm}" if several else cause, effect=name, channel="all",
        estimand="quantile_effect" if metric.kind == "quantile" else "ate",
        unit="probability" if metric.kind == "proportion" else name, method=_HOW[metric.kind], evidence=EXPERIMENT,
        identified="no" if any(verdict.word in (BROKEN, OTHER_UNIT) for verdict in found.verdicts) else "yes",
        figure=Figure(one.effect, low, high, p_value), n=one.n_control + one.n_arm, assumptions=_assumptions(found),
        primary=True, reference=one.control, refutations=_checks(found), as_of=as_of,
    )  # fmt: skip


def _assumptions(found: ExperimentResult) -> str:
    design = found.design
    unit = design.clusters or design.unit or "row"
    who = f"periods of {design.period_s:g} s within {unit} values" if design.time else f"{unit} values"
    known = (*design.covariates, *design.strata)
    parts = [f"Randomised by {who}; no unit's outcome depends on another unit's arm."]
    if known:
        parts.append(f"Adjusted for {', '.join(known)}.")
    if found.peeking:
        parts.append("The interval holds on all days together.")
    return " ".join(parts)


def _checks(found: ExperimentResult) -> dict[str, dict[str, object]]:
    ratio = found.sample_ratio
    checks: dict[str, dict[str, object]] = {
        "sample_ratio": {
            "passed": not ratio.alarmed, "figure": ratio.deciding_p,
            "what": "p-value of the arms' sizes against the planned shares",
        }
    }  # fmt: skip
    compared = [one for one in found.balance if one.p_value == one.p_value]
    if compared:
        worst = min(compared, key=lambda one: one.p_value)
        checks["balance"] = {
            "passed": not any(one.alarmed for one in compared), "figure": min(1.0, worst.p_value * worst.among),
            "what": "smallest p-value of what was known before, corrected for how many were compared",
        }  # fmt: skip
    return checks
