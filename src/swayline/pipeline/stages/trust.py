"""Trust: who looks manipulated, what they changed, and who is served worse. Nothing is dropped."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from swayline.core.errors import DataError, UsageError
from swayline.core.names import CHOICE_FILE, INFLUENCE_FILE, QUESTIONS_FILE, RECOMMENDATIONS_FILE, TRUST_FOLDER, USER
from swayline.core.progress import task
from swayline.core.run_folder.registry import FAIRNESS_FILE, FRAUD_FILE, TRUST_FILE
from swayline.core.storage.artifacts import read_json
from swayline.core.storage.files import whole, write_json
from swayline.engine import DuckEngine
from swayline.events import EventLog
from swayline.ledger import read_ledger
from swayline.pipeline.stages.evaluate import Choice
from swayline.pipeline.workspace import Workspace
from swayline.trust.attack.defences import without_people
from swayline.trust.fairness import Measure, compare_known
from swayline.trust.fraud import Fraud, detect_fraud
from swayline.trust.impact import effects_without, lists_without, quality_of_others, shown_items

Told = dict[str, Any]


def judge(work: Workspace) -> None:
    """Write ``trust/``: a score and reasons for every person and item, what flagged people changed, groups compared."""
    (work.folder / TRUST_FOLDER).mkdir(exist_ok=True)
    with task("fraud"), DuckEngine() as engine:
        found = detect_fraud(engine, work.log, work.log.ties, work.settings.seed)
    _write(work.folder / FRAUD_FILE, found.table)
    questions = pq.read_table(work.folder / QUESTIONS_FILE)
    chosen = read_json(work.folder / CHOICE_FILE, Choice)["best"]
    told = {"k": work.settings.k, "model": chosen, "audited": work.settings.audit}
    told |= _fraud(work, found) | _changes(work, found, questions) | _fairness(work, questions, chosen)
    write_json(work.folder / TRUST_FILE, told)


def _write(path: Path, table: pa.Table) -> None:
    with whole(path) as temporary:
        pq.write_table(table, temporary)


def _fraud(work: Workspace, found: Fraud) -> Told:
    people, items = found.flagged(), found.flagged("item")
    n_people = len(found.scores())
    events = work.log.events[USER].cast(pa.string())
    theirs = pc.is_in(events, value_set=pa.array(people, pa.string()))
    return {
        "people": n_people, "items": len(found.table) - n_people, "unjudged": found.unjudged,
        "people_flagged": len(people), "items_flagged": len(items),
        "events": len(events), "events_of_flagged": int(pc.sum(theirs).as_py() or 0),
        "fraud_notes": list(found.notes),
    }  # fmt: skip


def _changes(work: Workspace, found: Fraud, questions: pa.Table) -> Told:
    """What flagged people changed; lists and effects are learned again without them in an audit alone."""
    people, items = found.flagged(), found.flagged("item")
    told: Told = {"shown": None, "quality": [], "lists": None, "effects": None, "not_told": []}
    if items:
        told["shown"] = shown_items(pq.read_table(work.folder / RECOMMENDATIONS_FILE), people, items)
    if not people:
        return told
    told["quality"] = quality_of_others(questions, people, work.settings.seed)
    if not work.settings.audit:
        return told
    for name, ask in (("lists", _lists), ("effects", _effects)):
        try:
            told[name] = ask(work, people, items)
        except (DataError, UsageError) as error:
            told["not_told"].append(f"{name} without the flagged people cannot be told: {error}")
    if told["effects"] == []:
        told["not_told"].append("no effect of a behaviour is quoted, so none was measured again without flagged people")
    if work.log.ties is not None:
        told["not_told"].append("influence on ties was not measured again without the flagged people")
    return told


def _lists(work: Workspace, people: list[str], items: list[str]) -> Told:
    def known(log: EventLog) -> Any:
        return work.read_by_models(log).dataset

    return lists_without(work.bundle, work.log, known, (people, items), work.settings.k, work.settings.seed)


def _effects(work: Workspace, people: list[str], items: list[str]) -> list[Told]:
    measured = read_ledger(work.folder / INFLUENCE_FILE)
    others = without_people(work.asked, frozenset(people))
    return effects_without(measured, others, work.outcome, work.settings.seed)


def _fairness(work: Workspace, questions: pa.Table, chosen: str) -> Told:
    """Quality of the model that recommends, by every column of the users table that tells groups apart."""
    path = work.folder / FAIRNESS_FILE
    own = questions.filter(pc.equal(questions["model"], chosen))
    users = work.log.users
    if users is None or not len(own):
        path.unlink(missing_ok=True)
        return {"groups_asked": False, "people_asked": len(own), "fairness_notes": []}
    values = np.asarray(own["ndcg"], np.float64)
    measure = Measure(f"ndcg@{work.settings.k}", values, values > 0, (0.0, 1.0))
    with task("fairness"):
        found = compare_known(measure, own[USER].combine_chunks(), users, model=chosen, seed=work.settings.seed)
    _write(path, found.table)
    return {"groups_asked": True, "people_asked": found.people, "fairness_notes": list(found.notes)}
