"""The stages of the main job, each a function of a run folder: what it reads is on disk, what it makes goes there.

::

    read ─┬─ describe ─────────────────────────┐
          ├─ quality ── profiles ──────────────┤
          └─ train ─┬─ evaluate ───────────────┤
                    ├─ influence ──────────────┼─ report
                    └─ recommend ──────────────┘
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from typing_extensions import TypedDict

from swayline.core.errors import DataError, UsageError
from swayline.core.extras import require
from swayline.core.names import (
    DESCRIBE_FILE,
    EVENTS_FILE,
    EXAMPLES_FILE,
    FLAGS_FILE,
    INFLUENCE_FILE,
    ITEMS_FILE,
    LOG_FILE,
    METRICS_FILE,
    MODEL_FOLDER,
    NETWORK_FILE,
    OVERLAP_FILE,
    PROFILES_FOLDER,
    QUALITY_FILE,
    RECOMMENDATIONS_FILE,
    REJECTED_FILE,
    REPORT_FILE,
    TIES_FILE,
    USERS_FILE,
)  # fmt: skip
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.storage.artifacts import read_json
from swayline.core.storage.files import whole, write_json
from swayline.dataset import Dataset, Split, build_dataset, last_out, sample, seen_leave
from swayline.engine import DuckEngine
from swayline.evaluation import (
    Answers,
    Items,
    best_of,
    by_group,
    compare,
    groups_of,
    inverse_temperature,
    protocol,
    rank_targets,
    summary,
    undecided,
)
from swayline.events import EventLog, read_events, read_log, write_log
from swayline.events.summary.describe import describe
from swayline.influence.attribution import behavior_rows, edit_rows, event_rows, remove_events
from swayline.influence.effects import BehaviorEffects, associations
from swayline.influence.network import PeopleInfluence
from swayline.ledger import concat, write_ledger
from swayline.models import create, load_model, told_of_values, with_seed
from swayline.models import recommend as best_items
from swayline.pipeline.looking import look_at_quality, profile
from swayline.pipeline.settings import RunSettings
from swayline.recommend import examples, with_reasons
from swayline.report import write_report
from swayline.training.bundle import FittedModel
from swayline.training.fit import labels_of
from swayline.training.newer import event_ids

CANDIDATES = "candidates"
CHOICE_FILE = "choice.json"
_VALIDATION_QUESTIONS = 2048
_ASKED_USERS = 500
_EDITED_USERS, _EDITED_BEHAVIORS = 200, 5


class _Chosen(TypedDict):
    fit_s: float
    history: list[dict[str, Any]]


class Choice(TypedDict):
    """``choice.json``: which model validation chose, and how each was fitted."""

    best: str
    models: dict[str, _Chosen]


@dataclass(frozen=True)
class Inputs:
    """Files, databases and addresses the run reads."""

    events: str | Path
    items: str | Path | None = None
    users: str | Path | None = None
    ties: str | Path | None = None


class Workspace:
    """A run folder and what its stages share; everything is loaded from disk when first asked for."""

    def __init__(self, folder: Path, inputs: Inputs, settings: RunSettings) -> None:
        self.folder, self.inputs, self.settings = folder, inputs, settings
        self.said: dict[str, list[str]] = {}

    def say(self, stage: str, what: str) -> None:
        """Keep what a stage could not do; it stands in the run's record and report, and goes to stderr."""
        self.said.setdefault(stage, []).append(what)

    @cached_property
    def log(self) -> EventLog:
        """The cleaned log."""
        return replace(read_log(self.folder), options=self.settings.reading)

    @cached_property
    def outcome(self) -> str:
        """What counts as success: a behaviour, or a condition on its value."""
        return self.log.outcome(self.settings.outcome)

    @cached_property
    def asked(self) -> EventLog:
        """The log in which events say whether they meet the outcome's condition: what questions of success ask."""
        return self.log.split_by_outcome(self.settings.outcome)[0]

    @cached_property
    def dataset(self) -> Dataset:
        """Sequences of everything."""
        with DuckEngine() as engine:
            return build_dataset(
                engine, self.log.events, side=self.log.items, people=self.log.users,
                min_user_events=self.settings.min_user_events, min_item_events=self.settings.min_item_events,
            )  # fmt: skip

    @cached_property
    def split(self) -> Split:
        """Last event tests, last but one validates."""
        return last_out(self.dataset.sequences)

    @cached_property
    def fitted(self) -> FittedModel:
        """The model that recommends."""
        return FittedModel.load(self.folder / MODEL_FOLDER)


def read(work: Workspace) -> None:
    """Read, check and clean the log; say at once if the outcome cannot be told."""
    inputs = work.inputs
    if inputs.ties is not None:
        require("numba", extra="people")  # said now and not after an hour of training
    log = read_events(
        inputs.events, items=inputs.items, users=inputs.users, ties=inputs.ties, options=work.settings.reading
    )
    log.outcome(work.settings.outcome)
    write_log(log, work.folder)


def describe_log(work: Workspace) -> None:
    """Count what the log holds."""
    with DuckEngine() as engine:
        write_json(work.folder / DESCRIBE_FILE, describe(engine, work.asked, work.outcome))


def quality(work: Workspace) -> None:
    """Look for gaps, outliers and people who act as no person does."""
    look_at_quality(work.log, work.folder, work.settings.seed)


def profiles(work: Workspace) -> None:
    """Describe every person and every item."""
    profile(work.asked, work.folder, work.outcome, work.settings.seed)


def train(work: Workspace) -> None:
    """Fit every model on the training part, choose one by validation, and let it learn again from everything."""
    settings, split, dataset = work.settings, work.split, work.dataset
    exclude = seen_leave(split.train)
    questions = sample(split.valid, _VALIDATION_QUESTIONS, generator(settings.seed, "choice"))
    found: dict[str, Any] = {}
    for name in settings.models:
        started = time.perf_counter()
        with task(f"fit {name}"):
            model = create(name, **with_seed(name, settings.model_settings.get(name, {}), settings.seed)).fit(
                split.train, split.valid
            )
        fit_s = time.perf_counter() - started
        model.save(work.folder / CANDIDATES / name)
        ndcg = 0.0
        if len(questions):
            ndcg = float(rank_targets(model, questions, 10, exclude, f"validate {name}").values["ndcg@10"].mean())
        found[name] = {
            "validation_ndcg@10": ndcg, "fit_s": fit_s, "history": getattr(model, "history_", []),
            "values": told_of_values(model, split.train, dataset.behaviors.names),
        }  # fmt: skip
    best = (
        settings.model
        if settings.model != "auto"
        else max(found, key=lambda name: float(found[name]["validation_ndcg@10"]))
    )
    with task(f"refit {best}"):
        final = load_model(work.folder / CANDIDATES / best).refit(dataset.sequences)
    labels = labels_of(dataset, work.log.items)
    fitted = FittedModel(final, dataset, labels, exclude, work.log.options, event_ids(work.log))
    fitted.save(work.folder / MODEL_FOLDER)
    write_json(work.folder / CHOICE_FILE, {"best": best, "models": found})
    work.fitted = fitted


def evaluate(work: Workspace) -> None:
    """Rank the whole catalogue for every test question, with every model; groups of questions apart."""
    settings, split = work.settings, work.split
    exclude = seen_leave(split.train)
    choice = read_json(work.folder / CHOICE_FILE, Choice)
    rankings, models = {}, {}
    if len(split.test):
        items, answers = Items.of(split.train), Answers.of(work.dataset.sequences, split.test)
        groups = groups_of(split.test, items, work.dataset.behaviors.names)
        for name in settings.models:
            model = load_model(work.folder / CANDIDATES / name)
            rankings[name] = rank_targets(
                model,
                split.test,
                settings.k,
                exclude,
                f"rank with {name}",
                items=items,
                answers=answers,
                inverse_temperature=inverse_temperature(model, split.valid, exclude, settings.seed),
            )
            models[name] = {
                **summary(rankings[name], settings.seed), "score_s": rankings[name].seconds,
                "groups": by_group(rankings[name], groups, settings.seed),
                "fit_s": choice["models"][name]["fit_s"], "history": choice["models"][name]["history"],
                "values": choice["models"][name].get("values"),
            }  # fmt: skip
    comparisons = compare(rankings, f"ndcg@{settings.k}", settings.seed)
    write_json(work.folder / METRICS_FILE, {
        "protocol": protocol("last-out", split.test, settings.k, exclude, split.train), "models": models,
        "comparisons": comparisons, "not_distinguishable": undecided(comparisons),
        "best": best_of(rankings, f"ndcg@{settings.k}"),
        "chosen": choice["best"],
    })  # fmt: skip


def measure_influence(work: Workspace) -> None:
    """Effects of behaviours beside associations, influence on ties, and the model's answer to removing things."""
    fitted, settings = work.fitted, work.settings
    parts = [_behavior_effects(work), *_people(work)]
    histories = fitted.histories
    rng = generator(settings.seed, "explained users")
    active = np.flatnonzero(histories.lengths >= 2)
    drawn = np.sort(rng.permutation(active)[: max(_ASKED_USERS, settings.explained_users)])
    if len(drawn):
        asked = histories.take(drawn)
        items, _ = best_items(fitted.model, asked, settings.k, fitted.exclude_seen)
        rows, places = np.nonzero(items >= 0)
        with task("edit behaviours"):
            parts.append(behavior_rows(fitted.model, fitted.dataset, asked, rows, items[rows, places].astype(np.int64)))
            edited = asked.take(np.arange(min(len(asked), _EDITED_USERS)))
            frequent = fitted.dataset.behaviors.names[:_EDITED_BEHAVIORS]
            parts.append(edit_rows(
                fitted.model, fitted.dataset, edited, behaviors=frequent, edits=("add", "replace"), k=settings.k,
                exclude_seen=fitted.exclude_seen,
            ))  # fmt: skip
        some = rows < settings.explained_users
        wanted = items[rows[some], places[some]].astype(np.int64)
        removed = remove_events(fitted.model, asked, rows[some], wanted, label="remove events")
        people = [fitted.dataset.users.names[row] for row in drawn]
        parts.append(event_rows(fitted.dataset, asked, people, rows[some], wanted, removed, fitted.event_ids))
    write_ledger(concat(parts), work.folder / INFLUENCE_FILE)


def _behavior_effects(work: Workspace) -> pa.Table:
    """What each other behaviour causes; associations alone where no effect can be estimated from this log."""
    try:
        with task("effects of behaviours"):
            # Linear nuisances answer in seconds on any log; `influence behaviors` takes its time over the choice.
            effects = BehaviorEffects(outcome=work.outcome, learner="linear", seed=work.settings.seed).fit(work.asked)
            write_json(work.folder / OVERLAP_FILE, effects.picture())
            return effects.ledger_
    except (DataError, UsageError) as error:  # too few of something, or no times
        work.say("influence", f"effects of behaviours cannot be estimated, so associations stand alone: {error}")
        with DuckEngine() as engine:
            return associations(engine, work.asked.events, work.outcome)


def _people(work: Workspace) -> list[pa.Table]:
    """Who sways whom on the ties, where the log came with ties and says enough about the people they join."""
    if work.log.ties is None:
        return []
    try:
        with task("influence on ties"):
            people = PeopleInfluence(work.outcome, seed=work.settings.seed).fit(work.asked)
            write_json(work.folder / NETWORK_FILE, people.picture())
            return [people.ledger_]
    except DataError as error:
        work.say("influence", f"influence on ties cannot be estimated: {error}")
        return []


def recommend(work: Workspace) -> None:
    """The best next items of everybody, with reasons, and ten users to look at."""
    fitted = work.fitted
    lists = fitted.recommend(k=work.settings.k)
    with whole(work.folder / RECOMMENDATIONS_FILE) as temporary:
        pq.write_table(with_reasons(fitted, lists), temporary)
    write_json(work.folder / EXAMPLES_FILE, examples(fitted, work.settings.k, work.settings.seed))


def report(work: Workspace) -> None:
    """One self-contained page from the folder's files."""
    write_report(work.folder)


@dataclass(frozen=True)
class Stage:
    """A step of the run.

    Parameters
    ----------
    needs : tuple of str
        Stages whose work it reads.
    settings : tuple of str
        Settings that change its result.
    makes : tuple of str
        Files and folders it writes.
    """

    name: str
    work: Callable[[Workspace], None]
    needs: tuple[str, ...]
    settings: tuple[str, ...]
    makes: tuple[str, ...]


STAGES = (
    Stage("read", read, (), ("reading",),
          (EVENTS_FILE, REJECTED_FILE, ITEMS_FILE, USERS_FILE, TIES_FILE, LOG_FILE)),
    Stage("describe", describe_log, ("read",), ("outcome", "timezone"), (DESCRIBE_FILE,)),
    Stage("quality", quality, ("read",), ("seed",), (FLAGS_FILE, QUALITY_FILE)),
    Stage("profiles", profiles, ("quality",), ("outcome", "timezone", "seed"), (PROFILES_FOLDER,)),
    Stage("train", train, ("read",),
          ("seed", "models", "model", "model_settings", "min_user_events", "min_item_events"),
          (MODEL_FOLDER, CANDIDATES, CHOICE_FILE)),
    Stage("evaluate", evaluate, ("train",), ("k",), (METRICS_FILE,)),
    Stage("influence", measure_influence, ("train",), ("outcome", "k", "explained_users"),
          (INFLUENCE_FILE, NETWORK_FILE, OVERLAP_FILE)),
    Stage("recommend", recommend, ("train",), ("k",), (RECOMMENDATIONS_FILE, EXAMPLES_FILE)),
    Stage("report", report, ("describe", "quality", "profiles", "evaluate", "influence", "recommend"), (),
          (REPORT_FILE,)),
)  # fmt: skip
