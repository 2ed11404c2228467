"""What flagged people do to the effects of behaviours: the same question asked of everybody else."""

from typing import Any

import pyarrow as pa

from swayline.core.progress import task
from swayline.events import EventLog
from swayline.influence.effects import BehaviorEffects

_COMPARED = ("estimate", "ci_low", "ci_high", "identified")


def effects_without(measured: pa.Table, others: EventLog, outcome: str, seed: int = 0) -> list[dict[str, Any]]:
    """Every quoted effect of a behaviour, with everybody and without the flagged people.

    Parameters
    ----------
    measured : pa.Table
        The ledger of everybody.
    others : EventLog
        The log without the flagged people, its outcome told apart.
    outcome : str
        The behaviour whose chance is asked.

    Returns
    -------
    list of dict
        ``cause``, ``effect``, ``estimand``, ``unit``, ``window_s``, ``horizon_s``; ``estimate``, ``ci_low``,
        ``ci_high``, ``identified`` with everybody, and the same with ``_without``, None where the others are too few.

    Raises
    ------
    DataError
        No effect can be estimated without them.
    """
    rows = []
    for one in _quoted(measured):
        # The window and the horizon of everybody: left to the log they could move, and two questions be compared.
        with task(f"effect of {one['cause']} without flagged people"):
            effects = BehaviorEffects(
                (one["cause"],), outcome, one["window_s"], one["horizon_s"], learner="linear", seed=seed
            ).fit(others)
        again = next((row for row in _quoted(effects.ledger_) if row["estimand"] == one["estimand"]), None)
        rows.append(
            {key: one[key] for key in ("cause", "effect", "estimand", "unit", "window_s", "horizon_s", *_COMPARED)}
            | {f"{key}_without": None if again is None else again[key] for key in _COMPARED}
        )
    return rows


def _quoted(table: pa.Table) -> list[dict[str, Any]]:
    """Rows to quote of behaviours that cause the outcome."""
    return [
        row
        for row in table.to_pylist()
        if row["cause_kind"] == "behavior" and row["effect_kind"] == "outcome" and row["primary"]
        and row["estimand"] in ("ate", "att")
    ]  # fmt: skip
