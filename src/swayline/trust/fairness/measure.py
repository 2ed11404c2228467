"""Whether groups of people are served alike and providers shown as they deserve, with what is too little to tell."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from swayline.engine import Engine
from swayline.events import EventLog
from swayline.recommend.chain import POOL
from swayline.trust.fairness.asked import Asked, ask_people
from swayline.trust.fairness.compared import Compared, Measure, compare_groups, everybody, with_verdicts
from swayline.trust.fairness.groups import Groups, check_columns, groups_of_people
from swayline.trust.fairness.plan import FAIRNESS, FairnessPlan, Row
from swayline.trust.fairness.popularity import lift_of, periods_of
from swayline.trust.fairness.providers import check_provider_column, exposure_rows, providers_of
from swayline.trust.fairness.trade import LIFT, trade_off

OVERCONFIDENCE = "overconfidence"


@dataclass(frozen=True)
class Fairness:
    """What was found.

    Parameters
    ----------
    table : pa.Table
        Columns of :data:`FAIRNESS`.
    model : str
        Whose lists were judged.
    people : int
        How many were asked.
    notes : tuple of str
        What could not be asked of this log.
    """

    table: pa.Table
    model: str
    people: int
    notes: tuple[str, ...] = ()


def measure_fairness(engine: Engine, log: EventLog, plan: FairnessPlan) -> Fairness:
    """Ask everybody for their last event, and tell groups apart.

    Raises
    ------
    UsageError
        The model is unknown, or a table that a column belongs to is missing.
    DataError
        A column is unknown or tells no groups apart, or nobody can be asked.
    """
    by = tuple(dict.fromkeys(plan.by))
    check_columns(log.users, by)
    check_provider_column(log, plan.providers)
    asked = ask_people(engine, log, plan, max(plan.k, POOL) if plan.rerank else plan.k)
    known = asked.bundle.dataset.sequences
    groups = [groups_of_people(log.users, column, asked.people) for column in by] if log.users is not None else []
    providers = None if plan.providers is None else providers_of(known, plan.providers, asked.targets.history)
    notes: list[str] = []
    quality = _quality(asked, plan)
    compared = [compare_groups(quality, one, plan.min_people, plan.seed) for one in groups]
    rows = [everybody(quality, plan.seed), *(one for some in compared for one in some.rows)]
    rows += _calibration(asked, groups, plan, notes)
    if providers is not None:
        rows += exposure_rows(providers, asked.items[:, : plan.k], (plan.min_people, plan.min_providers), plan.seed)
    rows += _popularity(asked, plan, notes)
    rows = with_verdicts(rows)
    if plan.rerank:
        rows += trade_off(asked, plan, compared, providers)
        if providers is None:
            notes.append("step parity was not tried: it needs --providers")
    return Fairness(pa.Table.from_pylist(rows, FAIRNESS), asked.bundle.model.name, len(asked.people), tuple(notes))


def _quality(asked: Asked, plan: FairnessPlan) -> Measure:
    return Measure(f"ndcg@{plan.k}", asked.ndcg, asked.ndcg > 0, (0.0, 1.0))


def _calibration(asked: Asked, groups: Sequence[Groups], plan: FairnessPlan, notes: list[str]) -> list[Row]:
    """How much surer the model is of its first item than it is right; nothing where there are no probabilities."""
    if asked.confidence is None or asked.right is None:
        notes.append("calibration is left out: nothing makes this model's scores probabilities")
        return []
    measure = Measure(OVERCONFIDENCE, asked.confidence - asked.right, asked.right > 0, (-1.0, 1.0))
    return [one for some in groups for one in compare_groups(measure, some, plan.min_people, plan.seed).rows]


def _popularity(asked: Asked, plan: FairnessPlan, notes: list[str]) -> list[Row]:
    periods = periods_of(asked.targets)
    if periods is None:
        notes.append("popularity over time is left out: the log has no times")
        return []
    lift = lift_of(asked.items[:, : plan.k], asked.targets, asked.bundle.dataset.sequences)
    found: Compared = compare_groups(Measure(LIFT, lift), periods, plan.min_people, plan.seed)
    return found.rows
