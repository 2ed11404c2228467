"""Evaluate: every candidate ranks the whole catalogue for every test question."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from typing_extensions import TypedDict

from swayline.core.names import CANDIDATES_FOLDER, CHOICE_FILE, METRICS_FILE, QUESTIONS_FILE, USER
from swayline.core.storage.artifacts import read_json
from swayline.core.storage.files import whole, write_json
from swayline.dataset import seen_leave
from swayline.evaluation import Fold, Items, Plan, Ranking, groups_of, protocol, rank_fold, told_of, told_of_all
from swayline.pipeline.stages.train import SPLIT
from swayline.pipeline.workspace import Workspace
from swayline.training import Candidate


class _Fitted(TypedDict):
    fit_s: float
    history: list[dict[str, Any]]


class Choice(TypedDict):
    """``choice.json``: which model validation chose, and how each was fitted."""

    best: str
    models: dict[str, _Fitted]


def evaluate(work: Workspace) -> None:
    """Write ``metrics.json`` (figures with intervals, groups apart, models compared) and ``questions.parquet``."""
    settings, split, sequences = work.settings, work.split, work.dataset.sequences
    exclude = seen_leave(split.train)
    choice = read_json(work.folder / CHOICE_FILE, Choice)
    plan, fold = Plan(SPLIT, k=settings.k, seed=settings.seed), Fold(SPLIT, split)
    rankings, models = {}, {}
    if len(split.test):
        items = Items.of(split.train)
        groups = groups_of(split.test, items, work.dataset.behaviors.names)
        for name in settings.models:
            fitted = _candidate(work, name, choice)
            rankings[name] = rank_fold(fitted.load(), fold, sequences, items, exclude, plan)
            models[name] = told_of(rankings[name], groups, [fitted], settings.seed)
    _write_questions(work, rankings)
    told = {"protocol": protocol(SPLIT, split.test, settings.k, exclude, split.train), "models": models}
    together = told_of_all(rankings, settings.k, settings.seed)
    write_json(work.folder / METRICS_FILE, told | together | {"chosen": choice["best"]})


def _write_questions(work: Workspace, rankings: Mapping[str, Ranking]) -> None:
    """Every person's question with the NDCG of every model: what groups of people are told apart by."""
    people = work.dataset.users.ids.cast(pa.string())
    parts = {
        USER: [people.take(pa.array(one.users)) for one in rankings.values()],
        "model": [pa.array([name] * len(one.users), pa.string()) for name, one in rankings.items()],
        "ndcg": [pa.array(one.values[f"ndcg@{work.settings.k}"], pa.float64()) for one in rankings.values()],
    }
    kinds = {USER: pa.string(), "model": pa.string(), "ndcg": pa.float64()}
    table = pa.table({name: pa.chunked_array(some, kinds[name]) for name, some in parts.items()})
    with whole(work.folder / QUESTIONS_FILE) as temporary:
        pq.write_table(table, temporary)


def _candidate(work: Workspace, name: str, choice: Choice) -> Candidate:
    """A model that the training kept."""
    said: dict[str, Any] = dict(choice["models"][name])
    folder = work.folder / CANDIDATES_FOLDER / name
    return Candidate(name, None, said["fit_s"], folder, said["history"], said.get("values"))
