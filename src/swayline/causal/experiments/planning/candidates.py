"""Rows of the influence table that are not settled, as ready experiments, the most worth knowing first.

Whether to act on a cause is decided by its effect's mean; an experiment of a given size may change that decision, and
what the change is expected to gain is its worth (expected value of sample information, normal prior):

    belief        effect ~ N(m, s²),  s² = (row's standard error)² + bias²
    after it      mean ~ N(m, s⁴ / (s² + e²)),  e: the experiment's own standard error
    its worth     people · (E[max(0, mean - least)] - max(0, m - least))

References
----------
Raiffa and Schlaifer (1961), Applied Statistical Decision Theory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from swayline.core.errors import UsageError

Row = Mapping[str, Any]
_ASSIGNED = ("treatment", "content", "item", "policy", "place")
"""Kinds of causes that can be given to people; others can only be prompted, which some follow."""
_SOCIAL = ("peer_effect", "excitation", "spread")
_ESTIMANDS = ("ate", "att", "association", "peer_effect", "content_effect")
_REACH = float(stats.norm.ppf(0.975) + stats.norm.ppf(0.8))
COLUMNS = (
    "rank", "cause_kind", "cause", "effect", "estimate", "ci_low", "ci_high", "unit", "evidence", "identified", "arms",
    "randomise_by", "to_see", "units_per_arm", "worth", "why",
)  # fmt: skip


@dataclass(frozen=True)
class Stakes:
    """What acting on an effect is about.

    Parameters
    ----------
    people : int
        Who would be reached, were the cause brought about for everybody.
    least : float
        Smallest effect that is worth its cost, in the effect's unit.
    uptake : float
        Share of the prompted who follow, for causes that cannot be given but only prompted (a behaviour).
    bias : float, optional
        Standard deviation of what adjustment missed, as recalibration found it; by default as large as the row's own
        estimate, since nothing is known.
    """

    people: int = 100_000
    least: float = 0.0
    uptake: float = 0.2
    bias: float | None = None


def ready_experiments(ledger: pa.Table, experiments: pa.Table | None = None, stakes: Stakes = Stakes()) -> pa.Table:
    """Experiments that would settle rows of the ledger, ranked by what settling them is expected to gain.

    Parameters
    ----------
    ledger : pa.Table
        Rows of influence; primary ones with an interval that no experiment settled are read.
    experiments : pa.Table, optional
        Further rows of finished experiments: what they identify is settled.

    Returns
    -------
    pa.Table
        ``rank`` … ``why``: arms, what is randomised, the effect to be seen, units an arm, and ``worth`` in the
        effect's unit times people.

    Raises
    ------
    UsageError
        A stake is out of range.
    """
    if stakes.people < 1 or not 0 < stakes.uptake <= 1 or (stakes.bias is not None and not stakes.bias >= 0):
        raise UsageError(f"stakes are out of range: people ≥ 1, 0 < uptake ≤ 1, bias ≥ 0, not {stakes}")
    rows = ledger.to_pylist()
    done = [*rows, *(experiments.to_pylist() if experiments is not None else [])]
    settled = {_key(one) for one in done if one["evidence"] == "experiment" and one["identified"] == "yes"}
    best: dict[tuple[str, str, str], Row] = {}
    for one in sorted(rows, key=lambda one: (one["estimand"] == "association", not one["primary"])):
        if _asks(one) and _key(one) not in settled:
            best.setdefault(_key(one), one)
    found = [_experiment(one, stakes) for one in best.values()]
    found.sort(key=lambda one: (-one["worth"], one["cause"]))
    return pa.Table.from_pylist(
        [{"rank": number + 1, **one} for number, one in enumerate(found)], schema=_SCHEMA
    )  # fmt: skip


_TEXT = ("cause_kind", "cause", "effect", "unit", "evidence", "identified", "arms", "randomise_by", "why")
_SCHEMA = pa.schema([
    (name, pa.string() if name in _TEXT else pa.int64() if name in ("rank", "units_per_arm") else pa.float64())
    for name in COLUMNS
])  # fmt: skip


def _key(row: Row) -> tuple[str, str, str]:
    return row["cause_kind"], row["cause"], row["effect"]


def _asks(row: Row) -> bool:
    numbers = (row["estimate"], row["ci_low"], row["ci_high"])
    return (
        row["estimand"] in _ESTIMANDS and row["subject"] is None and row["unit"] != "logit"
        and row["evidence"] in (None, "adjusted", "association", "experiment") and None not in numbers
        and row["ci_high"] > row["ci_low"] and row["n"] is not None and row["n"] > 3
    )  # fmt: skip


def _experiment(row: Row, stakes: Stakes) -> dict[str, Any]:
    estimate = float(row["estimate"])
    se = (row["ci_high"] - row["ci_low"]) / (2 * 1.959964)
    bias = stakes.bias if stakes.bias is not None else abs(estimate)
    spread = float(np.hypot(se, bias))
    given = row["cause_kind"] in _ASSIGNED
    uptake = 1.0 if given else stakes.uptake
    # Of n people the row compared, at best half had the cause: one person's variance is at most n · se² / 4.
    variance = row["n"] * se**2 / 4
    if row["unit"] == "probability":
        variance = min(variance, 0.25)
    to_see = max(abs(estimate - stakes.least), 0.5 * spread) * uptake
    units = int(np.ceil(2 * variance * (_REACH / to_see) ** 2))
    error = np.sqrt(2 * variance / units) / uptake
    worth = stakes.people * _gain(estimate - stakes.least, spread, float(error))
    social = row["estimand"] in _SOCIAL or row["channel"] == "social"
    control = row["reference"] or "as today"
    return {
        "cause_kind": row["cause_kind"], "cause": row["cause"], "effect": row["effect"], "estimate": estimate,
        "ci_low": row["ci_low"], "ci_high": row["ci_high"], "unit": row["unit"], "evidence": row["evidence"],
        "identified": row["identified"], "arms": f"{control} | {row['cause']}{'' if given else ' prompted'}",
        "randomise_by": "clusters of tied people" if social else "person", "to_see": to_see, "units_per_arm": units,
        "worth": worth, "why": _why(row, bias, stakes, given),
    }  # fmt: skip


def _gain(mean: float, spread: float, error: float) -> float:
    """What knowing more is expected to gain a person: E[max(0, updated mean)] - max(0, mean)."""
    moved = spread**2 / np.hypot(spread, error)
    if moved <= 0:
        return 0.0
    return float(mean * stats.norm.cdf(mean / moved) + moved * stats.norm.pdf(mean / moved) - max(0.0, mean))


def _why(row: Row, bias: float, stakes: Stakes, given: bool) -> str:
    rests = {"adjusted": "rests on what was measured", "association": "is an association"}.get(
        row["evidence"] or "", "came from an experiment whose checks failed" if row["evidence"] else "says no evidence"
    )
    how = "as recalibrated" if stakes.bias is not None else "the estimate's own size, as nothing is known of it"
    follows = "" if given else f"; {stakes.uptake:.0%} of the prompted are taken to follow"
    return f"the row {rests} (identified: {row['identified']}); its bias is taken as {bias:.3g} ({how}){follows}"
