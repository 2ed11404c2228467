"""How behaviour evolves: drift, flow, cohorts and next links of one log, each asked where the log can answer."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from swayline.core.errors import EmptyLogError
from swayline.core.names import BEHAVIOR, CATEGORY
from swayline.core.progress import task
from swayline.core.storage.files import write_json
from swayline.core.storage.tables import write_table
from swayline.events import EventLog, as_log
from swayline.evolution.acts import Acts, read_acts
from swayline.evolution.cohorts import COHORTS, Cohorts, find_cohorts
from swayline.evolution.drift import Drift, find_drift
from swayline.evolution.drift.table import QUICK, Effort
from swayline.evolution.flow import Flow, MarkovOrder, find_transitions, markov_order
from swayline.evolution.flow.steps import steps_of
from swayline.evolution.links import Links, find_links
from swayline.evolution.over_time import influence_over_time
from swayline.evolution.picture import picture

VERB = "evolve"
FILES = ("drift", "transitions", "links", "cohorts", "influence", "trends")
SUMMARY = "summary.json"
_QUICK_PAIRS, _QUICK_SHUFFLES = 300, 20


@dataclass(frozen=True)
class Evolution:
    """What was found; every table in Arrow, ``.save`` writes them.

    Attributes
    ----------
    drift : kind (population, user, item, category), id, time, score, p_value, changed, before, after
    transitions : level, source, target (null: the visit ended), n, people, share, expected, z, p_value, claimed,
        seconds
    links : user, item, rank, probability, mark (return or discovery), as_of; None where they were not asked
    cohorts : cohort, period_s, age, people, active, retention, ci_low, ci_high, established
    notes : questions that this log cannot answer
    summary : what the report draws; it names no person
    influence, trends : rows of the influence table as of successive moments, and what changed among them; None where
        not asked
    """

    drift: pa.Table
    transitions: pa.Table
    links: pa.Table | None
    cohorts: pa.Table
    notes: tuple[str, ...] = ()
    summary: dict[str, Any] = field(default_factory=dict, repr=False)
    influence: pa.Table | None = None
    trends: pa.Table | None = None

    def save(self, folder: str | Path) -> Path:
        """Write the tables as Parquet and ``summary.json`` into a folder."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            if getattr(self, name) is not None:
                write_table(folder / f"{name}.parquet", getattr(self, name), VERB)
        write_json(folder / SUMMARY, self.summary)
        return folder


def evolve(
    log: Any, *, items: Any = None, ties: Any = None, quick: bool = False, influence: bool = False, seed: int = 0
) -> Evolution:
    """How behaviour evolves over time.

    Parameters
    ----------
    log : EventLog, path, address or frame
        What people did.
    items : path or frame, optional
        The table of items; its categories are used where events name none.
    ties : path or frame, optional
        Who can influence whom; with ``influence``, each tie is measured as of successive moments.
    influence : bool
        Whether effects of behaviours (and ties) are measured anew in each quarter of the log; takes minutes.
    quick : bool
        Follow fewer people and items and no links, as a run does, whose model says what comes next.
    seed : int
        Decides every random number.

    Returns
    -------
    Evolution
        Tables, and the questions that the log cannot answer. In a log where nothing changes the chance of any claim of
        drift is .05.

    Raises
    ------
    EmptyLogError
        The log holds no event.
    """
    sides = {name: side for name, side in (("items", items), ("ties", ties)) if side is not None}
    return evolve_log(as_log(log, **sides), quick=quick, influence=influence, seed=seed)


def evolve_log(log: EventLog, *, quick: bool = False, influence: bool = False, seed: int = 0) -> Evolution:
    """As :func:`evolve`, of a log that was read."""
    if not len(log):
        raise EmptyLogError("how behaviour evolves cannot be told: the log holds no event")
    with task("evolve", total=5) as bar:
        acts = read_acts(log)
        bar.advance()
        drift = find_drift(acts, QUICK if quick else Effort(), seed)
        bar.advance()
        flow = find_transitions(acts, _QUICK_PAIRS if quick else 1_000, seed)
        orders = _orders(acts, _QUICK_SHUFFLES if quick else 60, seed)
        bar.advance()
        cohorts = find_cohorts(acts)
        bar.advance()
        links = None if quick else find_links(acts)
    notes = [*drift.left_out, *([cohorts] if isinstance(cohorts, str) else []), *_small_notes(acts)]
    if log.ties is not None and not influence and not quick:
        notes.append("Ties are measured over time where influence is asked for (--influence).")
    found = _gathered(acts, drift, flow, orders, None if isinstance(cohorts, str) else cohorts, links, notes)
    if not influence:
        return found
    over = influence_over_time(log, acts, seed=seed)
    return replace(found, influence=over.ledger, trends=over.trends, notes=(*found.notes, *over.notes))


def _orders(acts: Acts, shuffles: int, seed: int) -> dict[str, MarkovOrder | None]:
    """How many steps back matter, by behaviour and by category."""
    levels = [name for name, names in ((BEHAVIOR, acts.behaviors), (CATEGORY, acts.categories)) if len(names) > 1]
    return {name: markov_order(steps_of(acts, name, collapse=False, seed=seed), shuffles, seed) for name in levels}


def _small_notes(acts: Acts) -> list[str]:
    notes = []
    if acts.stray:
        notes.append(f"{acts.stray:,} events far before or after the others are left out.")
    if acts.resolution in ("day", "month"):
        notes.append(
            f"Times are good to the {acts.resolution}: in which order people act within one is not known, and nothing "
            "is claimed of it."
        )
    if not acts.categories:
        notes.append("No event and no item has a category, so items stand for interests.")
    return notes


def _gathered(
    acts: Acts, drift: Drift, flow: Flow, orders: dict[str, MarkovOrder | None], cohorts: Cohorts | None,
    links: Links | None, notes: list[str],
) -> Evolution:  # fmt: skip
    told = picture(acts, drift, flow, orders, cohorts, notes)
    told["links"] = None if links is None else {
        "questions": links.questions, "mrr": links.mrr, "popular_mrr": links.popular_mrr,
        "half_life_days": links.half_life_days if links.half_life_days < 1e9 else None,
    }  # fmt: skip
    table = COHORTS.empty_table() if cohorts is None else cohorts.table
    next_links = None if links is None else links.table
    return Evolution(drift.table, flow.table, next_links, table, tuple(notes), told)


def is_evolution(folder: Path) -> bool:
    """Whether a folder is one that :meth:`Evolution.save` wrote."""
    try:
        return {"drift", "flow", "left_out"} <= set(json.loads((folder / SUMMARY).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return False
